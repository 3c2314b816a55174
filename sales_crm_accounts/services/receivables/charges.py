"""Interest and fees for paying late: what is owed, and the claims over it (Receivable Charge).

A claim posts nothing. Interest is claimed for days that no other claim stands for: the unique `charge_key` of a claim names its
installment and first day, a fee's the message that asked for it. So two workers, or a run that is started again, claim nothing
twice. A cancelled claim gives up its key and its days.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import frappe
from frappe import _
from frappe.utils import flt, getdate, today

from sales_crm_accounts.core.money import to_decimal
from sales_crm_accounts.core.receivables import interest
from sales_crm_accounts.services.receivables import charge_balances, charge_terms

DOCTYPE = "Receivable Charge"
INTEREST, FEE = "Interest", "Fee"
CLAIMED, INVOICED, PARTLY_WAIVED = "Claimed", "Invoiced", "Partly Waived"
WAIVED, PAID, CANCELLED = "Waived", "Paid", "Cancelled"
CHUNK = 100
_SAVEPOINT = "sca_charge"


@dataclass(frozen=True, slots=True)
class Proposal:
	"""Interest that an installment owes, not claimed yet."""

	row: frappe._dict
	claim: interest.Claim
	rate_table: str
	day_count: str

	@property
	def key(self) -> str:
		return "|".join(
			(INTEREST, self.row.sales_invoice, str(self.row.installment_no), str(self.claim.first))
		)


def preview(
	company: str,
	as_of=None,
	customers: Iterable[str] | None = None,
	invoices: Iterable[str] | None = None,
) -> list[Proposal]:
	"""What `charge` would claim up to `as_of` (today), by customer and due date; writes nothing. Rights are the caller's to check."""
	as_of = getdate(as_of or today())
	if as_of > getdate(today()):
		frappe.throw(_("Interest is charged up to today at the latest. Choose an earlier day."))
	settings = charge_terms.settings_of(company)
	if not charge_terms.rates_of(settings):
		return []
	late = charge_balances.late_installments(
		company, as_of, settings.charges_from and getdate(settings.charges_from), customers, invoices
	)
	terms = charge_terms.terms_by_currency(settings, (one.row.account_currency for one in late), as_of)
	return [
		Proposal(one.row, claim, settings.interest_rate_table, terms[one.row.account_currency].day_count)
		for one in late
		for claim in interest.claims(
			one.amount, one.due, one.movements, terms[one.row.account_currency], as_of, one.claimed
		)
	]


def charge(
	company: str,
	as_of=None,
	customers: Iterable[str] | None = None,
	invoices: Iterable[str] | None = None,
) -> list[str]:
	"""Claim the interest that is owed up to `as_of`, and invoice it where the company's mode says so; names of the charges.

	Commits per chunk. Rights are the caller's to check.
	"""
	names = []
	proposals = preview(company, as_of, customers, invoices)
	for start in range(0, len(proposals), CHUNK):
		names += claim(proposals[start : start + CHUNK])
		frappe.db.commit()
	if names and charge_terms.settings_of(company).charge_mode == charge_terms.INVOICE:
		from sales_crm_accounts.services.receivables import charge_invoices

		charge_invoices.invoice(names)
	return names


def claim_for_message(message) -> list[str]:
	"""The charges of a Dunning Message: its `fee` once, and the interest of its rows up to `message_date`; names of all of them.

	Interest is claimed for the rows whose level of the message's policy charges it. Called again it finds what it made. Does not
	commit; where the company invoices its charges, that is done after the commit.
	"""
	source = (message.doctype, message.name)
	if flt(message.get("fee")) > 0:
		_claim_fee(message, source)
	if rows := _rows_with_interest(message):
		wanted = {(row.sales_invoice, row.installment_no) for row in rows}
		as_of = min(getdate(message.get("message_date") or today()), getdate(today()))
		claim(
			[
				proposal
				for proposal in preview(message.company, as_of, invoices={row.sales_invoice for row in rows})
				if (proposal.row.sales_invoice, proposal.row.installment_no) in wanted
			],
			source,
		)
	names = frappe.get_all(
		DOCTYPE,
		filters={"source_doctype": source[0], "source_name": source[1], "status": ("!=", CANCELLED)},
		pluck="name",
		order_by="name",
	)
	if names and charge_terms.settings_of(message.company).charge_mode == charge_terms.INVOICE:
		frappe.enqueue(
			"sales_crm_accounts.services.receivables.charge_invoices.invoice",
			queue="default",
			enqueue_after_commit=True,
			charges=names,
		)
	return names


def claim(proposals: Iterable[Proposal], source: tuple[str, str] | None = None) -> list[str]:
	"""Write the claims; one that somebody else wrote at the same moment is left to them."""
	names = []
	for proposal in proposals:
		row, owed = proposal.row, proposal.claim
		doc = _new(
			INTEREST,
			proposal.key,
			source,
			company=row.company,
			customer=row.customer,
			sales_invoice=row.sales_invoice,
			installment_no=row.installment_no,
			currency=row.account_currency,
			account=row.account,
			amount=float(owed.amount),
			exact_amount=float(owed.exact),
			period_from=owed.first,
			period_to=owed.last,
			rate_table=proposal.rate_table,
			day_count=proposal.day_count,
			is_capped=int(owed.capped),
		)
		for piece, part in zip(owed.pieces, owed.amounts, strict=True):
			doc.append(
				"rows",
				{
					"first_day": piece.first,
					"last_day": piece.last,
					"day_count": piece.days,
					"balance": float(piece.balance),
					"annual_rate": float(piece.percent),
					"amount": float(part),
				},
			)
		if _insert_once(doc):
			names.append(doc.name)
	return names


def _rows_with_interest(message) -> list:
	"""The rows whose level charges interest; a level is known by its days from the due date."""
	if not message.get("policy"):
		return []
	policy = frappe.get_cached_doc(message.meta.get_field("policy").options, message.policy)
	levels = [row for table in policy.meta.get_table_fields() for row in policy.get(table.fieldname)]
	days = {row.days for row in levels if row.get("charge_interest")}
	return [row for row in message.rows if row.level and row.level_days in days]


def _claim_fee(message, source: tuple[str, str]):
	first = message.rows[0] if message.rows else None
	account = first and frappe.db.get_value(
		"Open Installment",
		{"sales_invoice": first.sales_invoice, "account_currency": message.currency},
		"account",
	)
	_insert_once(
		_new(
			FEE,
			"|".join((FEE, *source)),
			source,
			company=message.company,
			customer=message.customer,
			currency=message.currency,
			account=account or None,
			amount=message.fee,
		)
	)


def _new(kind: str, key: str, source, **values):
	doc = frappe.new_doc(DOCTYPE)
	doc.update(
		{
			"kind": kind,
			"charge_key": key,
			"posting_date": today(),
			"source_doctype": source and source[0],
			"source_name": source and source[1],
			**values,
		}
	)
	return doc


def _insert_once(doc) -> bool:
	"""Whether it was written; a second one with the same key never is."""
	if frappe.db.exists(DOCTYPE, {"charge_key": doc.charge_key}):
		return False
	doc.flags.sca_charges = True
	frappe.db.savepoint(_SAVEPOINT)
	try:
		# Who may claim is asked where the claim is started: by the API, or for a whole run by its right to run.
		doc.insert(ignore_permissions=True)
	except frappe.UniqueValidationError:
		frappe.db.rollback(save_point=_SAVEPOINT)
		frappe.clear_last_message()
		return False
	return True


# The document


def check_by_hand(doc):
	"""What a person may write: a fee. Interest is computed, and what is claimed is waived or cancelled, not changed."""
	if not doc.is_new():
		kept = doc.get_doc_before_save()
		for field in doc.meta.fields:
			if field.read_only and field.fieldtype != "Table":
				doc.set(field.fieldname, kept.get(field.fieldname))
		doc.set("rows", kept.rows)
		return
	if doc.kind != FEE:
		frappe.throw(
			_("Interest is computed: use Charge Interest in the list. By hand only fees are claimed.")
		)
	if flt(doc.amount) <= 0:
		frappe.throw(_("The amount of a fee must be more than 0."))
	for field in ("charge_key", "charge_invoice", "last_error", "source_doctype", "source_name", "account"):
		doc.set(field, None)
	for field in ("period_from", "period_to", "rate_table", "day_count"):
		doc.set(field, None)
	doc.set("rows", [])
	doc.status, doc.waived_amount, doc.exact_amount, doc.is_capped = CLAIMED, 0, 0, 0
	if getdate(doc.posting_date) > getdate(today()):
		frappe.throw(_("A fee cannot be claimed in the future."))


def fill(doc):
	"""What follows from the invoice, and the sums."""
	if doc.sales_invoice and doc.is_new():
		row = frappe.db.get_value(
			"Open Installment",
			{
				"sales_invoice": doc.sales_invoice,
				**({"installment_no": doc.installment_no} if doc.installment_no else {}),
			},
			["company", "customer", "due_date", "deal", "account", "account_currency", "is_return"],
			as_dict=True,
			order_by="installment_no",
		)
		if not row or row.is_return:
			frappe.throw(_("{0} is no submitted invoice with such an installment.").format(doc.sales_invoice))
		if (row.company, row.customer) != (doc.company, doc.customer):
			frappe.throw(
				_("Invoice {0} is of {1} and company {2}.").format(
					doc.sales_invoice, row.customer, row.company
				)
			)
		if doc.currency != row.account_currency:
			frappe.throw(
				_("Invoice {0} is owed in {1}. Claim the fee in that currency.").format(
					doc.sales_invoice, row.account_currency
				)
			)
		doc.update({"due_date": row.due_date, "deal": row.deal, "account": row.account})
	places = charge_terms.precision_of(doc.currency)
	doc.amount = flt(doc.amount, places)
	doc.waived_amount = flt(doc.waived_amount, places)
	doc.claimed_amount = float(to_decimal(doc.amount) - to_decimal(doc.waived_amount))


def check_trash(doc):
	if doc.status != CANCELLED or frappe.db.exists("Charge Waiver", {"receivable_charge": doc.name}):
		frappe.throw(
			_("A claim is part of the customer's history. Cancel it if it was wrong, or waive it."),
			title=_("Not Deleted"),
		)


def cancel(name: str, reason: str | None = None):
	"""Take a claim back that was wrong; its days may be claimed again. An invoiced one is waived, or its invoice cancelled first."""
	charge = lock([name])[0]
	if charge.status == CANCELLED:
		return
	if charge.charge_invoice:
		frappe.throw(
			_(
				"Charge {0} is on invoice {1}. Cancel or delete the invoice first, or waive the charge."
			).format(name, charge.charge_invoice)
		)
	if frappe.db.exists("Charge Waiver", {"receivable_charge": name, "docstatus": 1}):
		frappe.throw(_("A part of charge {0} is waived. Cancel the waiver first.").format(name))
	frappe.db.set_value(DOCTYPE, name, {"status": CANCELLED, "charge_key": None, "last_error": None})
	text = _("Claim cancelled.") + (f" {reason}" if reason else "")
	frappe.get_doc(DOCTYPE, name).add_comment("Info", frappe.utils.escape_html(text))


def drop_fee(message_doctype: str, message: str, why: str) -> str:
	"""Take back the fee of a message that did not reach the customer, and give up its key: a message sent again claims it again.

	A fee that is invoiced or waived in part stays; the answer then says so, for whoever looks after the message. Interest is owed by
	time, whatever the customer was told.
	"""
	name = frappe.db.get_value(
		DOCTYPE, {"charge_key": "|".join((FEE, message_doctype, message)), "status": ("!=", WAIVED)}
	)
	if not name:
		return ""
	charge = lock([name])[0]
	if charge.charge_invoice:
		return _("Its fee stays: charge {0} is on invoice {1}. Waive it if nobody shall pay it.").format(
			name, charge.charge_invoice
		)
	if to_decimal(charge.waived_amount):
		return _(
			"Its fee stays: a part of charge {0} is waived. Waive the rest if nobody shall pay it."
		).format(name)
	cancel(name, why)
	return ""


def lock(names: Iterable[str]) -> list[frappe._dict]:
	"""The charges as they are now, locked until the end of the transaction."""
	charge = frappe.qb.DocType(DOCTYPE)
	return (
		frappe.qb.from_(charge)
		.select(charge.star)
		.where(charge.name.isin(sorted(names) or [""]))
		.orderby(charge.name)
		.for_update()
		.run(as_dict=True)
	)

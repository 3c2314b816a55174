"""ERPNext's Dunnings, where a level asks for them: made from our rows, resolved by the ledger, in nobody's way.

ERPNext resolves a Dunning inside the submit of a payment, with the rights of whoever submits it, by its last row, from the payment
schedule. A cashier without rights on Dunning could then not post a payment. So ours are out of its sight (status Draft, which it
does not look for) from the moment the Payment Ledger is about to change until the transaction ends; then they are judged by
all their rows in our ledger. Dunnings that people make are ERPNext's own business.
"""

from collections import defaultdict
from collections.abc import Iterable

import frappe
from frappe import _
from frappe.utils import flt

from sales_crm_accounts.services import ledger
from sales_crm_accounts.services.marks import Marks

DUNNING = "Dunning"
RESOLVED, UNRESOLVED, AWAY = "Resolved", "Unresolved", "Draft"


def make_dunnings(doc, policy) -> None:
	"""A submitted Dunning for each invoice currency of the message's late rows, linked on the rows.

	Rows without a payment schedule (opening invoices) are left out: ERPNext cannot follow them.
	"""
	late = [row for row in doc.rows if row.days_overdue > 0 and not row.dunning]
	known = _schedule_rows(late)
	by_currency = defaultdict(list)
	for row in late:
		if found := known.get((row.sales_invoice, row.installment_no)):
			by_currency[found.currency].append((row, found))
	for currency, pairs in sorted(by_currency.items()):
		name = _make(doc, policy, currency, pairs)
		for row, _found in pairs:
			row.dunning = name


def _schedule_rows(rows: list) -> dict:
	kept = frappe.get_all(
		"Open Installment",
		filters={
			"sales_invoice": ("in", [row.sales_invoice for row in rows] or [""]),
			"payment_schedule": ("is", "set"),
		},
		fields=[
			*("sales_invoice", "installment_no", "payment_schedule", "payment_term", "due_date", "amount"),
			*("currency", "account_currency", "conversion_rate"),
		],
	)
	return {(row.sales_invoice, row.installment_no): row for row in kept}


def _make(doc, policy, currency: str, pairs: list) -> str:
	dunning = frappe.new_doc(DUNNING)
	rates = [flt(found.conversion_rate) or 1 for _row, found in pairs]
	company_currency = frappe.get_cached_value("Company", doc.company, "default_currency")
	dunning.update(
		{
			"company": doc.company,
			"customer": doc.customer,
			"posting_date": doc.message_date,
			"currency": currency,
			"conversion_rate": 1 if currency == company_currency else rates[-1],
			# Fee and interest of a level are claims of our own; those of a Dunning Type are ERPNext's.
			"dunning_type": policy and policy.dunning_type,
			"dunning_fee": 0,
			"rate_of_interest": 0,
			"language": doc.language,
			"body_text": doc.body,
		}
	)
	for row, found in pairs:
		# Our figures are in the currency of the receivable account, a Dunning's in that of the invoice.
		rate = 1 if found.account_currency == currency else flt(found.conversion_rate) or 1
		dunning.append(
			"overdue_payments",
			{
				"sales_invoice": row.sales_invoice,
				"payment_schedule": found.payment_schedule,
				"payment_term": found.payment_term,
				"due_date": found.due_date,
				"payment_amount": flt(flt(found.amount) / rate, 2),
				"outstanding": flt(flt(row.amount_due) / rate, 2),
			},
		)
	# The level says that it is made; the collector who releases the message need not have ERPNext's rights.
	dunning.flags.ignore_permissions = True
	dunning.insert()
	dunning.submit()
	return dunning.name


# Out of ERPNext's way


def shield(invoices: Iterable[str]) -> None:
	"""Money is about to move on these invoices: ERPNext does not find our Dunnings of them, and they are judged at the end."""
	names = [row.dunning for row in of_invoices(invoices)]
	if not names:
		return
	frappe.db.set_value(DUNNING, {"name": ("in", names)}, "status", AWAY, update_modified=False)
	marks.add(names)


def of_invoices(invoices: Iterable[str]) -> list[frappe._dict]:
	"""Our submitted Dunnings that speak of these invoices."""
	invoices = [name for name in invoices if name]
	if not invoices:
		return []
	row, dunning = frappe.qb.DocType("Dunning Message Row"), frappe.qb.DocType(DUNNING)
	return (
		frappe.qb.from_(row)
		.join(dunning)
		.on(dunning.name == row.dunning)
		.select(row.dunning)
		.distinct()
		.where(row.sales_invoice.isin(invoices) & (dunning.docstatus == 1))
		.run(as_dict=True)
	)


def cancel_of(invoice: str) -> None:
	"""Before an invoice is cancelled: a submitted Dunning would forbid it. The right to cancel the invoice is enough."""
	for row in of_invoices([invoice]):
		dunning = frappe.get_doc(DUNNING, row.dunning)
		dunning.flags.ignore_permissions = True
		dunning.cancel()
		# ERPNext leaves "Unresolved" on it.
		dunning.db_set("status", "Cancelled")
		dunning.add_comment("Info", _("Cancelled with invoice {0}").format(invoice))


def judge(names: Iterable[str]) -> None:
	"""Resolved when no row of it has anything open, by whatever it was paid; else unresolved."""
	names = list(names)
	if not names:
		return
	open_ones = set(_open(names))
	for status, these in (
		(UNRESOLVED, [name for name in names if name in open_ones]),
		(RESOLVED, [name for name in names if name not in open_ones]),
	):
		if these:
			frappe.db.set_value(
				DUNNING, {"name": ("in", these), "docstatus": 1}, "status", status, update_modified=False
			)


def judge_all() -> None:
	"""Every night: all of ours that say something else than the ledger."""
	row, dunning = frappe.qb.DocType("Dunning Message Row"), frappe.qb.DocType(DUNNING)
	ours = dict(
		frappe.qb.from_(row)
		.join(dunning)
		.on(dunning.name == row.dunning)
		.select(dunning.name, dunning.status)
		.distinct()
		.where(dunning.docstatus == 1)
		.run()
	)
	open_ones = set(_open(list(ours)))
	judge(
		[name for name, status in ours.items() if status != (UNRESOLVED if name in open_ones else RESOLVED)]
	)


def _open(names: list[str]) -> list[str]:
	asked, kept = frappe.qb.DocType("Overdue Payment"), frappe.qb.DocType("Open Installment")
	rows = (
		frappe.qb.from_(asked)
		.join(kept)
		.on((kept.sales_invoice == asked.sales_invoice) & (kept.payment_schedule == asked.payment_schedule))
		.select(asked.parent)
		.distinct()
		.where(asked.parent.isin(names or [""]) & (kept.outstanding_amount > 0))
		.run()
	)
	return [name for (name,) in rows]


def _judge_marked(names: list[str]) -> None:
	ledger.flush()
	judge(names)


marks = Marks(
	"dunnings",
	derive=_judge_marked,
	# The night judges again.
	title=lambda names: _("Dunnings not judged: {0}").format(", ".join(names)[:100]),
)

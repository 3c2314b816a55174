"""From an installment to its invoice, exactly once.

The installments are locked and looked at again before anything is made; invoice, its unique `deal_billing_key` and the link on
the installment are written in one transaction, one invoice a transaction. So a second worker waits and then finds the link, a
killed worker leaves nothing half done, and a run can always be started again. A failed invoice leaves its reason on the
installment. Figures are derived once, for all the invoices of the run.
"""

from contextlib import contextmanager

import frappe
from frappe import _
from frappe.model.naming import NamingSeries, get_default_naming_series, revert_series_if_last, set_new_name
from frappe.utils import cint, flt, getdate, now_datetime, strip_html, today

from sales_crm_accounts.core import billing, plan
from sales_crm_accounts.core.money import ZERO, to_decimal
from sales_crm_accounts.core.problems import _ as N_
from sales_crm_accounts.services import (
	figures,
	invoice_mail,
	invoice_numbers,
	invoice_taxes,
	invoices,
	ledger,
	month_sales,
	policies,
)
from sales_crm_accounts.services.approvals import automatic
from sales_crm_accounts.services.as_user import acting_as
from sales_crm_accounts.services.derived import is_lock_error
from sales_crm_accounts.services.installments import lock
from sales_crm_accounts.services.receivables import notices, promises

INVOICED, FAILED, PASSED_OVER = "Invoiced", "Failed", "Passed Over"
ATTEMPTS_ON_DEADLOCK = 3
#: What says whether an installment is to be billed.
LOOKED_AT = (
	*("name", "deal", "status", "sales_invoice", "reserved_number", "on_hold", "hold_reason"),
	*("billing_trigger", "confirmed_on", "milestone", "planned_invoice_date"),
)


@contextmanager
def as_billing_user():
	"""Make automatic invoices as the billing user, so that credit and due date limits hold (Administrator passes them)."""
	user = frappe.db.get_single_value("Sales CRM Accounts Settings", "billing_user", cache=True)
	if not user or not frappe.get_cached_value("User", user, "enabled"):
		yield
		return
	with acting_as(user):
		yield


def bill(installments: list[str], source: str = "Manual", force: bool = False) -> list[frappe._dict]:
	"""Raise the invoices of these installments; one dict an installment: installment, outcome, sales_invoice, reason.

	Commits after every invoice. What already stands is passed over; `force` bills an installment before its day.
	A deal that is billed by one invoice is billed whole, but for what is on hold and what waits for its milestone or delivery.
	"""
	deals, results = {}, []
	forced = frozenset(installments) if force else frozenset()
	with as_billing_user(), figures.deals_once(), promises.once(), month_sales.once():
		with ledger.once():
			units = _units(installments, deals)
			frappe.db.commit()  # what a transaction sees is as old as its first look
			for deal, rows in units:
				if source != "Manual" and policies.billing_paused():
					break  # due still, and billed by the first run after the pause
				results += _bill_unit(deal, rows, forced)
		ledger.commit()  # should the process die before, `sweep.derive_left_behind` finds what it posted
	frappe.db.commit()
	return results


def _units(installments: list[str], deals: dict) -> list[tuple]:
	"""(deal, installments that go on one invoice together), in the order of their names.

	A deal is read once for all its invoices: what they are made of cannot change after it is won.
	"""
	rows = frappe.get_all(
		"Deal Installment",
		filters={"name": ("in", list(installments) or [""])},
		fields=LOOKED_AT,
		order_by="name",
	)
	units = []
	for row in rows:
		known = row.deal in deals
		if not known:
			deals[row.deal] = frappe.get_doc("Deal", row.deal)
		deal = deals[row.deal]
		if policies.policy_of(deal).invoicing_method != billing.ONE_INVOICE:
			units.append((deal, [row]))
		elif not known:
			open_rows = frappe.get_all(
				"Deal Installment",
				filters={"deal": row.deal, "status": ("in", ("Planned", "Ready"))},
				fields=LOOKED_AT,
				order_by="name",
			)
			units.append((deal, open_rows or [row]))
	return units


def _bill_unit(deal, rows: list, forced: frozenset[str]) -> list[frappe._dict]:
	names = [row.name for row in rows]
	for attempt in range(ATTEMPTS_ON_DEADLOCK):
		try:
			result = _try(deal, names, forced, _reserve_number(deal, rows, forced))
			frappe.db.commit()
			return result
		except Exception as error:
			frappe.db.rollback()
			if is_lock_error(error) and attempt < ATTEMPTS_ON_DEADLOCK - 1:
				continue
			frappe.clear_messages()
			return _failed(names, error)


def _try(deal, names: list[str], forced: frozenset[str], header=None) -> list[frappe._dict]:
	rows = lock(names)
	policy = policies.policy_of(deal)
	is_won, standing_by_key = _look(deal, names)
	open_rows, results = _divide(rows, policy, forced, is_won)
	if not open_rows:
		return results
	key = invoices.billing_key(deal, policy, open_rows)
	if key in standing_by_key:
		return results + _relink(open_rows, standing_by_key[key])
	number = _kept_number(deal, policy, open_rows[0], header)
	invoice = _insert_invoice(deal, policy, open_rows, number, header)
	results += _link(open_rows, invoice)
	if invoice.docstatus == 1 and policy.email_invoice:
		invoice_mail.send(invoice, policy)
	return results


def _divide(rows: list, policy, forced: frozenset[str], is_won: bool) -> tuple[list, list[frappe._dict]]:
	"""(installments that the next invoice takes, what is said of the others); `forced` are billed before their day, and on hold."""
	open_rows, passed_over = [], []
	for row in rows:
		reason = _why_not(row, policy, row.name in forced) if is_won else _("The deal is not won.")
		if reason:
			passed_over.append(
				frappe._dict(
					deal=row.deal,
					installment=row.name,
					outcome=PASSED_OVER,
					sales_invoice=row.sales_invoice,
					reason=reason,
				)
			)
		else:
			open_rows.append(row)
	if policy.invoicing_method == billing.ONE_INVOICE and open_rows:
		# One invoice for all that are left, from the day the first of them is to be billed.
		taken = {row.name for row in open_rows}
		open_rows = [row for row in rows if row.name in taken or _goes_along(row)]
		taken = {row.name for row in open_rows}
		passed_over = [result for result in passed_over if result.installment not in taken]
	return open_rows, passed_over


def _goes_along(row) -> bool:
	return not (row.sales_invoice or row.status == "Cancelled" or row.on_hold or _waits(row))


def _waits(row) -> bool:
	return row.billing_trigger in plan.CONFIRMED_TRIGGERS and not row.confirmed_on


def _look(deal, names: list[str]) -> tuple[bool, dict[str, str]]:
	"""Whether the deal is won, and the invoices that stand, by the keys that one of these installments could have."""
	rows = frappe.db.sql(
		"""
		select deal.docstatus, invoice.deal_billing_key, invoice.name
		from `tabDeal` deal
		left join `tabSales Invoice` invoice on invoice.deal_billing_key in %(keys)s and invoice.docstatus < 2
		where deal.name = %(deal)s
		""",
		{"deal": deal.name, "keys": [deal.name, *names]},
	)
	return any(row[0] == 1 for row in rows), {key: name for _docstatus, key, name in rows if key}


def _relink(rows, invoice: str) -> list[frappe._dict]:
	"""The invoice stands but its link was lost (somebody wrote the database by hand): mend the link, make nothing."""
	for row in rows:
		frappe.db.set_value("Deal Installment", row.name, "sales_invoice", invoice)
	ledger.refresh([invoice])
	return [
		frappe._dict(
			deal=row.deal,
			installment=row.name,
			outcome=PASSED_OVER,
			sales_invoice=invoice,
			reason=_("Already billed."),
		)
		for row in rows
	]


def _why_not(row, policy, force: bool) -> str:
	if row.sales_invoice:
		return _("Already billed.")
	if row.status == "Cancelled":
		return _("The installment is cancelled.")
	if row.on_hold and not force:
		return row.hold_reason or _("On hold.")
	if _waits(row):
		return _("Waits for {0}.").format(row.milestone or _(row.billing_trigger))
	if not force and not billing.is_ready(
		row.planned_invoice_date and getdate(row.planned_invoice_date),
		getdate(today()),
		cint(policy.days_ahead),
	):
		return _("Planned for {0}.").format(frappe.format(row.planned_invoice_date, "Date"))
	return ""


def _reserves_numbers() -> bool:
	return bool(
		cint(frappe.db.get_single_value("Sales CRM Accounts Settings", "reserve_numbers", cache=True))
	)


def _reserve_number(deal, rows: list, forced: frozenset[str]):
	"""Take the invoice's number in a transaction of its own, and keep it on the installment until its invoice stands.

	ERPNext takes the number first and holds the lock on its series until the whole invoice is posted, so that one invoice is
	made at a time on the site. Taken beforehand, invoices are made side by side. A number is not lost: a retry uses it.
	`rows` may have changed since they were read, so the number is only kept where none was and no invoice stands.
	Returns the header of the invoice that the number was taken for, if one was.
	"""
	if not _reserves_numbers():
		return None
	policy = policies.policy_of(deal)
	open_rows, _passed_over = _divide(rows, policy, forced, deal.docstatus == 1)
	if not open_rows or open_rows[0].reserved_number:
		return None
	invoice = invoices.header(deal, policy)
	set_new_name(invoice)
	frappe.db.sql(
		"""
		update `tabDeal Installment` set reserved_number = %(number)s
		where name = %(name)s and coalesce(reserved_number, '') = '' and coalesce(sales_invoice, '') = ''
		""",
		{"name": open_rows[0].name, "number": invoice.name},
	)
	if not frappe.db._cursor.rowcount:
		frappe.db.rollback()
		return None
	frappe.db.commit()
	return invoice


def _give_number_back(row):
	"""A number that no invoice came of goes back where it is still the last one of its series; else the retry uses it."""
	if not row.reserved_number or frappe.db.exists("Sales Invoice", row.reserved_number):
		return
	deal = frappe.get_doc("Deal", row.deal)
	invoice = invoices.header(deal, policies.policy_of(deal))
	series = invoice.naming_series or get_default_naming_series("Sales Invoice")
	if not row.reserved_number.startswith(NamingSeries(series).get_prefix()):
		return  # of another year or naming rule: its counter is not this one
	last = NamingSeries(series).get_current_value()
	revert_series_if_last(series, row.reserved_number, invoice)
	if NamingSeries(series).get_current_value() != last:
		frappe.db.set_value("Deal Installment", row.name, "reserved_number", None, update_modified=False)


def _kept_number(deal, policy, row, header) -> str | None:
	"""The number that the installment keeps, where the invoice could have it today; else it is noted, and a new one is taken."""
	number = row.reserved_number
	if not number or (header and header.posting_date == getdate(today())):
		return number
	if invoice_numbers.fits_today(invoices.header(deal, policy), number):
		return number
	invoice_numbers.note_unused_numbers(deal, [number])
	return None


def _insert_invoice(deal, policy, installments, number: str | None = None, header=None):
	invoice = invoices.build_invoice(deal, installments, invoice=header)
	expected = sum((to_decimal(row.net_amount) for row in installments), ZERO)
	invoice.flags.ignore_permissions = True
	invoice.flags.sca_billing = True
	if policy.submit_invoices:
		automatic.insert_and_post(invoice, requester=deal.deal_owner, set_name=number)
	else:
		invoice.insert(set_name=number)
	deal.flags.sca_debit_to = invoice.debit_to  # as ERPNext found it, for the deal's next invoice in this run
	billed = to_decimal(flt(flt(invoice.total) - flt(invoice.discount_amount), invoice.precision("total")))
	if billed != expected:
		frappe.throw(
			_(
				"The items come to {0} on the invoice, the installment is {1}. Check the rounding of rates and pricing rules."
			).format(f"{billed:f}", f"{expected:f}")
		)
	invoice_taxes.check_taxes(deal, invoice)
	return invoice


def _link(rows, invoice) -> list[frappe._dict]:
	"""Write the invoice on its installments. A draft is not in the ledger yet, so nothing else would derive their figures."""
	names = [row.name for row in rows]
	frappe.db.sql(
		"""
		update `tabDeal Installment`
		set
			sales_invoice = %(invoice)s, former_invoice = null, reserved_number = null, on_hold = 0, hold_reason = null,
			last_error = null, attempts = attempts + 1, last_attempt_on = %(now)s, modified = %(now)s, modified_by = %(user)s
		where name in %(names)s
		""",
		{"invoice": invoice.name, "names": names, "now": now_datetime(), "user": frappe.session.user},
	)
	for name in names:
		frappe.clear_document_cache("Deal Installment", name)
	if invoice.docstatus == 0:
		figures.refresh_installments(names)
		figures.refresh_deals({row.deal for row in rows})
	return [
		frappe._dict(
			deal=row.deal, installment=row.name, outcome=INVOICED, sales_invoice=invoice.name, reason=""
		)
		for row in rows
	]


def _failed(names: list[str], error: Exception) -> list[frappe._dict]:
	"""Leave the installments Ready with the reason, tell their owner once for each new reason, and keep the trace."""
	reason = strip_html(str(error) or type(error).__name__)[:1000]
	frappe.log_error(
		title=f"Billing {names[0]}"[:140], reference_doctype="Deal Installment", reference_name=names[0]
	)
	results = []
	for row in lock(names):
		if row.sales_invoice or row.status == "Cancelled":
			continue  # billed or cancelled by somebody else since
		_give_number_back(row)
		frappe.db.set_value(
			"Deal Installment",
			row.name,
			{
				"last_error": reason,
				"attempts": row.attempts + 1,
				"last_attempt_on": now_datetime(),
				"status": "Ready",
			},
		)
		if reason != row.last_error:
			_tell_owner(row, reason)
		results.append(
			frappe._dict(
				deal=row.deal, installment=row.name, outcome=FAILED, sales_invoice=None, reason=reason
			)
		)
	frappe.db.commit()
	return results


def _tell_owner(row, reason: str):
	if not cint(
		frappe.db.get_single_value("Sales CRM Accounts Settings", "notify_owner_on_failure", cache=True)
	):
		return
	notices.ring(
		row.deal_owner,
		N_("The invoice of {0} could not be raised: {1}"),
		(f"{row.deal}, {row.title}", reason),
		frappe._dict(doctype="Deal Installment", name=row.name),
	)

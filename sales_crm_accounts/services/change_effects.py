"""What a Deal Change does to the installments when it is submitted, and undoes when it is cancelled; all or nothing."""

from decimal import Decimal

import frappe
from frappe import _
from frappe.utils import escape_html, flt, get_link_to_form, getdate, today

from sales_crm_accounts.core import change as rules
from sales_crm_accounts.core.money import ZERO, quantize, split
from sales_crm_accounts.core.plan import CONFIRMED_TRIGGERS, ON_DATE
from sales_crm_accounts.services import changes, deals, figures, winning
from sales_crm_accounts.services.invoice_numbers import note_unused_numbers


def apply(change):
	"""Put the new plan in force: kept installments are updated, removed ones cancelled, new ones made; all or nothing."""
	deal = frappe.get_doc("Deal", change.deal)
	everything = changes.installments_of(deal.name, lock=True)
	changes.check_deal(deal, lock=True)
	unbilled = {row.name: row for row in everything if changes.is_unbilled(row)}
	changes.check_still_so(change, everything, unbilled)

	planned = _planned_amounts(change, deal, unbilled.values())
	sequence = max((row.sequence for row in everything), default=0)
	touched = set(unbilled)
	for row, planned_amount in zip(change.rows, planned, strict=True):
		if row.installment:
			_update(unbilled.pop(row.installment), row, deal, planned_amount)
			continue
		sequence += 1
		installment = winning.new_installment(
			deal, row, sequence, planned_amount, created_by_change=change.name
		)
		_date(installment, row)
		installment.insert(ignore_permissions=True)
		row.db_set("installment", installment.name, update_modified=False)
		touched.add(installment.name)
	for name in sorted(unbilled):
		put(name, status="Cancelled", cancelled_by_change=change.name)
	_pass_on_numbers(unbilled.values(), [row.installment for row in change.rows], deal)
	_after(change, deal, touched, _("changed the plan of what is not billed yet"))


def revert(change):
	"""Put the former plan back, unless something of the new one was billed or changed again."""
	deal = frappe.get_doc("Deal", change.deal)
	everything = {row.name: row for row in changes.installments_of(deal.name, lock=True)}
	before = changes.before(change)
	_check_revertible(change, deal, everything, before)
	touched = {row.installment for row in change.rows} | set(before)
	for row in change.rows:
		if row.installment not in before:
			put(row.installment, status="Cancelled", cancelled_by_change=change.name)
	for name, values in before.items():
		now = everything[name]
		values = frappe._dict(values)
		if (
			values.billing_trigger in CONFIRMED_TRIGGERS
			and now.status != "Cancelled"
			and rules.keeps_trigger(changes.standing_of(now).row, changes.standing_of(values))
		):
			# A milestone confirmed meanwhile stays confirmed.
			for field in ("confirmed_on", "confirmed_by", "planned_invoice_date", "due_date"):
				values[field] = now[field]
		put(name, **values, status=_open_status(values.planned_invoice_date), cancelled_by_change=None)
	new = [everything[row.installment] for row in change.rows if row.installment not in before]
	_pass_on_numbers(new, sorted(before), deal)
	_after(change, deal, touched, _("was cancelled; the former plan holds again"))


def _check_revertible(change, deal, everything, before):
	texts = []
	if deal.docstatus != 1:
		texts.append(
			_("Deal {0} is cancelled; its changes stay as its history.").format(
				get_link_to_form("Deal", deal.name)
			)
		)
	for row in change.rows:
		now = everything.get(row.installment)
		if not now:
			texts.append(_("Installment {0} is gone.").format(row.installment))
		elif now.sales_invoice:
			texts.append(
				_("Installment {0} is billed by {1}. Cancel the invoice or delete its draft first.").format(
					get_link_to_form("Deal Installment", now.name),
					get_link_to_form("Sales Invoice", now.sales_invoice),
				)
			)
		elif now.status == "Cancelled" or _changed_again(row, now):
			texts.append(
				_("Installment {0} was changed again. Cancel the later Deal Change first.").format(
					get_link_to_form("Deal Installment", now.name)
				)
			)
	kept = {row.installment for row in change.rows}
	texts += [
		_("{0} came later and was written on what this change made. Cancel it first.").format(
			get_link_to_form("Deal Change", later)
		)
		for later in _later_changes(change, kept | set(before))
	]
	for name in before:
		now = everything.get(name)
		if name not in kept and (not now or now.cancelled_by_change != change.name):
			texts.append(
				_("Installment {0} was changed again. Cancel the later Deal Change first.").format(name)
			)
	if texts:
		frappe.throw(
			texts if len(texts) > 1 else texts[0], title=_("Cannot Undo the Change"), as_list=len(texts) > 1
		)


def _later_changes(change, names: set[str]) -> list[str]:
	"""Changes submitted since that are written on one of these installments, whether or not they left it as it was."""
	other, row = frappe.qb.DocType("Deal Change"), frappe.qb.DocType("Deal Change Before")
	# The change is being cancelled, which is its last modification; before that it was submitting it.
	submitted = (change.get_doc_before_save() or change).modified
	return (
		frappe.qb.from_(other)
		.join(row)
		.on(row.parent == other.name)
		.where((other.deal == change.deal) & (other.docstatus == 1) & (other.name != change.name))
		.where((other.modified > submitted) & row.installment.isin(sorted(names) or [""]))
		.orderby(other.name)
		.select(other.name)
		.distinct()
		.run(pluck=True)
	)


def _changed_again(row, now) -> bool:
	core_row = deals.plan_row(row)
	standing = changes.standing_of(now)
	return (
		changes.money(row.net_amount) != standing.net_amount
		or core_row.trigger != standing.row.trigger
		or core_row.milestone != standing.row.milestone
		or core_row.due_rule != standing.row.due_rule
		or (core_row.trigger == ON_DATE and getdate(row.invoice_date) != standing.planned_invoice_date)
	)


def _planned_amounts(change, deal, unbilled) -> list[Decimal]:
	"""What each row comes to with tax, as far as it can be said before it is billed."""
	if not change.rows:
		return []
	unbilled = list(unbilled)
	precision = deal.precision("grand_total")
	gross = rules.with_tax(
		changes.money(change.new_unbilled_amount),
		changes.net_of(unbilled),
		sum((changes.money(row.planned_amount) for row in unbilled), ZERO),
		changes.money(deal.net_total),
		changes.money(deal.grand_total),
		precision,
	)
	return split(
		quantize(gross, precision), [changes.money(row.net_amount) for row in change.rows], precision
	)


def _update(now, row, deal, planned_amount: Decimal):
	values = {
		"title": row.description,
		"percent": flt(flt(row.net_amount) / flt(deal.net_total) * 100, 6) if deal.net_total else 0,
		"net_amount": row.net_amount,
		"planned_amount": float(planned_amount),
		"billing_trigger": row.billing_trigger,
		"milestone": row.milestone if row.billing_trigger in CONFIRMED_TRIGGERS else None,
		"due_rule": row.due_rule,
		"due_days": row.due_days,
		"due_months": row.due_months,
		"fixed_due_date": row.fixed_due_date,
	}
	if not rules.keeps_trigger(deals.plan_row(row), changes.standing_of(now)):
		values.update(confirmed_on=None, confirmed_by=None)
	put(now.name, **values, **_dates(row), status=_open_status(row.invoice_date))


def _date(installment, row):
	installment.update({**_dates(row), "status": _open_status(row.invoice_date)})


def _dates(row) -> dict:
	return {
		"trigger_date": row.invoice_date if row.billing_trigger == ON_DATE else None,
		"planned_invoice_date": row.invoice_date,
		"due_date": row.due_date,
	}


def _open_status(planned_invoice_date) -> str:
	return (
		"Ready" if planned_invoice_date and getdate(planned_invoice_date) <= getdate(today()) else "Planned"
	)


def _pass_on_numbers(removed, standing: list[str], deal):
	"""Invoice numbers that failed invoices of removed installments still hold go to others, so that the series has no gap."""
	numbers = [row.reserved_number for row in removed if row.get("reserved_number")]
	for name in standing:
		if numbers and not frappe.db.get_value("Deal Installment", name, "reserved_number"):
			put(name, reserved_number=numbers.pop(0))
	for row in removed:
		if row.get("reserved_number"):
			put(row.name, reserved_number=None)
	note_unused_numbers(deal, numbers)


def put(name: str, **values):
	"""Save through the document, so that the installment's own history shows who changed what."""
	installment = frappe.get_doc("Deal Installment", name, for_update=True)
	installment.update(values)
	installment.flags.ignore_permissions = True
	# What it names may be gone (the user who confirmed it, a payment term): that is history, and no reason against its plan.
	installment.flags.ignore_links = True
	installment.save()


def _after(change, deal, touched, what: str):
	figures.refresh_installments(sorted(touched))
	figures.refresh_deals([deal.name])
	text = _("{0} {1}: {2}").format(
		get_link_to_form("Deal Change", change.name), what, escape_html(change.reason or "")
	)
	if flt(change.amount_change):
		text += "<br>" + _("Amount change: {0}").format(
			frappe.format_value(change.amount_change, {"fieldtype": "Currency"}, currency=change.currency)
		)
	deal.add_comment("Comment", text=text)
	if winning.automatic(deal):
		winning.enqueue_billing(deal.name, "Deal Change")

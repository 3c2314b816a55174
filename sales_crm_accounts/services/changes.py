"""A new plan for what of a won deal is not billed yet (Deal Change).

What has an invoice, draft or submitted, is locked. The installments are locked in the order of their names before they are
looked at, and compared with what the change was written on: of two people who change at once one wins, and the other is told.
"""

import json
from decimal import Decimal

import frappe
from frappe import _
from frappe.utils import cint, cstr, escape_html, flt, get_link_to_form, getdate, today

from sales_crm_accounts import erpnext_compat
from sales_crm_accounts.core import billing
from sales_crm_accounts.core import change as rules
from sales_crm_accounts.core.money import ZERO, quantize, split, to_decimal
from sales_crm_accounts.core.plan import (
	AMOUNT,
	CONFIRMED_TRIGGERS,
	ON_DATE,
	REMAINDER,
	PlanRow,
	check_one_invoice,
)
from sales_crm_accounts.core.problems import RuleError
from sales_crm_accounts.services import deals, figures, messages, policies, winning

#: What a change may alter on an installment, and what it keeps to put back.
PLAN_FIELDS = (
	"title",
	"percent",
	"net_amount",
	"planned_amount",
	"billing_trigger",
	"trigger_date",
	"milestone",
	"confirmed_on",
	"confirmed_by",
	"planned_invoice_date",
	"due_rule",
	"due_days",
	"due_months",
	"fixed_due_date",
	"due_date",
)
DATES = ("trigger_date", "confirmed_on", "planned_invoice_date", "fixed_due_date", "due_date")


# Reading


def installments_of(deal: str, lock: bool = False) -> list[frappe._dict]:
	"""All installments of the deal in the order of their names; locked, they are read as they are now."""
	row = frappe.qb.DocType("Deal Installment")
	query = frappe.qb.from_(row).where(row.deal == deal).orderby(row.name).select(row.star)
	return (query.for_update() if lock else query).run(as_dict=True)


def is_unbilled(installment) -> bool:
	"""To be billed: neither cancelled nor on an invoice. A cancelled invoice and a deleted draft leave their installment."""
	return installment.status != "Cancelled" and not installment.sales_invoice


def remaining(deal: str) -> Decimal:
	"""Amount before tax that is not billed yet."""
	return _net(row for row in installments_of(deal) if is_unbilled(row))


def _net(rows) -> Decimal:
	return sum((_money(row.net_amount) for row in rows), ZERO)


def _money(value) -> Decimal:
	return to_decimal(flt(value, 9))


def _standing(installment) -> rules.Standing:
	date = lambda value: getdate(value) if value else None  # noqa: E731
	return rules.Standing(
		PlanRow(
			description=installment.title,
			basis=AMOUNT,
			amount=_money(installment.net_amount),
			trigger=installment.billing_trigger,
			trigger_date=date(installment.trigger_date) if installment.billing_trigger == ON_DATE else None,
			milestone=installment.milestone or "",
			due_rule=installment.due_rule,
			due_days=cint(installment.due_days),
			due_months=cint(installment.due_months),
			fixed_due_date=date(installment.fixed_due_date),
		),
		_money(installment.net_amount),
		date(installment.planned_invoice_date),
		date(installment.confirmed_on),
	)


def _snapshot(installment) -> dict:
	return {
		"installment": installment.name,
		"title": installment.title,
		"net_amount": installment.net_amount,
		"planned_invoice_date": installment.planned_invoice_date,
		"due_date": installment.due_date,
		"snapshot": json.dumps(
			{
				field: cstr(installment[field]) or None if field in DATES else installment[field]
				for field in PLAN_FIELDS
			},
			sort_keys=True,
		),
	}


def _before(change) -> dict[str, frappe._dict]:
	"""The installments as they were when the change was written."""
	result = {}
	for row in change.before_rows:
		try:
			result[row.installment] = frappe._dict(json.loads(row.snapshot or "{}"))
		except ValueError:
			result[row.installment] = frappe._dict()
	return result


# Writing a change


def fill(deal: str) -> dict:
	"""Rows of a new change: the installments that are not billed yet; the last one takes what remains."""
	doc = frappe.get_doc("Deal", deal)
	_check_deal(doc)
	unbilled = [row for row in installments_of(deal) if is_unbilled(row)]
	rows = []
	for installment in unbilled:
		rows.append(
			{
				"installment": installment.name,
				"description": installment.title,
				"basis": REMAINDER if installment is unbilled[-1] else AMOUNT,
				"amount": 0 if installment is unbilled[-1] else installment.net_amount,
				"billing_trigger": installment.billing_trigger,
				"trigger_date": installment.trigger_date if installment.billing_trigger == ON_DATE else None,
				"milestone": installment.milestone,
				"due_rule": installment.due_rule,
				"due_days": installment.due_days,
				"due_months": installment.due_months,
				"fixed_due_date": installment.fixed_due_date,
				"net_amount": installment.net_amount,
				"invoice_date": installment.planned_invoice_date,
				"due_date": installment.due_date,
			}
		)
	total = float(_net(unbilled))
	return {
		"deal": doc.name,
		"customer": doc.customer,
		"company": doc.company,
		"currency": doc.currency,
		"unbilled_amount": total,
		"new_unbilled_amount": total,
		"rows": rows,
		"before_rows": [_snapshot(installment) for installment in unbilled],
	}


def validate(change):
	"""Check a change against the installments as they are, and share the amount over its rows exactly."""
	deal = frappe.get_doc("Deal", change.deal)
	deal.check_permission("read")
	_check_day(change, deal)
	change.customer, change.company, change.currency = deal.customer, deal.company, deal.currency

	everything = installments_of(deal.name, lock=change.docstatus == 1)
	_check_deal(deal, lock=change.docstatus == 1)
	unbilled = {row.name: row for row in everything if is_unbilled(row)}
	if change.before_rows:
		_check_still_so(change, everything, unbilled)
	change.set("before_rows", [_snapshot(row) for row in unbilled.values()])
	_drop_stale_links(change, unbilled)

	precision = deal.precision("net_total")
	change.unbilled_amount = float(_net(unbilled.values()))
	amount_change = _money(change.amount_change)
	problems = rules.check_total(_money(change.unbilled_amount), amount_change, precision)
	if problems:
		messages.throw(problems, title=_("Deal Change"))
	total = quantize(_money(change.unbilled_amount) + amount_change, precision)
	change.new_unbilled_amount = float(total)
	if not unbilled and not total:
		frappe.throw(
			_(
				"Everything of deal {0} is billed. Enter an amount change to bill more, or credit an invoice."
			).format(get_link_to_form("Deal", deal.name)),
			title=_("Deal Change"),
		)
	_share(change, deal, total, unbilled, any(row.sales_invoice for row in everything))


def _check_deal(deal, lock: bool = False):
	docstatus = (
		frappe.db.get_value("Deal", deal.name, "docstatus", for_update=True) if lock else deal.docstatus
	)
	if docstatus != 1:
		frappe.throw(
			_("Deal {0} is not won. Change its collection plan on the deal itself.").format(
				get_link_to_form("Deal", deal.name)
			)
			if docstatus == 0
			else _("Deal {0} is cancelled. Amend the deal instead.").format(
				get_link_to_form("Deal", deal.name)
			),
			title=_("Deal Change"),
		)


def _check_day(change, deal):
	day = getdate(change.posting_date)
	if day > getdate(today()):
		frappe.throw(
			_("The date of the change is in the future. Choose today or an earlier day."),
			title=_("Deal Change"),
		)
	if day < getdate(deal.won_on):
		frappe.throw(
			_("The change is dated {0}, before the deal was won ({1}). Choose a later day.").format(
				frappe.format(day, "Date"), frappe.format(deal.won_on, "Date")
			),
			title=_("Deal Change"),
		)


def _check_still_so(change, everything, unbilled):
	written = {
		name: _standing(row) for name, row in _before(change).items() if name and row.get("billing_trigger")
	}
	problems = rules.differences(
		written,
		{name: _standing(row) for name, row in unbilled.items()},
		{row.name: row.sales_invoice for row in everything if row.sales_invoice},
	)
	if problems:
		messages.throw(problems, title=_("The Deal Has Moved On"))


def _drop_stale_links(change, unbilled):
	"""A row keeps its installment; a copied row, or one of an installment that is gone, makes a new one."""
	seen = set()
	for row in change.rows:
		if row.installment and (row.installment in seen or row.installment not in unbilled):
			row.installment = None
		seen.add(row.installment)


def _share(change, deal, total: Decimal, unbilled, any_billed: bool):
	rows = [deals.plan_row(row) for row in change.rows]
	standings = [_standing(unbilled[row.installment]) if row.installment else None for row in change.rows]
	try:
		parts = rules.share(total, rows, deal.precision("net_total"))
	except RuleError as error:
		messages.throw(error, title=_("New Plan"))
	problems = rules.check_dates(rows, standings, getdate(today()))
	if not any_billed and policies.policy_of(deal).invoicing_method == billing.ONE_INVOICE:
		problems += check_one_invoice(rows, getdate(today()))
	if problems:
		messages.throw(problems, title=_("New Plan"))
	for row, core_row, standing, part in zip(change.rows, rows, standings, parts, strict=True):
		row.net_amount = float(part)
		row.invoice_date = rules.planned_date(core_row, getdate(today()), standing)
		row.due_date = core_row.due_date(row.invoice_date)
	_check_open_periods(change, deal)


def _check_open_periods(change, deal):
	"""What is planned for a day gone by is billed today, so only days to come can be closed."""
	days = [
		(row, max(getdate(row.invoice_date), getdate(today()))) for row in change.rows if row.invoice_date
	]
	closed = erpnext_compat.closed_days(deal.company, [day for _row, day in days], "Sales Invoice")
	for row, day in days:
		if day in closed:
			frappe.throw(
				_("Row {0}: {1} is in a closed period ({2}). Choose a later date.").format(
					row.idx, frappe.format(day, "Date"), closed[day]
				),
				title=_("New Plan"),
			)


# Submitting and cancelling a change


def apply(change):
	"""Put the new plan in force: kept installments are updated, removed ones cancelled, new ones made; all or nothing."""
	deal = frappe.get_doc("Deal", change.deal)
	everything = installments_of(deal.name, lock=True)
	_check_deal(deal, lock=True)
	unbilled = {row.name: row for row in everything if is_unbilled(row)}
	_check_still_so(change, everything, unbilled)

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
	everything = {row.name: row for row in installments_of(deal.name, lock=True)}
	before = _before(change)
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
			and rules.keeps_trigger(_standing(now).row, _standing(values))
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
	standing = _standing(now)
	return (
		_money(row.net_amount) != standing.net_amount
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
		_money(change.new_unbilled_amount),
		_net(unbilled),
		sum((_money(row.planned_amount) for row in unbilled), ZERO),
		_money(deal.net_total),
		_money(deal.grand_total),
		precision,
	)
	return split(quantize(gross, precision), [_money(row.net_amount) for row in change.rows], precision)


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
	if not rules.keeps_trigger(deals.plan_row(row), _standing(now)):
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


def note_unused_numbers(deal, numbers: list[str]):
	"""Say on the timeline which numbers of the invoice series nothing came of, for whoever checks the series."""
	if numbers:
		deal.add_comment(
			"Comment", text=_("Invoice numbers that were taken and not used: {0}").format(", ".join(numbers))
		)


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

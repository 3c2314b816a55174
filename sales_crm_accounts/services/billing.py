"""From an installment to its invoice, exactly once.

The installments are locked and looked at again before anything is made; invoice, its unique `deal_billing_key` and the link on
the installment are written in one transaction, one invoice a transaction. So a second worker waits and then finds the link, a
killed worker leaves nothing behind, and a run can always be started again. A failed invoice leaves its reason on the
installment.
"""

from contextlib import contextmanager
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import frappe
from frappe import _
from frappe.query_builder.functions import Sum
from frappe.utils import add_days, cint, flt, getdate, now_datetime, strip_html, today

from sales_crm_accounts.core import billing, plan
from sales_crm_accounts.core.money import ZERO, quantize, split, to_decimal
from sales_crm_accounts.services import policies

INVOICED, FAILED, PASSED_OVER = "Invoiced", "Failed", "Passed Over"
ATTEMPTS_ON_DEADLOCK = 3


class SiteRounding(billing.Rounding):
	"""The core's rounding with the site's own rounding of a line amount."""

	__slots__ = ()

	def line_amount(self, quantity, rate):
		return quantize(to_decimal(flt(float(quantity) * float(rate), self.amount)), self.amount)


@contextmanager
def as_billing_user():
	"""Make automatic invoices as the billing user, so that credit and due date limits hold (Administrator passes them)."""
	user = frappe.db.get_single_value("Sales CRM Accounts Settings", "billing_user", cache=True)
	before = frappe.session.user
	if not user or user == before or not frappe.get_cached_value("User", user, "enabled"):
		yield
		return
	frappe.set_user(user)
	try:
		yield
	finally:
		frappe.set_user(before)


# Making the invoice


@dataclass
class Position:
	"""What the deal's invoices have taken so far: amount and quantity by deal item, and the amount before tax still to bill."""

	billed: dict
	net_left: Decimal

	def take(self, invoice, part: Decimal):
		"""Count one more invoice; the preview goes from invoice to invoice so."""
		for row in invoice.items:
			amount, quantity = self.billed.get(row.deal_item, (ZERO, ZERO))
			self.billed[row.deal_item] = (
				amount + to_decimal(flt(row.amount, 9)),
				quantity + to_decimal(flt(row.qty, 9)),
			)
		self.net_left -= part


def position_of(deal) -> Position:
	return Position(_billed(deal), _unbilled_net(deal))


def build_invoice(deal, installments, posting_date=None, position: Position | None = None):
	"""Unsaved Sales Invoice over `installments` (rows or documents of Deal Installment) of a deal.

	Accounts, series, taxes, letter head and terms come from the billing policy where it names them, else ERPNext fills them.
	"""
	policy = policies.policy_of(deal)
	posting_date = getdate(posting_date or today())
	invoice = _header(deal, policy, posting_date)
	one_invoice = policy.invoicing_method == billing.ONE_INVOICE
	part = sum((to_decimal(row.net_amount) for row in installments), ZERO)
	lines, discount = _shares(deal, policy, part, position or position_of(deal))
	for line in lines:
		_append_line(invoice, deal, policy, line)
	if discount:
		invoice.apply_discount_on, invoice.discount_amount = "Net Total", float(discount)
	first = installments[0]
	invoice.deal_billing_key = deal.name if one_invoice else first.name
	if not one_invoice or len(installments) == 1:
		invoice.deal_installment = first.name
	invoice.remarks = f"{deal.title}: {', '.join(row.title for row in installments)}"[:500]
	# The customer's own terms must not replace the agreed dates; ERPNext checks its due date limit against them otherwise.
	invoice.ignore_default_payment_terms_template = 1
	invoice.payment_terms_template = ""
	invoice.due_date = max(due_date(row, posting_date) for row in installments)
	if one_invoice and len(installments) > 1:
		_set_schedule(invoice, installments, posting_date)
	return invoice


def whole_deal_invoice(deal):
	"""Unsaved invoice over all items of the deal, totals computed by ERPNext; for figures and preview only."""
	policy = policies.policy_of(deal)
	invoice = _header(deal, policy, getdate(today()))
	for index, row in enumerate(deal.items):
		_append_line(
			invoice,
			deal,
			policy,
			billing.InvoiceLine(index, to_decimal(row.qty), to_decimal(row.rate), to_decimal(row.amount)),
		)
	if deal.discount_amount:
		invoice.apply_discount_on = "Net Total"
		invoice.discount_amount = deal.discount_amount
	if flt(deal.conversion_rate):
		invoice.conversion_rate = deal.conversion_rate
	compute(invoice)
	return invoice


def compute(invoice):
	"""Let ERPNext fill and compute an unsaved invoice as it would on saving."""
	invoice.flags.ignore_permissions = True
	invoice.set_missing_values()
	invoice.calculate_taxes_and_totals()


def _header(deal, policy, posting_date):
	invoice = frappe.new_doc("Sales Invoice")
	invoice.update(
		{
			"company": deal.company,
			"customer": deal.customer,
			"posting_date": posting_date,
			"set_posting_time": 1,
			"currency": deal.currency,
			"ignore_pricing_rule": 1,
			"deal": deal.name,
			"project": deal.project,
			"cost_center": deal.cost_center or policy.cost_center,
			"contact_person": deal.contact_person,
			"customer_address": deal.customer_address,
			"update_stock": 0,
		}
	)
	if deal.selling_price_list:
		invoice.selling_price_list = deal.selling_price_list
	for source, target in (
		(deal.taxes_and_charges or policy.taxes_and_charges, "taxes_and_charges"),
		(policy.debit_to, "debit_to"),
		(policy.naming_series, "naming_series"),
		(policy.tc_name, "tc_name"),
		(policy.letter_head, "letter_head"),
	):
		if source:
			invoice.set(target, source)
	if policy.tc_name:
		invoice.terms = frappe.get_cached_value("Terms and Conditions", policy.tc_name, "terms")
	for row in deal.sales_team:
		invoice.append(
			"sales_team",
			{
				"sales_person": row.sales_person,
				"allocated_percentage": row.allocated_percentage,
				"commission_rate": row.commission_rate,
			},
		)
	return invoice


def _append_line(invoice, deal, policy, line: billing.InvoiceLine):
	item = deal.items[line.item]
	rate = float(line.rate)
	row = {
		"item_code": item.item_code,
		"item_name": item.item_name,
		"description": item.description or item.item_name,
		"qty": float(line.quantity),
		"uom": item.uom,
		"conversion_factor": flt(item.conversion_factor) or 1,
		"rate": rate,
		"price_list_rate": rate,
		"cost_center": item.cost_center or deal.cost_center or policy.cost_center,
		"project": deal.project,
		"deal": deal.name,
		"deal_item": item.name,
		"is_free_item": 0 if line.amount else 1,
	}
	for field, value in (
		("income_account", item.income_account or policy.income_account),
		("item_tax_template", item.item_tax_template),
		("warehouse", item.warehouse),
	):
		if value:
			row[field] = value
	if deal.sales_order and item.sales_order_item:
		row["sales_order"], row["so_detail"] = deal.sales_order, item.sales_order_item
	invoice.append("items", row)


def _rounding(deal) -> SiteRounding:
	meta = frappe.get_meta("Sales Invoice Item")
	precision = lambda field: frappe.get_precision("Sales Invoice Item", field, currency=deal.currency)  # noqa: E731
	method = frappe.get_system_settings("rounding_method") or ""
	return SiteRounding(
		quantity=precision("qty") if meta.has_field("qty") else 3,
		rate=precision("rate"),
		amount=precision("amount"),
		mode=ROUND_HALF_UP if method.startswith("Commercial") else ROUND_HALF_EVEN,
	)


def _billed(deal) -> dict[str, tuple]:
	"""Amount and quantity of each deal item on its invoices that stand, credit notes not counted."""
	invoice, item = frappe.qb.DocType("Sales Invoice"), frappe.qb.DocType("Sales Invoice Item")
	rows = (
		frappe.qb.from_(item)
		.join(invoice)
		.on(item.parent == invoice.name)
		.where((invoice.deal == deal.name) & (invoice.docstatus < 2) & (invoice.is_return == 0))
		.where(item.deal_item.isnotnull())
		.groupby(item.deal_item)
		.select(item.deal_item, Sum(item.amount), Sum(item.qty))
		.run()
	)
	return {name: (to_decimal(flt(amount, 9)), to_decimal(flt(qty, 9))) for name, amount, qty in rows}


def _unbilled_net(deal):
	"""Amount before tax of all installments that no invoice stands for."""
	row = frappe.qb.DocType("Deal Installment")
	value = (
		frappe.qb.from_(row)
		.where((row.deal == deal.name) & (row.status != "Cancelled") & (row.sales_invoice.isnull() | (row.sales_invoice == "")))
		.select(Sum(row.net_amount))
		.run()
	)[0][0]
	return quantize(to_decimal(value), deal.precision("net_total"))


def _shares(deal, policy, part: Decimal, position: Position):
	"""(invoice lines, discount) of an invoice over `part`, out of what no invoice has taken yet.

	Items are scaled where a Deal Change made the rest larger or smaller than the items say.
	"""
	precision = deal.precision("net_total")
	net_left = max(position.net_left, part)
	discount_left = ZERO
	if deal.discount_amount:
		discount_left = quantize(to_decimal(deal.discount_amount) * net_left / to_decimal(deal.net_total), precision)
	lines, left, left_quantity = [], [], []
	for row in deal.items:
		amount, quantity = to_decimal(row.amount), to_decimal(row.qty)
		billed_amount, billed_quantity = position.billed.get(row.name, (ZERO, ZERO))
		whole_number = bool(frappe.get_cached_value("UOM", row.uom, "must_be_whole_number"))
		lines.append(billing.Line(quantity, to_decimal(row.rate), amount, whole_number))
		left.append(max(ZERO, quantize(amount - billed_amount, precision)))
		left_quantity.append(max(ZERO, quantity - billed_quantity))
	goal = net_left + discount_left
	if sum(left, ZERO) != goal:
		left = split(goal, left if sum(left, ZERO) else [line.amount for line in lines], precision)
	discount = discount_left if part == net_left else quantize(discount_left * part / net_left, precision)
	rows = billing.invoice_lines(
		lines, left, left_quantity, part + discount, policy.line_split, _rounding(deal), first=not position.billed
	)
	return rows, discount


def _core_row(installment) -> plan.PlanRow:
	"""The plan row that an installment keeps, for its dates."""
	return plan.PlanRow(
		description=installment.title,
		trigger=installment.billing_trigger,
		trigger_date=getdate(installment.trigger_date) if installment.trigger_date else None,
		due_rule=installment.due_rule,
		due_days=cint(installment.due_days),
		due_months=cint(installment.due_months),
		fixed_due_date=getdate(installment.fixed_due_date) if installment.fixed_due_date else None,
	)


def due_date(installment, posting_date):
	"""Due date counted from the planned invoice date, or from the invoice itself where it comes later."""
	base = getdate(installment.planned_invoice_date or posting_date)
	return max(_core_row(installment).due_date(max(base, posting_date)), posting_date)


def _schedule_due_date(installment, posting_date):
	return max(_core_row(installment).due_date(getdate(installment.planned_invoice_date or posting_date)), posting_date)


def _set_schedule(invoice, installments, posting_date):
	"""Our own rows of the payment schedule; fixed amounts with `outstanding`, as ERPNext leaves that 0 otherwise."""
	compute(invoice)
	total = invoice.rounded_total or invoice.grand_total
	parts = split(
		quantize(to_decimal(total), invoice.precision("grand_total")),
		[to_decimal(row.net_amount) for row in installments],
		invoice.precision("grand_total"),
	)
	invoice.set("payment_schedule", [])
	dated = sorted(
		(
			(_schedule_due_date(row, posting_date), index, row, part)
			for index, (row, part) in enumerate(zip(installments, parts, strict=True))
		),
		key=lambda entry: entry[:2],
	)
	before = None
	for due, _index, row, part in dated:
		# Days that passed meanwhile would fall together on the posting date; ERPNext refuses equal due dates.
		due = max(due, add_days(before, 1)) if before else due
		before = due
		amount = float(part)
		invoice.append(
			"payment_schedule",
			{
				"description": row.title,
				"due_date": due,
				"invoice_portion": 0,
				"payment_amount": amount,
				"base_payment_amount": flt(amount * invoice.conversion_rate, invoice.precision("base_grand_total")),
				"outstanding": amount,
			},
		)
	invoice.due_date = before


# Billing


def bill(installments: list[str], source: str = "Manual", force: bool = False) -> list[frappe._dict]:
	"""Raise the invoices of these installments; one dict an installment: installment, outcome, sales_invoice, reason.

	Commits after every invoice. What already stands is passed over; `force` bills an installment before its day.
	A deal that is billed by one invoice is billed whole.
	"""
	results = []
	for unit in _units(installments):
		results += _bill_unit(unit, source, force)
	return results


def _units(installments: list[str]) -> list[list[str]]:
	"""Installments that go on one invoice together, in the order of their names."""
	rows = frappe.get_all(
		"Deal Installment",
		filters={"name": ("in", list(installments) or [""])},
		fields=["name", "deal"],
		order_by="name",
	)
	units, seen = [], set()
	for row in rows:
		deal = frappe.get_cached_doc("Deal", row.deal)
		if policies.policy_of(deal).invoicing_method != billing.ONE_INVOICE:
			units.append([row.name])
		elif row.deal not in seen:
			seen.add(row.deal)
			units.append(
				frappe.get_all(
					"Deal Installment",
					filters={"deal": row.deal, "status": ("in", ("Planned", "Ready"))},
					pluck="name",
					order_by="name",
				)
				or [row.name]
			)
	return units


def _bill_unit(names: list[str], source: str, force: bool) -> list[frappe._dict]:
	for attempt in range(ATTEMPTS_ON_DEADLOCK):
		try:
			with as_billing_user():
				result = _try(names, force)
			frappe.db.commit()
			return result
		except (frappe.QueryDeadlockError, frappe.QueryTimeoutError) as error:
			frappe.db.rollback()
			if attempt == ATTEMPTS_ON_DEADLOCK - 1:
				return _failed(names, error)
		except Exception as error:
			frappe.db.rollback()
			frappe.clear_messages()
			return _failed(names, error)


def _try(names: list[str], force: bool) -> list[frappe._dict]:
	rows = _lock(names)
	open_rows, results = [], []
	deal = frappe.get_doc("Deal", rows[0].deal) if rows else None
	policy = policies.policy_of(deal) if deal else None
	for row in rows:
		reason = _why_not(row, deal, policy, force)
		if reason:
			results.append(
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
	if policy and policy.invoicing_method == billing.ONE_INVOICE and open_rows:
		# One invoice for all that are left, from the day the first of them is to be billed.
		open_rows = [
			row
			for row in rows
			if not row.sales_invoice and row.status != "Cancelled" and not row.on_hold
		]
		results = [result for result in results if result.installment not in {row.name for row in open_rows}]
	if not open_rows:
		return results
	key = deal.name if policy.invoicing_method == billing.ONE_INVOICE else open_rows[0].name
	standing = frappe.db.get_value("Sales Invoice", {"deal_billing_key": key, "docstatus": ("<", 2)})
	if standing:
		return results + _relink(open_rows, standing)
	invoice = _insert_invoice(deal, policy, open_rows)
	for row in open_rows:
		frappe.db.set_value(
			"Deal Installment",
			row.name,
			{
				"sales_invoice": invoice.name,
				"last_error": None,
				"attempts": row.attempts + 1,
				"last_attempt_on": now_datetime(),
				"on_hold": 0,
				"hold_reason": None,
			},
		)
		results.append(
			frappe._dict(deal=row.deal, installment=row.name, outcome=INVOICED, sales_invoice=invoice.name, reason="")
		)
	_refresh(deal.name, invoice.name)
	if invoice.docstatus == 1 and policy.email_invoice:
		_mail(invoice, policy)
	return results


def _relink(rows, invoice: str) -> list[frappe._dict]:
	"""The invoice stands but its link was lost (somebody wrote the database by hand): mend the link, make nothing."""
	for row in rows:
		frappe.db.set_value("Deal Installment", row.name, "sales_invoice", invoice)
	_refresh(rows[0].deal, invoice)
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


def _lock(names: list[str]) -> list[frappe._dict]:
	"""Take the rows, in the order of their names, and read them as they are now."""
	row = frappe.qb.DocType("Deal Installment")
	return (
		frappe.qb.from_(row)
		.where(row.name.isin(names))
		.orderby(row.name)
		.for_update()
		.select(row.star)
		.run(as_dict=True)
	)


def _why_not(row, deal, policy, force: bool) -> str:
	if deal.docstatus != 1:
		return _("The deal is not won.")
	if row.sales_invoice:
		return _("Already billed.")
	if row.status == "Cancelled":
		return _("The installment is cancelled.")
	if row.on_hold and not force:
		return row.hold_reason or _("On hold.")
	if row.billing_trigger in plan.CONFIRMED_TRIGGERS and not row.confirmed_on:
		return _("Waits for {0}.").format(row.milestone or _(row.billing_trigger))
	if not force and not billing.is_ready(
		row.planned_invoice_date and getdate(row.planned_invoice_date), getdate(today()), cint(policy.days_ahead)
	):
		return _("Planned for {0}.").format(frappe.format(row.planned_invoice_date, "Date"))
	return ""


def _insert_invoice(deal, policy, installments):
	invoice = build_invoice(deal, installments)
	expected = sum((to_decimal(row.net_amount) for row in installments), ZERO)
	invoice.flags.ignore_permissions = True
	invoice.flags.sca_billing = True
	if policy.submit_invoices:
		# Straight to submit: ERPNext validates once instead of twice.
		invoice.submit()
	else:
		invoice.insert()
	billed = to_decimal(flt(flt(invoice.total) - flt(invoice.discount_amount), invoice.precision("total")))
	if billed != expected:
		frappe.throw(
			_("The items come to {0} on the invoice, the installment is {1}. Check the rounding of rates and pricing rules.").format(
				f"{billed:f}", f"{expected:f}"
			)
		)
	return invoice


def _refresh(deal: str, invoice: str):
	from sales_crm_accounts.services import figures, ledger

	ledger.mark([invoice])
	ledger.flush()
	figures.refresh_deals([deal])


def _mail(invoice, policy):
	"""Queue the mail with the invoice as PDF; in the invoice's transaction, so it goes once and only if the invoice stands."""
	recipient = invoice.contact_email or frappe.db.get_value("Customer", invoice.customer, "email_id")
	if not recipient:
		invoice.add_comment("Info", _("Not mailed: the customer has no mail address."))
		return
	template = frappe.get_cached_doc("Email Template", policy.email_template)
	args = {"doc": invoice.as_dict(), **invoice.as_dict()}
	language = invoice.language or frappe.db.get_value("Customer", invoice.customer, "language")
	message = template.get_formatted_email(args)
	frappe.sendmail(
		recipients=[recipient],
		subject=message["subject"],
		message=message["message"],
		reference_doctype=invoice.doctype,
		reference_name=invoice.name,
		attachments=[
			{
				"print_format_attachment": 1,
				"doctype": invoice.doctype,
				"name": invoice.name,
				"print_format": policy.print_format or None,
				"print_letterhead": 1,
				"lang": language,
			}
		],
	)


def _failed(names: list[str], error: Exception) -> list[frappe._dict]:
	"""Leave the installments Ready with the reason, tell their owner once for each new reason, and keep the trace."""
	reason = strip_html(str(error) or type(error).__name__)[:1000]
	frappe.log_error(title=f"Billing {names[0]}"[:140], reference_doctype="Deal Installment", reference_name=names[0])
	results = []
	for row in _lock(names):
		if row.sales_invoice:
			continue
		frappe.db.set_value(
			"Deal Installment",
			row.name,
			{"last_error": reason, "attempts": row.attempts + 1, "last_attempt_on": now_datetime(), "status": "Ready"},
		)
		if reason != row.last_error:
			_tell_owner(row, reason)
		results.append(
			frappe._dict(deal=row.deal, installment=row.name, outcome=FAILED, sales_invoice=None, reason=reason)
		)
	frappe.db.commit()
	return results


def _tell_owner(row, reason: str):
	if not cint(
		frappe.db.get_single_value("Sales CRM Accounts Settings", "notify_owner_on_failure", cache=True)
	):
		return
	frappe.get_doc(
		{
			"doctype": "Notification Log",
			"type": "Alert",
			"for_user": row.deal_owner,
			"document_type": "Deal Installment",
			"document_name": row.name,
			"subject": _("The invoice of {0} could not be raised: {1}").format(row.title, reason)[:1000],
			"from_user": frappe.session.user,
		}
	).insert(ignore_permissions=True)


# What people do with an installment


def confirm(installment: str, on=None):
	"""A user confirms the milestone or the delivery; the installment is then billed from that day on."""
	row = _one(installment)
	on = getdate(on or today())
	if row.billing_trigger not in plan.CONFIRMED_TRIGGERS:
		frappe.throw(_("{0} is billed by date; there is nothing to confirm.").format(row.title))
	if row.status == "Cancelled":
		frappe.throw(_("{0} is cancelled.").format(row.title))
	if row.sales_invoice:
		frappe.throw(_("{0} is already billed.").format(row.title))
	if on > getdate(today()):
		frappe.throw(_("A confirmation cannot be dated in the future."))
	deal = frappe.get_cached_doc("Deal", row.deal)
	day = max(on, getdate(deal.won_on))
	_set(
		row,
		confirmed_on=on,
		confirmed_by=frappe.session.user,
		planned_invoice_date=day,
		due_date=_core_row(row).due_date(day),
	)


def unconfirm(installment: str):
	row = _one(installment)
	if row.sales_invoice:
		frappe.throw(_("{0} is already billed.").format(row.title))
	_set(
		row,
		confirmed_on=None,
		confirmed_by=None,
		planned_invoice_date=None,
		due_date=_core_row(row).due_date(None),
	)


def hold(installment: str, reason: str):
	row = _one(installment)
	if row.sales_invoice:
		frappe.throw(_("{0} is already billed.").format(row.title))
	if not (reason or "").strip():
		frappe.throw(_("Say why the installment is put on hold."))
	_set(row, on_hold=1, hold_reason=reason)


def release(installment: str):
	_set(_one(installment), on_hold=0, hold_reason=None, last_error=None)


def _one(installment: str):
	rows = _lock([installment])
	if not rows:
		frappe.throw(_("Installment {0} does not exist.").format(installment), frappe.DoesNotExistError)
	return rows[0]


def _set(row, **values):
	from sales_crm_accounts.services import figures

	frappe.db.set_value("Deal Installment", row.name, values)
	figures.refresh_installments([row.name])
	figures.refresh_deals([row.deal])


# When an invoice appears or goes


def key_of_cancelled(invoice: str) -> str | None:
	"""Billing key that an amended invoice takes over: the one of the installment it bills, while no other invoice stands."""
	cancelled = frappe.db.get_value(
		"Sales Invoice", invoice, ["deal", "deal_installment", "is_return"], as_dict=True
	)
	if not cancelled or not cancelled.deal or cancelled.is_return:
		return None
	if cancelled.deal_installment:
		key, filters = cancelled.deal_installment, {"name": cancelled.deal_installment}
	else:
		key, filters = cancelled.deal, {"deal": cancelled.deal, "hold_reason": ("like", f"%{invoice}%")}
	waiting = frappe.get_all(
		"Deal Installment",
		filters={**filters, "sales_invoice": ("is", "not set"), "status": ("!=", "Cancelled")},
		limit=1,
	)
	return key if waiting else None


def link(invoice):
	"""An amended invoice takes the place of the cancelled one."""
	for name in _installments_of_key(invoice):
		frappe.db.set_value(
			"Deal Installment",
			name,
			{"sales_invoice": invoice.name, "on_hold": 0, "hold_reason": None, "last_error": None},
		)


def unlink(invoice, reason: str):
	"""An invoice was cancelled or its draft deleted: its installments wait, on hold, until somebody decides."""
	from sales_crm_accounts.services import figures

	rows = frappe.get_all("Deal Installment", filters={"sales_invoice": invoice.name}, fields=["name", "deal"])
	for row in rows:
		frappe.db.set_value(
			"Deal Installment", row.name, {"sales_invoice": None, "on_hold": 1, "hold_reason": reason}
		)
	if rows:
		figures.refresh_installments([row.name for row in rows])
		figures.refresh_deals(list({row.deal for row in rows}))


def _installments_of_key(invoice) -> list[str]:
	key = invoice.deal_billing_key
	if not key:
		return []
	filters = {"status": ("!=", "Cancelled"), "sales_invoice": ("is", "not set")}
	if frappe.db.exists("Deal", key):
		return frappe.get_all("Deal Installment", filters={"deal": key, **filters}, pluck="name")
	return frappe.get_all("Deal Installment", filters={"name": key, **filters}, pluck="name")

"""The Sales Invoice of an installment, unsaved: what goes on it; ERPNext computes it."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import frappe
from frappe.utils import add_days, cint, flt, getdate, today

from sales_crm_accounts import erpnext_compat
from sales_crm_accounts.core import billing, plan
from sales_crm_accounts.core.money import ZERO, quantize, split, to_decimal
from sales_crm_accounts.services import policies, selling_checks
from sales_crm_accounts.services.invoice_taxes import add_taxes_of


class SiteRounding(billing.Rounding):
	"""The core's rounding with the site's own rounding of a line amount."""

	__slots__ = ()

	def line_amount(self, quantity, rate):
		return quantize(to_decimal(flt(float(quantity) * float(rate), self.amount)), self.amount)


@dataclass
class Position:
	"""What the deal's invoices have taken so far: amount and quantity by deal item, and the amount before tax still to bill."""

	billed: dict
	net_left: Decimal

	def take(self, deal, policy, part: Decimal):
		"""(lines, discount) of the next invoice, over `part` before tax; the position moves on behind it."""
		lines, discount = _shares(deal, policy, part, self)
		for line in lines:
			name = deal.items[line.item].name
			amount, quantity = self.billed.get(name, (ZERO, ZERO))
			self.billed[name] = (amount + line.amount, quantity + line.quantity)
		self.net_left -= part
		return lines, discount


def position_before(deal, policy, installments) -> Position:
	"""Where the invoices of a won deal stand when it is these installments' turn.

	Earlier ones that are not billed yet are counted as if they were, so each invoice has the same lines whichever is raised
	first, and two workers on one deal need not wait for each other.
	"""
	open_rows = frappe.db.sql(
		"""
		select name, sequence, net_amount from `tabDeal Installment`
		where deal = %(deal)s and status <> 'Cancelled' and coalesce(sales_invoice, '') = ''
		order by sequence
		""",
		{"deal": deal.name},
		as_dict=True,
	)
	precision = deal.precision("net_total")
	parts = {entry.name: quantize(to_decimal(entry.net_amount), precision) for entry in open_rows}
	position = Position(_billed(deal), sum(parts.values(), ZERO))
	mine, first = {entry.name for entry in installments}, min(entry.sequence for entry in installments)
	for entry in open_rows:
		if entry.sequence < first and entry.name not in mine:
			position.take(deal, policy, parts[entry.name])
	return position


def build_invoice(deal, installments, posting_date=None, position: Position | None = None, invoice=None):
	"""Unsaved Sales Invoice over `installments` (rows or documents of Deal Installment) of a deal; `invoice` is its `header`, if made.

	Accounts, series, taxes, letter head and terms come from the billing policy where it names them, else ERPNext fills them.
	"""
	policy = policies.policy_of(deal)
	posting_date = getdate(posting_date or today())
	if not invoice or invoice.posting_date != posting_date:  # a day may have begun since
		invoice = header(deal, policy, posting_date)
	one_invoice = policy.invoicing_method == billing.ONE_INVOICE
	part = sum((to_decimal(row.net_amount) for row in installments), ZERO)
	position = position or position_before(deal, policy, installments)
	lines, discount = position.take(deal, policy, part)
	for line in lines:
		# ERPNext lets nothing be billed on an order beyond its rows; what a Deal Change added is billed without it.
		item = deal.items[line.item]
		within = position.billed[item.name][0] <= to_decimal(item.amount)
		_append_line(invoice, deal, policy, line, on_order=within)
	if discount:
		invoice.apply_discount_on, invoice.discount_amount = "Net Total", float(discount)
	first = installments[0]
	invoice.deal_billing_key = billing_key(deal, policy, installments)
	if not one_invoice or len(installments) == 1:
		invoice.deal_installment = first.name
	invoice.remarks = f"{deal.title}: {', '.join(row.title for row in installments)}"[:500]
	# The customer's own terms must not replace the agreed dates; ERPNext checks its due date limit against them otherwise.
	invoice.ignore_default_payment_terms_template = 1
	invoice.payment_terms_template = ""
	invoice.due_date = max(due_date(row, posting_date) for row in installments)
	if one_invoice and len(installments) > 1:
		_set_schedule(invoice, installments, posting_date)
	else:
		# Without a row of its own, ERPNext may copy the order's, with the order's day (automatically_fetch_payment_terms).
		invoice.append("payment_schedule", {"due_date": invoice.due_date, "invoice_portion": 100})
	return invoice


def billing_key(deal, policy, installments) -> str:
	"""What no second invoice may have: the deal for its one invoice, else the installment.

	What a Deal Change adds once the one invoice stands goes by its first installment.
	"""
	billed = {"deal": deal.name, "sales_invoice": ("is", "set")}
	if policy.invoicing_method == billing.ONE_INVOICE and not frappe.db.exists("Deal Installment", billed):
		return deal.name
	return installments[0].name


def whole_deal_invoice(deal):
	"""Unsaved invoice over all items of the deal, totals computed by ERPNext; for figures and preview only."""
	policy = policies.policy_of(deal)
	invoice = header(deal, policy)
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


def dimensions_of(*sources) -> dict:
	"""The site's other accounting dimensions as the first of `sources` has them that has any; ERPNext fills the rest."""
	values = {}
	for fieldname in erpnext_compat.accounting_dimensions():
		value = next((source.get(fieldname) for source in sources if source.get(fieldname)), None)
		if value and fieldname != "deal":
			values[fieldname] = value
	return values


def header(deal, policy, posting_date=None):
	"""Unsaved invoice with everything but lines, dates and installment."""
	invoice = frappe.new_doc("Sales Invoice")
	invoice.update(
		{
			"company": deal.company,
			"customer": deal.customer,
			"posting_date": posting_date or getdate(today()),
			"set_posting_time": 1,
			"currency": deal.currency,
			"ignore_pricing_rule": 1,
			"deal": deal.name,
			"project": deal.project,
			"cost_center": deal.cost_center or policy.cost_center,
			"contact_person": deal.contact_person,
			"customer_address": deal.customer_address,
			"update_stock": 0,
			**dimensions_of(deal),
		}
	)
	if deal.selling_price_list:
		invoice.selling_price_list = deal.selling_price_list
	for source, target in (
		(deal.taxes_and_charges or policy.taxes_and_charges, "taxes_and_charges"),
		(policy.debit_to or deal.flags.sca_debit_to, "debit_to"),
		(policy.naming_series, "naming_series"),
		(policy.tc_name, "tc_name"),
		(policy.letter_head, "letter_head"),
	):
		if source:
			invoice.set(target, source)
	if policy.tc_name:
		invoice.terms = frappe.get_cached_value("Terms and Conditions", policy.tc_name, "terms")
	add_taxes_of(deal, invoice)
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


def render_terms(invoice):
	"""The policy's terms with the figures of the invoice, as ERPNext's form renders them; once its totals are computed."""
	if "{" in (invoice.terms or ""):
		invoice.terms = frappe.render_template(invoice.terms, invoice.as_dict())


def _append_line(invoice, deal, policy, line: billing.InvoiceLine, on_order: bool = True):
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
		**dimensions_of(item, deal),
	}
	for field, value in (
		("income_account", item.income_account or policy.income_account),
		("item_tax_template", item.item_tax_template),
		("warehouse", item.warehouse),
	):
		if value:
			row[field] = value
	if on_order and deal.sales_order and item.sales_order_item:
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
		one_row=selling_checks.one_row_an_item(),
	)


def _billed(deal) -> dict[str, tuple]:
	"""Amount and quantity of each deal item on its invoices that stand, credit notes not counted."""
	rows = frappe.db.sql(
		"""
		select item.deal_item, sum(item.amount), sum(item.qty)
		from `tabSales Invoice` invoice
		join `tabSales Invoice Item` item on item.parent = invoice.name
		where invoice.deal = %(deal)s and invoice.docstatus < 2 and invoice.is_return = 0 and item.deal_item is not null
		group by item.deal_item
		""",
		{"deal": deal.name},
	)
	return {name: (to_decimal(flt(amount, 9)), to_decimal(flt(qty, 9))) for name, amount, qty in rows}


def _shares(deal, policy, part: Decimal, position: Position):
	"""(invoice lines, discount) of an invoice over `part`, out of what no invoice has taken yet.

	Items are scaled where a Deal Change made the rest larger or smaller than the items say.
	"""
	precision = deal.precision("net_total")
	net_left = max(position.net_left, part)
	discount_left = ZERO
	if deal.discount_amount:
		discount_left = quantize(
			to_decimal(deal.discount_amount) * net_left / to_decimal(deal.net_total), precision
		)
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
		lines,
		left,
		left_quantity,
		part + discount,
		policy.line_split,
		_rounding(deal),
		first=not position.billed,
	)
	return rows, discount


def core_row(installment) -> plan.PlanRow:
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
	return max(core_row(installment).due_date(max(base, posting_date)), posting_date)


def _schedule_due_date(installment, posting_date):
	return max(
		core_row(installment).due_date(getdate(installment.planned_invoice_date or posting_date)),
		posting_date,
	)


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
				"base_payment_amount": flt(
					amount * invoice.conversion_rate, invoice.precision("base_grand_total")
				),
				"outstanding": amount,
			},
		)
	invoice.due_date = before

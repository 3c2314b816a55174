"""Winning a deal: everything is checked, the rate of the day is frozen, each plan row becomes an installment, billing starts."""

import frappe
from frappe import _
from frappe.utils import flt, get_link_to_form, getdate, today

from sales_crm_accounts.core.money import to_decimal
from sales_crm_accounts.services import deals, policies, posting_trial
from sales_crm_accounts.services.approvals import automatic as approvals
from sales_crm_accounts.services.invoice_taxes import add_taxes
from sales_crm_accounts.services.invoices import dimensions_of


def prepare(deal):
	"""When a deal is about to be submitted, before its totals and plan are computed: freeze day and stage.

	From here on the totals are taken at the rate that the deal is won at (`deal_rates.follow`).
	"""
	deal.won_on = getdate(today())
	deal.won_by = frappe.session.user
	deal.flags.winning, deal.flags.sca_policy = True, None
	won = deals.stage_of_type("Won")
	if not won:
		frappe.throw(_("There is no deal stage of the type Won. Make one first."), title=_("Deal Stage"))
	deal.stage = deal.stage_column = won


def check(deal):
	"""What must be true of a deal before it is won; totals and plan are computed by now."""
	deal.billing_policy = policies.policy_of(deal).name
	if frappe.db.get_value("Deal", deal.name, "status") == "Lost":
		frappe.throw(_("This deal is lost. Reopen it before it is won."))
	if not deal.customer:
		frappe.throw(
			_(
				"A deal is won with a customer. Make the customer from {0} first (button Make Customer)."
			).format(frappe.bold(deal.lead or deal.prospect or _("the lead"))),
			title=_("Customer Missing"),
		)
	customer = frappe.get_cached_value("Customer", deal.customer, ["disabled", "is_frozen"], as_dict=True)
	if customer.disabled or customer.is_frozen:
		frappe.throw(
			_("Customer {0} is disabled or frozen.").format(get_link_to_form("Customer", deal.customer))
		)
	if not deal.items:
		frappe.throw(_("The deal has no items. Add what is sold before it is won."), title=_("Items Missing"))
	if not deal.net_total > 0:
		frappe.throw(
			_("The deal amount is {0}. It must be more than 0 before the deal is won.").format(
				frappe.format_value(deal.net_total, {"fieldtype": "Currency"}, currency=deal.currency)
			)
		)
	if policies.policy_of(deal).create_sales_order:
		_check_delivery_date(deal)
	posting_trial.check(deal)


def _check_delivery_date(deal):
	if not deal.delivery_date:
		frappe.throw(
			_("Give the delivery date: the billing policy makes a Sales Order when the deal is won."),
			title=_("Delivery Date Missing"),
		)
	if getdate(deal.delivery_date) < getdate(deal.won_on or today()):
		frappe.throw(
			_(
				"Delivery Date: {0} has passed. Choose today or a later day: the billing policy makes a Sales Order when the deal is won."
			).format(frappe.format(deal.delivery_date, "Date")),
			title=_("Delivery Date"),
		)


def won(deal):
	"""After the deal is submitted: installments and order in the same transaction, invoices after it."""
	make_installments(deal)
	if policies.policy_of(deal).create_sales_order:
		make_sales_order(deal)
	from sales_crm_accounts.services import figures

	figures.refresh_deals([deal.name])
	if automatic(deal):
		enqueue_billing(deal.name, "Deal Won")


def automatic(deal) -> bool:
	return bool(
		policies.policy_of(deal).automatic_billing
		and not frappe.db.get_single_value("Sales CRM Accounts Settings", "pause_billing", cache=True)
	)


def enqueue_billing(deal: str, source: str):
	"""Bill what is due of one deal in the background, once this transaction stands."""
	frappe.enqueue(
		"sales_crm_accounts.services.sweep.bill_after_event",
		queue="default",
		job_id=f"sca-bill-{deal}",
		deduplicate=True,
		enqueue_after_commit=True,
		deal=deal,
		source=source,
	)


def make_installments(deal):
	"""One living document a plan row; their amounts sum to the deal's, before tax and with it."""
	parts = [to_decimal(row.net_amount) for row in deal.plan]
	if sum(parts) != to_decimal(deal.net_total):
		# Reached only where validation was skipped (flags.ignore_validate).
		frappe.throw(
			_("The collection plan does not sum to the deal amount. Save the deal again before it is won.")
		)
	gross = deals.planned_amounts(deal, parts)
	for sequence, (row, planned) in enumerate(zip(deal.plan, gross, strict=True), 1):
		installment = new_installment(deal, row, sequence, planned)
		installment.flags.ignore_version = True  # there is none of a new document; Frappe would look for it
		# Its links are the deal's own, checked with it a moment ago.
		installment.insert(ignore_permissions=True, ignore_links=True)


def new_installment(deal, row, sequence: int, planned_amount, created_by_change: str | None = None):
	"""Unsaved installment of a plan row (of the deal or of a change), dated from the day the deal was won."""
	core_row = deals.plan_row(row)
	won_on = getdate(deal.won_on)
	invoice_date = core_row.planned_invoice_date(won_on)
	return frappe.get_doc(
		{
			"doctype": "Deal Installment",
			"deal": deal.name,
			"sequence": sequence,
			"title": row.description,
			"company": deal.company,
			"customer": deal.customer,
			"customer_name": deal.customer_name,
			"deal_owner": deal.deal_owner,
			"currency": deal.currency,
			"percent": flt(flt(row.net_amount) / flt(deal.net_total) * 100, 6) if deal.net_total else 0,
			"net_amount": row.net_amount,
			"planned_amount": float(planned_amount),
			"billing_trigger": row.billing_trigger,
			"trigger_date": invoice_date if row.billing_trigger == "On Date" else None,
			"milestone": row.milestone,
			"due_rule": row.due_rule,
			"due_days": row.due_days,
			"due_months": row.due_months,
			"fixed_due_date": row.fixed_due_date,
			"planned_invoice_date": invoice_date,
			"due_date": core_row.due_date(invoice_date),
			"plan_row": row.name,
			"created_by_change": created_by_change,
			"status": "Ready" if invoice_date and invoice_date <= getdate(today()) else "Planned",
		}
	)


def make_sales_order(deal):
	"""The ordinary Sales Order of a won deal, submitted; the invoices bill its rows."""
	policy = policies.policy_of(deal)
	order = frappe.new_doc("Sales Order")
	order.update(
		{
			"company": deal.company,
			"customer": deal.customer,
			"transaction_date": deal.won_on,
			"delivery_date": deal.delivery_date,
			"currency": deal.currency,
			"ignore_pricing_rule": 1,
			"deal": deal.name,
			"project": deal.project,
			"cost_center": deal.cost_center or policy.cost_center,
			"taxes_and_charges": deal.taxes_and_charges or policy.taxes_and_charges,
			"ignore_default_payment_terms_template": 1,
			**dimensions_of(deal),
		}
	)
	if deal.selling_price_list:
		order.selling_price_list = deal.selling_price_list
	add_taxes(order, deal.total_taxes_and_charges)
	if deal.discount_amount:
		order.apply_discount_on, order.discount_amount = "Net Total", deal.discount_amount
	for row in deal.items:
		order.append(
			"items",
			{
				"item_code": row.item_code,
				"item_name": row.item_name,
				"description": row.description or row.item_name,
				"qty": row.qty,
				"uom": row.uom,
				"conversion_factor": row.conversion_factor,
				"rate": row.rate,
				"price_list_rate": row.rate,
				"warehouse": row.warehouse,
				"delivery_date": deal.delivery_date,
				"deal": deal.name,
				"deal_item": row.name,
				**dimensions_of(row, deal),
			},
		)
	for row in deal.sales_team:
		order.append(
			"sales_team",
			{
				"sales_person": row.sales_person,
				"allocated_percentage": row.allocated_percentage,
				"commission_rate": row.commission_rate,
			},
		)
	order.flags.ignore_permissions = True
	order.flags.sca_of_won_deal = True
	approvals.insert_and_post(order, requester=deal.deal_owner)
	deal.db_set("sales_order", order.name, update_modified=False)
	by_deal_item = {row.deal_item: row.name for row in order.items}
	for row in deal.items:
		row.db_set("sales_order_item", by_deal_item.get(row.name), update_modified=False)

"""What must be true of a deal's party, items and accounts whenever it is saved; each message names the row and the remedy."""

import frappe
from frappe import _
from frappe.utils import flt, get_link_to_form, getdate, today

from sales_crm_accounts.core.plan import MAX_AMOUNT


def check_party(deal):
	"""A deal is somebody's: a customer, or a lead or prospect until it is won."""
	if not (deal.customer or deal.lead or deal.prospect):
		frappe.throw(
			_("Choose a customer, or a lead or prospect until the deal is won."), title=_("Party Missing")
		)
	if deal.customer:
		customer = frappe.get_cached_value(
			"Customer",
			deal.customer,
			["disabled", "customer_name", "customer_group", "territory"],
			as_dict=True,
		)
		if not customer:
			frappe.throw(_("Customer {0} does not exist. Choose another.").format(deal.customer))
		if customer.disabled:
			frappe.throw(
				_("Customer {0} is disabled. Enable the customer or choose another.").format(
					get_link_to_form("Customer", deal.customer)
				)
			)
		deal.customer_name = customer.customer_name
		deal.customer_group = deal.customer_group or customer.customer_group
		deal.territory = deal.territory or customer.territory
		_leave_with_customer(deal)
	elif deal.lead:
		deal.customer_name = frappe.get_cached_value("Lead", deal.lead, "title")
	else:
		deal.customer_name = deal.prospect


#: Fields of a deal whose records are linked with the customers that they belong to.
OF_CUSTOMER = {"customer_address": "Address", "contact_person": "Contact"}


def belongs(doctype: str, name: str, customer: str) -> bool:
	"""Whether the Address or Contact is one of the customer's, as ERPNext asks on every invoice."""
	return bool(
		frappe.db.exists(
			"Dynamic Link",
			{
				"parenttype": doctype,
				"parent": name,
				"link_doctype": "Customer",
				"link_name": customer,
			},
		)
	)


def _leave_with_customer(deal):
	"""Address and contact of another customer do not stay when the customer of a deal is changed."""
	if deal.is_new() or not deal.has_value_changed("customer"):
		return
	for field, doctype in OF_CUSTOMER.items():
		if deal.get(field) and not belongs(doctype, deal.get(field), deal.customer):
			deal.set(field, None)
			if field == "contact_person":
				deal.contact_email = None


def check_belongings(deal):
	"""ERPNext takes no invoice with an address, a contact or a project of another customer."""
	for field, doctype in OF_CUSTOMER.items():
		if deal.get(field) and not belongs(doctype, deal.get(field), deal.customer):
			frappe.throw(
				_(
					"{0}: {1} does not belong to customer {2}. Choose another, or add the customer to its links."
				).format(_(deal.meta.get_label(field)), deal.get(field), deal.customer)
			)
	owner = deal.project and frappe.db.get_value("Project", deal.project, "customer")
	if owner and owner != deal.customer:
		frappe.throw(
			_("Project {0} belongs to customer {1}, the deal to {2}. Choose another.").format(
				deal.project, owner, deal.customer
			)
		)


def check_accounting_links(deal):
	"""What the deal names belongs to its company, and can be posted to or used."""
	check_link(deal, "Cost Center", deal.cost_center)
	check_link(deal, "Project", deal.project)
	check_link(deal, "Sales Taxes and Charges Template", deal.taxes_and_charges)
	check_link(deal, "Price List", deal.selling_price_list)
	check_link(deal, "Billing Policy", deal.billing_policy)
	if not deal.plan or deal.has_value_changed("plan_template"):
		check_link(deal, "Deal Plan Template", deal.plan_template)
	for row in deal.items:
		where = _("Items, row {0}:").format(row.idx) + " "
		check_link(deal, "Cost Center", row.cost_center, where)
		check_link(deal, "Account", row.income_account, where)
		check_link(deal, "Item Tax Template", row.item_tax_template, where)
		check_link(deal, "Warehouse", row.warehouse, where)
	for row in deal.planned_costs:
		where = _("Planned costs, row {0}:").format(row.idx) + " "
		check_link(deal, "Account", row.expense_account, where)


def check_link(deal, doctype: str, name: str | None, where: str = "", group: bool = False):
	"""The record is of the deal's company, is enabled and, unless `group`, no group; `where` names the row that it stands in."""
	if not name:
		return
	has_field = frappe.get_meta(doctype).has_field
	fields = [field for field in ("company", "disabled", "enabled", "is_group") if has_field(field)]
	found = frappe.get_cached_value(doctype, name, fields, as_dict=True) or {}
	values = (_(doctype), frappe.bold(name))
	if deal.company and found.get("company") and found.company != deal.company:
		frappe.throw(
			where
			+ _("{0} {1} belongs to company {2}, the deal to {3}. Choose another.").format(
				*values, found.company, deal.company
			)
		)
	if found.get("disabled") or not found.get("enabled", 1):
		frappe.throw(where + _("{0} {1} is disabled. Enable it or choose another.").format(*values))
	if found.get("is_group") and not group:
		frappe.throw(where + _("{0} {1} is a group. Choose one below it.").format(*values))


def check_sales_team(deal):
	"""ERPNext takes no invoice whose shares are not 100 in sum, added up as they stand, or that names who has left."""
	total = 0.0
	for row in deal.sales_team:
		check_link(
			deal,
			"Sales Person",
			row.sales_person,
			_("Sales team, row {0}:").format(row.idx) + " ",
			group=True,
		)
		total += flt(row.allocated_percentage, row.precision("allocated_percentage"))
	if deal.sales_team and total != 100:
		frappe.throw(
			_(
				"Sales team, rows 1 to {0}: the shares sum to {1} %, not to 100 %. Change a share or remove a row."
			).format(len(deal.sales_team), f"{total:.15g}")
		)


def check_opened(deal):
	"""The day it was opened is no later than today, and than the day it is expected to close."""
	if getdate(deal.transaction_date) > getdate(today()):
		frappe.throw(
			_("The deal is opened on {0}, in the future. Choose today or an earlier day.").format(
				frappe.format(deal.transaction_date, "Date")
			)
		)
	typed = deal.has_value_changed("expected_close_date") or deal.has_value_changed("transaction_date")
	if (
		typed
		and deal.expected_close_date
		and getdate(deal.expected_close_date) < getdate(deal.transaction_date)
	):
		frappe.throw(
			_(
				"Expected Close: {0} is before the deal was opened ({1}). Choose a later day, or leave it empty."
			).format(
				frappe.format(deal.expected_close_date, "Date"), frappe.format(deal.transaction_date, "Date")
			)
		)


def check_item(deal, row):
	item = frappe.get_cached_value(
		"Item",
		row.item_code,
		["item_name", "disabled", "is_sales_item", "has_variants", "sales_uom", "stock_uom"],
		as_dict=True,
	)
	if not item:
		frappe.throw(_("Items, row {0}: choose an item.").format(row.idx))
	where = _("Items, row {0}:").format(row.idx) + " "
	if item.disabled:
		frappe.throw(where + _("item {0} is disabled. Enable it or choose another.").format(row.item_code))
	if item.has_variants:
		frappe.throw(where + _("item {0} is a template. Choose one of its variants.").format(row.item_code))
	if not item.is_sales_item:
		frappe.throw(where + _("item {0} is not a sales item.").format(row.item_code))
	row.item_name = row.item_name or item.item_name
	row.uom = row.uom or item.sales_uom or item.stock_uom
	row.conversion_factor = flt(row.conversion_factor) or 1
	if not flt(row.qty) > 0:
		frappe.throw(where + _("the quantity must be more than 0."))
	if not flt(row.rate) >= 0:
		frappe.throw(where + _("the rate must not be negative. Use the discount of the deal instead."))
	if flt(row.qty) * max(flt(row.rate), 1) > MAX_AMOUNT:
		frappe.throw(where + _("quantity times rate is too large. Check the figures."))
	if flt(row.qty) % 1 and frappe.get_cached_value("UOM", row.uom, "must_be_whole_number"):
		frappe.throw(
			where + _("the quantity must be a whole number of {0}. Change it or the unit.").format(_(row.uom))
		)


def check_amount(deal):
	"""More than the columns of the database hold is a slip of the hand."""
	amount = max(flt(deal.net_total), flt(deal.grand_total))
	if amount > MAX_AMOUNT:
		frappe.throw(
			_("The deal amount {0} is too large. Check quantities and rates.").format(money(deal, amount))
		)
	if max(amount, 1) * (flt(deal.conversion_rate) or 1) > MAX_AMOUNT:
		frappe.throw(
			_("The deal amount is too large in the company's currency. Check the exchange rate {0}.").format(
				f"{flt(deal.conversion_rate):g}"
			)
		)


def check_costs(deal):
	for row in deal.planned_costs:
		if flt(row.amount) > MAX_AMOUNT:
			frappe.throw(
				_("Planned costs, row {0}:").format(row.idx)
				+ " "
				+ _("the amount is too large. Check the figure.")
			)


def money(deal, value) -> str:
	return frappe.format_value(value, {"fieldtype": "Currency"}, currency=deal.currency)

"""Unsaved deals from an Opportunity, a Quotation, or Frappe CRM's CRM Deal."""

import frappe
from frappe import _
from frappe.utils import cint, flt, get_link_to_form, getdate, today

from sales_crm_accounts.core.money import ZERO, quantize, to_decimal
from sales_crm_accounts.services import customers, deal_rates, item_rounding, policies

CRM_DEAL = "CRM Deal"


# Opportunity


def from_opportunity(name: str):
	"""Unsaved Deal of an Opportunity: party, items, currency, owner, expected closing, stage by its probability."""
	source = frappe.get_doc("Opportunity", name)
	if source.status == "Lost":
		frappe.throw(
			_("Opportunity {0} is lost. Reopen it first.").format(get_link_to_form("Opportunity", name))
		)
	deal = _new_deal(source.company, source.currency, source.conversion_rate)
	deal.opportunity = source.name
	_set_party(deal, source.opportunity_from, source.party_name)
	deal.title = source.title or source.customer_name or source.party_name
	_set_owner(deal, source.opportunity_owner)
	_set_expected_close(deal, source.expected_closing)
	deal.stage = stage_for(source.probability)
	_copy(source, deal, "contact_person", "contact_email", "customer_address", "territory", "customer_group")
	deal.taxes_and_charges = policies.default_taxes(deal.company)
	for row in source.items:
		deal.append(
			"items",
			{
				"item_code": row.item_code,
				"item_name": row.item_name,
				"description": row.description,
				"qty": row.qty,
				"uom": row.uom,
				"conversion_factor": _conversion_factor(row.item_code, row.uom),
				"rate": row.rate,
			},
		)
	item_rounding.round_rows(deal)
	return deal


# Quotation


def from_quotation(name: str):
	"""Unsaved Deal of a submitted Quotation: items at the quoted rates, its discount, taxes, rate and payment terms."""
	source = frappe.get_doc("Quotation", name)
	if source.docstatus != 1:
		frappe.throw(_("Submit the quotation before a deal is made from it."))
	if source.status == "Lost":
		frappe.throw(_("Quotation {0} is lost.").format(get_link_to_form("Quotation", name)))
	_check_validity(source)
	deal = _new_deal(source.company, source.currency, source.conversion_rate, quoted=True)
	deal.quotation = source.name
	deal.opportunity = opportunity_of(source.name)
	_set_party(deal, source.quotation_to, source.party_name, source.get("crm_deal"))
	deal.title = source.customer_name or source.party_name
	opportunity = (
		frappe.db.get_value(
			"Opportunity",
			deal.opportunity,
			["title", "opportunity_owner", "expected_closing", "probability"],
			as_dict=True,
		)
		if deal.opportunity
		else None
	) or frappe._dict()
	_set_owner(deal, opportunity.opportunity_owner or source.owner)
	_set_expected_close(deal, opportunity.expected_closing or source.valid_till)
	deal.stage = stage_for(opportunity.probability)
	_copy(
		source,
		deal,
		"contact_person",
		"contact_email",
		"customer_address",
		"territory",
		"customer_group",
		"selling_price_list",
		"taxes_and_charges",
		"cost_center",
		"project",
	)
	if source.taxes and not source.taxes_and_charges:
		frappe.msgprint(
			_("The quotation has taxes without a template. Choose the tax template on the deal."), alert=True
		)
	_quoted_items(source, deal)
	for row in _plan_of_terms(source):
		deal.append("plan", row)
	return deal


def _check_validity(source):
	expired = source.valid_till and getdate(source.valid_till) < getdate(today())
	allowed = cint(
		frappe.db.get_single_value("Selling Settings", "allow_sales_order_creation_for_expired_quotation")
	)
	if expired and not allowed:
		frappe.throw(
			_("Quotation {0} was valid until {1}. Extend it or make a new one.").format(
				get_link_to_form("Quotation", source.name), frappe.format(source.valid_till, "Date")
			)
		)


def _quoted_items(source, deal):
	"""Rows at the quoted rates; what the quotation takes off as a whole is the deal's discount.

	Where the quoted rates include tax, the rows are taken without it, as a deal is planned before tax.
	"""
	inclusive = any(row.included_in_print_rate for row in source.taxes)
	rows = [row for row in source.items if not row.is_alternative]
	for row in rows:
		rate = row.rate
		if inclusive and flt(row.qty):
			# Before the discount of the whole quotation, which is spread over net_amount.
			rate = flt(
				(flt(row.net_amount) + flt(row.get("distributed_discount_amount"))) / flt(row.qty),
				row.precision("rate"),
			)
		deal.append(
			"items",
			{
				"item_code": row.item_code,
				"item_name": row.item_name,
				"description": row.description,
				"qty": row.qty,
				"uom": row.uom,
				"conversion_factor": row.conversion_factor,
				"rate": rate,
				"item_tax_template": row.item_tax_template,
				"warehouse": row.warehouse,
				"quotation_item": row.name,
			},
		)
	item_rounding.round_rows(deal)
	total = sum((to_decimal(row.amount) for row in deal.items), ZERO)
	net = sum((to_decimal(row.net_amount) for row in rows), ZERO)
	precision = deal.precision("discount_amount") or 2
	deal.discount_amount = max(0.0, flt(float(total - net), precision))


#: Payment terms of ERPNext as due rules of a plan.
DUE_RULES = {
	"Day(s) after invoice date": lambda term: {
		"due_rule": "Days After Invoice",
		"due_days": cint(term.credit_days),
	},
	"Day(s) after the end of the invoice month": lambda term: {
		"due_rule": "End of Month",
		"due_days": cint(term.credit_days),
	},
	"Month(s) after the end of the invoice month": lambda term: {
		"due_rule": "End of Month",
		"due_months": cint(term.credit_months),
	},
}


def _plan_of_terms(source) -> list[dict]:
	"""Plan rows of the quotation's payment terms; none where they say nothing, so that the deal's own default is used."""
	if source.payment_terms_template:
		terms = frappe.get_cached_doc("Payment Terms Template", source.payment_terms_template).terms
		rows = [
			{**_share(term, number), **DUE_RULES[term.due_date_based_on](term)}
			for number, term in enumerate(terms, 1)
			if term.due_date_based_on in DUE_RULES and flt(term.invoice_portion) > 0
		]
		if len(rows) == len(terms):
			return rows
	elif len(source.payment_schedule) > 1:
		# Dates typed on the quotation.
		rows = [
			{**_share(term, number), "due_rule": "Fixed Date", "fixed_due_date": term.due_date}
			for number, term in enumerate(source.payment_schedule, 1)
			if flt(term.invoice_portion) > 0 and term.due_date and getdate(term.due_date) >= getdate(today())
		]
		if len(rows) == len(source.payment_schedule):
			return rows
	else:
		return []
	frappe.msgprint(
		_("The payment terms of the quotation could not be taken over. Check the collection plan."),
		alert=True,
	)
	return []


def _share(term, number: int) -> dict:
	return {
		"description": (
			term.payment_term
			or frappe.utils.strip_html(term.description or "")
			or _("Installment {0}").format(number)
		)[:140],
		"basis": "Percent",
		"percent": term.invoice_portion,
		"billing_trigger": "On Winning",
	}


def opportunity_of(quotation: str) -> str | None:
	opportunity = frappe.db.get_value("Quotation", quotation, "opportunity")
	if opportunity:
		return opportunity
	return frappe.db.get_value(
		"Quotation Item", {"parent": quotation, "prevdoc_doctype": "Opportunity"}, "prevdoc_docname"
	)


# Frappe CRM


def from_crm_deal(name: str):
	"""Unsaved Deal of Frappe CRM's CRM Deal; fields are looked for, as they differ between its versions."""
	if not frappe.db.table_exists(CRM_DEAL):
		frappe.throw(_("Frappe CRM is not installed on this site."))
	source = frappe.get_doc(CRM_DEAL, name)
	company = _crm_company()
	if not company:
		frappe.throw(_("Set the default company in Global Defaults first."))
	deal = _new_deal(company, source.get("currency"), source.get("exchange_rate"))
	deal.crm_deal = source.name
	deal.customer = customers.of_crm_deal(source.name)
	organization = source.get("organization_name") or source.get("organization")
	deal.title = organization or source.get("lead_name") or source.name
	_set_owner(deal, source.get("deal_owner"))
	_set_expected_close(deal, source.get("expected_closure_date") or source.get("close_date"))
	deal.stage = stage_for(source.get("probability"))
	deal.contact_person = _primary_contact(source)
	deal.contact_email = source.get("email")
	territory = source.get("territory")
	if territory and frappe.db.exists("Territory", territory):
		deal.territory = territory
	if source.get("organization") and frappe.db.table_exists("CRM Organization"):
		deal.customer_address = frappe.db.get_value("CRM Organization", source.organization, "address")
	deal.taxes_and_charges = policies.default_taxes(deal.company)
	_crm_products(source, deal)
	return deal


def _crm_company() -> str | None:
	if frappe.db.exists("DocType", "ERPNext CRM Settings"):
		company = frappe.db.get_single_value("ERPNext CRM Settings", "erpnext_company")
		if company and frappe.db.exists("Company", company):
			return company
	return frappe.defaults.get_user_default("Company") or frappe.db.get_single_value(
		"Global Defaults", "default_company"
	)


def _crm_products(source, deal):
	"""Its products as items: the one linked by Frappe CRM, else the Item of the same code. Discounts are kept exactly."""
	linked = frappe.db.table_exists("CRM Product") and frappe.get_meta("CRM Product").has_field(
		"erpnext_item_code"
	)
	discount = ZERO
	decimals = {field: item_rounding.precision(field, deal.currency) for field in ("qty", "rate")}
	for row in source.get("products") or []:
		code = row.get("product_code")
		item_code = (
			linked and code and frappe.db.get_value("CRM Product", code, "erpnext_item_code")
		) or None
		if not item_code and code and frappe.db.exists("Item", code):
			item_code = code
		quantity = to_decimal(flt(row.get("qty"), decimals["qty"]) or 1)
		rate = to_decimal(flt(row.get("rate"), decimals["rate"]))
		amount = rate * quantity
		taken_off = (
			to_decimal(flt(row.get("discount_amount"), 9))
			or amount * to_decimal(flt(row.get("discount_percentage"), 9)) / 100
		)
		net_rate = quantize((amount - taken_off) / quantity, decimals["rate"])
		if net_rate * quantity == amount - taken_off:
			rate = net_rate
		else:
			discount += taken_off
		deal.append(
			"items",
			{
				"item_code": item_code,
				"item_name": row.get("product_name"),
				"qty": float(quantity),
				"uom": frappe.get_cached_value("Item", item_code, "stock_uom") if item_code else None,
				"conversion_factor": 1,
				"rate": float(rate),
			},
		)
	item_rounding.round_rows(deal)
	deal.discount_amount = float(quantize(discount, deal.precision("discount_amount")))


def _primary_contact(source) -> str | None:
	if source.get("contact"):
		return source.contact
	rows = source.get("contacts") or []
	return next((row.contact for row in rows if row.get("is_primary")), rows[0].contact if rows else None)


# Pieces


def _new_deal(company: str, currency: str | None, conversion_rate, quoted: bool = False):
	"""Unsaved; with a rate that was quoted to the customer the deal is won, else the source's rate serves only where today has none."""
	deal = frappe.new_doc("Deal")
	deal.company = company
	deal.transaction_date = today()
	company_currency = frappe.get_cached_value("Company", company, "default_currency")
	deal.currency = currency or company_currency
	if deal.currency == company_currency:
		deal.conversion_rate = 1
	elif quoted:
		deal.conversion_rate, deal.keep_rate = flt(conversion_rate), 1
	else:
		deal.conversion_rate = deal_rates.of_the_day(deal) or flt(conversion_rate)
	return deal


def _set_party(deal, doctype: str, name: str, crm_deal: str | None = None):
	"""The customer; a lead or prospect stays beside the customer it became."""
	if doctype == "Customer":
		deal.customer = name
	elif doctype in ("Lead", "Prospect"):
		deal.set(frappe.scrub(doctype), name)
		deal.customer = customers.linked(doctype, name)
	elif doctype == CRM_DEAL:
		deal.crm_deal = name
		deal.customer = customers.of_crm_deal(name)
	if crm_deal and not deal.crm_deal:
		deal.crm_deal = crm_deal
	if deal.customer:
		for row in frappe.get_cached_doc("Customer", deal.customer).sales_team:
			deal.append(
				"sales_team",
				{
					"sales_person": row.sales_person,
					"allocated_percentage": row.allocated_percentage,
					"commission_rate": row.commission_rate,
				},
			)


def _set_owner(deal, user: str | None):
	if user and frappe.db.get_value("User", user, "enabled"):
		deal.deal_owner = user
	else:
		deal.deal_owner = frappe.session.user


def _set_expected_close(deal, day):
	"""A day that passed before the deal was opened says nothing any more."""
	if day and getdate(day) >= getdate(deal.transaction_date):
		deal.expected_close_date = day


def _copy(source, deal, *fields):
	for field in fields:
		if source.get(field) and not deal.get(field):
			deal.set(field, source.get(field))


def _conversion_factor(item_code: str | None, uom: str | None) -> float:
	if not (item_code and uom):
		return 1
	from erpnext.stock.get_item_details import get_conversion_factor

	return flt(get_conversion_factor(item_code, uom).get("conversion_factor")) or 1


def stage_for(probability) -> str | None:
	"""The last open stage that is no likelier than the source says; stages that ask for something are entered by hand."""
	stages = frappe.get_all(
		"Deal Stage",
		filters={"stage_type": "Open", "disabled": 0},
		fields=["name", "probability"],
		order_by="sequence asc",
	)
	demanding = set(
		frappe.get_all("Deal Stage Requirement", filters={"parenttype": "Deal Stage"}, pluck="parent")
	)
	fitting = [
		row.name for row in stages if row.name not in demanding and flt(row.probability) <= flt(probability)
	]
	return fitting[-1] if fitting else (stages[0].name if stages else None)

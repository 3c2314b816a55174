"""Where a deal comes from: Opportunity, Quotation, or Frappe CRM's CRM Deal; and the customer of a lead or prospect.

One source has one deal at a time: `Deal.source_key` is unique, and given back when the deal is cancelled or deleted.
"""

import frappe
from frappe import _
from frappe.utils import cint, escape_html, flt, get_link_to_form, getdate, today

from sales_crm_accounts.core.money import ZERO, quantize, to_decimal

#: Fields of a Deal that name its source, most exact first; an Opportunity may be sold by several Quotations.
SOURCES = {"quotation": "Quotation", "opportunity": "Opportunity", "crm_deal": "CRM Deal"}
CRM_DEAL = "CRM Deal"


# One deal a source


def deal_of(doctype: str, name: str) -> str | None:
	"""The deal made from this document that is not cancelled."""
	deal = frappe.db.get_value("Deal", {"source_key": _key(doctype, name)})
	if deal or doctype != "Quotation":
		return deal
	opportunity = _opportunity_of(name)
	return (
		frappe.db.get_value("Deal", {"source_key": _key("Opportunity", opportunity)}) if opportunity else None
	)


def claim(deal):
	"""Take the source for this deal before it is inserted; another live deal of the same source is named."""
	if deal.amended_from:
		_take_over(deal, frappe.get_doc("Deal", deal.amended_from))
	doctype, name = _source_of(deal)
	deal.source_key = _key(doctype, name) if name else None
	if name and (other := deal_of(doctype, name)):
		frappe.throw(
			_("{0} {1} already has the deal {2}. Open that deal, or cancel it first.").format(
				_(doctype), _link(doctype, name), get_link_to_form("Deal", other)
			),
			title=_("Deal Exists"),
		)
	if deal.crm_deal and not (deal.customer or deal.lead or deal.prospect):
		deal.customer = _customer_of_crm_deal(deal.crm_deal, make=True)


def claimed(deal):
	"""Show the deal on its source, once it is inserted."""
	_point(deal, deal.name)


def release(deal):
	"""Give the source back when the deal is cancelled or deleted."""
	if deal.get("source_key"):
		deal.source_key = None
		frappe.db.set_value("Deal", deal.name, "source_key", None, update_modified=False)
	_point(deal, None)


def _point(deal, target: str | None):
	for field, doctype in SOURCES.items():
		name = deal.get(field)
		if not name or not frappe.db.table_exists(doctype) or not frappe.get_meta(doctype).has_field("deal"):
			continue
		if target or frappe.db.get_value(doctype, name, "deal") == deal.name:
			frappe.db.set_value(doctype, name, "deal", target, update_modified=False)


def _take_over(deal, cancelled):
	for field in SOURCES:
		if not deal.get(field):
			deal.set(field, cancelled.get(field))


def _source_of(deal) -> tuple[str | None, str | None]:
	return next(
		((doctype, deal.get(field)) for field, doctype in SOURCES.items() if deal.get(field)), (None, None)
	)


def _key(doctype: str, name: str) -> str:
	return f"{doctype}: {name}"


def _opportunity_of(quotation: str) -> str | None:
	opportunity = frappe.db.get_value("Quotation", quotation, "opportunity")
	if opportunity:
		return opportunity
	return frappe.db.get_value(
		"Quotation Item", {"parent": quotation, "prevdoc_doctype": "Opportunity"}, "prevdoc_docname"
	)


def existing(doctype: str, name: str):
	"""The deal that the source has, with a word to the user; None where there is none."""
	found = deal_of(doctype, name)
	if not found:
		return None
	deal = frappe.get_doc("Deal", found)
	text = _("{0} {1} already has the deal {2}.").format(
		_(doctype), _link(doctype, name), get_link_to_form("Deal", found)
	)
	if not deal.has_permission("read"):
		frappe.throw(
			text + " " + _("Ask {0}, who owns it.").format(frappe.utils.get_fullname(deal.deal_owner))
		)
	frappe.msgprint(text, alert=True)
	return deal


def _link(doctype: str, name: str) -> str:
	return name if doctype == CRM_DEAL else get_link_to_form(doctype, name)


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
	deal.expected_close_date = source.expected_closing
	deal.stage = stage_for(source.probability)
	_copy(source, deal, "contact_person", "contact_email", "customer_address", "territory", "customer_group")
	_set_default_taxes(deal)
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
	return deal


def won_opportunity(opportunity):
	"""Make the deal of an Opportunity that has just become Converted, if the settings say so."""
	if opportunity.status == "Converted" and _has_become(opportunity, "Converted"):
		_make_by_itself("deal_from_won_opportunity", opportunity, from_opportunity)


def _has_become(doc, status: str) -> bool:
	before = doc.get_doc_before_save()
	return not before or before.status != status


# Quotation


def from_quotation(name: str):
	"""Unsaved Deal of a submitted Quotation: items at the quoted rates, its discount, taxes, rate and payment terms."""
	source = frappe.get_doc("Quotation", name)
	if source.docstatus != 1:
		frappe.throw(_("Submit the quotation before a deal is made from it."))
	if source.status == "Lost":
		frappe.throw(_("Quotation {0} is lost.").format(get_link_to_form("Quotation", name)))
	_check_validity(source)
	deal = _new_deal(source.company, source.currency, source.conversion_rate)
	deal.quotation = source.name
	deal.opportunity = _opportunity_of(source.name)
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
	deal.expected_close_date = opportunity.expected_closing or source.valid_till
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
	total = sum((quantize(to_decimal(row.rate) * to_decimal(row.qty), 9) for row in deal.items), ZERO)
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
	deal.customer = _customer_of_crm_deal(source.name)
	organization = source.get("organization_name") or source.get("organization")
	deal.title = organization or source.get("lead_name") or source.name
	_set_owner(deal, source.get("deal_owner"))
	deal.expected_close_date = source.get("expected_closure_date") or source.get("close_date")
	deal.stage = stage_for(source.get("probability"))
	deal.contact_person = _primary_contact(source)
	deal.contact_email = source.get("email")
	territory = source.get("territory")
	if territory and frappe.db.exists("Territory", territory):
		deal.territory = territory
	if source.get("organization") and frappe.db.table_exists("CRM Organization"):
		deal.customer_address = frappe.db.get_value("CRM Organization", source.organization, "address")
	_set_default_taxes(deal)
	_crm_products(source, deal)
	return deal


def won_crm_deal(crm_deal):
	"""Make the deal of a CRM Deal whose status has just become one of the type Won, if the settings say so."""
	if crm_deal.has_value_changed("status") and _is_won_status(crm_deal.get("status")):
		_make_by_itself("deal_from_won_crm_deal", crm_deal, from_crm_deal)


def _is_won_status(status: str | None) -> bool:
	if not status:
		return False
	if frappe.db.table_exists("CRM Deal Status") and frappe.get_meta("CRM Deal Status").has_field("type"):
		return frappe.db.get_value("CRM Deal Status", status, "type") == "Won"
	return status == "Won"


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
	for row in source.get("products") or []:
		code = row.get("product_code")
		item_code = (
			linked and code and frappe.db.get_value("CRM Product", code, "erpnext_item_code")
		) or None
		if not item_code and code and frappe.db.exists("Item", code):
			item_code = code
		quantity = to_decimal(flt(row.get("qty")) or 1)
		rate = to_decimal(flt(row.get("rate"), 9))
		amount = rate * quantity
		taken_off = (
			to_decimal(flt(row.get("discount_amount"), 9))
			or amount * to_decimal(flt(row.get("discount_percentage"), 9)) / 100
		)
		net_rate = quantize((amount - taken_off) / quantity, 2)
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
	deal.discount_amount = float(quantize(discount, 2))


def _primary_contact(source) -> str | None:
	if source.get("contact"):
		return source.contact
	rows = source.get("contacts") or []
	return next((row.contact for row in rows if row.get("is_primary")), rows[0].contact if rows else None)


def _customer_of_crm_deal(name: str, make: bool = False) -> str | None:
	"""The customer that Frappe CRM knows, or one of the organization's name; made as Frappe CRM makes it, if asked."""
	source = frappe.get_doc(CRM_DEAL, name)
	if frappe.get_meta("Customer").has_field("crm_deal"):
		customer = frappe.db.get_value("Customer", {"crm_deal": name})
		if customer:
			return customer
	customer = source.get("erpnext_customer")
	if customer and frappe.db.exists("Customer", customer):
		return customer
	title = source.get("organization_name") or source.get("organization") or source.get("lead_name")
	customer = title and frappe.db.get_value("Customer", {"customer_name": title})
	if customer or not make:
		return customer or None
	if not title:
		frappe.throw(
			_("CRM Deal {0} has neither organization nor name. Choose the customer on the deal.").format(name)
		)
	return _insert_customer(
		frappe.get_doc(
			{
				"doctype": "Customer",
				"customer_name": title,
				"customer_type": "Company" if source.get("organization") else "Individual",
				"website": source.get("website"),
				"crm_deal": name,
			}
		),
		source,
	)


# Customer of a lead or prospect


def customer_for(deal) -> str:
	"""The customer of the deal; made by ERPNext's own mapper from its lead or prospect, once, and set on the deal."""
	if deal.customer:
		return deal.customer
	customer = None
	for doctype, field, link in (("Lead", "lead", "lead_name"), ("Prospect", "prospect", "prospect_name")):
		if deal.get(field):
			customer = _customer_of(doctype, deal.get(field), link, deal)
			break
	if not customer and deal.crm_deal:
		frappe.db.get_value(CRM_DEAL, deal.crm_deal, "name", for_update=True)
		customer = _customer_of_crm_deal(deal.crm_deal, make=True)
	if not customer:
		frappe.throw(
			_("The deal has neither lead nor prospect. Choose the customer."), title=_("Customer Missing")
		)
	if deal.docstatus == 0:
		deal.customer = customer
		if not deal.is_new():
			deal.save()
	return customer


def _customer_of(doctype: str, name: str, link: str, deal) -> str:
	# The lead is locked before the look, so that two users never make two customers.
	frappe.db.get_value(doctype, name, "name", for_update=True)
	if customer := _linked_customer(doctype, name, for_update=True):
		return customer
	if doctype == "Lead":
		from erpnext.crm.doctype.lead.lead import make_customer
	else:
		from erpnext.crm.doctype.prospect.prospect import make_customer
	customer = make_customer(name)
	customer.set(link, name)
	return _insert_customer(customer, deal)


def _linked_customer(doctype: str, name: str, for_update: bool = False) -> str | None:
	field = {"Lead": "lead_name", "Prospect": "prospect_name"}[doctype]
	return frappe.db.get_value("Customer", {field: name}, "name", for_update=for_update)


def _insert_customer(customer, source) -> str:
	"""Insert with the user's own rights, groups filled from the deal or the Selling Settings."""
	for field in ("customer_group", "territory"):
		value = customer.get(field) or source.get(field)
		if not value or not frappe.db.exists(frappe.unscrub(field), value):
			value = frappe.db.get_single_value("Selling Settings", field)
		customer.set(field, value)
	try:
		customer.insert()
	except frappe.MandatoryError as error:
		fields = ", ".join(
			_(customer.meta.get_label(field.strip())) for field in str(error).rsplit(":", 1)[-1].split(",")
		)
		frappe.clear_last_message()
		frappe.throw(
			_(
				"The customer {0} cannot be made: {1} is missing. Make the customer by hand and choose it on the deal."
			).format(frappe.bold(customer.customer_name), fields),
			title=_("Customer Missing"),
		)
	return customer.name


# Pieces


def _new_deal(company: str, currency: str | None, conversion_rate):
	deal = frappe.new_doc("Deal")
	deal.company = company
	deal.transaction_date = today()
	company_currency = frappe.get_cached_value("Company", company, "default_currency")
	deal.currency = currency or company_currency
	deal.conversion_rate = 1 if deal.currency == company_currency else flt(conversion_rate)
	return deal


def _set_party(deal, doctype: str, name: str, crm_deal: str | None = None):
	"""The customer; a lead or prospect stays beside the customer it became."""
	if doctype == "Customer":
		deal.customer = name
	elif doctype in ("Lead", "Prospect"):
		deal.set(frappe.scrub(doctype), name)
		deal.customer = _linked_customer(doctype, name)
	elif doctype == CRM_DEAL:
		deal.crm_deal = name
		deal.customer = _customer_of_crm_deal(name)
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


def _copy(source, deal, *fields):
	for field in fields:
		if source.get(field) and not deal.get(field):
			deal.set(field, source.get(field))


def _set_default_taxes(deal):
	deal.taxes_and_charges = frappe.db.get_value(
		"Sales Taxes and Charges Template", {"company": deal.company, "is_default": 1, "disabled": 0}
	)


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


# Deals that make themselves


def _make_by_itself(setting: str, source, make):
	"""Insert the deal of a won source in the source's own transaction; never in the way of saving the source.

	Its unique key keeps two from being made. A failure is logged, and told to the user and on the source's timeline.
	"""
	if not cint(frappe.db.get_single_value("Sales CRM Accounts Settings", setting, cache=True)):
		return
	field = next(field for field, doctype in SOURCES.items() if doctype == source.doctype)
	if frappe.db.exists("Deal", {field: source.name}):
		return
	savepoint = "sca_deal_of_source"
	frappe.db.savepoint(savepoint)
	try:
		deal = make(source.name)
		# The setting is the right to make it: whoever wins the opportunity need not be a deal user.
		deal.insert(ignore_permissions=True)
	except (frappe.QueryDeadlockError, frappe.QueryTimeoutError):
		# The database gave up the whole transaction, the source with it; the user has to save again.
		raise
	except Exception as error:
		frappe.db.rollback(save_point=savepoint)
		_tell_failure(source, error)
		return
	frappe.msgprint(_("Deal {0} was made.").format(get_link_to_form("Deal", deal.name)), alert=True)


def _tell_failure(source, error: Exception):
	frappe.clear_last_message()
	frappe.log_error(
		title=f"Deal from {source.doctype} {source.name}"[:140],
		reference_doctype=source.doctype,
		reference_name=source.name,
	)
	text = _("No deal was made of it: {0} Make the deal with the button Create > Deal.").format(
		frappe.utils.strip_html(str(error))
	)
	source.add_comment("Comment", text=escape_html(text))
	frappe.msgprint(text, title=_("Deal Not Made"), indicator="orange")

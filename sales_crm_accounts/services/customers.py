"""The customer of a deal that began with a lead, a prospect or Frappe CRM; made once, with the user's own rights."""

import frappe
from frappe import _

from sales_crm_accounts.services.deal_checks import OF_CUSTOMER, belongs

CRM_DEAL = "CRM Deal"


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
		customer = of_crm_deal(deal.crm_deal, make=True)
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
	if customer := linked(doctype, name, for_update=True):
		return customer
	if doctype == "Lead":
		from erpnext.crm.doctype.lead.lead import make_customer
	else:
		from erpnext.crm.doctype.prospect.prospect import make_customer
	customer = make_customer(name)
	customer.set(link, name)
	return _insert(customer, deal)


def linked(doctype: str, name: str, for_update: bool = False) -> str | None:
	field = {"Lead": "lead_name", "Prospect": "prospect_name"}[doctype]
	return frappe.db.get_value("Customer", {field: name}, "name", for_update=for_update)


def _insert(customer, source) -> str:
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


def take_along(deal):
	"""Contact and address that Frappe CRM has of it become the customer's too, as ERPNext does with those of a lead."""
	for field, doctype in OF_CUSTOMER.items():
		name = deal.get(field)
		if not (name and deal.customer) or belongs(doctype, name, deal.customer):
			continue
		record = frappe.get_doc(doctype, name)
		if deal.flags.ignore_permissions or record.has_permission("write"):
			record.append("links", {"link_doctype": "Customer", "link_name": deal.customer})
			# A deal that makes itself is made whatever rights the user has who won its source.
			record.save(ignore_permissions=bool(deal.flags.ignore_permissions))


def of_crm_deal(name: str, make: bool = False) -> str | None:
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
	return _insert(
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

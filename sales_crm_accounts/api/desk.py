"""What the forms ask while somebody fills them in, and the buttons of the settings page."""

import frappe
from frappe import _
from frappe.utils import flt, getdate, today

from sales_crm_accounts.permissions.quiet import may
from sales_crm_accounts.services import deal_checks, hand_over, item_rounding, ledger_fill, policies


@frappe.whitelist()
def form_state(deal: str) -> dict:
	"""What the user may do with the deal now; the buttons follow it, the server checks again when one is pressed."""
	doc = frappe.get_doc("Deal", deal)
	doc.check_permission("read")
	draft, won = doc.docstatus == 0, doc.docstatus == 1
	opened = draft and doc.status == "Open"
	may_write = may(doc, "write")
	return {
		"can_win": opened and may(doc, "submit"),
		"can_lose": opened and may_write,
		"can_reopen": draft and doc.status == "Lost" and may_write,
		"can_preview": opened and bool(doc.items),
		"can_make_customer": opened
		and not doc.customer
		and bool(doc.lead or doc.prospect)
		and may_write
		and may("Customer", "create"),
		"can_change": won and may("Deal Change", "create"),
		"can_bill": won and may(doc, "submit") and _something_ready(deal),
		"can_credit": won and may(doc, "cancel") and may("Sales Invoice", "create"),
		"can_hand_over": doc.docstatus < 2 and hand_over.allowed(doc),
		"can_see_obstacles": won and may(doc, "cancel"),
	}


def _something_ready(deal: str) -> bool:
	return bool(frappe.db.exists("Deal Installment", {"deal": deal, "status": "Ready", "on_hold": 0}))


@frappe.whitelist()
def item_details(
	item_code: str,
	company: str,
	currency: str | None = None,
	conversion_rate: float | None = None,
	customer: str | None = None,
	price_list: str | None = None,
	qty: float = 1,
	uom: str | None = None,
) -> dict:
	"""Name, unit and rate of an item as ERPNext fills them on a Quotation: price list, pricing rules, customer's own price."""
	from erpnext.stock.get_item_details import get_item_details

	frappe.has_permission("Deal", "write", throw=True)
	frappe.has_permission("Item", "read", item_code, throw=True)
	company_currency = frappe.get_cached_value("Company", company, "default_currency")
	price_list = price_list or frappe.db.get_single_value(
		"Selling Settings", "selling_price_list", cache=True
	)
	price_list_currency = (
		frappe.get_cached_value("Price List", price_list, "currency") if price_list else company_currency
	)
	rate = 1 if currency in (None, company_currency) else flt(conversion_rate) or 1
	details = get_item_details(
		frappe._dict(
			item_code=item_code,
			company=company,
			customer=customer,
			doctype="Quotation",
			currency=currency or company_currency,
			conversion_rate=rate,
			price_list=price_list,
			selling_price_list=price_list,
			price_list_currency=price_list_currency,
			plc_conversion_rate=_price_list_rate(price_list_currency, company_currency, currency, rate),
			transaction_date=today(),
			qty=flt(qty) or 1,
			uom=uom,
			ignore_pricing_rule=0,
		)
	)
	price = flt(details.get("price_list_rate"))
	discount = flt(details.get("discount_percentage"))
	rate = price * (1 - discount / 100) - flt(details.get("discount_amount")) * (not discount)
	return {
		"item_name": details.get("item_name"),
		"description": details.get("description"),
		"uom": details.get("uom"),
		"conversion_factor": flt(details.get("conversion_factor")) or 1,
		"rate": flt(rate, item_rounding.precision("rate", currency or company_currency)),
	}


def _price_list_rate(price_list_currency, company_currency, currency, rate) -> float:
	"""Rate from the price list's currency to the company's."""
	if price_list_currency == company_currency:
		return 1
	if price_list_currency == currency:
		return rate
	from erpnext.setup.utils import get_exchange_rate

	return flt(get_exchange_rate(price_list_currency, company_currency, today(), "for_selling")) or 1


@frappe.whitelist()
def customer_defaults(
	customer: str, company: str, customer_address: str | None = None, contact_person: str | None = None
) -> dict:
	"""What ERPNext would fill on a document for this customer: currency, price list, taxes, address, contact, sales team.

	An address and a contact that were chosen stay where they are the customer's.
	"""
	from erpnext.accounts.party import get_party_details

	frappe.has_permission("Customer", "read", customer, throw=True)
	details = get_party_details(
		party=customer, party_type="Customer", company=company, posting_date=today(), doctype="Quotation"
	)
	result = {
		field: details.get(field)
		for field in (
			"currency",
			"selling_price_list",
			"taxes_and_charges",
			"customer_address",
			"contact_person",
		)
	}
	for field, chosen in (("customer_address", customer_address), ("contact_person", contact_person)):
		if chosen and deal_checks.belongs(deal_checks.OF_CUSTOMER[field], chosen, customer):
			result[field] = chosen
	result["taxes_and_charges"] = result["taxes_and_charges"] or policies.default_taxes(company)
	result["sales_team"] = [
		{
			"sales_person": row.get("sales_person"),
			"allocated_percentage": row.get("allocated_percentage"),
			"commission_rate": row.get("commission_rate"),
		}
		for row in details.get("sales_team") or []
	]
	return result


@frappe.whitelist()
def default_taxes(company: str) -> str | None:
	"""Tax template that a new deal of the company starts with."""
	frappe.has_permission("Deal", "create", throw=True)
	return policies.default_taxes(company)


@frappe.whitelist()
def deal_events(
	doctype: str, start: str, end: str, field_map: str, filters: str | None = None, fields: str | None = None
) -> list:
	"""Deals for the calendar, on the days that they are expected to close."""
	return _events("Deal", start, end, field_map, filters, fields)


def _events(
	doctype: str, start: str, end: str, field_map: str, filters: str | None, fields: str | None
) -> list:
	"""Frappe's events of the calendar. It compares as text, and would miss the first day that is shown by its hour."""
	from frappe.desk.calendar import get_events

	return get_events(doctype, str(getdate(start)), str(getdate(end)), field_map, filters, fields)


@frappe.whitelist()
def installment_events(
	doctype: str, start: str, end: str, field_map: str, filters: str | None = None, fields: str | None = None
) -> list:
	"""Installments for the calendar, each told by customer, name and what is to come in."""
	fields = [
		"name",
		"title",
		"customer_name",
		"due_date",
		"status",
		"currency",
		"planned_amount",
		"billed_amount",
		"outstanding_amount",
	]
	events = _events("Deal Installment", start, end, field_map, filters, frappe.as_json(fields))
	for event in events:
		amount = event.outstanding_amount if event.billed_amount else event.planned_amount
		parts = [event.customer_name, event.title]
		if amount:
			parts.append(frappe.utils.fmt_money(amount, precision=0, currency=event.currency))
		event.title = event.tooltip = " · ".join(part for part in parts if part)
	return events


@frappe.whitelist()
def policy_coverage(policy: str) -> dict:
	"""How many open deals the policy would bill today; a narrower policy takes its deals away."""
	frappe.has_permission("Billing Policy", "read", policy, throw=True)
	company = frappe.get_cached_value("Billing Policy", policy, "company")
	deals = frappe.get_list(
		"Deal",
		filters={"company": company, "docstatus": 0, "status": "Open"},
		fields=["company", "billing_policy", "customer_group", "territory", "base_net_total"],
		limit=200,
	)
	find = policies.finder(company)
	covered = [deal for deal in deals if (deal.billing_policy or find(deal)) == policy]
	return {"looked_at": len(deals), "covered": len(covered), "capped": len(deals) == 200}


@frappe.whitelist()
def run_state() -> dict:
	"""Last billing run and last ledger check, for the settings page; None for what the user may not see."""
	frappe.has_permission("Sales CRM Accounts Settings", "read", throw=True)
	state = {}
	for key, doctype, fields in (
		("billing", "Deal Billing Run", ["name", "status", "run_date", "billed_count", "failed_count"]),
		("ledger", "Installment Ledger Check", ["name", "status", "check_date", "invoices", "differences"]),
	):
		rows = (
			frappe.get_list(doctype, fields=fields, order_by="creation desc", limit=1)
			if may(doctype, "read")
			else []
		)
		state[key] = rows[0] if rows else None
	return state


@frappe.whitelist(methods=["POST"])
def run_billing() -> dict:
	"""Start the daily billing now, in the background."""
	frappe.only_for(("System Manager", "Accounts Manager", "Deal Manager"))
	if policies.billing_paused():
		return {
			"message": _(
				"Billing is paused; nothing was started. Clear Pause Automatic Billing and save first."
			)
		}
	frappe.enqueue(
		"sales_crm_accounts.services.sweep.sca_daily_billing",
		queue="long",
		job_id="sca_daily_billing_manual",
		deduplicate=True,
	)
	return {"message": _("Billing is running. Its result appears in Deal Billing Run.")}


@frappe.whitelist(methods=["POST"])
def check_installments() -> dict:
	"""Compare all installments with the ledger and repair what differs, as every night does, in the background."""
	frappe.only_for(("System Manager", "Accounts Manager"))
	frappe.enqueue(
		"sales_crm_accounts.services.ledger_check.sca_nightly_ledger_check",
		queue="long",
		job_id="sca_ledger_check_manual",
		deduplicate=True,
	)
	return {
		"message": _(
			"The installments are being compared with the ledger and repaired. See Installment Ledger Check."
		)
	}


@frappe.whitelist(methods=["POST"])
def rebuild_installments(company: str | None = None) -> dict:
	"""Derive all figures of installments and deals (of a company) from the ledger again, in the background."""
	frappe.only_for(("System Manager", "Accounts Manager"))
	if company:
		frappe.has_permission("Company", "read", company, throw=True)
	ledger_fill.enqueue_rebuild(company)
	return {"message": _("The installments are being derived anew. You are told when it is done.")}


@frappe.whitelist()
def installment_state(installment: str) -> dict:
	"""What the user may do with the installment now."""
	doc = frappe.get_doc("Deal Installment", installment)
	doc.check_permission("read")
	waiting = doc.status in ("Planned", "Ready") and not doc.sales_invoice
	by_event = doc.billing_trigger in ("On Milestone", "On Delivery")
	deal = frappe.get_doc("Deal", doc.deal)
	may_write, may_bill = may(deal, "write"), may(deal, "submit")
	return {
		"can_bill": waiting and not doc.on_hold and may_bill and bool(doc.confirmed_on or not by_event),
		"can_confirm": waiting and by_event and not doc.confirmed_on and may_write,
		"can_unconfirm": waiting and by_event and bool(doc.confirmed_on) and may_write,
		"can_hold": waiting and not doc.on_hold and may_write,
		"can_release": waiting and bool(doc.on_hold) and may_bill,
	}

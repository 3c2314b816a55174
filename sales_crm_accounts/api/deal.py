"""What the desk and other programs ask of a deal."""

import frappe
from frappe import _

from sales_crm_accounts.permissions.quiet import may
from sales_crm_accounts.services import billing, customers, deals, installments, sweep, unwind, winning
from sales_crm_accounts.services import cash_panel as cash_panel_service
from sales_crm_accounts.services import hand_over as hand_over_service
from sales_crm_accounts.services import preview as preview_service
from sales_crm_accounts.services.obstacles import of_deal as obstacles_of_deal


def _deal(name: str, permission: str, for_update: bool = False):
	deal = frappe.get_doc("Deal", name, for_update=for_update)
	deal.check_permission(permission)
	return deal


def _deal_of(installment: str, permission: str):
	"""The deal of an installment; who may act on the deal may act on its installments."""
	deal = frappe.db.get_value("Deal Installment", installment, "deal")
	if not deal:
		frappe.throw(_("Installment {0} does not exist.").format(installment), frappe.DoesNotExistError)
	return _deal(deal, permission)


@frappe.whitelist(methods=["POST"])
def win(deal: str) -> dict:
	"""Win the deal: submit it, make its installments, and bill what is due in the background."""
	doc = _deal(deal, "submit", for_update=True)
	if doc.docstatus == 1:
		frappe.throw(
			_("This deal was already won by {0} on {1}.").format(
				frappe.utils.get_fullname(doc.won_by), frappe.format(doc.won_on, "Date")
			),
			title=_("Already Won"),
		)
	doc.submit()
	return {
		"status": doc.status,
		"installments": frappe.get_all(
			"Deal Installment", filters={"deal": doc.name}, pluck="name", order_by="sequence"
		),
		"queued": winning.automatic(doc),
	}


@frappe.whitelist(methods=["POST"])
def lose(deal: str, reasons: list | str | None = None, detail: str = "") -> None:
	deals.lose(_deal(deal, "write"), frappe.parse_json(reasons or []), detail)


@frappe.whitelist(methods=["POST"])
def reopen(deal: str) -> None:
	deals.reopen(_deal(deal, "write"))


@frappe.whitelist()
def preview(deal: str) -> dict:
	"""What winning would post; see services.preview.preview."""
	return preview_service.preview(_deal(deal, "read"))


@frappe.whitelist()
def cash_panel(deal: str) -> dict:
	"""Planned, billed, collected and open money of a deal; needs no right on invoices or ledger."""
	doc = _deal(deal, "read")
	panel = cash_panel_service.cash_panel(doc)
	panel["can_bill"] = doc.docstatus == 1 and may(doc, "submit")
	panel["can_confirm"] = doc.docstatus == 1 and may(doc, "write")
	panel["can_read_invoices"] = may("Sales Invoice", "read")
	return panel


@frappe.whitelist(methods=["POST"])
def bill(deal: str, installment: str | None = None) -> list:
	"""Raise now what is due of the deal, or one installment before its day; one dict an installment."""
	doc = _deal(deal, "submit")
	if doc.docstatus != 1:
		frappe.throw(_("The deal is not won."))
	if installment:
		if frappe.db.get_value("Deal Installment", installment, "deal") != deal:
			frappe.throw(_("Installment {0} does not belong to this deal.").format(installment))
		return billing.bill([installment], "Manual", force=True)
	return sweep.bill_deal(deal, "Manual")


@frappe.whitelist(methods=["POST"])
def confirm(installment: str, on: str | None = None) -> None:
	"""Confirm a milestone or delivery; what is due is then billed."""
	deal = _deal_of(installment, "write")
	installments.confirm(installment, on)
	if winning.automatic(deal):
		winning.enqueue_billing(deal.name, "Manual")


@frappe.whitelist(methods=["POST"])
def unconfirm(installment: str) -> None:
	_deal_of(installment, "write")
	installments.unconfirm(installment)


@frappe.whitelist(methods=["POST"])
def hold(installment: str, reason: str) -> None:
	_deal_of(installment, "write")
	installments.hold(installment, reason)


@frappe.whitelist(methods=["POST"])
def release(installment: str) -> None:
	_deal_of(installment, "submit")
	installments.release(installment)


@frappe.whitelist()
def obstacles(deal: str) -> list:
	"""What stands in the way of cancelling the deal."""
	return obstacles_of_deal(_deal(deal, "read"))


@frappe.whitelist(methods=["POST"])
def make_credit_notes(deal: str) -> list:
	"""Draft credit notes for every invoice of the deal that is not credited in full."""
	doc = _deal(deal, "cancel")
	frappe.has_permission("Sales Invoice", "create", throw=True)
	return unwind.make_credit_notes(doc)


@frappe.whitelist(methods=["POST"])
def make_customer(deal: str) -> str:
	"""The customer of the deal's lead or prospect, made by ERPNext's own mapping where there is none yet."""
	doc = _deal(deal, "write")
	return customers.customer_for(doc)


@frappe.whitelist()
def plan_rows(template: str) -> list:
	"""Rows of a plan template, for the form to fill in."""
	frappe.has_permission("Deal Plan Template", "read", doc=template, throw=True)
	return deals.rows_of_template(template)


@frappe.whitelist(methods=["POST"])
def hand_over(deals: list | str, to: str, reason: str = "") -> dict:
	"""Give one or many deals to another owner; see services.hand_over.hand_over."""
	frappe.has_permission("Deal", "read", throw=True)
	names = frappe.parse_json(deals) if not isinstance(deals, str) or deals.startswith("[") else [deals]
	return hand_over_service.hand_over([str(name) for name in names], to, reason)


@frappe.whitelist()
@frappe.validate_and_sanitize_search_inputs
def owners(doctype: str, txt: str, searchfield: str, start: int, page_len: int, filters: dict) -> list:
	"""Link search: people who could own a deal."""
	frappe.has_permission("Deal", "read", throw=True)
	return hand_over_service.search_owners(txt, start, page_len)

"""Exposure of customers on a site, in sets, and what of it a deal keeps for approval chains."""

from collections.abc import Iterable
from decimal import Decimal

import frappe
from frappe.query_builder.functions import Coalesce, Sum
from frappe.utils import cint, getdate, today
from pypika import Case

from sales_crm_accounts.core.money import ZERO, quantize, to_decimal
from sales_crm_accounts.core.receivables.credit import Exposure
from sales_crm_accounts.services.receivables import credit_holds

#: Fields of a Deal that chains and reports read; set whenever a draft is saved or submitted.
DEAL_FIELDS = (
	*("credit_limit", "credit_exposure", "credit_with_deal"),
	*("credit_excess", "customer_overdue_amount"),
)


def exposure(company: str, customer: str) -> Exposure:
	"""What the customer owes the company and will owe, with the limit. Rights are the caller's to check."""
	return exposures(company, [customer])[customer]


def exposures(company: str, customers: Iterable[str]) -> dict[str, Exposure]:
	"""The same for many customers: four statements whatever their number, and ERPNext's own look at each one's limit."""
	customers = sorted(set(customers))
	names = customers or [""]
	open_, overdue = _receivables(company, names)
	on_account, later, orders = (
		_on_account(company, names),
		_billed_later(company, names),
		_orders(company, names),
	)
	places = cint(frappe.get_precision("Deal", "credit_exposure"))
	exact = lambda found, name: quantize(found.get(name, ZERO), places)  # noqa: E731
	return {
		name: Exposure(
			receivables=exact(open_, name),
			on_account=exact(on_account, name),
			billed_later=exact(later, name),
			orders=exact(orders, name),
			overdue=exact(overdue, name),
			limit=limit_of(company, name),
		)
		for name in customers
	}


def limit_of(company: str, customer: str) -> Decimal:
	"""ERPNext's credit limit: the customer's, else the customer group's, else the company's; 0 is none."""
	from erpnext.selling.doctype.customer.customer import get_credit_limit

	return to_decimal(get_credit_limit(customer, company))


def set_on_deal(deal):
	"""What an approval chain over deals may ask for: the exposure with this deal, and by how much the limit is exceeded."""
	if deal.docstatus == 1 and not deal.flags.winning:
		return
	found = exposure(deal.company, deal.customer) if deal.customer else Exposure()
	amount = to_decimal(deal.base_grand_total)
	deal.update(
		{
			"credit_limit": float(found.limit),
			"credit_exposure": float(found.total),
			"credit_with_deal": float(found.with_more(amount)),
			"credit_excess": float(found.excess(amount)),
			"customer_overdue_amount": float(found.overdue),
		}
	)


def of_document(doc) -> dict | None:
	"""What forms show of the customer's credit: figures on Deal and Quotation where there is a limit, `hold` where there is one."""
	hold = credit_holds.of_document(doc)
	figures = _figures_of(doc) if doc.doctype in ("Deal", "Quotation") else None
	return {**(figures or {}), "hold": hold} if figures or hold else None


def _figures_of(doc) -> dict | None:
	customer = doc.get("customer") or (
		doc.get("party_name") if doc.get("quotation_to") == "Customer" else None
	)
	if not customer or not doc.company or not limit_of(doc.company, customer):
		return None
	found = exposure(doc.company, customer)
	# What is won or ordered is in the exposure already.
	more = to_decimal(doc.base_grand_total) if _adds(doc) else ZERO
	return {
		"currency": frappe.get_cached_value("Company", doc.company, "default_currency"),
		**{
			part: float(getattr(found, part))
			for part in ("receivables", "on_account", "billed_later", "orders", "overdue", "limit")
		},
		"total": float(found.total),
		"more": float(more),
		"excess": float(found.excess(more)),
	}


def _adds(doc) -> bool:
	if doc.doctype == "Deal":
		return doc.docstatus == 0 and doc.status == "Open"
	return doc.docstatus < 2 and doc.status in ("Draft", "Open", "Replied")


def _receivables(company: str, customers: list[str]) -> tuple[dict, dict]:
	"""Customer -> what is open on invoices, credit notes off; customer -> what of it was due before today."""
	kept = frappe.qb.DocType("Open Installment")
	late = (kept.due_date < getdate(today())) & (kept.outstanding_amount > 0) & (kept.is_return == 0)
	rows = (
		frappe.qb.from_(kept)
		.select(
			kept.customer,
			Sum(kept.base_outstanding_amount),
			Sum(Case().when(late, kept.base_outstanding_amount).else_(0)),
		)
		.where((kept.company == company) & kept.customer.isin(customers))
		.where(kept.outstanding_amount != 0)
		.groupby(kept.customer)
		.run()
	)
	return (
		{customer: to_decimal(open_amount) for customer, open_amount, _overdue in rows},
		{customer: to_decimal(overdue) for customer, _open, overdue in rows},
	)


def _on_account(company: str, customers: list[str]) -> dict[str, Decimal]:
	"""What Payment Entries and Journal Entries leave in the customer's favour, what journals charge taken off."""
	ledger = frappe.qb.DocType("Payment Ledger Entry")
	rows = (
		frappe.qb.from_(ledger)
		.select(ledger.party, Sum(ledger.amount))
		.where((ledger.company == company) & (ledger.party_type == "Customer"))
		.where(ledger.party.isin(customers) & (ledger.account_type == "Receivable"))
		.where((ledger.delinked == 0) & (ledger.against_voucher_type != "Sales Invoice"))
		.groupby(ledger.party)
		.run()
	)
	return {customer: -to_decimal(amount) for customer, amount in rows}


def _billed_later(company: str, customers: list[str]) -> dict[str, Decimal]:
	"""Installments of won deals that no submitted invoice stands for, with tax, at the deal's own rate."""
	row, deal = frappe.qb.DocType("Deal Installment"), frappe.qb.DocType("Deal")
	rows = (
		frappe.qb.from_(row)
		.join(deal)
		.on(deal.name == row.deal)
		.select(row.customer, Sum(row.planned_amount * Coalesce(deal.conversion_rate, 1)))
		.where((deal.docstatus == 1) & row.status.isin(["Planned", "Ready"]))
		.where((row.company == company) & row.customer.isin(customers))
		.groupby(row.customer)
		.run()
	)
	return {customer: to_decimal(amount) for customer, amount in rows}


def _orders(company: str, customers: list[str]) -> dict[str, Decimal]:
	"""What is left to bill of orders that no won deal stands behind, by ERPNext's own reckoning (customer.get_customer_outstanding)."""
	order, deal = frappe.qb.DocType("Sales Order"), frappe.qb.DocType("Deal")
	rows = (
		frappe.qb.from_(order)
		.left_join(deal)
		.on((deal.name == order.deal) & (deal.docstatus == 1))
		.select(order.customer, Sum(order.base_grand_total * (100 - order.per_billed) / 100))
		.where((order.company == company) & order.customer.isin(customers))
		.where((order.docstatus == 1) & (order.per_billed < 100) & (order.status != "Closed"))
		.where(deal.name.isnull())
		.groupby(order.customer)
		.run()
	)
	return {customer: to_decimal(amount) for customer, amount in rows}

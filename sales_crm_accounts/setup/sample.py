"""Records of a sample company, for the demo and for the tests; whoever asks twice gets the same one."""

import frappe
from frappe.utils import getdate, today


def ensure(doctype: str, name: str, **values) -> str:
	"""Name of the document, made where it is missing."""
	if found := frappe.db.exists(doctype, name):
		return found
	doc = frappe.get_doc({"doctype": doctype, **values})
	doc.flags.ignore_permissions = doc.flags.no_welcome_mail = True
	return doc.insert(ignore_if_duplicate=True).name


def ensure_company(name: str, abbr: str) -> str:
	"""A company in US dollars with ERPNext's standard accounts."""
	for currency in ("USD", "EUR"):
		frappe.db.set_value("Currency", currency, "enabled", 1)
	return ensure(
		"Company",
		name,
		company_name=name,
		abbr=abbr,
		default_currency="USD",
		country="United States",
		create_chart_of_accounts_based_on="Standard Template",
		chart_of_accounts="Standard",
	)


def ensure_account(
	company: str, name: str, parent: str, account_type: str, currency: str = "USD", abbr: str | None = None
) -> str:
	abbr = abbr or frappe.get_cached_value("Company", company, "abbr")
	return ensure(
		"Account",
		f"{name} - {abbr}",
		account_name=name,
		company=company,
		account_type=account_type,
		account_currency=currency,
		parent_account=f"{parent} - {abbr}",
	)


def ensure_customer(
	company: str, name: str, group: str, territory: str, receivable: str | None = None
) -> str:
	"""A customer in the company's currency, or one whose own receivable account says the currency."""
	currency = receivable and frappe.get_cached_value("Account", receivable, "account_currency")
	return ensure(
		"Customer",
		name,
		customer_name=name,
		customer_group=group,
		territory=territory,
		default_currency=currency,
		accounts=[{"company": company, "account": receivable}] if receivable else [],
	)


def ensure_exchange_rate(from_currency: str, to_currency: str, rate: float, date):
	pair = {"from_currency": from_currency, "to_currency": to_currency, "date": date}
	if not frappe.db.exists("Currency Exchange", pair):
		frappe.get_doc(
			{
				"doctype": "Currency Exchange",
				**pair,
				"exchange_rate": rate,
				"for_selling": 1,
				"for_buying": 1,
			}
		).insert(ignore_permissions=True)


def pay(
	invoice: str,
	amount: float | None = None,
	date=None,
	bank: str | None = None,
	reference: str = "TEST",
	submit: bool = True,
	term: str | None = None,
):
	"""A Payment Entry over `amount` (default: all that is open) of the invoice, as ERPNext's own button makes it."""
	from erpnext.accounts.doctype.payment_entry.payment_entry import get_payment_entry

	entry = get_payment_entry("Sales Invoice", invoice, party_amount=amount, bank_account=bank)
	entry.posting_date = getdate(date or today())
	entry.reference_no, entry.reference_date = reference, entry.posting_date
	if term:
		for row in entry.references:
			row.payment_term = term
	entry.insert(ignore_permissions=True)
	if submit:
		entry.submit()
	return entry

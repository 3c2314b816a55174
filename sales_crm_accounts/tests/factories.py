"""Idempotent makers of what site tests need: a company of their own, parties, items, users, deals and payments."""

import frappe
from frappe.utils import add_days, flt, getdate, today

from sales_crm_accounts.api import changes as changes_api
from sales_crm_accounts.services import billing, ledger
from sales_crm_accounts.setup import sample
from sales_crm_accounts.setup.sample import ensure

COMPANY, ABBR = "Deals Test Ltd", "DTL"
CUSTOMER, FOREIGN_CUSTOMER = "Deals Test Customer", "Deals Test Customer EUR"
SUPPLIER = "Deals Test Haulier"
SERVICE, HOURS, MACHINE = "SCA Service", "SCA Hours", "SCA Machine"
TAX_TEMPLATE = f"SCA VAT 10 - {ABBR}"
BANK, EUR_BANK = f"SCA Bank - {ABBR}", f"SCA Bank EUR - {ABBR}"
DEBTORS, EUR_DEBTORS = f"Debtors - {ABBR}", f"SCA Debtors EUR - {ABBR}"
WRITE_OFF = f"Write Off - {ABBR}"
COST_CENTER = f"Main - {ABBR}"
SELLER, OTHER_SELLER = "seller@sca.example.com", "other.seller@sca.example.com"
MANAGER, ACCOUNTANT = "manager@sca.example.com", "accountant@sca.example.com"
USERS = {
	SELLER: ["Deal User", "Sales User"],
	OTHER_SELLER: ["Deal User", "Sales User"],
	MANAGER: ["Deal Manager", "Sales Manager"],
	ACCOUNTANT: ["Accounts User", "Accounts Manager"],
}
EUR_RATE = 1.25
#: ERPNext refuses a foreign invoice on an account of the company's currency without it, until the customer has entries.
ONE_ACCOUNT = ("Accounts Settings", "allow_multi_currency_invoices_against_single_party_account")


def make_company():
	"""The company with accounts, tax, customers, items, users and exchange rates; a second call finds all of it."""
	sample.ensure_company(COMPANY, ABBR)
	fiscal_years()
	account("SCA Bank", "Bank Accounts", "Bank")
	account("SCA Bank EUR", "Bank Accounts", "Bank", "EUR")
	account("SCA Debtors EUR", "Accounts Receivable", "Receivable", "EUR")
	account("SCA VAT", "Duties and Taxes", "Tax")
	frappe.db.set_value("Company", COMPANY, {"write_off_account": WRITE_OFF, "default_bank_account": BANK})
	ensure(
		"Sales Taxes and Charges Template",
		TAX_TEMPLATE,
		title="SCA VAT 10",
		company=COMPANY,
		taxes=[
			{
				"charge_type": "On Net Total",
				"account_head": f"SCA VAT - {ABBR}",
				"description": "VAT",
				"rate": 10,
				"cost_center": COST_CENTER,
			}
		],
	)
	# A country's chart comes with a default tax; a test names its own.
	frappe.db.set_value("Sales Taxes and Charges Template", {"company": COMPANY}, "is_default", 0)
	group = frappe.db.get_value("Customer Group", {"is_group": 0}) or ensure(
		"Customer Group", "SCA Customers", customer_group_name="SCA Customers"
	)
	territory = frappe.db.get_value("Territory", {"is_group": 0}) or ensure(
		"Territory", "SCA Land", territory_name="SCA Land"
	)
	sample.ensure_customer(COMPANY, CUSTOMER, group, territory)
	sample.ensure_customer(COMPANY, FOREIGN_CUSTOMER, group, territory, EUR_DEBTORS)
	# A run that was stopped in the middle may have left what its test set.
	frappe.db.set_value("Customer", CUSTOMER, {"payment_terms": None, "disabled": 0})
	item_group = frappe.db.get_value("Item Group", {"is_group": 0}) or ensure(
		"Item Group", "SCA Items", item_group_name="SCA Items"
	)
	for uom, whole in (("Nos", 1), ("Hour", 0)):
		ensure("UOM", uom, uom_name=uom, must_be_whole_number=whole)
	warehouse = frappe.db.get_value("Warehouse", {"company": COMPANY, "is_group": 0})
	for code, uom, stock in ((SERVICE, "Nos", 0), (HOURS, "Hour", 0), (MACHINE, "Nos", 1)):
		ensure(
			"Item",
			code,
			item_code=code,
			item_name=code,
			item_group=item_group,
			stock_uom=uom,
			is_stock_item=stock,
			item_defaults=[
				{"company": COMPANY, "default_warehouse": warehouse, "income_account": f"Sales - {ABBR}"}
			],
		)
	for email, roles in USERS.items():
		make_user(email, roles)
	exchange_rate("EUR", "USD", EUR_RATE)
	frappe.db.set_single_value("Sales CRM Accounts Settings", "pause_billing", 0)


def fiscal_years():
	"""Last, this and next year are open: plans reach over the turn of the year, whatever the day of the test."""
	this = getdate(today()).year
	for year in (this - 1, this, this + 1):
		if not frappe.db.exists(
			"Fiscal Year",
			{
				"year_start_date": ("<=", f"{year}-06-30"),
				"year_end_date": (">=", f"{year}-06-30"),
				"disabled": 0,
			},
		):
			ensure(
				"Fiscal Year",
				str(year),
				year=str(year),
				year_start_date=f"{year}-01-01",
				year_end_date=f"{year}-12-31",
			)


def account(name: str, parent: str, account_type: str, currency: str = "USD") -> str:
	return sample.ensure_account(COMPANY, name, parent, account_type, currency, ABBR)


def make_user(email: str, roles: list[str]) -> str:
	if not frappe.db.exists("User", email):
		user = frappe.get_doc(
			{
				"doctype": "User",
				"email": email,
				"first_name": email.split("@")[0].title(),
				"send_welcome_email": 0,
			}
		)
		user.flags.no_welcome_mail = True
		user.insert(ignore_permissions=True)
	user = frappe.get_doc("User", email)
	user.add_roles(*roles)
	return email


def mail_account():
	"""An outgoing account that nothing is ever sent through: the queue is not flushed in tests."""
	if not frappe.db.exists("Email Account", {"default_outgoing": 1}):
		ensure(
			"Email Account",
			"SCA Outgoing",
			email_account_name="SCA Outgoing",
			email_id="books@sca.example.com",
			enable_outgoing=1,
			default_outgoing=1,
			smtp_server="localhost",
			no_smtp_authentication=1,
		)


def exchange_rate(from_currency: str, to_currency: str, rate: float, date=None):
	"""The rate of that day; 30 days back where no day is given, so that the tests' days find it."""
	date = date or add_days(today(), -30)
	name = frappe.db.get_value(
		"Currency Exchange", {"from_currency": from_currency, "to_currency": to_currency, "date": date}
	)
	if name:
		frappe.db.set_value("Currency Exchange", name, "exchange_rate", rate)
		return
	for when in {date, today()} if date != today() else {date}:
		sample.ensure_exchange_rate(from_currency, to_currency, rate, when)


def row(description: str = "Part", percent: float = 0, amount: float = 0, **values) -> dict:
	"""A plan row; without percent and amount it takes the remainder."""
	basis = "Percent" if percent else "Amount" if amount else "Remainder"
	return {
		"description": description,
		"basis": basis,
		"percent": percent,
		"amount": amount,
		"billing_trigger": "On Winning",
		"due_rule": "Days After Invoice",
		**values,
	}


def thirds(**values) -> list[dict]:
	"""Three equal installments: on winning, and one and two months later; each due 30 days after its invoice."""
	return [
		row("First", 33.33, due_days=30, **values),
		row("Second", 33.33, due_days=30, billing_trigger="On Date", trigger_months=1),
		row("Third", 33.34, due_days=30, billing_trigger="On Date", trigger_months=2),
	]


def make_deal(plan: list[dict] | None = None, items: list[tuple] | None = None, win: bool = False, **values):
	"""A draft deal of 900.00 for the test customer, or won and not yet billed; items are (item, quantity, rate)."""
	deal = frappe.get_doc(
		{
			"doctype": "Deal",
			"title": values.pop("title", "Test deal"),
			"company": COMPANY,
			"customer": CUSTOMER,
			"currency": "USD",
			"cost_center": COST_CENTER,
			"items": [
				{"item_code": code, "qty": qty, "rate": rate}
				for code, qty, rate in items or [(SERVICE, 1, 900)]
			],
			"plan": plan if plan is not None else [row("All", 100)],
			**values,
		}
	).insert()
	if win:
		deal.submit()
		# Billing rolls back what fails; the deal itself stands by then, as it does in a job.
		frappe.db.commit()
		deal.reload()
	return deal


def installments(deal) -> list:
	"""The deal's installments in their order, fresh from the database."""
	names = frappe.get_all("Deal Installment", filters={"deal": deal.name}, pluck="name", order_by="sequence")
	return [frappe.get_doc("Deal Installment", name) for name in names]


def bill_all(deal) -> list:
	"""Raise the invoices of every installment now, whatever its day; the submitted invoices in their order."""
	results = billing.bill([row.name for row in installments(deal)], force=True)
	failed = [result.reason for result in results if result.outcome == billing.FAILED]
	assert not failed, failed
	return [frappe.get_doc("Sales Invoice", row.sales_invoice) for row in installments(deal)]


def invoices_of(deal) -> list:
	"""Standing invoices of the deal, in the order in which they were made."""
	names = frappe.get_all(
		"Sales Invoice", filters={"deal": deal.name, "docstatus": ("<", 2)}, pluck="name", order_by="creation"
	)
	return [frappe.get_doc("Sales Invoice", name) for name in names]


def make_change(deal, rows=None, amount_change=0, reason="Customer asked for it", submit=False):
	"""A Deal Change as the form makes it: filled with what is not billed, rows replaced where given."""
	values = changes_api.fill(deal.name)
	if rows is not None:
		values["rows"] = rows
	change = frappe.get_doc(
		{"doctype": "Deal Change", **values, "amount_change": amount_change, "reason": reason}
	).insert()
	if submit:
		change.submit()
	return change


def make_policy(name: str = "SCA Test Policy", **values):
	"""A billing policy of the test company."""
	if frappe.db.exists("Billing Policy", name):
		frappe.delete_doc("Billing Policy", name, force=True)
	return frappe.get_doc(
		{
			"doctype": "Billing Policy",
			"policy_name": name,
			"company": COMPANY,
			"automatic_billing": 1,
			"submit_invoices": 1,
			**values,
		}
	).insert(ignore_permissions=True)


def receivables_settings(**values):
	"""Company Receivables Settings of the test company with these values, whatever an earlier test left."""
	name = "Company Receivables Settings"
	if frappe.db.exists(name, COMPANY):
		doc = frappe.get_doc(name, COMPANY)
	else:
		doc = frappe.get_doc({"doctype": name, "company": COMPANY})
	doc.update(values)
	return doc.save()


def drop_policies():
	"""Delete the billing policies of the test company; deals that name one forget it."""
	for name in frappe.get_all("Billing Policy", filters={"company": COMPANY}, pluck="name"):
		frappe.db.set_value("Deal", {"billing_policy": name}, "billing_policy", None)
		frappe.delete_doc("Billing Policy", name, force=True)
	frappe.db.commit()


def pay(
	invoice,
	amount: float | None = None,
	date=None,
	bank: str = BANK,
	submit: bool = True,
	term: str | None = None,
):
	"""A submitted Payment Entry over `amount` (default: all that is open) of the invoice, and the ledger that follows it."""
	name = invoice if isinstance(invoice, str) else invoice.name
	entry = sample.pay(name, amount, date, bank, submit=submit, term=term)
	ledger.flush()
	return entry


def journal(rows: list[dict], voucher_type: str = "Journal Entry", date=None, submit: bool = True):
	"""A Journal Entry of the test company."""
	entry = frappe.get_doc(
		{
			"doctype": "Journal Entry",
			"voucher_type": voucher_type,
			"company": COMPANY,
			"posting_date": getdate(date or today()),
			"cheque_no": "TEST",
			"cheque_date": getdate(date or today()),
			"multi_currency": any(flt(line.get("exchange_rate", 1)) != 1 for line in rows),
			"accounts": [{"cost_center": COST_CENTER, **line} for line in rows],
		}
	)
	entry.insert(ignore_permissions=True)
	if submit:
		entry.submit()
	ledger.flush()
	return entry


def unreconcile(payment):
	"""Take a payment off all that it pays, with the user's own rights."""
	doc = frappe.get_doc(
		{
			"doctype": "Unreconcile Payment",
			"company": payment.company,
			"voucher_type": payment.doctype,
			"voucher_no": payment.name,
		}
	)
	doc.add_references()
	doc.insert().submit()


def supplier_bill(amount: float, deal: str | None, account: str):
	"""A submitted Purchase Invoice of a haulier over one service; its deal is the document's."""
	group = frappe.db.get_value("Supplier Group", {"is_group": 0}) or ensure(
		"Supplier Group", "SCA Suppliers", supplier_group_name="SCA Suppliers"
	)
	ensure("Supplier", SUPPLIER, supplier_name=SUPPLIER, supplier_group=group)
	bill = frappe.get_doc(
		{
			"doctype": "Purchase Invoice",
			"company": COMPANY,
			"supplier": SUPPLIER,
			"bill_no": frappe.generate_hash(length=8),
			"posting_date": getdate(),
			"set_posting_time": 1,
			"deal": deal,
			"items": [
				{
					"item_code": SERVICE,
					"qty": 1,
					"rate": amount,
					"expense_account": account,
					"cost_center": COST_CENTER,
				}
			],
		}
	)
	bill.insert(ignore_permissions=True)
	bill.submit()
	return bill


def credit_note(invoice, amount_factor: float = 1, for_self: int = 1, submit: bool = True):
	"""A credit note over the invoice, as the button on it makes; `for_self` is ERPNext's default of leaving the invoice open."""
	from erpnext.accounts.doctype.sales_invoice.sales_invoice import make_sales_return

	note = make_sales_return(invoice if isinstance(invoice, str) else invoice.name)
	for line in note.items:
		line.qty = line.qty * amount_factor
	note.update_outstanding_for_self = for_self
	note.run_method("calculate_taxes_and_totals")
	note.insert(ignore_permissions=True)
	if submit:
		note.submit()
	ledger.flush()
	return note

"""Idempotent makers for tests of approvals: people with managers and limits, chains, and their removal."""

from contextlib import contextmanager

import frappe

from sales_crm_accounts.services.approvals import chains, requests
from sales_crm_accounts.tests import factories as make

ROLE = "SCA Approver"
REQUESTER, COLLEAGUE = "asks@sca.example.com", "colleague@sca.example.com"
FIRST, SECOND, THIRD = "first@sca.example.com", "second@sca.example.com", "third@sca.example.com"
BOSS, BIG_BOSS, STAND_IN = "boss@sca.example.com", "big.boss@sca.example.com", "stand.in@sca.example.com"
APPROVAL_MANAGER = "approval.manager@sca.example.com"
ACCOUNTS = ["Accounts User", "Accounts Manager", "Sales User", "Deal User", "Deal Manager"]


def make_people():
	"""Requester -> boss -> big boss (Employee: Reports To); three approvers by role; a stand-in; an Approval Manager."""
	make.make_company()
	if not frappe.db.exists("Role", ROLE):
		frappe.get_doc({"doctype": "Role", "role_name": ROLE, "desk_access": 1}).insert(
			ignore_permissions=True
		)
	for user in (REQUESTER, COLLEAGUE):
		make.make_user(user, ACCOUNTS)
	for user in (FIRST, SECOND, THIRD):
		make.make_user(user, [ROLE])
	for user in (BOSS, BIG_BOSS, STAND_IN):
		make.make_user(user, ["Employee"])
	make.make_user(APPROVAL_MANAGER, ["Approval Manager"])
	everybody = (REQUESTER, COLLEAGUE, FIRST, SECOND, THIRD, BOSS, BIG_BOSS, STAND_IN, APPROVAL_MANAGER)
	for user in everybody:
		frappe.db.set_value("User", user, "enabled", 1)
	# ERPNext's own test user has every role of the day on which it was made.
	if frappe.db.exists("User", "test@erpnext.com"):
		frappe.get_doc("User", "test@erpnext.com").remove_roles("Approval Manager")
	# An earlier run's stand-ins, as the browser test's, would be asked as well.
	frappe.db.delete("Approval Delegation", {"delegator": ("in", everybody)})
	above = None
	for user in (BIG_BOSS, BOSS, REQUESTER):
		above = employee(user, above)


def employee(user: str, reports_to: str | None = None) -> str:
	name = frappe.db.get_value("Employee", {"user_id": user})
	if not name:
		doc = frappe.get_doc(
			{
				"doctype": "Employee",
				"first_name": user.split("@")[0].title(),
				"company": make.COMPANY,
				"user_id": user,
				"date_of_birth": "1990-01-01",
				"date_of_joining": "2020-01-01",
				"gender": frappe.db.get_value("Gender", {}),
				"status": "Active",
				"create_user_permission": 0,
			}
		)
		doc.flags.ignore_mandatory = True
		name = doc.insert(ignore_permissions=True).name
	frappe.db.set_value("Employee", name, {"reports_to": reports_to, "status": "Active"})
	return name


def level(number: int = 1, **values) -> dict:
	return {
		"level": number,
		"title": values.pop("title", f"Level {number}"),
		"approver_source": "Role",
		"role": ROLE,
		"rule": "Any One",
		**values,
	}


def by(user: str, number: int = 1, **values) -> dict:
	return level(number, approver_source="User", role=None, user=user, **values)


def make_chain(name: str = "SCA Test Chain", document_type: str = "Journal Entry", levels=None, **values):
	"""An active chain of the test company; an older one of the name is taken away with its requests."""
	remove_chain(name)
	return frappe.get_doc(
		{
			"doctype": "Approval Chain",
			"chain_name": name,
			"document_type": document_type,
			"company": make.COMPANY if frappe.get_meta(document_type).has_field("company") else None,
			"active": 1,
			"levels": levels or [level()],
			**values,
		}
	).insert(ignore_permissions=True)


def remove_chain(name: str):
	"""Requests and steps are never deleted through the app; tests clear theirs below it."""
	if not frappe.db.exists("Approval Chain", name):
		return
	drop_requests(frappe.get_all("Approval Request", filters={"chain": name}, pluck="name"))
	frappe.delete_doc("Approval Chain", name, force=True, ignore_permissions=True)
	chains.forget()


def drop_requests(held: list[str]):
	for doctype, field in (
		("Approval Step", "request"),
		("Approval Request Approver", "parent"),
		("Approval Link", "request"),
		("Approval Request", "name"),
	):
		frappe.db.delete(doctype, {field: ("in", held or [""])})


def remove_chains():
	"""Leave no gate behind for the tests that follow."""
	for name in frappe.get_all("Approval Chain", filters={"name": ("like", "SCA %")}, pluck="name"):
		remove_chain(name)
	frappe.db.commit()


@contextmanager
def as_user(user: str):
	before = frappe.session.user
	frappe.set_user(user)
	try:
		yield
	finally:
		frappe.set_user(before)


def draft(amount: float = 500, user: str = REQUESTER, **values):
	"""A balanced draft Journal Entry of the test company that `user` wrote; committed, as the gate rolls back."""
	with as_user(user):
		entry = frappe.get_doc(
			{
				"doctype": "Journal Entry",
				"voucher_type": "Journal Entry",
				"company": make.COMPANY,
				"posting_date": frappe.utils.today(),
				"accounts": [
					{
						"account": make.BANK,
						"debit_in_account_currency": amount,
						"cost_center": make.COST_CENTER,
					},
					{
						"account": f"Sales - {make.ABBR}",
						"credit_in_account_currency": amount,
						"cost_center": make.COST_CENTER,
					},
				],
				**values,
			}
		)
		entry.insert()
	frappe.db.commit()
	return entry


def supplier() -> str:
	group = frappe.db.get_value("Supplier Group", {"is_group": 0}) or make.ensure(
		"Supplier Group", "SCA Suppliers", supplier_group_name="SCA Suppliers"
	)
	return make.ensure("Supplier", "SCA Supplier", supplier_name="SCA Supplier", supplier_group=group)


def payment(amount: float = 500, user: str = REQUESTER, payment_type: str = "Pay", **values):
	"""A draft Payment Entry to a supplier (or from a customer) that `user` wrote; committed."""
	pays = payment_type == "Pay"
	party = supplier() if pays else make.CUSTOMER
	with as_user(user):
		entry = frappe.get_doc(
			{
				"doctype": "Payment Entry",
				"payment_type": payment_type,
				"company": make.COMPANY,
				"posting_date": frappe.utils.today(),
				"party_type": "Supplier" if pays else "Customer",
				"party": party,
				"paid_from": make.BANK if pays else make.DEBTORS,
				"paid_to": f"Creditors - {make.ABBR}" if pays else make.BANK,
				"paid_amount": amount,
				"received_amount": amount,
				"source_exchange_rate": 1,
				"target_exchange_rate": 1,
				"reference_no": "TEST",
				"reference_date": frappe.utils.today(),
				"cost_center": make.COST_CENTER,
				**values,
			}
		)
		entry.insert()
	frappe.db.commit()
	return entry


def invoice(user: str = REQUESTER, **values):
	"""A draft Sales Invoice with tax over 110.00 that `user` wrote; committed."""
	with as_user(user):
		doc = frappe.get_doc(
			{
				"doctype": "Sales Invoice",
				"company": make.COMPANY,
				"customer": make.CUSTOMER,
				"currency": "USD",
				"taxes_and_charges": make.TAX_TEMPLATE,
				"items": [
					{"item_code": make.SERVICE, "qty": 1, "rate": 100, "cost_center": make.COST_CENTER}
				],
				**values,
			}
		)
		if doc.taxes_and_charges:
			doc.append_taxes_from_master()
		doc.insert()
	frappe.db.commit()
	return doc


def asset():
	"""A draft Asset of 1,200.00 with two depreciations due, and the accounts of its category; committed."""
	accounts = {
		"fixed_asset_account": make.account("SCA Machines", "Fixed Assets", "Fixed Asset"),
		"accumulated_depreciation_account": make.account(
			"SCA Wear", "Fixed Assets", "Accumulated Depreciation"
		),
		"depreciation_expense_account": make.account("SCA Wearing", "Indirect Expenses", "Depreciation"),
	}
	make.ensure("Location", "SCA Hall", location_name="SCA Hall")
	make.ensure(
		"Asset Category",
		"SCA Assets",
		asset_category_name="SCA Assets",
		accounts=[{"company_name": make.COMPANY, **accounts}],
	)
	make.ensure(
		"Item",
		"SCA Lathe",
		item_code="SCA Lathe",
		item_name="SCA Lathe",
		item_group=frappe.db.get_value("Item Group", {"is_group": 0}),
		stock_uom="Nos",
		is_stock_item=0,
		is_fixed_asset=1,
		asset_category="SCA Assets",
	)
	frappe.db.set_value("Company", make.COMPANY, "depreciation_cost_center", make.COST_CENTER)
	asset = frappe.get_doc(
		{
			"doctype": "Asset",
			"item_code": "SCA Lathe",
			"asset_name": "SCA Lathe",
			"company": make.COMPANY,
			"location": "SCA Hall",
			"is_existing_asset": 1,
			"purchase_date": frappe.utils.add_months(frappe.utils.today(), -3),
			"available_for_use_date": frappe.utils.add_months(frappe.utils.today(), -3),
			"gross_purchase_amount": 1200,
			"net_purchase_amount": 1200,
			"purchase_amount": 1200,
			"calculate_depreciation": 1,
			"finance_books": [
				{
					"depreciation_method": "Straight Line",
					"total_number_of_depreciations": 12,
					"frequency_of_depreciation": 1,
					"depreciation_start_date": frappe.utils.get_last_day(
						frappe.utils.add_months(frappe.utils.today(), -2)
					),
				}
			],
		}
	).insert()
	frappe.db.commit()
	return asset, accounts


def request_of(doc, action: str = "Submit"):
	"""The latest request of a document."""
	found = requests.latest_of(doc.doctype, doc.name, action)
	return frappe.get_doc("Approval Request", found.name) if found else None


def approve(request, *users: str):
	"""Each of the users approves, in this order; returns the request as it is then."""
	from sales_crm_accounts.services.approvals import decisions

	name = getattr(request, "name", request)
	for user in users or (FIRST,):
		with as_user(user):
			decisions.decide(name, "Approved")
	frappe.db.commit()
	return frappe.get_doc("Approval Request", name)


def ask(doc, user: str = REQUESTER):
	"""The request that `user` opens for the document as it is saved."""
	with as_user(user):
		request = requests.open_request(frappe.get_doc(doc.doctype, doc.name))
	frappe.db.commit()
	return request


def ledger(doc) -> int:
	"""Ledger entries of the document that count."""
	return frappe.db.count(
		"GL Entry", {"voucher_type": doc.doctype, "voucher_no": doc.name, "is_cancelled": 0}
	)

"""Run by the bench's Python: a collector with a password, and a customer who owes two installments; prints the customer's name.

With `more` several others as well, for looking at the page.
"""

import sys

import frappe

COLLECTOR = "collector@sca.example.com"


def main(site: str, password: str, more: str = ""):
	frappe.init(site)
	frappe.connect()
	try:
		frappe.set_user("Administrator")
		print(prepare(password))
		if more:
			others()
		frappe.db.commit()
		frappe.clear_cache()
	finally:
		frappe.destroy()


def prepare(password: str) -> str:
	from frappe.utils.password import update_password

	from sales_crm_accounts.tests import factories as make
	from sales_crm_accounts.tests.receivable_case import invoice, new_customer

	make.make_company()
	make.make_user(COLLECTOR, ["Collector", "Accounts User"])
	update_password(COLLECTOR, password)
	frappe.defaults.set_user_default("company", make.COMPANY, COLLECTOR)
	frappe.db.set_value(
		"User",
		COLLECTOR,
		{"language": "en", "desk_theme": "Light", "first_name": "Cora", "last_name": "Lector"},
	)
	customer = new_customer(customer_name=f"Baker & Sons {frappe.generate_hash(length=4)}")
	contact(customer, "Ada", "Payable", "Accountant", "+49 30 123456", "ada@baker.example.com")
	invoice(customer, -60, [1250.5, 800], [-45, -10])
	return customer


def contact(customer: str, first: str, last: str, designation: str, phone: str, mail: str):
	frappe.get_doc(
		{
			"doctype": "Contact",
			"first_name": first,
			"last_name": last,
			"designation": designation,
			"is_primary_contact": 1,
			"phone_nos": [{"phone": phone, "is_primary_phone": 1}],
			"email_ids": [{"email_id": mail, "is_primary": 1}],
			"links": [{"link_doctype": "Customer", "link_name": customer}],
		}
	).insert(ignore_permissions=True)


def others():
	from frappe.utils import add_days, now_datetime, today

	from sales_crm_accounts.tests import factories as make
	from sales_crm_accounts.tests.receivable_case import invoice, money_on_account, new_customer

	def record(doctype, customer, **values):
		return frappe.get_doc(
			{
				"doctype": doctype,
				"company": make.COMPANY,
				"customer": customer,
				"collector": COLLECTOR,
				**values,
			}
		).insert(ignore_permissions=True)

	tag = frappe.generate_hash(length=3)
	north = new_customer(customer_name=f"Nordwind Maschinenbau GmbH {tag}")
	bill = invoice(north, -150, [18000, 12000, 6000], [-120, -60, 20])
	contact(
		north,
		"Jörg",
		"Lindqvist",
		"Head of Accounts Payable",
		"+49 40 998877",
		"joerg.lindqvist@nordwind.example.com",
	)
	contact(north, "Ines", "Maurer", "Managing Director", "+49 40 998800", "ines@nordwind.example.com")
	promise = record(
		"Promise to Pay", north, sales_invoice=bill.name, amount=18000, currency="USD",
		promised_on=today(), pay_by=today(), promised_by="Jörg Lindqvist",
	)  # fmt: skip
	frappe.db.set_value("Promise to Pay", promise.name, {"status": "Broken", "judged_on": today(), "promised_on": add_days(today(), -20), "pay_by": add_days(today(), -8)})  # fmt: skip
	record("Receivable Dispute", north, sales_invoice=bill.name, installment_no=2, currency="USD", disputed_amount=3500, reason="Quality", dispute_owner=make.SELLER, due_date=add_days(today(), 9), details="The second machine vibrates; they hold back its part.")  # fmt: skip
	record("Collection Note", north, note_type="Call", noted_on=add_days(now_datetime(), -8), note="Lindqvist says the payment run was missed. Will pay the first installment with the next run.", next_step="Check whether it came", next_date=today())  # fmt: skip
	money_on_account(north, 1500, -3)
	harbour = new_customer(customer_name=f"Harbour Cold Storage Ltd {tag}")
	invoice(harbour, -50, [4300], [-20])
	lake = new_customer(customer_name=f"Lakeside Clinics {tag}")
	bill = invoice(lake, -50, [9900], [-15])
	record("Promise to Pay", lake, sales_invoice=bill.name, amount=9900, currency="USD", promised_on=today(), pay_by=add_days(today(), 6))  # fmt: skip
	for number, amount in enumerate((310, 2400, 760)):
		small = new_customer(customer_name=f"Corner Shop {number + 1} {tag}")
		invoice(small, -40, [amount], [-5 * (number + 1)])


if __name__ == "__main__":
	main(*sys.argv[1:])

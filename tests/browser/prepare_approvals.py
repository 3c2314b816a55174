"""Run by the bench's Python: people with passwords, a chain over one kind of Sales Invoice, a stand-in, and a draft; or all chains away.

Prints the draft's name, and the full names of who is away and of who stands in.
"""

import sys

import frappe

#: The chain covers invoices of this order only, so that other tests' invoices pass.
ORDER, CHAIN = "APPROVAL-WALK", "SCA Browser Chain"


def main(site: str, password: str = ""):
	frappe.init(site)
	frappe.connect()
	try:
		from sales_crm_accounts.tests import approval_factories as approvals

		frappe.set_user("Administrator")
		if password:
			print(*prepare(password), sep="\n")
		else:
			approvals.remove_chain(CHAIN)
			frappe.db.delete("Approval Delegation", {"delegator": approvals.SECOND})
		frappe.db.commit()
		frappe.clear_cache()
	finally:
		frappe.destroy()


def prepare(password: str) -> tuple[str, str, str]:
	from frappe.utils import add_days, get_fullname, today
	from frappe.utils.password import update_password

	from sales_crm_accounts.tests import approval_factories as approvals
	from sales_crm_accounts.tests import factories as make

	approvals.make_people()
	make.make_user(approvals.BOSS, ["Accounts User"])
	for user in (approvals.REQUESTER, approvals.BOSS, approvals.FIRST, approvals.SECOND, approvals.STAND_IN):
		update_password(user, password)
		frappe.defaults.set_user_default("company", make.COMPANY, user)
		frappe.db.set_value("User", user, {"language": "en", "desk_theme": "Light"})
	approvals.make_chain(
		CHAIN,
		"Sales Invoice",
		conditions=[{"field": "po_no", "operator": "=", "value": ORDER}],
		levels=[
			approvals.by(approvals.BOSS, 1, title="Team Lead"),
			approvals.level(2, title="Finance", rule="N of M", required_count=2),
		],
	)
	frappe.db.delete("Approval Delegation", {"delegator": approvals.SECOND})
	frappe.get_doc(
		{
			"doctype": "Approval Delegation",
			"delegator": approvals.SECOND,
			"delegate": approvals.STAND_IN,
			"from_date": today(),
			"to_date": add_days(today(), 1),
		}
	).insert()
	with approvals.as_user(approvals.REQUESTER):
		invoice = frappe.get_doc(
			{
				"doctype": "Sales Invoice",
				"company": make.COMPANY,
				"customer": make.CUSTOMER,
				"currency": "USD",
				"po_no": ORDER,
				"cost_center": make.COST_CENTER,
				"due_date": add_days(today(), 30),
				"items": [
					{"item_code": make.SERVICE, "qty": 2, "rate": 600, "cost_center": make.COST_CENTER}
				],
			}
		).insert()
	return invoice.name, get_fullname(approvals.SECOND), get_fullname(approvals.STAND_IN)


if __name__ == "__main__":
	main(*sys.argv[1:])

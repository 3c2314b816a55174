"""Run by the bench's Python: the sample company of the site tests, and passwords for its salesperson and its accountant."""

import sys

import frappe


def main(site: str, password: str):
	frappe.init(site)
	frappe.connect()
	try:
		from erpnext.setup.utils import before_tests
		from frappe.utils.password import update_password

		from sales_crm_accounts.tests import factories

		frappe.set_user("Administrator")
		if not frappe.db.a_row_exists("Company"):
			before_tests()  # ERPNext's own set-up of a site whose wizard never ran
		factories.make_company()
		for user in (factories.SELLER, factories.ACCOUNTANT):
			update_password(user, password)
			frappe.defaults.set_user_default("company", factories.COMPANY, user)
			frappe.db.set_value("User", user, {"language": "en", "desk_theme": "Light"})
		# The desk of a site whose setup wizard never ran leads to the wizard.
		frappe.db.set_single_value("System Settings", "setup_complete", 1)
		frappe.db.commit()
		frappe.clear_cache()
		print(factories.SELLER, factories.ACCOUNTANT, sep="\n")
	finally:
		frappe.destroy()


if __name__ == "__main__":
	main(*sys.argv[1:])

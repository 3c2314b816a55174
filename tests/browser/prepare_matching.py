"""Run by the bench's Python: a customer with two open invoices, a bank account, and a camt.053 file with three receipts for it.

Prints the bank account, the customer, the names of the invoices, and the path of the file.
"""

import sys
import tempfile
from pathlib import Path

import frappe


def main(site: str, folder: str = ""):
	frappe.init(site)
	frappe.connect()
	try:
		frappe.set_user("Administrator")
		print(*prepare(Path(folder or tempfile.mkdtemp())), sep="\n")
		frappe.db.commit()
		frappe.clear_cache()
	finally:
		frappe.destroy()


def prepare(folder: Path) -> tuple[str, ...]:
	from sales_crm_accounts.tests import factories as make
	from sales_crm_accounts.tests.receivable_case import invoice, new_customer
	from sales_crm_accounts.tests.test_cash_matching import bank_account, camt

	make.make_company()
	salt = frappe.generate_hash(length=6)
	customer = new_customer(customer_name=f"Harbour Tools {salt}")
	first = invoice(customer, -40, [1250.5], [-10])
	second = invoice(customer, -40, [800], [20])
	frappe.db.set_value("User", make.ACCOUNTANT, "desk_theme", "Light")
	entries = [
		(1250.5, f"Invoice {first.name} thank you {salt}", customer),
		(-25.5, f"Bank charges {salt}", ""),
		(77.77, f"Refund of tax {salt}", "Treasury of Nowhere"),
	]
	path = folder / f"{salt}.xml"
	# The lines' ids are those of the file's account and salt, so that a second file is not the first one again.
	path.write_bytes(camt(entries).replace(b"<AcctSvcrRef>", f"<AcctSvcrRef>{salt}".encode()))
	return bank_account(), customer, first.name, second.name, str(path)


if __name__ == "__main__":
	main(*sys.argv[1:])

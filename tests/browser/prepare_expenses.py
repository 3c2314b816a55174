"""Run by the bench's Python: a won deal with a planned cost, categories with accounts, and an employee for the salesperson.

Prints the deal, the name of a second one, their category, and the path of a photo.
"""

import sys
import tempfile
from pathlib import Path

import frappe


def main(site: str, password: str):
	frappe.init(site)
	frappe.connect()
	try:
		frappe.set_user("Administrator")
		print(*prepare(password), sep="\n")
		frappe.db.commit()
		frappe.clear_cache()
	finally:
		frappe.destroy()


def prepare(password: str) -> tuple[str, ...]:
	from frappe.utils.password import update_password

	from sales_crm_accounts.tests import approval_factories as people
	from sales_crm_accounts.tests import expense_factories as spend
	from sales_crm_accounts.tests import factories as make

	make.make_company()
	spend.setup()
	people.employee(make.SELLER)
	for user in (make.SELLER, make.ACCOUNTANT):
		update_password(user, password)
	deals = []
	for title in ("Line for the north plant", "Spare parts for the south plant"):
		deal = make.make_deal(deal_owner=make.SELLER, title=f"{title} {frappe.generate_hash(length=4)}")
		spend.plan_cost(deal, spend.TRAVEL, 200)
		deals.append(deal.name)
	return (*deals, spend.TRAVEL, str(photo()))


def photo() -> Path:
	"""A picture that no expense has had yet."""
	from PIL import Image, ImageDraw

	picture = Image.new("RGB", (240, 320), "white")
	ImageDraw.Draw(picture).text((30, 40), f"TAXI\n\n55.50 USD\n\n{frappe.generate_hash(length=12)}", "black")
	path = Path(tempfile.mkdtemp()) / "receipt.png"
	picture.save(path)
	return path


if __name__ == "__main__":
	main(*sys.argv[1:])

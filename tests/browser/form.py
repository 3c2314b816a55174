"""What a user does with a Frappe form."""

import re


class Form:
	"""What a user does with a Frappe form."""

	def __init__(self, page):
		self.page = page

	def tab(self, label: str):
		self.page.locator(
			".form-tabs .nav-link:visible", has_text=re.compile(f"^\\s*{re.escape(label)}\\s*$")
		).click()

	def type(self, fieldname: str, value: str, link: bool = False):
		field = self.page.locator(f".frappe-control[data-fieldname='{fieldname}'] input:visible").first
		self._type(field, value, link)

	def add_row(self, table: str, values: dict[str, str], link: str = ""):
		grid = self.page.locator(f".frappe-control[data-fieldname='{table}']")
		before = grid.locator(".grid-body .rows > .grid-row").count()
		grid.locator(".grid-add-row:visible").click()
		row = grid.locator(".grid-body .rows > .grid-row").nth(before)
		row.wait_for()
		for fieldname, value in values.items():
			cell = row.locator(f".data-row [data-fieldname='{fieldname}']").first
			if not cell.locator("input").first.is_visible():
				cell.click()
			self._type(cell.locator("input").first, value, fieldname == link)

	def _type(self, field, value: str, link: bool):
		field.click()
		field.fill(value)
		if link:
			self.page.locator(".awesomplete [role='option']:visible", has_text=value).first.click()
		field.press("Tab")
		if link:
			# What the link brings (an item's rate) must not come after what is typed next.
			self.page.wait_for_timeout(300)
			self.settle()

	def button(self, label: str, within: str = ".page-head:visible"):
		return self.page.locator(
			f"{within} button:visible", has_text=re.compile(f"^\\s*{re.escape(label)}\\s*$")
		)

	def settle(self):
		self.page.wait_for_function(
			"() => !frappe.request.ajax_count && !document.querySelector('#freeze.in')"
		)

"""A salesperson enters a taxi on the phone with a photo of the receipt; the accountant posts it, and the deal bears it."""

from __future__ import annotations

import pytest
from form import Form

SELLER, ACCOUNTANT = "seller@sca.example.com", "accountant@sca.example.com"


@pytest.fixture
def prepared(on_site, password) -> list[str]:
	"""Two deals with 200.00 planned for travel, that category, and a photo."""
	return on_site("prepare_expenses.py", password).splitlines()[-4:]


def start(page, deal: str, category: str, amount: str) -> Form:
	form = Form(page)
	page.goto(f"/app/deal-expense/new?deal={deal}")
	page.locator("[data-fieldname='category'] input:visible").first.wait_for()
	form.settle()
	form.type("category", category, link=True)
	form.type("amount", amount)
	return form


def attach(page, photo: str):
	page.locator(".frappe-control[data-fieldname='receipt'] button:visible").first.click()
	dialog = page.locator(".modal.show")
	dialog.locator("input[type=file]").first.set_input_files(photo)
	dialog.locator("button:visible", has_text="Upload").click()


def test_a_taxi(desk, prepared):
	deal, _other, category, photo = prepared
	phone = desk(SELLER, phone=True)
	form = start(phone, deal, category, "55.50")
	phone.locator("[data-fieldname='paid_by'] select:visible").first.select_option("Employee")
	# A photo that is attached saves the expense.
	attach(phone, photo)
	headline = phone.locator(".form-message", has_text="planned")
	headline.wait_for()
	form.settle()
	assert headline.inner_text().count("left after this expense $ 144.50") == 1
	assert phone.locator("[data-fieldname='receipt_image'] img").count() == 1
	assert phone.locator("[data-fieldname='employee_name'] .control-value").first.inner_text().strip()
	assert phone.evaluate("document.documentElement.scrollWidth") <= 390
	assert not form.button("Submit").count()
	expense = phone.evaluate("cur_frm.doc.name")

	# The accountant sees the photo and posts it.
	page = desk(ACCOUNTANT)
	form = Form(page)
	page.goto(f"/app/deal-expense/{expense}")
	page.locator("[data-fieldname='receipt_image'] img").wait_for()
	form.settle()
	form.button("Submit").click()
	page.locator(".modal.show .btn-primary:visible").click()
	page.locator(".page-head:visible .indicator-pill", has_text="Posted").wait_for()
	form.settle()
	assert page.evaluate("cur_frm.doc.voucher_type") == "Journal Entry"

	# The same photo once more is refused, whatever else is said.
	form = start(page, deal, category, "12")
	attach(page, photo)
	page.locator(".modal.show .msgprint", has_text=expense).wait_for()

	# What is too much for the plan is said when it is saved.
	form = start(page, deal, category, "200")
	form.button("Save").click()
	page.locator(".modal.show .msgprint", has_text="$ 55.50 too much").wait_for()

	# The deal bears what was posted, and no draft.
	page.goto(f"/app/deal/{deal}")
	form.tab("Costs & Accounting")
	row = page.locator(".sca-table tr:visible", has_text=category)
	row.wait_for()
	assert "55.50" in row.inner_text() and "144.50" in row.inner_text()

"""A collector calls a customer from the list: notes the call, keeps the promise, and the customer leaves the list; on a phone too."""

from __future__ import annotations

import pytest
from form import Form

COLLECTOR = "collector@sca.example.com"


@pytest.fixture
def customer(on_site, password):
	"""Name of a customer with 1,250.50 and 800.00 overdue, and a contact."""
	return on_site("prepare_collections.py", password).splitlines()[-1]


def open_list(page, customer: str):
	page.goto("/app/collections")
	search = page.locator(".sca-collections input[type=search]")
	search.wait_for()
	search.fill(customer)
	return page.locator(".sca-inbox-card", has_text=customer)


def fill(dialog, fieldname: str, value: str):
	control = dialog.locator(f".frappe-control[data-fieldname='{fieldname}']")
	control.locator("input, textarea").first.fill(value)


def save(page, dialog):
	dialog.locator(".modal-footer button:visible", has_text="Save").click()
	dialog.wait_for(state="hidden")
	Form(page).settle()


def test_a_call(desk, customer):
	page = desk(COLLECTOR)
	card = open_list(page, customer)
	card.wait_for()
	assert "2,050.50" in card.inner_text() and "the oldest for 45 days" in card.inner_text()
	card.locator("a").click()

	# Everything for the call.
	detail = page.locator(f".sca-inbox-detail[data-customer='{customer}']")
	detail.locator(".sca-contacts").wait_for()
	assert detail.locator("a[href^='tel:']").get_attribute("href") == "tel:%2B4930123456"
	assert detail.locator("a[href='mailto:ada@baker.example.com']").count() == 1
	assert detail.locator(".sca-open tbody tr").count() == 2
	points = [int(text) for text in detail.locator(".sca-points li b").all_inner_texts()]
	assert sum(points) == int(detail.locator(".sca-points .sca-score").inner_text())

	# The call is noted.
	detail.locator("button:visible", has_text="Note a Call").click()
	dialog = page.locator(".modal.show")
	fill(dialog, "note", "They pay the older one by the end of next week.")
	save(page, dialog)
	detail.locator(".sca-quote", has_text="They pay the older one").wait_for()
	assert card.count() == 1

	# They promise all of it: the customer leaves the list and waits.
	detail.locator("button:visible", has_text="Promise").click()
	dialog = page.locator(".modal.show")
	amount = dialog.locator("[data-fieldname='amount'] input")
	amount.wait_for()
	assert amount.input_value().replace(",", "") in ("2050.50", "2050.5")
	pay_by = page.evaluate(
		"frappe.datetime.str_to_user(frappe.datetime.add_days(frappe.datetime.get_today(), 9))"
	)
	fill(dialog, "pay_by", pay_by)
	save(page, dialog)
	card.wait_for(state="detached")
	detail.locator(".sca-waits", has_text="Promise to Pay").wait_for()
	assert "2,050.50" in detail.locator(".sca-item-head", has_text="PTP-").inner_text()
	page.locator("[role=tab]", has_text="Waiting").click()
	card.wait_for()
	assert "Promise to Pay" in card.inner_text()

	# On a phone: the list, then the call in its place; nothing reaches over the edge.
	phone = desk(COLLECTOR, phone=True)
	phone.goto("/app/collections")
	phone.locator(".sca-collections .sca-tabs button").first.wait_for()
	phone.goto(f"/app/collections/{customer}")
	phone.locator(".sca-call-actions").wait_for()
	assert phone.evaluate("document.documentElement.scrollWidth") <= 390
	assert not phone.locator(".sca-inbox-list").is_visible()
	phone.locator(".sca-back").click()
	phone.locator(".sca-inbox-list").wait_for()
	assert phone.evaluate("document.documentElement.scrollWidth") <= 390

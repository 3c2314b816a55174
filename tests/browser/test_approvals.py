"""An invoice is stopped at the gate, two people and a stand-in approve it in the form and in the inbox, and it is posted.

Team Lead: one person, in the form. Finance: two of three; one in the inbox on a phone, one on behalf of somebody who is away.
"""

from __future__ import annotations

import re

import pytest
from form import Form

REQUESTER, LEAD = "asks@sca.example.com", "boss@sca.example.com"
FIRST, STAND_IN = "first@sca.example.com", "stand.in@sca.example.com"


@pytest.fixture
def invoice(on_site, password):
	"""Name of the draft, and the full names of who is away and of who stands in."""
	yield on_site("prepare_approvals.py", password).splitlines()[-3:]
	on_site("prepare_approvals.py")


def open_invoice(page, name: str):
	page.goto(f"/app/sales-invoice/{name}")
	banner = page.locator(".sca-approval")
	banner.wait_for()
	return banner


def confirm(page, label: str, comment: str = ""):
	dialog = page.locator(".modal.show")
	if comment:
		dialog.locator("[data-fieldname='comment'] textarea").fill(comment)
	dialog.locator(".modal-footer button:visible", has_text=label).click()
	dialog.wait_for(state="hidden")


def open_card(page, invoice: str):
	page.goto("/app/approvals")
	page.locator(".sca-inbox-card a", has_text=invoice).click()
	page.locator(".sca-detail-part").first.wait_for()
	return page.locator(".sca-inbox-detail")


def test_approve_an_invoice(desk, invoice):
	invoice, away, stand_in = invoice
	# The requester sees beforehand who will be asked, submits, and is stopped.
	asking = desk(REQUESTER)
	form = Form(asking)
	banner = open_invoice(asking, invoice)
	assert "Submitting it needs approval" in banner.inner_text()
	form.settle()
	if form.button("Save").count():  # ERPNext renews the time of posting when a draft is opened
		form.button("Save").click()
	form.button("Submit").click()
	asking.locator(".modal.show .btn-primary:visible", has_text="Yes").click()
	stop = asking.locator(".modal.show .msgprint")
	stop.wait_for()
	assert re.search(r"needs approval.*It waits for", stop.inner_text(), re.DOTALL)
	asking.locator(".modal.show .btn-modal-close:visible").click()
	stop.wait_for(state="hidden")
	banner.locator(".indicator-pill", has_text="Open").wait_for()
	assert asking.evaluate("cur_frm.doc.docstatus") == 0
	assert banner.locator(".sca-level").count() == 2
	assert not banner.locator("button", has_text="Approve").count()

	# The team lead approves in the form.
	page = desk(LEAD)
	banner = open_invoice(page, invoice)
	banner.locator("button", has_text=re.compile("^Approve$")).click()
	confirm(page, "Approve", "The order is signed.")
	banner.locator(".sca-level.approved", has_text="The order is signed.").wait_for()

	# Finance, in the inbox on a phone: nothing reaches over the edge.
	page = desk(FIRST, phone=True)
	detail = open_card(page, invoice)
	assert "What Will Be Posted" in detail.inner_text()
	assert page.evaluate("document.documentElement.scrollWidth") <= 390
	detail.locator("button", has_text="Approve").last.click()
	confirm(page, "Approve")
	detail.locator(".sca-person.approved").nth(1).wait_for()
	assert detail.locator(".indicator-pill", has_text="Open").count()  # one of two

	# The stand-in is told on whose behalf, and signs last.
	page = desk(STAND_IN)
	detail = open_card(page, invoice)
	assert f"You stand in for {away}" in detail.inner_text()
	detail.locator("button", has_text="Approve").last.click()
	confirm(page, "Approve")
	detail.locator(".indicator-pill.green", has_text="Approved").wait_for()
	assert f"{stand_in} for {away} approved level 2" in detail.locator(".sca-steps").inner_text()

	# Posted by the background in the requester's name, with all three signatures on it.
	for _look in range(30):
		asking.wait_for_timeout(1_500)
		asking.evaluate("cur_frm.reload_doc()")
		if asking.evaluate("cur_frm.doc.docstatus") == 1:
			break
	assert asking.evaluate("[cur_frm.doc.docstatus, cur_frm.doc.modified_by]") == [1, REQUESTER]
	banner = asking.locator(".sca-approval")
	banner.locator(".indicator-pill", has_text="Approved").wait_for()
	banner.locator(".sca-approval-toggle").click()
	signed = banner.locator(".sca-person.approved").all_inner_texts()
	assert len(signed) == 3
	assert any(f"{stand_in} for {away}" in text for text in signed)

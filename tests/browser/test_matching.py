"""An accountant brings in a bank file, has it matched, applies the proposal, takes it back, corrects it and applies it again."""

from __future__ import annotations

import pytest
from form import Form

ACCOUNTANT = "accountant@sca.example.com"


@pytest.fixture
def prepared(on_site, password) -> list[str]:
	"""Bank account, customer, invoices of 1,250.50 and 800.00, and a bank file that names the first."""
	return on_site("prepare_matching.py").splitlines()[-5:]


def says(page, status: str):
	page.locator(".page-head:visible .indicator-pill", has_text=status).wait_for()
	Form(page).settle()


def open_proposal(page, form: Form, customer: str):
	"""The proposal that waits, from its run."""
	form.button("Proposals").click()
	row = page.locator(".list-row-container:visible", has_text=customer).filter(has_text="Proposed")
	row.locator("a[data-name]").first.click()
	says(page, "Proposed")


def match(page, form: Form, label: str):
	form.button(label).click()
	# The page finds out by itself that the run is through.
	page.wait_for_function("() => ['Queued', 'Running'].includes(cur_frm.doc.status)")
	says(page, "Completed")


def test_a_bank_file(desk, prepared):
	account, customer, first, second, file = prepared
	page = desk(ACCOUNTANT)
	form = Form(page)
	page.goto("/app/cash-matching-run/new")
	page.locator("[data-fieldname='bank_account'] input:visible").first.wait_for()
	form.settle()
	form.type("bank_account", account, link=True)
	form.button("Save").click()
	form.button("Match").wait_for()

	form.button("Import Bank Statement").click()
	upload = page.locator(".modal.show")
	upload.locator("input[type=file]").first.set_input_files(file)
	upload.locator("button:visible", has_text="Upload").click()
	told = page.locator(".modal.show .msgprint", has_text="3 lines are new")
	told.wait_for()
	page.locator(".modal.show .btn-modal-close:visible").click()
	told.wait_for(state="hidden")
	match(page, form, "Match")
	run = page.url

	# The proposal says why; one click books it.
	open_proposal(page, form, customer)
	assert first in page.locator("[data-fieldname='rows'] .grid-body").inner_text()
	assert "exactly" in page.locator("[data-fieldname='reasons']").first.inner_text()
	form.button("Apply").click()
	says(page, "Applied")
	assert page.evaluate("cur_frm.doc.payment_entry")

	# Taken back: the line is open again and is matched again.
	form.button("Undo").click()
	page.locator(".modal.show .btn-primary:visible").click()
	says(page, "Undone")
	page.goto(run)
	form.button("Match Again").wait_for()
	match(page, form, "Match Again")
	open_proposal(page, form, customer)

	# A person knows better: it pays the other invoice, and the rest stays on account.
	row = page.locator("[data-fieldname='rows'] .grid-body .grid-row").first
	row.locator("[data-fieldname='sales_invoice']").first.click()
	field = row.locator("[data-fieldname='sales_invoice'] input")
	field.fill(second)
	page.locator(".awesomplete [role='option']:visible", has_text=second).first.click()
	form.settle()
	row.locator("[data-fieldname='allocated_amount']").first.click()
	row.locator("[data-fieldname='allocated_amount'] input").fill("800")
	page.keyboard.press("Tab")
	form.button("Save").click()
	page.wait_for_function("() => cur_frm.doc.corrected && !cur_frm.is_dirty()")
	form.settle()
	assert page.evaluate("cur_frm.doc.on_account") == 450.5
	form.button("Apply").click()
	says(page, "Applied")
	assert "450.50" in page.locator(".form-message:visible").inner_text()

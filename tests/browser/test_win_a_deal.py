"""A salesperson makes a deal with three installments in the desk, wins it, and sees its invoices and its cash."""

from __future__ import annotations

import re

from form import Form

SELLER, ACCOUNTANT = "seller@sca.example.com", "accountant@sca.example.com"
CUSTOMER, ITEM = "Deals Test Customer", "SCA Service"
INSTALLMENTS = (("Deposit", "30"), ("On delivery", "50"), ("After acceptance", "20"))


def test_win_a_deal(desk):
	page = desk(SELLER)
	form = Form(page)
	page.goto("/app/deal/new")
	page.locator(".sca-stages .sca-stage.now").wait_for()
	form.settle()

	form.type("title", "Line for the north plant")
	form.type("customer", CUSTOMER, link=True)
	form.settle()
	form.tab("Items")
	form.add_row("items", {"item_code": ITEM, "rate": "1000"}, link="item_code")
	form.settle()
	form.tab("Collection Plan")
	for description, percent in INSTALLMENTS:
		form.add_row("plan", {"description": description, "percent": percent})
	page.locator(".sca-plan-sum", has_text="exactly").wait_for()

	form.button("Save").click()
	win = form.button("Win the Deal")
	win.wait_for()
	assert page.locator(".page-head:visible .indicator-pill", has_text="Open").count()

	# The preview: ERPNext's own figures before anything is posted.
	win.click()
	preview = page.locator(".modal.show .sca-preview")
	preview.wait_for()
	assert preview.locator(".sca-invoice").count() == 3
	assert "1,000.00" in preview.locator(".sca-preview-totals").inner_text()
	assert re.search(r"Debtors - DTL[\s\S]*300\.00", preview.locator(".sca-invoice").first.inner_text())
	form.button("Win the Deal", ".modal.show .modal-footer").click()

	# Won: the invoices come from the background, the cash panel follows.
	page.locator(".sca-stages .sca-stage.won").wait_for()
	form.tab("Cash")
	panel = page.locator(".sca-cash")
	panel.locator(".sca-table tbody tr").nth(2).wait_for()
	for _look in range(20):
		if panel.locator(".indicator-pill", has_text="Billed").count() == 3:
			break
		page.wait_for_timeout(1_500)
		page.evaluate("cur_frm.cash_panel.refresh()")
	figures = dict(
		zip(
			panel.locator(".sca-card-label").all_inner_texts(),
			panel.locator(".sca-card-value").all_inner_texts(),
			strict=True,
		)
	)
	money = {
		label: re.sub(r"[^\d.]", "", figures[label])
		for label in ("Planned", "Billed", "Collected", "Outstanding")
	}
	assert money == {"Planned": "1000.00", "Billed": "1000.00", "Collected": "0.00", "Outstanding": "1000.00"}
	rows = panel.locator(".sca-table tbody tr").all_inner_texts()
	for (description, percent), row in zip(INSTALLMENTS, rows, strict=True):
		assert description in row and f"{int(percent) * 10}.00" in row
	invoices = re.findall(r"[A-Z]+-SINV-\d+-\d+", "\n".join(rows))
	assert len(set(invoices)) == 3, rows
	deal = page.evaluate("cur_frm.doc.name")

	# The accountant finds an ordinary Sales Invoice that says which deal it bills.
	page = desk(ACCOUNTANT)
	page.goto(f"/app/sales-invoice/{invoices[0]}")
	page.wait_for_function("() => window.cur_frm && cur_frm.doc && cur_frm.doc.doctype === 'Sales Invoice'")
	assert page.evaluate("[cur_frm.doc.deal, cur_frm.doc.docstatus, cur_frm.doc.grand_total]") == [
		deal,
		1,
		300,
	]

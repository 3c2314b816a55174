"""A company to look around in: people, customers, open and won deals, invoices and payments of the last eight months.

bench --site SITE execute sales_crm_accounts.setup.demo.make_demo_company
bench --site SITE execute sales_crm_accounts.setup.demo.remove_demo_company

Everything is made through the documents that people use, so the books are those that the app would have kept.
"""

from contextlib import contextmanager
from datetime import datetime, time
from unittest.mock import patch

import frappe
from frappe.utils import add_days, add_months, flt, getdate, today

from sales_crm_accounts.setup import sample
from sales_crm_accounts.setup.demo_data import (
	ABBR,
	BANK,
	COMPANY,
	CUSTOMER_EUR,
	CUSTOMERS,
	ITEMS,
	LOST,
	MIA,
	OPEN,
	PEOPLE,
	RECEIVABLE_EUR,
	TAX_TEMPLATE,
	THIRDS,
	WON,
)


def make_demo_company():
	"""Make the company once; a second call changes nothing."""
	if frappe.db.exists("Company", COMPANY):
		print(f"{COMPANY} is already there.")
		return
	if not frappe.db.exists("Warehouse Type", "Transit"):
		print(
			"ERPNext has no company here yet. Open the desk, finish its setup wizard, then call this again."
		)
		return
	settings = "Sales CRM Accounts Settings"
	paused = frappe.db.get_single_value(settings, "pause_billing")
	# The background job of winning would bill with today's date what this module bills day by day.
	frappe.db.set_single_value(settings, "pause_billing", 1)
	frappe.db.commit()
	try:
		_make_company()
		for values in WON:
			_make_won_deal(**values)
		for values in OPEN:
			_make_open_deal(*values)
		_make_lost_deal(*LOST)
		_mark_overdue()
	except BaseException:
		frappe.db.rollback()
		print(f"{COMPANY} is not complete. Call remove_demo_company before you try again.")
		raise
	finally:
		frappe.db.set_single_value(settings, "pause_billing", paused)
		frappe.db.commit()
	print(f"Made {COMPANY}. Give {MIA} a password to see what a salesperson sees.")


def remove_demo_company():
	"""Delete the company with everything booked in it, by ERPNext's own Transaction Deletion Record."""
	if not frappe.db.exists("Company", COMPANY):
		print(f"{COMPANY} is not there.")
		return
	record = frappe.new_doc("Transaction Deletion Record")
	record.company = COMPANY
	record.process_in_single_transaction = 1
	record.save(ignore_permissions=True)
	record.submit()
	record.start_deletion_tasks()
	for doctype, names in (
		("Billing Policy", frappe.get_all("Billing Policy", {"company": COMPANY}, pluck="name")),
		# ERPNext deletes a company's tax templates without their rows, which the next template of that name would find.
		("Sales Taxes and Charges Template", [TAX_TEMPLATE]),
		("Company", [COMPANY]),
		("Customer", [*CUSTOMERS, CUSTOMER_EUR]),
		("Item", list(ITEMS)),
		("User", list(PEOPLE)),
	):
		for name in names:
			if frappe.db.exists(doctype, name):
				frappe.delete_doc(doctype, name, ignore_permissions=True, force=doctype == "Company")
	frappe.db.commit()
	print(f"Removed {COMPANY}.")


# The company


def _make_company():
	_fiscal_years()
	sample.ensure_company(COMPANY, ABBR)
	sample.ensure_account(COMPANY, "Brightwater Checking", "Bank Accounts", "Bank")
	sample.ensure_account(COMPANY, "Debtors EUR", "Accounts Receivable", "Receivable", "EUR")
	tax = sample.ensure_account(COMPANY, "Sales Tax", "Duties and Taxes", "Tax")
	frappe.db.set_value("Company", COMPANY, "default_bank_account", BANK)
	sample.ensure(
		"Sales Taxes and Charges Template",
		TAX_TEMPLATE,
		title="Sales Tax 8%",
		company=COMPANY,
		is_default=1,
		taxes=[
			{"charge_type": "On Net Total", "account_head": tax, "description": "Sales Tax 8%", "rate": 8}
		],
	)
	for day in (add_months(today(), -12), today()):
		sample.ensure_exchange_rate("EUR", "USD", 1.08, day)
	group, territory = _leaf("Customer Group"), _leaf("Territory")
	for name in CUSTOMERS:
		sample.ensure_customer(COMPANY, name, group, territory)
	sample.ensure_customer(COMPANY, CUSTOMER_EUR, group, territory, RECEIVABLE_EUR)
	item_group = _leaf("Item Group")
	for code, (name, uom, rate) in ITEMS.items():
		sample.ensure("UOM", uom, uom_name=uom)
		sample.ensure(
			"Item",
			code,
			item_code=code,
			item_name=name,
			item_group=item_group,
			stock_uom=uom,
			is_stock_item=0,
			standard_rate=rate,
		)
	for email, (name, roles) in PEOPLE.items():
		first, last = name.split()
		sample.ensure("User", email, email=email, first_name=first, last_name=last, send_welcome_email=0)
		frappe.get_doc("User", email).add_roles(*roles)
	sample.ensure(
		"Billing Policy",
		"Brightwater: invoice per installment",
		policy_name="Brightwater: invoice per installment",
		company=COMPANY,
		invoicing_method="Invoice per Installment",
		taxes_and_charges=TAX_TEMPLATE,
	)
	frappe.db.commit()


def _fiscal_years():
	"""Years that hold the history and the plan; those a site has are taken as they are."""
	for year in {getdate(add_months(today(), months)).year for months in (-9, 0, 9)}:
		day = f"{year}-06-30"
		if not frappe.db.exists(
			"Fiscal Year", {"year_start_date": ("<=", day), "year_end_date": (">=", day), "disabled": 0}
		):
			sample.ensure(
				"Fiscal Year",
				str(year),
				year=str(year),
				year_start_date=f"{year}-01-01",
				year_end_date=f"{year}-12-31",
			)


def _leaf(doctype: str) -> str | None:
	preferred = {"Customer Group": "Commercial", "Territory": "Rest Of The World", "Item Group": "Products"}[
		doctype
	]
	return (
		preferred if frappe.db.exists(doctype, preferred) else frappe.db.get_value(doctype, {"is_group": 0})
	)


# Deals


@contextmanager
def on_day(day):
	"""Let the site's clock stand at ten on that day. A deal is always won today, so a history needs days gone by."""
	moment = datetime.combine(getdate(day), time(10))
	with (
		patch("frappe.utils.data.now_datetime", lambda: moment),
		patch("sales_crm_accounts.services.deals.now_datetime", lambda: moment),
	):
		yield


def _ago(days: int):
	return getdate(add_days(today(), -days))


def _make_deal(title, customer, owner, items, opened, plan=None, currency="USD", close=None):
	rates = {code: values[2] * (0.93 if currency == "EUR" else 1) for code, values in ITEMS.items()}
	opened_on = _ago(opened)
	with on_day(opened_on):
		deal = frappe.get_doc(
			{
				"doctype": "Deal",
				"title": title,
				"company": COMPANY,
				"customer": customer,
				"deal_owner": owner,
				"currency": currency,
				"transaction_date": opened_on,
				"expected_close_date": close,
				"taxes_and_charges": TAX_TEMPLATE,
				"items": [
					{"item_code": code, "qty": qty, "rate": flt(rates[code], 2)} for code, qty in items
				],
				"plan": plan or THIRDS,
				"planned_costs": [
					{
						"description": "Equipment and own hours",
						"amount": flt(sum(rates[code] * qty for code, qty in items) * 0.62, 0),
					}
				],
			}
		).insert()
	return deal


def _move(deal, stages, opened: int, closed: int):
	"""Through the stages, evenly spread between the day it was opened and the day it was closed."""
	step = max(1, (opened - closed) // (len(stages) + 1))
	for index, stage in enumerate(stages, 1):
		with on_day(_ago(max(closed, opened - step * index))):
			deal.reload()
			deal.stage = stage
			deal.save()


def _stages_to(last: str) -> list[str]:
	names = frappe.get_all(
		"Deal Stage", {"stage_type": "Open", "disabled": 0}, pluck="name", order_by="sequence"
	)
	return names[1 : names.index(last) + 1] if last in names else []


def _make_open_deal(title, customer, owner, stage, opened, close, items):
	deal = _make_deal(title, customer, owner, items, opened, close=add_days(today(), close))
	_move(deal, _stages_to(stage), opened, 2)
	frappe.db.commit()


def _make_lost_deal(title, customer, owner, opened, items):
	from sales_crm_accounts.services import deals

	deal = _make_deal(title, customer, owner, items, opened)
	_move(deal, _stages_to("Proposal"), opened, opened - 40)
	reason = sample.ensure("Opportunity Lost Reason", "Price", lost_reason="Price")
	deal.reload()
	with on_day(_ago(opened - 50)):
		deals.lose(deal, [reason], "Bought a cheaper cell from a local builder.")
	frappe.db.commit()


def _make_won_deal(
	title, customer, owner, opened, won, items, plan, payments, milestones=None, currency="USD"
):
	deal = _make_deal(title, customer, owner, items, opened, plan, currency, close=_ago(won))
	_move(deal, _stages_to("Negotiation"), opened, won + 1)
	deal.reload()
	with on_day(_ago(won)):
		deal.submit()
	frappe.db.commit()
	_bill(deal.name, milestones or {})
	for sequence, share, days in payments:
		_pay(deal.name, sequence, share, _ago(days))
	frappe.db.commit()


def _bill(deal: str, milestones: dict[int, int]):
	"""Bill each installment on its own day; a milestone first gets confirmed."""
	from sales_crm_accounts.services import installments, sweep

	for sequence, days in milestones.items():
		name = frappe.db.get_value("Deal Installment", {"deal": deal, "sequence": sequence})
		day = _ago(days)
		with on_day(day):
			installments.confirm(name, day)
	frappe.db.commit()
	dates = frappe.get_all("Deal Installment", filters={"deal": deal}, pluck="planned_invoice_date")
	for day in sorted(day for day in dates if day and day <= getdate(today())):
		with on_day(day):
			sweep.bill_deal(deal, "Manual")  # billing is paused for all but us


def _pay(deal: str, sequence: int, share: float, day):
	invoice = frappe.db.get_value("Deal Installment", {"deal": deal, "sequence": sequence}, "sales_invoice")
	open_amount = frappe.db.get_value("Sales Invoice", invoice, "outstanding_amount")
	sample.pay(invoice, flt(open_amount * share, 2), day, BANK, f"ACH {invoice[-5:]}")


def _mark_overdue():
	from sales_crm_accounts.services import figures, ledger

	ledger.flush()
	figures.mark_overdue(getdate(today()))
	frappe.db.commit()

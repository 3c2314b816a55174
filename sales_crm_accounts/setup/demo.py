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

COMPANY, ABBR = "Brightwater Automation", "BWA"
BANK = f"Brightwater Checking - {ABBR}"
RECEIVABLE_EUR = f"Debtors EUR - {ABBR}"
TAX_TEMPLATE = f"Sales Tax 8% - {ABBR}"
MIA, TOM, PRIYA, RUTH = (f"{name}@brightwater.example" for name in ("mia", "tom", "priya", "ruth"))
PEOPLE = {
	MIA: ("Mia Chen", ["Deal User", "Sales User"]),
	TOM: ("Tom Alvarez", ["Deal User", "Sales User"]),
	PRIYA: ("Priya Nair", ["Deal Manager", "Sales Manager", "Sales User"]),
	RUTH: ("Ruth Weber", ["Accounts User", "Accounts Manager"]),
}
ITEMS = {
	"BW-ROBOT-40": ("Palletizing Robot PR-40", "Nos", 84000),
	"BW-CONVEYOR-12": ("Conveyor Line CL-12", "Nos", 36500),
	"BW-VISION": ("Vision Inspection Cell", "Nos", 27800),
	"BW-INSTALL": ("Installation and Commissioning", "Day", 1250),
	"BW-TRAINING": ("Operator Training", "Day", 980),
	"BW-SERVICE": ("Annual Service Plan", "Nos", 9600),
}
CUSTOMERS = (
	"Hollander Foods",
	"Kestrel Packaging",
	"Redwood Beverages",
	"Sunfield Dairy",
	"Atlas Pharma",
	"Orchard & Finch",
	"Pacific Paper Mills",
	"Larkspur Cosmetics",
)
CUSTOMER_EUR = "Nordhaven Logistik GmbH"


def _row(description, percent, months=None, milestone=None, days=30, **values):
	trigger = "On Milestone" if milestone else "On Winning" if months is None else "On Date"
	return {
		"description": description,
		"basis": "Percent" if percent else "Remainder",
		"percent": percent or 0,
		"billing_trigger": trigger,
		"trigger_months": months or 0,
		"milestone": milestone,
		"due_rule": "Days After Invoice",
		"due_days": days,
		**values,
	}


PROJECT = [
	_row("On signing", 30, days=14),
	_row("On delivery of the line", 50, milestone="Line delivered"),
	_row("After acceptance", 0, milestone="Site acceptance"),
]
THIRDS = [_row("First third", 33.33), _row("Second third", 33.33, 1), _row("Last third", 33.34, 2)]
QUARTERS = [_row(f"Quarter {n + 1}", 25, 3 * n, due_rule="End of Month", days=0) for n in range(4)]
MONTHS = [_row(f"Month {n + 1}", 0 if n == 5 else 16.67, n, days=14) for n in range(6)]

#: Won deals: opened and won so many days ago; milestones confirmed so many days ago; payments as (installment, share of its
#: invoice, days ago).
WON = (
	{
		"title": "Palletizing line, Hamburg plant",
		"customer": "Hollander Foods",
		"owner": MIA,
		"opened": 250,
		"won": 215,
		"items": [("BW-ROBOT-40", 1), ("BW-CONVEYOR-12", 2), ("BW-INSTALL", 12)],
		"plan": PROJECT,
		"milestones": {2: 120, 3: 45},
		"payments": [(1, 1, 203), (2, 1, 88), (3, 0.4, 8)],
	},
	{
		"title": "Vision cells for line 3",
		"customer": "Atlas Pharma",
		"owner": TOM,
		"opened": 160,
		"won": 128,
		"items": [("BW-VISION", 3), ("BW-INSTALL", 6), ("BW-TRAINING", 4)],
		"plan": THIRDS,
		"payments": [(1, 1, 96), (2, 1, 70), (3, 1, 35)],
	},
	{
		"title": "Conveyor extension",
		"customer": "Kestrel Packaging",
		"owner": MIA,
		"opened": 120,
		"won": 96,
		"items": [("BW-CONVEYOR-12", 1), ("BW-INSTALL", 4)],
		"plan": THIRDS,
		"payments": [(1, 1, 60), (2, 0.5, 20)],
	},
	{
		"title": "Service plan 2026, four plants",
		"customer": "Redwood Beverages",
		"owner": PRIYA,
		"opened": 230,
		"won": 205,
		"items": [("BW-SERVICE", 4)],
		"plan": QUARTERS,
		"payments": [(1, 1, 170), (2, 1, 85)],
	},
	{
		"title": "Robot cell, rental with purchase",
		"customer": "Sunfield Dairy",
		"owner": TOM,
		"opened": 110,
		"won": 82,
		"items": [("BW-ROBOT-40", 1), ("BW-TRAINING", 3)],
		"plan": MONTHS,
		"payments": [(1, 1, 66), (2, 1, 41)],
	},
	{
		"title": "Depalletizer retrofit",
		"customer": CUSTOMER_EUR,
		"owner": MIA,
		"opened": 75,
		"won": 52,
		"currency": "EUR",
		"items": [("BW-CONVEYOR-12", 1), ("BW-VISION", 1), ("BW-INSTALL", 5)],
		"plan": PROJECT,
		"milestones": {2: 12},
		"payments": [(1, 1, 36)],
	},
	{
		"title": "Inspection cell, pilot",
		"customer": "Larkspur Cosmetics",
		"owner": TOM,
		"opened": 40,
		"won": 18,
		"items": [("BW-VISION", 1), ("BW-INSTALL", 2)],
		"plan": THIRDS,
		"payments": [],
	},
)
#: Open deals: (title, customer, owner, stage, opened days ago, expected close in days, items).
OPEN = (
	(
		"Second palletizing line",
		"Hollander Foods",
		MIA,
		"Negotiation",
		62,
		12,
		[("BW-ROBOT-40", 1), ("BW-INSTALL", 10)],
	),
	(
		"Reel handling robots",
		"Pacific Paper Mills",
		TOM,
		"Proposal",
		41,
		35,
		[("BW-ROBOT-40", 3), ("BW-INSTALL", 20)],
	),
	(
		"Bottle inspection",
		"Redwood Beverages",
		PRIYA,
		"Proposal",
		33,
		20,
		[("BW-VISION", 2), ("BW-TRAINING", 2)],
	),
	("Cold store conveyors", "Sunfield Dairy", TOM, "Needs Analysis", 26, 60, [("BW-CONVEYOR-12", 3)]),
	(
		"Gift box packing cell",
		"Orchard & Finch",
		MIA,
		"Qualification",
		9,
		75,
		[("BW-ROBOT-40", 1), ("BW-VISION", 1)],
	),
	("Service plan 2027", "Atlas Pharma", TOM, "Negotiation", 19, -3, [("BW-SERVICE", 2)]),
	(
		"Carton line, two shifts",
		"Kestrel Packaging",
		MIA,
		"Needs Analysis",
		14,
		48,
		[("BW-CONVEYOR-12", 2), ("BW-VISION", 1)],
	),
)
LOST = ("Blister inspection", "Atlas Pharma", TOM, 95, [("BW-VISION", 4)])


def make_demo_company():
	"""Make the company once; a second call changes nothing."""
	if frappe.db.exists("Company", COMPANY):
		print(f"{COMPANY} is already there.")
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
	_ensure(
		"Company",
		COMPANY,
		company_name=COMPANY,
		abbr=ABBR,
		default_currency="USD",
		country="United States",
		create_chart_of_accounts_based_on="Standard Template",
		chart_of_accounts="Standard",
	)
	for currency in ("USD", "EUR"):
		frappe.db.set_value("Currency", currency, "enabled", 1)
	_account("Brightwater Checking", "Bank Accounts", "Bank")
	_account("Debtors EUR", "Accounts Receivable", "Receivable", "EUR")
	tax = _account("Sales Tax", "Duties and Taxes", "Tax")
	frappe.db.set_value("Company", COMPANY, "default_bank_account", BANK)
	_ensure(
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
		if not frappe.db.exists(
			"Currency Exchange", {"from_currency": "EUR", "to_currency": "USD", "date": day}
		):
			frappe.get_doc(
				{
					"doctype": "Currency Exchange",
					"date": day,
					"from_currency": "EUR",
					"to_currency": "USD",
					"exchange_rate": 1.08,
					"for_selling": 1,
					"for_buying": 1,
				}
			).insert(ignore_permissions=True)
	group, territory = _leaf("Customer Group"), _leaf("Territory")
	for name in (*CUSTOMERS, CUSTOMER_EUR):
		foreign = name == CUSTOMER_EUR
		_ensure(
			"Customer",
			name,
			customer_name=name,
			customer_group=group,
			territory=territory,
			default_currency="EUR" if foreign else None,
			accounts=[{"company": COMPANY, "account": RECEIVABLE_EUR}] if foreign else [],
		)
	item_group = _leaf("Item Group")
	for code, (name, uom, rate) in ITEMS.items():
		_ensure("UOM", uom, uom_name=uom)
		_ensure(
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
		_ensure("User", email, email=email, first_name=first, last_name=last, send_welcome_email=0)
		frappe.get_doc("User", email).add_roles(*roles)
	_ensure(
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
			_ensure(
				"Fiscal Year",
				str(year),
				year=str(year),
				year_start_date=f"{year}-01-01",
				year_end_date=f"{year}-12-31",
			)


def _ensure(doctype: str, name: str, **values) -> str:
	if found := frappe.db.exists(doctype, name):
		return found
	doc = frappe.get_doc({"doctype": doctype, **values})
	doc.flags.no_welcome_mail = True
	return doc.insert(ignore_permissions=True).name


def _account(name: str, parent: str, account_type: str, currency: str = "USD") -> str:
	return _ensure(
		"Account",
		f"{name} - {ABBR}",
		account_name=name,
		company=COMPANY,
		account_type=account_type,
		account_currency=currency,
		parent_account=f"{parent} - {ABBR}",
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
	reason = _ensure("Opportunity Lost Reason", "Price", lost_reason="Price")
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
			sweep.bill_deal(deal, "Daily Sweep")


def _pay(deal: str, sequence: int, share: float, day):
	from erpnext.accounts.doctype.payment_entry.payment_entry import get_payment_entry

	invoice = frappe.db.get_value("Deal Installment", {"deal": deal, "sequence": sequence}, "sales_invoice")
	open_amount = frappe.db.get_value("Sales Invoice", invoice, "outstanding_amount")
	payment = get_payment_entry(
		"Sales Invoice", invoice, party_amount=flt(open_amount * share, 2), bank_account=BANK
	)
	payment.update({"posting_date": day, "reference_no": f"ACH {invoice[-5:]}", "reference_date": day})
	payment.insert(ignore_permissions=True)
	payment.submit()


def _mark_overdue():
	from sales_crm_accounts.services import figures, ledger

	ledger.flush()
	figures.mark_overdue(getdate(today()))
	frappe.db.commit()

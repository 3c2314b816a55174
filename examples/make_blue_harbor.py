"""Makes the sample company in examples/blue_harbor: the same files on every run.

    python examples/make_blue_harbor.py

A maker of machine controls in Hamburg with customers in Europe, China and America; a year of 120 deals. Payments follow the
habits of each customer, counted from the day on which the company itself sent the invoice, often weeks after it could have.
"""

from __future__ import annotations

import csv
import random
import sys
from datetime import date, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sales_crm_accounts.simulation.company import load  # noqa: E402
from sales_crm_accounts.simulation.ledger import Ledger  # noqa: E402
from sales_crm_accounts.simulation.play import Play  # noqa: E402

FOLDER = Path(__file__).parent / "blue_harbor"
START, END = date(2025, 1, 1), date(2025, 12, 31)
#: name, group, territory, currency, days late on average, spread
CUSTOMERS = (
	("Hansa Werft GmbH", "Industry", "Germany", "EUR", 3, 6),
	("Müller & Söhne KG", "Industry", "Germany", "EUR", -2, 4),
	("Nordlicht Windpark AG", "Industry", "Germany", "EUR", 12, 10),
	("Stadtwerke Lübeck", "Public Sector", "Germany", "EUR", 18, 12),
	("Landkreis Stade", "Public Sector", "Germany", "EUR", 25, 15),
	("Bäckerei Thomsen OHG", "Retail", "Germany", "EUR", 5, 8),
	("Elbe Logistik GmbH", "Industry", "Germany", "EUR", 40, 25),
	("Kieler Fischverarbeitung", "Industry", "Germany", "EUR", 0, 3),
	("Øresund Marine ApS", "Industry", "Europe", "EUR", 7, 9),
	("Van der Berg Kassen B.V.", "Industry", "Europe", "EUR", 2, 5),
	("Société Laurent", "Retail", "Europe", "EUR", 15, 14),
	("Talleres Ibáñez S.L.", "Industry", "Europe", "EUR", 33, 18),
	("Fratelli Conti S.p.A.", "Industry", "Europe", "EUR", 28, 20),
	("Zakłady Wisła Sp. z o.o.", "Industry", "Europe", "EUR", 9, 7),
	("Alpen Seilbahn AG", "Industry", "Europe", "EUR", 1, 4),
	("Harbour Crane Services Ltd", "Industry", "Europe", "EUR", 55, 30),
	("Great Lakes Packaging Inc.", "Industry", "America", "USD", 4, 6),
	("Bayou Pumps LLC", "Industry", "America", "USD", 21, 16),
	("Cascade Cold Storage", "Retail", "America", "USD", 11, 10),
	("Sonoran Solar Corp.", "Industry", "America", "USD", 62, 25),
	("上海明辰机械有限公司", "Industry", "China", "USD", 6, 8),
	("深圳市蓝海科技有限公司", "Industry", "China", "USD", 14, 9),
	("苏州恒信自动化有限公司", "Industry", "China", "EUR", 3, 5),
	("宁波东港码头集团", "Public Sector", "China", "EUR", 30, 14),
	("广州市粤味食品厂", "Retail", "China", "USD", 8, 8),
)
#: item, name, whole number, cost, lowest and highest rate, most in a deal
ITEMS = (
	("CAB-200", "Control cabinet", "yes", 4600, 4200, 9800, 4),
	("PLC-KIT", "PLC retrofit kit", "yes", 1950, 1850, 3600, 8),
	("SENSOR", "Sensor set", "yes", 310, 240, 690, 30),
	("LICENSE", "Software license", "yes", 1200, 1900, 5200, 3),
	("COMMISSION", "Commissioning, hours", "no", 84, 95, 135, 80),
	("SUPPORT", "Yearly support", "yes", 2600, 2400, 9600, 1),
	("TRAINING", "Training day", "no", 800, 880, 1250, 5),
)
#: plan, rows of description, basis, percent, amount, trigger, months, days, milestone, due rule, due days, due months
PLANS = {
	"Project 30-40-30": (
		("Deposit", "Percent", 30, "", "On Winning", 0, 0, "", "Days After Invoice", 10, 0),
		("On delivery", "Percent", 40, "", "On Delivery", 0, 0, "", "Days After Invoice", 30, 0),
		(
			"On acceptance",
			"Percent",
			30,
			"",
			"On Milestone",
			0,
			0,
			"Acceptance signed",
			"Days After Invoice",
			30,
			0,
		),
	),
	"Half and half": (
		("Deposit", "Percent", 50, "", "On Winning", 0, 0, "", "Days After Invoice", 14, 0),
		("Balance", "Percent", 50, "", "On Date", 2, 0, "", "Days After Invoice", 30, 0),
	),
	"Thirds": (
		("First third", "Percent", 33.33, "", "On Winning", 0, 0, "", "Days After Invoice", 30, 0),
		("Second third", "Percent", 33.33, "", "On Date", 1, 0, "", "Days After Invoice", 30, 0),
		("Last third", "Percent", 33.34, "", "On Date", 2, 0, "", "Days After Invoice", 30, 0),
	),
	"Twelve months": tuple(
		(
			f"Month {number}",
			"Percent" if number < 12 else "Remainder",
			8.33 if number < 12 else "",
			"",
			"On Date",
			number - 1,
			0,
			"",
			"Days After Invoice",
			14,
			0,
		)
		for number in range(1, 13)
	),
	"Set-up and quarters": (
		("Set-up fee", "Amount", "", 750, "On Winning", 0, 0, "", "Days After Invoice", 7, 0),
		("First quarter", "Percent", "", "", "On Date", 0, 0, "", "End of Month", 0, 0),
		("Second quarter", "Percent", "", "", "On Date", 3, 0, "", "End of Month", 0, 0),
		("Rest", "Remainder", "", "", "On Date", 6, 0, "", "End of Month", 0, 0),
	),
	"In full": (("Full amount", "Percent", 100, "", "On Winning", 0, 0, "", "Same Day After Months", 0, 1),),
	"Later, in one": (
		("Rest in November", "Remainder", "", "", "On Date", 0, 0, "", "Days After Invoice", 14, 0),
	),
}
WEIGHTS = {
	"Project 30-40-30": 34,
	"Half and half": 20,
	"Thirds": 16,
	"Twelve months": 9,
	"Set-up and quarters": 7,
	"In full": 14,
}
OWNERS = ("Anna Petersen", "Jonas Wolf", "陈晓琳", "Marta Nowak")
WORK = (
	"Filling line",
	"Crane control",
	"Cold store",
	"Pump station",
	"Packing robot",
	"Boiler house",
	"Conveyor",
	"Test bench",
)
CHINESE_WORK = ("灌装线改造", "码头起重机控制", "冷库监控", "包装线升级")
STAGES = (
	("Qualified", 1, 15, "Open", ""),
	("Offer Sent", 2, 40, "Open", "items is set; plan is set"),
	("Negotiation", 3, 65, "Open", "expected_close_date is set"),
	("Verbal Yes", 4, 90, "Open", "grand_total > 0"),
)
#: Who approves what; the answers of each person are drawn from their hours, the same on every run.
APPROVALS = """\
# Working hours from being asked to an answer: the least and the most of each person.
seed: 2025
working_day: ["09:00", "17:00"]
holidays: [2025-01-01, 2025-04-18, 2025-04-21, 2025-05-01, 2025-05-29, 2025-06-09, 2025-10-03, 2025-12-25, 2025-12-26]
people:
  - {name: Anna Petersen, manager: Henrik Brandt}
  - {name: Jonas Wolf, manager: Henrik Brandt}
  - {name: Marta Nowak, manager: Henrik Brandt}
  - {name: 陈晓琳, manager: 李文}
  - name: Henrik Brandt
    roles: [Sales Management]
    manager: Claudia Reuter
    limit: 30000
    hours: [0.5, 6]
    away:
      - {from: 2025-06-23, to: 2025-07-11, delegate: Katrin Lüders}
  - name: 李文
    roles: [Sales Management]
    manager: Claudia Reuter
    limit: 25000
    hours: [1, 5]
    away:
      - {from: 2025-01-28, to: 2025-02-04}
      - {from: 2025-10-01, to: 2025-10-08}
  - name: Claudia Reuter
    limit: unlimited
    hours: [2, 16]
    away:
      - {from: 2025-12-22, to: 2026-01-06}
  - name: Tom Kessler
    roles: [Controlling]
    hours: [1, 10]
    rejects:
      - {field: planned_margin_percent, operator: "<", value: 12}
  - {name: Katrin Lüders, roles: [Finance], hours: [0.5, 8]}
  - {name: Nils Ohlsen, roles: [Finance], hours: [2, 12]}
groups:
  Price Board: [Henrik Brandt, Tom Kessler, Katrin Lüders]
chains:
  - name: Low margin
    priority: 20
    conditions:
      - {field: planned_margin_percent, operator: "<", value: 20}
    levels:
      - {level: 1, title: Sales, approver_source: Role, value: Sales Management}
      - {level: 1, title: Controlling, approver_source: Role, value: Controlling}
      - {level: 2, title: Management, approver_source: User, value: Claudia Reuter, min_amount: 15000}
  - name: Discount
    priority: 10
    conditions:
      - {field: discount_percentage, operator: ">=", value: 2.5}
    levels:
      - {level: 1, title: Manager, approver_source: Manager of Requester}
      - {level: 2, title: Price Board, approver_source: User Group, value: Price Board, rule: N of M, required_count: 2}
  - name: Large deals
    conditions:
      - {field: base_grand_total, operator: ">=", value: 15000}
    levels:
      - {level: 1, title: Manager, approver_source: Manager of Requester, climb_to_limit: yes}
      - {level: 2, title: Finance, approver_source: Role, value: Finance, min_amount: 25000}
"""
LOST = ("Price", "Competitor", "Project stopped", "No answer")


def write(name: str, header: str, rows):
	with open(FOLDER / name, "w", encoding="utf-8", newline="") as file:
		writer = csv.writer(file, lineterminator="\n")
		writer.writerow(header.split(","))
		writer.writerows(rows)


def main():
	random_ = random.Random(2025)
	FOLDER.mkdir(parents=True, exist_ok=True)
	write_settings()
	deals, items, log, facts = [], [], [], {}
	for number in range(1, 121):
		make_deal(random_, number, deals, items, log, facts)
	deals.sort(key=lambda row: (row[6], row[0]))
	write(
		"deals.csv",
		"deal,title,customer,owner,currency,exchange_rate,opened_on,expected_close_date,won_on,lost_on,lost_reason,cancelled_on,delivered_on,discount,tax,plan",
		deals,
	)
	write("deal_items.csv", "deal,item,quantity,rate", sorted(items, key=lambda row: row[0]))
	write("stage_log.csv", "deal,stage,entered_on", sorted(log, key=lambda row: (row[0], row[2])))
	write(
		"changes.csv",
		"deal,date,plan,reason",
		[[facts["change"], "2025-06-02", "Later, in one", "The customer moved the project to autumn"]],
	)
	installments(random_, facts)
	payments(random_, facts)
	expenses()


def write_settings():
	(FOLDER / "company.yaml").write_text(
		"company: Blue Harbor Automation\ncurrency: EUR\nstart: 2025-01-01\nend: 2025-12-31\nrounding: Banker's Rounding\n",
		encoding="utf-8",
	)
	(FOLDER / "accounts.yaml").write_text(
		"receivable: 1200 Trade Receivables\nbank: 1010 Hafenbank\nincome: 4000 Sales\ntax: 1776 VAT 19 %\n"
		"write_off: 6930 Bad Debts\nexchange: 6880 Exchange Differences\nround_off: 6990 Rounding\n",
		encoding="utf-8",
	)
	(FOLDER / "policy.yaml").write_text(
		"# The narrowest policy that covers a deal holds: customer group before territory before amount.\npolicies:\n"
		"  - name: Standard\n    method: Invoice per Installment\n    split: Rate\n"
		"  - name: Retail\n    customer_group: Retail\n    method: Invoice per Installment\n    split: Quantity\n    days_ahead: 3\n",
		encoding="utf-8",
	)
	(FOLDER / "calendar.yaml").write_text(
		"# On these days the server was down; what was due then is billed on the next day.\n"
		"days_off: [2025-04-18, 2025-04-19, 2025-04-20, 2025-04-21, 2025-08-09, 2025-08-10]\n"
		"books_closed_until: 2024-12-31\n",
		encoding="utf-8",
	)
	(FOLDER / "approvals.yaml").write_text(APPROVALS, encoding="utf-8")
	write("customers.csv", "customer,customer_group,territory", [row[:3] for row in CUSTOMERS])
	write("items.csv", "item,item_name,whole_number,cost", [row[:4] for row in ITEMS])
	write("tax.csv", "tax,account,rate", [["VAT 19", "1776 VAT 19 %", 19]])
	write("stages.csv", "stage,sequence,probability,type,requirements", STAGES)
	rows = []
	for name, parts in PLANS.items():
		for part in parts:
			part = list(part)
			if name == "Set-up and quarters" and part[0].endswith("quarter"):
				part[2] = 30
			rows.append([name, *part])
	write(
		"plans.csv",
		"plan,description,basis,percent,amount,billing_trigger,trigger_months,trigger_days,milestone,due_rule,due_days,due_months",
		rows,
	)


def make_deal(random_: random.Random, number: int, deals: list, items: list, log: list, facts: dict):
	name = f"D25-{number:03d}"
	customer = CUSTOMERS[random_.randrange(len(CUSTOMERS))]
	chinese = customer[2] == "China"
	title = random_.choice(CHINESE_WORK if chinese and random_.random() < 0.8 else WORK)
	title = f"{title} {random_.randrange(1, 9)}"
	opened = date(2024, 11, 4) + timedelta(days=random_.randrange(0, 400))
	days = [
		random_.randrange(2, 15),
		random_.randrange(3, 25),
		random_.randrange(2, 22),
		random_.randrange(1, 10),
	]
	closed = opened + timedelta(days=sum(days))
	if closed < date(2025, 1, 7):
		days[2] += (date(2025, 1, 7) - closed).days
		closed = opened + timedelta(days=sum(days))
	fate = random_.random()
	won = closed if fate < 0.62 and closed <= END else None
	lost = None if won or fate < 0.7 or closed > END else closed
	plan = random_.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
	rate = f"{0.955 - 0.0025 * (opened.month):.4f}" if customer[3] == "USD" else ""
	delivered = (
		won + timedelta(days=random_.randrange(20, 75)) if won and plan == "Project 30-40-30" else None
	)
	for sold in random_.sample(ITEMS, random_.choices((1, 2, 3), (4, 4, 2))[0]):
		quantity = random_.randrange(1, sold[6] + 1)
		if sold[2] == "no" and random_.random() < 0.4:
			quantity += 0.5
		items.append([name, sold[0], quantity, f"{random_.randrange(sold[4] * 4, sold[5] * 4) / 4:.2f}"])
	value = sum(float(row[2]) * float(row[3]) for row in items if row[0] == name)
	if plan == "Set-up and quarters" and value < 2500:
		plan = "Half and half"
	discount = f"{round(value * 0.03, -1):.2f}" if value > 20000 and random_.random() < 0.5 else ""
	tax = "VAT 19" if customer[2] == "Germany" else ""
	cancelled = ""
	if won and plan == "Project 30-40-30" and "cancelled" not in facts and won.month > 3:
		facts["cancelled"], cancelled, delivered = name, won + timedelta(days=40), None
	if (
		won
		and plan == "Thirds"
		and "change" not in facts
		and won == min(won, date(2025, 5, 30))
		and won.month >= 4
	):
		facts["change"] = name
	facts[name] = (customer, won, delivered if delivered and delivered <= END else None, plan)
	deals.append(
		[
			name,
			title,
			customer[0],
			OWNERS[2] if chinese else random_.choice((OWNERS[0], OWNERS[1], OWNERS[3])),
			customer[3],
			rate,
			opened,
			closed + timedelta(days=random_.randrange(-10, 20)) if random_.random() < 0.9 else "",
			won or "",
			lost or "",
			random_.choice(LOST) if lost else "",
			cancelled,
			delivered if delivered and delivered <= END else "",
			discount,
			tax,
			plan,
		]
	)
	day, reached = opened, 4 if won else random_.randrange(1, 5)
	for stage, lasted in list(zip((row[0] for row in STAGES), days, strict=True))[:reached]:
		if day <= END:
			log.append([name, stage, day])
		day += timedelta(days=lasted)


def installments(random_: random.Random, facts: dict):
	"""Acceptance dates, and when the company really sent each invoice: some late, some never."""
	write("installments.csv", "deal,installment,confirmed_on,actual_invoice_date", [])
	write("payments.csv", "date,kind,deal,installment,amount,exchange_rate,reconciled_on,reference", [])
	confirmed = {}
	for name, fact in facts.items():
		if isinstance(fact, tuple) and fact[2] and fact[3] == "Project 30-40-30":
			day = fact[2] + timedelta(days=random_.randrange(5, 45))
			if day <= END and random_.random() < 0.9:
				confirmed[name, 3] = day
	rows = [[name, number, day, ""] for (name, number), day in sorted(confirmed.items())]
	write("installments.csv", "deal,installment,confirmed_on,actual_invoice_date", rows)
	facts["actual"], rows = {}, []
	for deal in play().company.deals:
		for part in deal.installments:
			actual = ""
			if part.invoice and random_.random() > 0.045:
				late = random_.choices((0, random_.randrange(1, 8), random_.randrange(8, 38)), (35, 40, 25))[
					0
				]
				day = part.invoice.posted_on + timedelta(days=late)
				actual = day if day <= END else ""
			if actual:
				facts["actual"][deal.name, part.sequence] = actual
			if actual or (deal.name, part.sequence) in confirmed:
				rows.append([deal.name, part.sequence, confirmed.get((deal.name, part.sequence), ""), actual])
	write("installments.csv", "deal,installment,confirmed_on,actual_invoice_date", rows)


def play() -> Play:
	company = load(FOLDER)
	played = Play(company, Ledger(company))
	played.run()
	return played


def payments(random_: random.Random, facts: dict):
	"""Each customer pays by its own habit; one credit note, one write-off, a journal entry, an invoice cancelled and billed again."""
	rows, special = [], {}
	for deal in play().company.deals:
		fact = facts[deal.name]
		late, spread = fact[0][4], fact[0][5]
		for part in deal.installments:
			actual = facts["actual"].get((deal.name, part.sequence))
			if not part.invoice or not actual or deal.name == facts.get("cancelled"):
				continue
			due = part.row.due_date(actual)
			paid = max(actual, due + timedelta(days=round(random_.gauss(late, spread))))
			if paid > END:
				continue
			amount = part.grand
			rate = f"{float(deal.rate) * random_.uniform(0.975, 1.025):.4f}" if deal.currency == "USD" else ""
			cells = lambda day, kind, units, rate="", reconciled="", text="", deal=deal, part=part: [  # noqa: E731
				day,
				kind,
				deal.name,
				part.sequence,
				f"{units / 100:.2f}" if units else "",
				rate,
				reconciled,
				text,
			]
			if "credit" not in special and deal.currency == "EUR" and part.sequence == 2 and actual.month > 4:
				special["credit"] = deal.name
				rows.append(
					cells(actual + timedelta(days=9), "Credit Note", amount // 10, text="Sensors returned")
				)
				rows.append(cells(paid, "Payment", amount - amount // 10))
			elif (
				"again" not in special
				and part.sequence == 1
				and actual.month == 6
				and part.invoice.posted_on <= actual
			):
				special["again"] = deal.name
				rows.append(cells(actual, "Cancel Invoice", 0, text="Wrong address"))
				rows.append(cells(actual + timedelta(days=1), "Bill Again", 0))
				rows.append(cells(max(paid, actual + timedelta(days=2)), "Payment", amount, rate))
			elif "write_off" not in special and late > 50 and actual.month <= 7:
				special["write_off"] = deal.name
				rows.append(cells(paid, "Payment", amount // 4, rate))
				rows.append(cells(date(2025, 12, 15), "Write Off", 0, text="Customer insolvent"))
			elif random_.random() < 0.06 and deal.currency == "EUR":
				rows.append(
					cells(
						paid,
						"Journal Entry",
						amount,
						reconciled=min(END, paid + timedelta(days=random_.randrange(1, 12))),
						text="Bank line without invoice number",
					)
				)
			elif random_.random() < 0.1:
				rows.append(cells(paid, "Payment", amount // 2, rate))
				second = paid + timedelta(days=random_.randrange(7, 50))
				if second <= END:
					rows.append(cells(second, "Payment", amount - amount // 2, rate))
			else:
				rows.append(cells(paid, "Payment", amount, rate))
	write(
		"payments.csv",
		"date,kind,deal,installment,amount,exchange_rate,reconciled_on,reference",
		sorted(rows, key=lambda row: (row[0], row[2], row[3])),
	)


def expenses():
	"""Travel to win a deal, transport when it is delivered, service after it; fairs that are of no deal."""
	random_, rows = random.Random(2026), []

	def cost(day: date, deal: str, category: str, net: float, tax: float, paid_by: str):
		if date(2025, 1, 1) <= day <= END:
			rows.append([deal, day, category, f"{net:.2f}", f"{net * tax:.2f}" if tax else "", paid_by])

	for deal in play().company.deals:
		worth = deal.net_total / 100 * float(deal.rate)
		if random_.random() < 0.5:
			visited = deal.opened_on + timedelta(days=random_.randrange(3, 20))
			cost(visited, deal.name, "Travel", random_.randint(6_000, 60_000) / 100, 0, "Employee")
		if not deal.installments or deal.cancelled_on:
			continue
		delivered = deal.delivered_on or deal.won_on + timedelta(days=random_.randrange(20, 60))
		cost(delivered, deal.name, "Transport", worth * random_.uniform(0.01, 0.04), 0.19, "Supplier")
		if random_.random() < 0.3:
			served = delivered + timedelta(days=random_.randrange(20, 90))
			cost(served, deal.name, "After-Sales Service", worth * random_.uniform(0.01, 0.06), 0, "Company")
	for month, day, amount in ((3, 31, 6400), (6, 4, 2150), (11, 24, 9800)):
		cost(date(2025, month, day), "", "Trade Fairs", amount, 0.19, "Supplier")
	write(
		"expenses.csv",
		"deal,date,category,amount,tax,paid_by",
		sorted(rows, key=lambda row: (row[1], row[0], row[2])),
	)


if __name__ == "__main__":
	main()

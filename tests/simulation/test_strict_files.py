"""What was read without a word before: each slip has one message with file, row and remedy, and what is honest still loads."""

import csv

import pytest

from sales_crm_accounts.simulation.cli import main
from sales_crm_accounts.simulation.company import load
from sales_crm_accounts.simulation.problems import InputError

STAGES = "stage,sequence,probability,type,requirements\nOffer,1,40,Open,title is set; grand_total > 0\nWon,2,100,Won,\n"
GROUPS = "customer,customer_group,territory\nMüller,Retail,NO\n明辰,Industry,China\n"
TWO = "policies:\n  - {name: A, customer_group: Retail}\n  - name: B\n    territory: China\n"
LADDER = "policies:\n  - name: A\n    levels: [{title: One, days: 5}]\n"
APPROVALS = "people:\n  - {name: Bob, roles: [Sales]}\nchains:\n  - name: All\n    levels:\n      - {level: 1, approver_source: Role, value: Sales}\n"


def problems(folder) -> list[str]:
	with pytest.raises(InputError) as caught:
		load(folder.path)
	return caught.value.problems.messages()


@pytest.fixture
def full(folder):
	"""The small company with pieces that are whole, stages, costs and two customers who differ."""
	folder.write("items.csv", "item,whole_number\nCabinet,yes\nKit,no\n")
	folder.write("stages.csv", STAGES)
	folder.write("stage_log.csv", "deal,stage,entered_on\nD3,Offer,2026-01-20\n")
	folder.write("customers.csv", GROUPS)
	folder.write("expenses.csv", "deal,date,category,amount\n,2026-02-01,Rent,80\n")
	folder.replace("deals.csv", "opened_on,won_on", "opened_on,expected_close_date,discount,won_on")
	for day in ("2026-01-02", "2026-01-05", "2026-01-06"):
		folder.replace("deals.csv", f",{day},", f",{day},2026-03-01,,")
	load(folder.path)
	return folder


@pytest.mark.parametrize(
	("name", "old", "new", "expected"),
	[
		("installments.csv", "D2,1,2026-03-01,\n", "D2,1,2026-03-01,\nD2,1,2026-04-01,\n", "row 3, column installment: installment 1 of deal D2 stands twice. Write its dates into one row."),
		("installments.csv", "2026-03-01", "2026-01-04", "row 2, column confirmed_on: 2026-01-04 is before the deal was opened (2026-01-05)."),
		("installments.csv", "2026-03-01", "2199-03-01", "row 2, column confirmed_on: 2199-03-01 is more than 30 years after 2026-01-05. Check the year."),
		("installments.csv", "2026-03-01,", ",2025-01-05", "row 2, column actual_invoice_date: 2025-01-05 is a year or more before the deal was opened"),
		("payments.csv", "2026-01-15", "2025-12-31", "row 2, column date: 2025-12-31 is before the first day of the data (2026-01-01). Correct it, or give an earlier start in company.yaml."),
		("payments.csv", "2026-01-15", "2025-01-02", "row 2, column date: 2025-01-02 is a year or more before the deal was opened (2026-01-02)."),
		("payments.csv", "2026-01-15", "2062-01-15", "row 2, column date: 2062-01-15 is more than 30 years after 2026-01-02. Check the year."),
		("payments.csv", "D2,1,500,0.95", "D2,1,500,999999999", "row 3, column exchange_rate: 999999999 is no exchange rate."),
		("deals.csv", "USD,0.9", "USD,999999999", "row 3, column exchange_rate: 999999999 is no exchange rate. Write what one unit is worth in the company's currency, as 0.92."),
		("deals.csv", "USD,0.9", "U$D,0.9", "row 3, column currency: 'U$D' is not a currency. Write its three letters, as EUR."),
		("deals.csv", "2026-03-01,,2026-01-10", "2026-01-01,,2026-01-10", "row 2, column expected_close_date: 2026-01-01 is before the deal was opened (2026-01-02)."),
		("deals.csv", "2026-03-01,,2026-01-10", "2026-03-01,1.005,2026-01-10", "row 2, column discount: 1.005 has more decimals than the currency (2). Round it."),
		("deals.csv", "Halves,2026-01-20", "Halves,2024-01-20", "row 2, column actual_invoice_date: 2024-01-20 is a year or more before"),
		("deals.csv", "2026-02-02", "2126-02-02", "row 4, column lost_on: 2126-02-02 is more than 30 years after 2026-01-06."),
		("deals.csv", "plan,actual_invoice_date", "plan,", "row 2: '2026-01-20' stands in a column without a name. Name the column in the first row."),
		("deal_items.csv", "Cabinet,2", "Cabinet,1.5", "row 2, column quantity: item Cabinet is sold in whole numbers (items.csv), not 1.5. Correct the quantity, or whole_number"),
		("customers.csv", "Müller,Retail,NO\n", "Müller,Retail,NO\nMüller,Retail,NO\n", "row 3, column customer: Müller stands twice. Remove one row."),
		("stages.csv", "Won,2", "Offer,2", "row 3, column stage: Offer stands twice. Remove one row."),
		("stages.csv", "title is set", "titel is set", "row 2, column requirements: 'titel' is not known here. Did you mean 'title'?"),
		("stages.csv", "title is set", "hello", "row 2, column requirements: 'hello' is not a condition. Write field, operator and value, as 'grand_total > 0'."),
		("stages.csv", "grand_total > 0", "grand_total >", "row 2, column requirements: 'grand_total >' is not a condition."),
		("stages.csv", "grand_total > 0", "grand_total > lots", "row 2, column requirements: 'lots' is not a number."),
		("stages.csv", "grand_total > 0", "expected_close_date > soon", "row 2, column requirements: 'soon' is not a date."),
		("stages.csv", "grand_total > 0", "items > 0", "row 2, column requirements: items has rows, no value. Write 'items is set'."),
		("stage_log.csv", "2026-01-20", "2026-01-05", "row 2, column entered_on: 2026-01-05 is before the deal was opened (2026-01-06)."),
		("expenses.csv", "2026-02-01", "2126-02-01", "row 2, column date: 2126-02-01 is more than 30 years after 2026-01-01."),
		("expenses.csv", "Rent", "Bank", "row 2, column category: Bank is the account of bank (accounts.yaml). Give one of the two another name."),
		("tax.csv", "VAT,VAT 10,10\n", "VAT,VAT 10,10\nVAT,VAT 10,10.0\n", "row 3, column tax: VAT stands twice. Remove one row."),
		("stage_log.csv", "D3,Offer,2026-01-20\n", "D3,Offer,2026-01-20\nD3,Offer,2026-01-20\n", "row 3, column stage: Offer 2026-01-20 stands twice. Remove one row."),
		("tax.csv", "VAT 10,10", "Sales,10", "row 2, column account: Sales is the account of income (accounts.yaml)."),
	],
)  # fmt: skip
def test_rows(full, name, old, new, expected):
	full.replace(name, old, new)
	found = problems(full)
	assert any(message.startswith(f"{name}, {expected}") for message in found), found


@pytest.mark.parametrize(
	("name", "text", "expected"),
	[
		("company.yaml", "company: Small\ncurrency: [EUR]\n", "row 2, column currency: one value belongs here, not a list. Write it without brackets and dashes."),
		("company.yaml", "currency: Euro\n", "row 1, column currency: 'Euro' is not a currency."),
		("company.yaml", "currency: EUR\ncurrency: USD\n", "row 2: currency stands twice. Remove one row."),
		("company.yaml", "start: 2026-02-30\n", "row 1, column start: There is no day 2026-02-30. Check month and day."),
		("company.yaml", "start: 2026-01-01\nend: 2099-12-31\n", "row 2, column end: 2099-12-31 is more than 50 years after 2026-01-01. Check the year."),
		("accounts.yaml", "bank: [Hafenbank, Sparkasse]\n", "row 1, column bank: one value belongs here, not a list."),
		("accounts.yaml", "income: 4000\nbank: 1010\nreceivable: 1010\n", "row 2, column bank: 1010 stands for receivable and for bank. Give each an account of its own."),
		("accounts.yaml", "bank: Sales\n", "row 1, column bank: Sales stands for bank and for income."),
		("accounts.yaml", "banks: 1010\n", "row 1, column banks: unknown entry. Did you mean bank?"),
		("calendar.yaml", 'weekends_off: "maybe"\n', "row 1, column weekends_off: 'maybe' is neither yes nor no. Write yes or no."),
		("calendar.yaml", "days_off: [2026-02-03, soon]\n", "row 1, column days_off: 'soon' is not a date."),
		("calendar.yaml", "day_off: [2026-02-03]\n", "row 1, column day_off: unknown entry. Did you mean days_off?"),
		("policy.yaml", "policies:\n  - name: A\n    min_amount: 500\n    max_amount: 100\n", "row 4, column max_amount: the largest amount 100 is below the smallest 500. Correct one; 0 is no limit."),
		("policy.yaml", "policies:\n  - name: A\n    day_ahead: 3\n", "row 3, column day_ahead: unknown entry. Did you mean days_ahead?"),
		("policy.yaml", "policies:\n  - name: A\n    days_ahead: 99999\n", "row 3, column days_ahead: '99999' is not a whole number from 0 to 365."),
		("policy.yaml", "policies:\n  - name: A\n    automatic: perhaps\n", "row 3, column automatic: 'perhaps' is neither yes nor no."),
		("policy.yaml", TWO.replace("Retail", "Retial"), "row 2, column customer_group: no customer of customers.csv has 'Retial' here. Did you mean 'Retail'?"),
		("policy.yaml", TWO.replace("China", "Peru"), "row 4, column territory: no customer of customers.csv has 'Peru' here. Correct it, or leave the entry out."),
		("policy.yaml", "policies:\n  - {name: A, max_amount: 9}\n  - {name: B, max_amount: 9.00}\n", "row 3, column name: B covers the same deals as A"),
		("dunning.yaml", LADDER + "    one_step: never\n", "row 4, column one_step: 'never' is neither yes nor no."),
		("dunning.yaml", LADDER + "    customer_group: Public\n", "row 4, column customer_group: no customer of customers.csv has 'Public' here."),
		("dunning.yaml", LADDER + "    currency: E\n", "row 4, column currency: 'E' is not a currency."),
		("dunning.yaml", LADDER + "  - name: B\n    levels: [{days: 9}]\n", "row 4, column name: B is for the same customers as A"),
		("dunning.yaml", LADDER.replace("days: 5", "day: 5"), "row 3, column levels.day: unknown entry. Did you mean days?"),
		("dunning.yaml", LADDER + "assume: {cost_of_money: 800}\n", "row 4, column cost_of_money: 800 is not a percentage."),
		("forecast.yaml", "every: [month]\n", "row 1, column every: one value belongs here, not a list."),
		("approvals.yaml", APPROVALS + "weekends_off: sometimes\n", "row 7, column weekends_off: 'sometimes' is neither yes nor no."),
		("approvals.yaml", APPROVALS.replace("level: 1", "skip_if_approved: never"), "row 6, column skip_if_approved: 'never' is neither yes nor no."),
		("approvals.yaml", APPROVALS.replace("    levels", "    valid_from: 2026-02-01\n    valid_to: 2026-01-01\n    levels"), "row 6, column valid_to: the last day is before the first. Correct one of the two."),
		("disputes.csv", "deal,installment,opened_on\nD1,1,2026-01-01\n", "row 2, column opened_on: 2026-01-01 is before the deal was opened (2026-01-02)."),
		("promises.csv", "deal,installment,promised_on,pay_by\nD1,1,2026-01-20,2126-01-20\n", "row 2, column pay_by: 2126-01-20 is more than 30 years after 2026-01-02."),
		("payment.csv", "deal\n", "nothing reads this file. Did you mean payments.csv? Rename it, or take it out of the folder."),
		("policy.yml", "policies: []\n", "nothing reads this file. Did you mean policy.yaml? Rename it, or take it out of the folder."),
	],
)  # fmt: skip
def test_files(full, name, text, expected):
	if name == "payment.csv":
		(full.path / "payments.csv").unlink()
	if name in ("disputes.csv", "promises.csv"):
		full.write("forecast.yaml", "every: month\n")
	full.write(name, text)
	found = problems(full)
	separator = ": " if expected.startswith("nothing") else ", "
	assert any(message.startswith(f"{name}{separator}{expected}") for message in found), found


def test_words_of_yaml_are_read_as_they_are_written(full):
	"""`"off"` in quotes is no yes, NO is Norway where a territory is asked for, and 0420 an account."""
	full.write("calendar.yaml", 'weekends_off: "no"\ndays_off: 2026-04-03\n')
	full.write("policy.yaml", TWO.replace("China", "NO") + '    automatic: "off"\n    days_ahead: 365\n')
	full.write("accounts.yaml", "bank: 0420\nincome: 8400\n")
	company = load(full.path)
	assert (company.weekends_off, [day.isoformat() for day in company.days_off]) == (False, ["2026-04-03"])
	assert [(policy.scope.territory, policy.automatic) for policy in company.policies] == [
		("", True),
		("NO", False),
	]
	assert (company.accounts["bank"], company.accounts["income"]) == ("0420", "8400")


def test_an_advance_before_the_deal_was_opened_is_taken(full, tmp_path):
	"""D1 was opened on 2 January and won on the 10th; 1,100.00 came on 20 December and pay the first half when it is billed."""
	full.replace("payments.csv", "2026-01-15", "2025-12-20")
	full.replace("company.yaml", "start: 2026-01-01", "start: 2025-12-01")
	full.replace("deals.csv", "Müller,,", "Müller,eur,1")
	out = tmp_path / "out"
	assert main(["simulate", str(full.path), "--out", str(out), "--quiet"]) == 0
	with open(out / "installments.csv", encoding="utf-8-sig") as file:
		first = next(csv.DictReader(file))
	assert (first["invoice_date"], first["status"], first["outstanding"]) == ("2026-01-10", "Paid", "0.00")


CHANGES = "deal,date,plan,reason\nD2,2026-02-10,Other,Later\n"


@pytest.mark.parametrize(
	("rows", "confirmed", "expected"),
	[
		# Nothing of 500 USD is billed on 10 February: the milestone is signed in March.
		("Other,All,Amount,,400\n", "2026-03-01", "sums to 400.00, the deal to 500.00: 100.00 is missing"),
		# Signed on the 9th and billed; that nothing is left is seen when it is played.
		("Other,All,Amount,,400\n", "2026-02-09", None),
		# Percentages that are no whole, and amounts beyond the deal, never share what is left.
		("Other,All,Percent,90,\n", "2026-02-09", "sums to 450.00, the deal to 500.00: 50.00 is missing"),
		("Other,All,Amount,,600\n", "2026-02-09", "sums to 600.00, the deal to 500.00: 100.00 is missing"),
		("Other,One,Amount,,400\nOther,Two,Remainder,,\n", "2026-03-01", None),
	],
)
def test_a_change_must_share_what_is_left(folder, rows, confirmed, expected):
	folder.write("changes.csv", CHANGES)
	folder.write("plans.csv", (folder.path / "plans.csv").read_text() + rows.replace("\n", ",,,,\n"))
	folder.replace("installments.csv", "2026-03-01", confirmed)
	if expected:
		(message,) = problems(folder)
		assert message.startswith("changes.csv, row 2, column plan: ") and expected in message
	else:
		load(folder.path)


def test_a_second_change_is_held_to_the_plan_of_the_first(folder):
	"""The first change bills 100 of 500 at once, so that 400 may be left for the second; 500 never."""
	folder.write("changes.csv", CHANGES + "D2,2026-02-20,Rest,\n")
	plans = (folder.path / "plans.csv").read_text()
	rest = "Other,One,Amount,,100,,,,\nOther,Two,Remainder,,,On Date,3,,\nRest,All,Amount,,400,,,,\n"
	folder.write("plans.csv", plans + rest)
	folder.write("installments.csv", "deal,installment\n")
	load(folder.path)
	folder.write("plans.csv", plans + rest.replace("100,,", "100,On Date,3"))
	assert "changes.csv, row 3, column plan" in problems(folder)[0]


@pytest.mark.parametrize(
	("language", "reasons"),
	[
		("en", ["D2-01 is already billed or cancelled.", "everything is billed; there is nothing left to plan anew."]),
		("zh", ["D2-01 已开票或已取消。", "已全部开票，没有可重新计划的部分。"]),
	],
)  # fmt: skip
def test_what_was_not_played_names_file_and_row(folder, tmp_path, language, reasons):
	"""The milestone is met by changing the plan: what it confirms is cancelled then. D1 is all billed when it is changed."""
	folder.write("changes.csv", "deal,date,plan\nD2,2026-02-10,Halves\nD1,2026-05-01,Halves\n")
	out = tmp_path / "out"
	assert main(["simulate", str(folder.path), "--out", str(out), "--quiet", "--lang", language]) == 0
	with open(out / "not_played.csv", encoding="utf-8-sig") as file:
		rows = list(csv.reader(file))
	assert rows == [
		["date", "file", "row", "reason"],
		["2026-03-01", "installments.csv", "2", reasons[0]],
		["2026-05-01", "changes.csv", "3", reasons[1]],
	]
	page = (out / "report.html").read_text(encoding="utf-8")
	assert all(reason in page for reason in reasons)


def test_what_is_read_is_not_overwritten(folder, capsys):
	before = (folder.path / "deals.csv").read_bytes()
	assert main(["simulate", str(folder.path), "--out", str(folder.path / "."), "--quiet"]) == 2
	assert "Give --out another folder." in capsys.readouterr().err
	assert (folder.path / "deals.csv").read_bytes() == before


def test_who_was_asked_and_why_is_in_the_language_of_the_report(folder, tmp_path):
	folder.write("approvals.yaml", APPROVALS)
	out = tmp_path / "out"
	assert main(["simulate", str(folder.path), "--out", str(out), "--quiet", "--lang", "zh"]) == 0
	with open(out / "approvals.csv", encoding="utf-8-sig") as file:
		reasons = [row["why"] for row in csv.DictReader(file)]
	assert reasons and all(any("一" <= letter <= "鿿" for letter in reason) for reason in reasons)

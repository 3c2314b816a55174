"""Broken files: each problem names file, row, column and remedy; nothing is written."""

import pytest

from sales_crm_accounts.simulation.cli import main
from sales_crm_accounts.simulation.company import load
from sales_crm_accounts.simulation.problems import MOST, InputError
from sales_crm_accounts.simulation.reader import CellError, number


def problems(folder, **options) -> list[str]:
	with pytest.raises(InputError) as caught:
		load(folder.path, **options)
	return caught.value.problems.messages()


EXPENSES = "deal,date,category,amount,tax,paid_by\nD1,2026-02-01,Transport,80,8,Supplier\nD3,2026-02-01,Travel,20,,Employee\n"


@pytest.mark.parametrize(
	("old", "new", "expected"),
	[
		("D1,2026-02-01", "D9,2026-02-01", "expenses.csv, row 2, column deal: 'D9' is not in deals.csv."),
		("D3,2026-02-01", "D3,2026-02-03", "expenses.csv, row 3, column deal: deal D3 was lost or cancelled on 2026-02-02. Empty the cell"),
		("Transport", "", "expenses.csv, row 2, column category: the cell is empty."),
		("80,8", "0,8", "expenses.csv, row 2, column amount: 0 must be more than 0."),
		("80,8", "80,-8", "expenses.csv, row 2, column tax: -8 is negative."),
		("80,8", "80.001,8", "expenses.csv, row 2, column amount: 80.001 has more decimals than the currency (2)."),
		("Employee", "Boss", "expenses.csv, row 3, column paid_by: 'Boss' is not known here. Write one of: Company, Employee, Supplier"),
		("paid_by\n", "payed_by\n", "expenses.csv, row 1, column payed_by: unknown column. Did you mean paid_by?"),
	],
)  # fmt: skip
def test_expenses(folder, old, new, expected):
	folder.write("expenses.csv", EXPENSES)
	folder.replace("expenses.csv", old, new)
	assert any(message.startswith(expected) for message in problems(folder)), problems(folder)


def test_expenses_of_a_closed_period(folder):
	folder.write("calendar.yaml", "books_closed_until: 2026-01-05\n")
	folder.write("expenses.csv", "deal,date,category,amount\n,2026-01-03,Rent,80\n")
	assert problems(folder) == [
		"expenses.csv, row 2, column date: 2026-01-03 is in a closed period (until 2026-01-05, calendar.yaml). Choose a later date."
	]


def test_a_good_folder_loads(folder):
	company = load(folder.path)
	assert [deal.name for deal in company.deals] == ["D1", "D2", "D3"]
	assert (company.deals[0].net_total, company.deals[0].grand_total) == (200_000, 220_000)


def test_byte_order_mark_semicolons_and_chinese_dates(folder):
	folder.write("customers.csv", "\ufeffcustomer;customer_group\r\nMüller;Retail\r\n明辰;Industry\r\n")
	folder.replace("deals.csv", "2026-01-02,2026-01-10", "2026/1/2,2026年1月10日")
	assert load(folder.path).deals[0].won_on.isoformat() == "2026-01-10"


@pytest.mark.parametrize(
	("name", "old", "new", "expected"),
	[
		("deals.csv", "2026-01-10", "10.01.2026", "deals.csv, row 2, column won_on: '10.01.2026' is not a date. Write it as year-month-day"),
		("deals.csv", "2026-01-10", "2026-02-30", "deals.csv, row 2, column won_on: There is no day 2026-02-30."),
		("deals.csv", "2026-01-10", "20260-1-1", "deals.csv, row 2, column won_on: '20260-1-1' is not a date."),
		("deals.csv", "2026-01-10", "2025-12-10", "deals.csv, row 2, column won_on: 2025-12-10 is before the deal was opened (2026-01-02)."),
		("deals.csv", "USD,0.9", "USD,", "deals.csv, row 3, column exchange_rate: the deal is in USD; give the rate to EUR."),
		("deals.csv", "USD,0.9", "USD,-0.9", "deals.csv, row 3, column exchange_rate: -0.9 is negative."),
		("deals.csv", "Line,Müller", "Line,Muller", "deals.csv, row 2, column customer: 'Muller' is not in customers.csv. Did you mean 'Müller'?"),
		("deals.csv", "VAT,Halves", "GST,Halves", "deals.csv, row 2, column tax: 'GST' is not in tax.csv."),
		("deals.csv", "VAT,Halves", "VAT,Thirds", "deals.csv, row 2, column plan: 'Thirds' is not in plans.csv."),
		("deals.csv", "D2,", "D1,", "deals.csv, row 3, column deal: D1 stands twice."),
		("deals.csv", ",won_on,", ",won,", "deals.csv, row 1, column won: unknown column. Did you mean won_on?"),
		("deals.csv", "title,customer,", "title,title,", "deals.csv, row 1, column title: the column stands twice."),
		("deals.csv", "title,customer,", "title,owner,", "deals.csv, row 1, column customer: the column is missing."),
		("deals.csv", "2026-02-02", "2026-02-02,,,,,,x", "deals.csv, row 4: the row has 18 cells, the header 12."),
		("deal_items.csv", '"1,000.00"', "1,000.00", 'deal_items.csv, row 2: the row has 5 cells, the header 4. Put a value that has a comma in quotes, as "1,234.50".'),
		("deal_items.csv", '"1,000.00"', '"1.000,00"', "deal_items.csv, row 2, column rate: '1.000,00' has a comma before its decimals. Write it with a point, as 1000.00."),
		("deal_items.csv", "500", "€500", "deal_items.csv, row 3, column rate: '€500' is not a number."),
		("deal_items.csv", "500", "1e5", "deal_items.csv, row 3, column rate: '1e5' is not a number."),
		("deal_items.csv", "500", "nan", "deal_items.csv, row 3, column rate: 'nan' is not a number."),
		("deal_items.csv", "500", "500.001", "deal_items.csv, row 3, column rate: 500.001 has more decimals than the currency (2)."),
		("deal_items.csv", "500", "9999999999999", "deal_items.csv, row 3, column rate: 9999999999999 is too large."),
		("deal_items.csv", "Kit,1,500", "Kit,0,500", "deal_items.csv, row 3, column quantity: 0 must be more than 0."),
		("deal_items.csv", "Kit,1,500", "Kit,1,0", "deals.csv, row 3, column plan: The deal amount is 0.00. It must be more than 0"),
		("deal_items.csv", "D3,Kit,1,100", "D4,Kit,1,100", "deal_items.csv, row 4, column deal: 'D4' is not in deals.csv."),
		("deal_items.csv", "D3,Kit,1,100\n", "", "deals.csv, row 4, column deal: the deal has no row in deal_items.csv."),
		("deal_items.csv", '"1,000.00"', '"1,000.00', "deal_items.csv, row 2: the row cannot be read"),
		("plans.csv", "Second,Percent,50", "Second,Percent,49", "deals.csv, row 2, column plan: The collection plan sums to 1980.00, the deal to 2000.00: 20.00 is missing or too much."),
		("plans.csv", "Second,Percent,50", "Second,Percent,0", "plans.csv, row 3: Collection plan, row 2: the percentage must be more than 0."),
		("plans.csv", "Second,Percent,50", "Second,Percent,150", "plans.csv, row 3, column percent: 150 is not a percentage."),
		("plans.csv", "On Date", "On Friday", "plans.csv, row 3, column billing_trigger: 'On Friday' is not known here. Write one of: On Winning, On Date"),
		("plans.csv", "Signed", "", "plans.csv, row 4: Collection plan, row 1: name the milestone"),
		("plans.csv", ",,10\nHalves,Second", ",,1.5\nHalves,Second", "plans.csv, row 2, column due_days: '1.5' is not a whole number."),
		("installments.csv", "D2,1", "D2,2", "installments.csv, row 2, column installment: deal D2 has installments 1 to 1; there is no 2."),
		("installments.csv", "D2,1", "D1,1", "installments.csv, row 2, column confirmed_on: installment 1 is billed by date"),
		("payments.csv", "Payment,D1,1,1100", "Paymnt,D1,1,1100", "payments.csv, row 2, column kind: 'Paymnt' is not known here."),
		("payments.csv", "Payment,D1,1,1100", "Payment,D3,1,1100", "payments.csv, row 2, column deal: deal D3 is not won, so it has no installments."),
		("payments.csv", "Payment,D1,1,1100", "Payment,D1,1,", "payments.csv, row 2, column amount: the cell is empty."),
		("payments.csv", "Payment,D1,1,1100", "Payment,D1,1,-5", "payments.csv, row 2, column amount: -5 is negative."),
		("payments.csv", "Payment,D1,1,1100", "Payment,D1,3,1100", "payments.csv, row 2, column installment: deal D1 has installments 1 to 2; there is no 3."),
		("payments.csv", "D1,1,1100,", "D1,1,1100,1.1", "payments.csv, row 2, column exchange_rate: the deal is in the company's currency; its rate is 1."),
		("company.yaml", "currency", "curency", "company.yaml, row 2, column curency: unknown entry. Did you mean currency?"),
		("company.yaml", "start: 2026-01-01", "start: 2027-01-01", "company.yaml, row 4, column end: the last day is before the first."),
		("company.yaml", "company: Small", "company: [", "company.yaml, row"),
	],
)  # fmt: skip
def test_one_clear_message(folder, name, old, new, expected):
	folder.replace(name, old, new)
	found = problems(folder)
	assert any(message.startswith(expected) for message in found), found


def test_closed_period_and_disabled_masters(folder):
	folder.write("calendar.yaml", "books_closed_until: 2026-01-31\n")
	folder.write("customers.csv", "customer,disabled\nMüller,yes\n明辰,no\n")
	folder.write("items.csv", "item,disabled\nCabinet,no\nKit,yes\n")
	found = "\n".join(problems(folder))
	assert (
		"deals.csv, row 2, column won_on: 2026-01-10 is in a closed period (until 2026-01-31, calendar.yaml)."
		in found
	)
	assert "payments.csv, row 2, column date: 2026-01-15 is in a closed period" in found
	assert "deals.csv, row 2, column customer: customer Müller is disabled" in found
	assert "deal_items.csv, row 3, column item: item Kit is disabled" in found


def test_equal_due_dates_on_one_invoice(folder):
	folder.write("policy.yaml", "policies:\n  - {name: One, method: One Invoice with Schedule}\n")
	folder.replace("plans.csv", "On Date,1,,10", "On Winning,,,10")
	found = problems(folder)
	assert any("rows 1 and 2 are both due on 2026-01-20" in message for message in found), found
	assert any("Collection plan, row 1: On Milestone has no date yet" in message for message in found), found


def test_encodings_say_what_to_do(folder):
	text = "customer,customer_group\nMüller,Retail\n明辰,Industry\n"
	folder.write("customers.csv", text.encode("gb18030"))
	assert "looks like GB18030 / GBK" in problems(folder)[0]
	folder.write("customers.csv", "customer\nMüller\n".encode("latin-1"))
	assert "customers.csv: the file is not UTF-8." in problems(folder)[0]
	folder.write("customers.csv", text.encode("utf-16"))
	assert "customers.csv: the file is UTF-16" in problems(folder)[0]


def test_gb18030_is_read_when_told(folder):
	for path in folder.path.glob("*.csv"):
		path.write_bytes(path.read_text(encoding="utf-8").encode("gb18030"))
	assert "明辰" in load(folder.path, encoding="gb18030").customers


def test_missing_and_empty_files(folder, tmp_path):
	folder.write("plans.csv", "")
	(folder.path / "customers.csv").unlink()
	found = problems(folder)
	assert "customers.csv: the file is missing. See docs/simulation.md for its columns." in found
	assert any(message.startswith("plans.csv: the file is empty.") for message in found)
	with pytest.raises(InputError, match="there is no such folder"):
		load(tmp_path / "nowhere")


def test_many_problems_are_counted_and_capped(folder):
	rows = "".join(f"2026-01-15,Payment,X{number},1,5,\n" for number in range(500))
	folder.write("payments.csv", "date,kind,deal,installment,amount,exchange_rate\n" + rows)
	found = problems(folder)
	assert len(found) == MOST + 1
	assert found[-1] == "... and 450 more. Correct these first; they are often the cause."


def test_nothing_is_written_and_the_exit_code_says_so(folder, tmp_path, capsys):
	folder.replace("deals.csv", "2026-01-10", "soon")
	out = tmp_path / "out"
	assert main(["simulate", str(folder.path), "--out", str(out)]) == 1
	assert not out.exists()
	error = capsys.readouterr().err
	assert "Nothing was written" in error and "deals.csv, row 2, column won_on" in error


def test_messages_in_chinese(folder, tmp_path, capsys):
	folder.replace("deals.csv", "2026-01-10", "soon")
	assert main(["simulate", str(folder.path), "--out", str(tmp_path / "out"), "--lang", "zh"]) == 1
	error = capsys.readouterr().err
	assert "第 2 行" in error and "is not a date" not in error


@pytest.mark.parametrize(
	("text", "value"), [("1,234.50", "1234.50"), ("-7", "-7"), (".5", "0.5"), ("1234567", "1234567"), ("12,345,678", "12345678")]
)  # fmt: skip
def test_numbers(text, value):
	assert str(number(text)) == value


@pytest.mark.parametrize(
	"text", ["1,23", "12,34.5", "1.234,5", "1 000", "--1", "5 €", "", "1.2.3", "0x10", "１２"]
)
def test_not_numbers(text):
	with pytest.raises(CellError):
		number(text)

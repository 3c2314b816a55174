"""The command as a buyer runs it: files in, files out."""

import csv
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from sales_crm_accounts.simulation.cli import main

ROOT = Path(__file__).parent.parent.parent
EXAMPLE = ROOT / "examples" / "blue_harbor"


def read(path: Path) -> list[dict[str, str]]:
	with open(path, encoding="utf-8-sig", newline="") as file:
		return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def out(tmp_path_factory) -> Path:
	out = tmp_path_factory.mktemp("out") / "demo"
	assert main(["simulate", str(EXAMPLE), "--out", str(out), "--quiet"]) == 0
	return out


def test_small_company_to_the_cent(folder, tmp_path):
	"""D1: 2,000.00 and 10 % in halves of 1,100.00, the first paid; D2: 500 USD at 0.90, paid at 0.95: gain 25.00."""
	out = tmp_path / "out"
	assert main(["simulate", str(folder.path), "--out", str(out), "--quiet"]) == 0
	rows = {row["installment"]: row for row in read(out / "installments.csv")}
	assert [(name, row["status"], row["billed"], row["outstanding"]) for name, row in rows.items()] == [
		("D1-01", "Paid", "1100.00", "0.00"),
		("D1-02", "Overdue", "1100.00", "1100.00"),
		("D2-01", "Paid", "500.00", "0.00"),
	]
	assert (rows["D1-01"]["invoice_date"], rows["D1-01"]["due_date"], rows["D1-01"]["days_earlier"]) == (
		"2026-01-10",
		"2026-01-20",
		"10",
	)
	assert rows["D2-01"]["invoice_date"] == "2026-03-01"
	closing = {
		row["account"]: row["closing"] for row in read(out / "trial_balance.csv") if row["month"] == "2026-03"
	}
	assert closing == {
		"Trade Receivables": "1100.00",
		"Bank": "1575.00",
		"Sales": "-2450.00",
		"VAT 10": "-200.00",
		"Exchange Gain/Loss": "-25.00",
	}


def test_profit_of_a_small_company(folder, tmp_path):
	"""D1 sold 2,000.00, its haulier took 80.00 and 8.00 tax; D2 sold 450.00 and gained 25.00; D3, lost, cost 20.00; rent 300.00.

	1,920 + 475 - 20 - 300 = 2,075.00, the profit of the trial balance: 2,450 of sales and 25 of exchange less 400 of costs.
	"""
	folder.write(
		"expenses.csv",
		"deal,date,category,amount,tax,paid_by\nD1,2026-02-01,Transport,80,8,Supplier\nD3,2026-02-01,Travel,20,,Employee\n"
		",2026-03-01,Rent,300,,\n,2026-07-01,Rent,300,,\n",
	)
	out = tmp_path / "out"
	assert main(["simulate", str(folder.path), "--out", str(out), "--quiet"]) == 0
	names = ("deal", "revenue", "expenses", "exchange", "profit")
	assert [tuple(row[name] for name in names) for row in read(out / "profit.csv")] == [
		("D1", "2000.00", "80.00", "0.00", "1920.00"),
		("D2", "450.00", "0.00", "25.00", "475.00"),
		("D3", "0.00", "20.00", "0.00", "-20.00"),
		("", "0.00", "300.00", "0.00", "-300.00"),
	]
	closing = {
		row["account"]: row["closing"] for row in read(out / "trial_balance.csv") if row["month"] == "2026-03"
	}
	assert closing == {
		"Trade Receivables": "1100.00",
		"Bank": "1275.00",
		"Sales": "-2450.00",
		"VAT 10": "-200.00",
		"Exchange Gain/Loss": "-25.00",
		"Transport": "80.00",
		"Input Tax": "8.00",
		"Trade Payables": "-88.00",
		"Travel": "20.00",
		"Payable to Employees": "-20.00",
		"Rent": "300.00",
	}
	page = (out / "report.html").read_text(encoding="utf-8")
	assert "The total is the profit of the trial balance: 2,075.00." in page
	assert "1 movements are outside the days that were played." in page


def test_profits_sum_to_the_trial_balance(out):
	"""Of the example, with changes, cancellations, exchange differences and costs of no deal."""
	rows = read(out / "profit.csv")
	accounts = {"4000 Sales", "6930 Bad Debts", "6880 Exchange Differences", "6990 Rounding"}
	accounts |= {"Travel", "Transport", "After-Sales Service", "Trade Fairs"}
	closing = {row["account"]: Decimal(row["closing"]) for row in read(out / "trial_balance.csv")}
	assert sum(Decimal(row["profit"]) for row in rows) == -sum(closing.get(name, 0) for name in accounts)
	for row in rows:
		parts = ("revenue", "credit_notes", "exchange")
		costs = ("expenses", "write_offs")
		assert Decimal(row["profit"]) == sum(Decimal(row[name]) for name in parts) - sum(
			Decimal(row[name]) for name in costs
		)


def test_what_is_written(out):
	assert {path.name for path in out.iterdir()} >= {
		"ledger.sqlite",
		"report.html",
		"installments.csv",
		"invoices.csv",
		"general_ledger.csv",
		"trial_balance.csv",
		"ageing.csv",
		"receivables.csv",
		"deals.csv",
		"monthly.csv",
		"pipeline.csv",
	}
	assert not [path for path in out.iterdir() if path.name.startswith(".")]


def test_every_month_of_the_trial_balance_is_balanced(out):
	months: dict[str, list[Decimal]] = {}
	for row in read(out / "trial_balance.csv"):
		sums = months.setdefault(row["month"], [Decimal(0)] * 3)
		for index, figure in enumerate((row["closing"], row["debit"], row["credit"])):
			sums[index] += Decimal(figure)
	assert len(months) == 12
	for closing, debit, credit in months.values():
		assert closing == 0 and debit == credit > 0


def test_the_files_agree_with_each_other(out):
	ledger = read(out / "general_ledger.csv")
	receivable = sum(
		Decimal(row["debit"] or 0) - Decimal(row["credit"] or 0)
		for row in ledger
		if "Receivable" in row["account"]
	)
	closing = next(
		Decimal(row["closing"])
		for row in reversed(read(out / "trial_balance.csv"))
		if "Receivable" in row["account"]
	)
	assert receivable == closing
	ageing = sum(Decimal(row["outstanding_in_company_currency"]) for row in read(out / "ageing.csv"))
	debtors = sum(Decimal(row["outstanding"]) for row in read(out / "receivables.csv"))
	last = [row for row in read(out / "monthly.csv") if row["outstanding"]][-1]
	assert ageing == debtors == Decimal(last["outstanding"])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_report_loads_nothing(out, tmp_path, language):
	folder = tmp_path / language
	assert main(["simulate", str(EXAMPLE), "--out", str(folder), "--quiet", "--lang", language]) == 0
	html = (folder / "report.html").read_text(encoding="utf-8")
	assert not re.search(r"https?://|<script|<link|@import|url\(|src=", html)
	assert html.count("<svg") >= 6 and "prefers-color-scheme: dark" in html and "@media print" in html
	assert ("本应用" in html) == (language == "zh")
	for text in ("Collected", "Overdue", "Who owes most", "Trial balance"):
		assert (text in html) == (language == "en")


def test_names_cannot_break_the_page(folder, tmp_path):
	folder.replace("deals.csv", "D1,Line", "D1,<script>alert(1)</script>")
	assert main(["simulate", str(folder.path), "--out", str(tmp_path / "out"), "--quiet"]) == 0
	html = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
	assert "<script" not in html and "&lt;script&gt;" in html


def test_a_second_run_replaces_the_first(folder, tmp_path):
	out = tmp_path / "out"
	for _run in range(2):
		assert main(["simulate", str(folder.path), "--out", str(out), "--quiet"]) == 0
	first = (out / "report.html").read_bytes()
	folder.replace("deals.csv", "2026-01-10", "soon")
	assert main(["simulate", str(folder.path), "--out", str(out), "--quiet"]) == 1
	assert (out / "report.html").read_bytes() == first


def test_it_needs_no_frappe(tmp_path):
	"""The command in a fresh interpreter where frappe cannot be imported."""
	code = (
		"import sys; sys.modules['frappe'] = None; sys.modules['erpnext'] = None\n"
		"from sales_crm_accounts.simulation.cli import main\n"
		f"sys.exit(main(['simulate', {str(EXAMPLE)!r}, '--out', {str(tmp_path / 'out')!r}, '--quiet']))"
	)
	subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def test_what_erpnext_would_refuse_is_listed(folder, tmp_path):
	folder.replace("payments.csv", "2026-03-20,Payment,D2,1,500,0.95", "2026-02-20,Credit Note,D2,1,500,")
	out = tmp_path / "out"
	assert main(["simulate", str(folder.path), "--out", str(out), "--quiet"]) == 0
	(row,) = read(out / "not_played.csv")
	assert (row["file"], row["row"]) == ("payments.csv", "3")
	assert "nothing of the deal is billed yet" in row["reason"]
	assert "Not played" in (out / "report.html").read_text(encoding="utf-8")


def test_an_advance_is_used_by_the_next_invoice(folder, tmp_path):
	"""1,500.00 for the first half of 1,100.00: the 400.00 too much wait and are used by the second."""
	folder.replace("payments.csv", "D1,1,1100,", "D1,1,1500,")
	out = tmp_path / "out"
	assert main(["simulate", str(folder.path), "--out", str(out), "--quiet"]) == 0
	rows = {row["installment"]: row for row in read(out / "installments.csv")}
	assert (rows["D1-01"]["paid"], rows["D1-02"]["paid"], rows["D1-02"]["outstanding"]) == (
		"1100.00",
		"400.00",
		"700.00",
	)


def test_money_that_comes_before_the_deal_is_won_waits(folder, tmp_path):
	"""500 USD at 0.95 arrive in January for a deal that is won in February and billed in March at 0.90."""
	folder.replace("payments.csv", "2026-03-20,Payment,D2", "2026-01-20,Payment,D2")
	out = tmp_path / "out"
	assert main(["simulate", str(folder.path), "--out", str(out), "--quiet"]) == 0
	rows = {row["installment"]: row for row in read(out / "installments.csv")}
	assert (rows["D2-01"]["invoice_date"], rows["D2-01"]["status"]) == ("2026-03-01", "Paid")
	balances = {
		(row["month"], row["account"]): row["closing"]
		for row in read(out / "trial_balance.csv")
		if row["account"] in ("Exchange Gain/Loss", "Trade Receivables")
	}
	# January: 1,100.00 paid in full, and 475.00 of the customer's that no invoice has taken.
	assert balances["2026-01", "Trade Receivables"] == "-475.00"
	assert balances["2026-03", "Exchange Gain/Loss"] == "-25.00"


def test_days_off_are_caught_up(folder, tmp_path):
	folder.write("calendar.yaml", "days_off: [2026-01-10, 2026-01-11]\nweekends_off: true\n")
	out = tmp_path / "out"
	assert main(["simulate", str(folder.path), "--out", str(out), "--quiet"]) == 0
	rows = {row["installment"]: row for row in read(out / "installments.csv")}
	# 10 January 2026 is a Saturday.
	assert rows["D1-01"]["invoice_date"] == "2026-01-12"


@pytest.mark.parametrize("arguments", [["simulate"], [], ["simulate", "x"]])
def test_usage(arguments):
	with pytest.raises(SystemExit) as caught:
		main(arguments)
	assert caught.value.code == 2


def test_unknown_encoding(folder, tmp_path, capsys):
	assert main(["simulate", str(folder.path), "--out", str(tmp_path / "o"), "--encoding", "klingon"]) == 2
	assert "klingon" in capsys.readouterr().err

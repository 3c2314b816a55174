"""Cash forecasts of a year in files: hand-worked weeks, the customers' usual delay, what holds money back, what came, and bad input."""

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from sales_crm_accounts.core.receivables import forecast as rules
from sales_crm_accounts.simulation.cli import simulate
from sales_crm_accounts.simulation.forecast import ForecastPlay
from sales_crm_accounts.simulation.held import open_row
from sales_crm_accounts.simulation.problems import InputError


@pytest.fixture
def asked(folder):
	"""D1 bills 1,100.00 on 10 January and on 10 February, each due on the 20th; the first is paid on the 15th. D2 bills 500 dollars at
	0.90 on 1 March, due on the 11th, paid on the 20th at 0.95."""
	folder.write("forecast.yaml", "every: month\n")
	return folder


def play(folder):
	keep = []
	simulate(folder.path, folder.path / "out", quiet=True, keep=keep)
	return keep[0].forecast


def figures(forecast, day):
	"""(week or place, kind) -> amount of the forecast of a day, what is not nothing."""
	taken = next(taken for taken in forecast.taken if taken.day == day)
	weeks = {
		(week.start, kind): amount for week in taken.weeks for kind, amount in week.amounts.items() if amount
	}
	return weeks | taken.beside


def test_first_mondays(asked):
	assert [taken.day for taken in play(asked).taken] == [
		date(2026, 1, 5),
		date(2026, 2, 2),
		date(2026, 3, 2),
		date(2026, 4, 6),
		date(2026, 5, 4),
		date(2026, 6, 1),
	]


def test_what_is_billed_and_what_is_planned(asked):
	"""On 2 February the second part of D1 is planned, due on the 20th (Müller paid early and is expected on the due date), and D2 waits
	for its milestone without a day: 450.00. On 2 March Müller's part is 10 days late: expected a week from today. D2 is due on the
	11th."""
	forecast = play(asked)
	assert figures(forecast, date(2026, 2, 2)) == {
		(date(2026, 2, 16), rules.PLANNED): Decimal("1100.00"),
		"No Date": Decimal("450.00"),
	}
	assert figures(forecast, date(2026, 3, 2)) == {
		(date(2026, 3, 9), rules.OPEN): Decimal("1550.00"),
	}


def test_it_stays_open_until_it_is_doubtful(asked):
	"""Müller's 1,100.00, due on 20 February, are 41 days late on Easter Monday, 6 April, and still expected; after 60 days they are not."""
	asked.write("forecast.yaml", "every: month\ndoubtful_after_days: 60\nwait_days: 21\n")
	forecast = play(asked)
	assert figures(forecast, date(2026, 4, 6)) == {(date(2026, 4, 27), rules.OPEN): Decimal("1100.00")}
	assert figures(forecast, date(2026, 5, 4)) == {"Doubtful": Decimal("1100.00")}


def test_who_pays_late_is_expected_late(asked):
	"""The first part is paid on 26 January, 6 days late: the second is expected on 26 February."""
	asked.replace("payments.csv", "2026-01-15,Payment,D1,1,1100", "2026-01-26,Payment,D1,1,1100")
	assert figures(play(asked), date(2026, 2, 2))[date(2026, 2, 23), rules.PLANNED] == Decimal("1100.00")


def test_two_payments_say_late_once_all_is_paid(asked):
	"""600.00 in time, 500.00 on 30 January, 10 days late: 2 March (Monday). Only the second one closes the part."""
	asked.replace(
		"payments.csv",
		"2026-01-15,Payment,D1,1,1100,\n",
		"2026-01-15,Payment,D1,1,600,\n2026-01-30,Payment,D1,1,500,\n",
	)
	assert figures(play(asked), date(2026, 2, 2))[date(2026, 3, 2), rules.PLANNED] == Decimal("1100.00")


def test_money_that_was_paid_back_says_nothing(asked):
	"""Paid 6 days late, and paid back in part on 1 February: the part is open again, and nothing is known of Müller."""
	asked.replace(
		"payments.csv",
		"2026-01-15,Payment,D1,1,1100,\n",
		"2026-01-26,Payment,D1,1,1100,\n2026-02-01,Refund,D1,1,100,\n",
	)
	found = figures(play(asked), date(2026, 2, 2))
	assert found[date(2026, 2, 16), rules.PLANNED] == Decimal("1100.00")
	assert found[date(2026, 2, 9), rules.OPEN] == Decimal("100.00")


def test_promised_and_disputed_parts_stand_apart(asked):
	"""Of 1,100.00 due on 20 February 300.00 are promised until 15 March (16 March with its day of grace) and 200.00 disputed; 600.00
	are expected a week from 2 March, with the 450.00 of D2."""
	asked.write(
		"promises.csv", "deal,installment,promised_on,pay_by,amount\nD1,2,2026-02-25,2026-03-15,300\n"
	)
	asked.write("disputes.csv", "deal,installment,opened_on,settled_on,amount\nD1,2,2026-02-26,,200\n")
	assert figures(play(asked), date(2026, 3, 2)) == {
		(date(2026, 3, 16), rules.PROMISED): Decimal("300.00"),
		(date(2026, 3, 9), rules.OPEN): Decimal("1050.00"),
		"Disputed": Decimal("200.00"),
	}


def test_open_deals_count_by_the_probability_of_their_stage(asked):
	"""D3 (100.00, open until it is lost on 2 February) stands in a stage of 40 %: its two parts of 50.00 count 20.00 each."""
	asked.write("stages.csv", "stage,sequence,probability,type\nOffer,1,40,Open\n")
	asked.write("stage_log.csv", "deal,stage,entered_on\nD3,Offer,2026-01-07\n")
	asked.write("forecast.yaml", "days: [2026-01-12, 2026-02-02]\n")
	forecast = play(asked)
	found = figures(forecast, date(2026, 1, 12))
	# Billed today or in a month, each due ten days later.
	assert found[date(2026, 1, 19), rules.PIPELINE] == Decimal("20.00")
	assert found[date(2026, 2, 16), rules.PIPELINE] == Decimal("20.00")
	assert not any(rules.PIPELINE in key for key in figures(forecast, date(2026, 2, 2)) if key != "No Date")


def test_what_came_stands_beside(asked):
	"""1,100.00 in the week of 12 January, 475.00 (500 at 0.95) in that of 16 March."""
	forecast = play(asked)
	assert forecast.money_of_week(date(2026, 1, 12)) == 110000
	assert forecast.money_of_week(date(2026, 3, 16)) == 47500
	assert forecast.money_of_week(date(2026, 6, 29)) is None
	with open(asked.path / "out" / "cash_forecast.csv", encoding="utf-8-sig") as file:
		rows = list(csv.DictReader(file))
	weeks = [row for row in rows if row["taken_on"] == "2026-01-05" and row["place"] == "Week"]
	assert len(weeks) == 13
	assert (weeks[1]["week_start"], weeks[1]["came"]) == ("2026-01-12", "1100.00")
	assert [
		row["total"] for row in rows if row["taken_on"] == "2026-02-02" and row["place"] == "No Date"
	] == ["450.00"]
	report = (asked.path / "out" / "report.html").read_text(encoding="utf-8")
	assert "Cash forecast" in report and "week by week" in report


def test_every_week(asked):
	asked.write("forecast.yaml", "every: week\n")
	days = [taken.day for taken in play(asked).taken]
	assert len(days) == 26 and all(day.weekday() == 0 for day in days)


def test_pauses_hold_reminders(asked):
	"""Müller's reminder of 25 February waits until the pause is over; the forecast does not mind."""
	asked.write("dunning.yaml", "policies:\n  - {name: Standard, levels: [{title: Reminder, days: 5}]}\n")
	asked.write("pauses.csv", "customer,paused_on,until\nMüller,2026-02-24,2026-03-10\n")
	keep = []
	simulate(asked.path, asked.path / "out", quiet=True, keep=keep)
	ladder = keep[0].ladder
	assert [sent.day for sent in ladder.sent if sent.reminder.customer == "Müller"] == [date(2026, 3, 11)]
	assert ("Müller", "2-2", "Pause") in ladder.passed


def test_an_account_in_the_companys_currency_is_reminded_in_it(asked):
	"""明辰 owes 500 dollars at 0.90 and its invoices stand in euros: 450.00 EUR are asked for."""
	asked.write("dunning.yaml", "policies:\n  - {name: Standard, levels: [{title: Reminder, days: 5}]}\n")
	asked.write("customers.csv", "customer,receivable_currency\nMüller,\n明辰,EUR\n")
	keep = []
	simulate(asked.path, asked.path / "out", quiet=True, keep=keep)
	(sent,) = [sent for sent in keep[0].ladder.sent if sent.reminder.customer == "明辰"]
	assert (sent.reminder.currency, sent.reminder.total) == ("EUR", Decimal("450.00"))


def test_without_the_file_there_is_none(folder):
	assert play(folder) is None
	assert not (folder.path / "out" / "cash_forecast.csv").exists()


@pytest.mark.parametrize(
	("name", "text", "message"),
	[
		("forecast.yaml", "every: fortnight\n", "Write one of"),
		("forecast.yaml", "days: [soon]\n", "forecast.yaml"),
		("forecast.yaml", "wait_days: 0\n", "not a whole number"),
		("forecast.yaml", "often: yes\n", "unknown"),
		("pauses.csv", "customer,paused_on,until\nMüler,2026-01-01,2026-02-01\n", "Did you mean 'Müller'?"),
		("pauses.csv", "customer,paused_on,until\nMüller,2026-03-01,2026-02-01\n", "is before"),
		("customers.csv", "customer,receivable_currency\nMüller,GBP\n明辰,\n", "GBP"),
	],
)
def test_bad_input(asked, name, text, message):
	asked.write(name, text)
	with pytest.raises(InputError) as caught:
		play(asked)
	assert message in str(caught.value)


def test_promises_without_anything_that_reads_them(folder):
	folder.write("promises.csv", "deal,installment,promised_on,pay_by\nD1,1,2026-02-02,2026-02-03\n")
	with pytest.raises(InputError) as caught:
		simulate(folder.path, folder.path / "out", quiet=True)
	assert "neither a dunning.yaml" in str(caught.value)


def test_rows_that_are_taken_together_are_expected_as_each_for_itself(tmp_path, monkeypatch):
	"""Blue Harbor's forecasts, with every installment given to the rule as a row of its own: the same weeks to the cent."""
	alone = []
	together = ForecastPlay.take

	def take(self, day):
		found = together(self, day)
		late = {name: self.days_late(day).get(one.number) for name, one in self.company.customers.items()}
		rows, planned = [], []
		for deal in self.company.deals:
			for part in deal.installments:
				if part.cancelled:
					continue
				if part.invoice is None:
					due = None if part.held else part.due_date
					amount = self.engine.money(self.planned_base(deal, part.planned))
					planned.append(rules.Planned(deal.name, deal.customer.name, amount, due))
				elif part.outstanding > 0:
					rows.append(open_row(self.engine, part, part.outstanding))
			if not deal.installments and deal.opened_on <= day:
				self.hope(deal, day, planned)
		holds = {}
		for name in self.company.customers:
			holds |= self.held.holds(name, [row for row in rows if row.customer == name], day)
		expected = rules.forecast(rows, day, days_late=late, holds=holds, planned=planned)
		alone.append(rules.by_week(expected, day))
		return found

	monkeypatch.setattr(ForecastPlay, "take", take)
	keep = []
	example = Path(__file__).parents[2] / "examples" / "blue_harbor"
	simulate(example, tmp_path / "out", quiet=True, keep=keep)
	taken = keep[0].forecast.taken
	assert len(taken) == 12
	for found, (weeks, beside) in zip(taken, alone, strict=True):
		assert [week.amounts for week in found.weeks] == [week.amounts for week in weeks]
		assert found.beside == beside

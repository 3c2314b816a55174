"""A ladder of reminders tried on a year: hand-worked days, what holds it back, and bad input."""

import csv
from datetime import date
from decimal import Decimal

import pytest

from sales_crm_accounts.simulation.cli import simulate
from sales_crm_accounts.simulation.problems import InputError

LADDER = """policies:
  - name: Standard
    min_gap_days: 7
    levels:
      - {title: Note, days: -3}
      - {title: Reminder, days: 5}
      - {title: Last call, days: 20, fee: 12.50}
"""


@pytest.fixture
def late(folder):
	"""D1 bills 1,100.00 on 10 January and on 10 February, each due on the 20th; nothing is paid."""
	folder.write("dunning.yaml", LADDER)
	folder.replace("payments.csv", "2026-01-15,Payment,D1,1,1100,\n", "")
	return folder


def play(folder, **values):
	keep = []
	simulate(folder.path, folder.path / "out", quiet=True, keep=keep, **values)
	return keep[0].ladder


def letters(ladder, customer="Müller"):
	return [
		(sent.day, sent.reminder.level, sent.amount)
		for sent in ladder.sent
		if sent.reminder.customer == customer
	]


def test_each_level_once_with_all_that_is_due(late):
	"""Note on 17 January; 5 and 20 days late on 25 January and 9 February. The second installment's note falls on 17 February,
	its reminder on the 25th and its last call on 12 March, each with the first one on it, which is late as well."""
	assert letters(play(late)) == [
		(date(2026, 1, 17), 1, Decimal("1100.00")),
		(date(2026, 1, 25), 2, Decimal("1100.00")),
		(date(2026, 2, 9), 3, Decimal("1100.00")),
		(date(2026, 2, 17), 1, Decimal("1100.00")),
		(date(2026, 2, 25), 2, Decimal("2200.00")),
		(date(2026, 3, 12), 3, Decimal("2200.00")),
	]


def test_money_stops_it(late):
	"""Paid on 24 January: the reminder of the 25th is not sent; the note of 17 January was followed by 1,100.00 in 14 days."""
	late.replace(
		"payments.csv",
		"installment,amount,exchange_rate\n",
		"installment,amount,exchange_rate\n2026-01-24,Payment,D1,1,1100,\n",
	)
	ladder = play(late)
	assert [day for day, _level, _amount in letters(ladder)][:2] == [date(2026, 1, 17), date(2026, 2, 17)]
	assert ladder.sent[0].followed == Decimal("1100.00")


def test_a_promise_holds_it_until_it_is_broken(late):
	"""Promised on 22 January for 1 February: held until the 2nd, and on the 3rd the reminder goes out; judged as broken."""
	late.write("promises.csv", "deal,installment,promised_on,pay_by\nD1,1,2026-01-22,2026-02-01\n")
	ladder = play(late)
	assert letters(ladder)[1] == (date(2026, 2, 3), 2, Decimal("1100.00"))
	assert [said.outcome for said in ladder.company.said] == ["Broken"]
	assert ("Müller", "1-1", "Promise") in ladder.passed


def test_a_promise_of_a_part_is_kept_and_holds_only_its_part(late):
	"""375.00 promised for 30 January: the reminder asks for the other 725.00; 375.00 come on the 30th, and it is kept."""
	late.write("promises.csv", "deal,installment,promised_on,pay_by,amount\nD1,1,2026-01-22,2026-01-30,375\n")
	late.replace(
		"payments.csv",
		"installment,amount,exchange_rate\n",
		"installment,amount,exchange_rate\n2026-01-30,Payment,D1,1,375,\n",
	)
	ladder = play(late)
	assert letters(ladder)[1:3] == [
		(date(2026, 1, 25), 2, Decimal("725.00")),
		(date(2026, 2, 9), 3, Decimal("725.00")),
	]
	assert [said.outcome for said in ladder.company.said] == ["Kept"]


def test_money_counts_for_one_promise_only(late):
	"""300.00 by 30 January and 500.00 by 10 February; 400.00 come on the 29th: the first is kept, the second partly, with 100.00."""
	late.write(
		"promises.csv",
		"deal,installment,promised_on,pay_by,amount\nD1,1,2026-01-22,2026-01-30,300\nD1,1,2026-01-22,2026-02-10,500\n",
	)
	late.replace(
		"payments.csv",
		"installment,amount,exchange_rate\n",
		"installment,amount,exchange_rate\n2026-01-29,Payment,D1,1,400,\n",
	)
	ladder = play(late)
	assert [(said.outcome, said.came) for said in ladder.company.said] == [
		("Kept", 30000),
		("Partly Kept", 10000),
	]


def test_money_of_the_promised_day_itself_counts(late):
	"""Promised and paid on 22 January."""
	late.write("promises.csv", "deal,installment,promised_on,pay_by,amount\nD1,1,2026-01-22,2026-01-30,300\n")
	late.replace(
		"payments.csv",
		"installment,amount,exchange_rate\n",
		"installment,amount,exchange_rate\n2026-01-22,Payment,D1,1,300,\n",
	)
	assert [said.outcome for said in play(late).company.said] == ["Kept"]


def test_what_was_credited_need_not_be_paid(late):
	"""1,100.00 promised, 900.00 credited and 200.00 paid in time: kept. Nothing owed and nothing paid: it falls away."""
	late.write("promises.csv", "deal,installment,promised_on,pay_by\nD1,1,2026-01-22,2026-01-30\n")
	credited = (
		"installment,amount,exchange_rate\n2026-01-25,Credit Note,D1,1,900,\n2026-01-28,Payment,D1,1,200,\n"
	)
	late.replace("payments.csv", "installment,amount,exchange_rate\n", credited)
	assert [said.outcome for said in play(late).company.said] == ["Kept"]
	late.replace("payments.csv", "900,\n2026-01-28,Payment,D1,1,200,\n", "1100,\n")
	assert [said.outcome for said in play(late).company.said] == ["Cancelled"]


def test_a_dispute_lets_go_on_the_day_it_is_settled(late):
	"""All of the first installment is disputed until 28 January: its reminder goes out on that day."""
	late.write("disputes.csv", "deal,installment,opened_on,settled_on\nD1,1,2026-01-21,2026-01-28\n")
	assert letters(play(late))[1] == (date(2026, 1, 28), 2, Decimal("1100.00"))


def test_a_dispute_holds_its_part_until_it_is_settled(late):
	"""All of the first installment is disputed from 21 January to 1 March: until then only the second is written about."""
	late.write("disputes.csv", "deal,installment,opened_on,settled_on\nD1,1,2026-01-21,2026-03-01\n")
	found = letters(play(late))
	assert found[1:3] == [
		(date(2026, 2, 17), 1, Decimal("1100.00")),
		(date(2026, 2, 25), 2, Decimal("1100.00")),
	]
	assert found[3] == (date(2026, 3, 4), 2, Decimal("2200.00"))


def test_no_letter_on_days_off(late):
	"""25 January is a day off: the reminder goes out on the 26th."""
	late.write("calendar.yaml", "days_off: [2026-01-25]\n")
	assert letters(play(late))[1][0] == date(2026, 1, 26)


def test_what_it_writes(late):
	ladder = play(late)
	with open(late.path / "out" / "reminders.csv", encoding="utf-8-sig") as file:
		rows = list(csv.DictReader(file))
	assert len(rows) == len(ladder.sent)
	assert (rows[2]["title"], rows[2]["fee"], rows[2]["installments"]) == ("Last call", "12.50", "D1-01")
	report = (late.path / "out" / "report.html").read_text(encoding="utf-8")
	assert "Reminders" in report and "Last call" in report


def test_without_a_ladder_nothing_is_said(folder):
	assert play(folder) is None
	assert not (folder.path / "out" / "reminders.csv").exists()


@pytest.mark.parametrize(
	("name", "text", "message"),
	[
		("dunning.yaml", "policies: []\n", "no policies"),
		("dunning.yaml", "policies:\n  - {name: A}\n", "no levels"),
		("dunning.yaml", LADDER.replace("days: 20", "days: 5"), "does not come after"),
		("dunning.yaml", LADDER.replace("days: 20", "days: soon"), "not a whole number"),
		("dunning.yaml", LADDER.replace("12.50", "-1"), "amount of 0 or more"),
		("dunning.yaml", LADDER.replace("fee:", "fees:"), "unknown entry"),
		("dunning.yaml", LADDER.replace("days: 20", "days: 20, channel: Pigeon"), "Write one of"),
		("promises.csv", "deal,installment,promised_on,pay_by\nD1,1,2026-02-02,2026-02-01\n", "is before"),
		(
			"promises.csv",
			"deal,installment,promised_on,pay_by\nD1,9,2026-02-02,2026-02-03\n",
			"there is no 9",
		),
		("disputes.csv", "deal,installment,opened_on,settled_on\nD9,1,2026-02-02,\n", "not in deals.csv"),
	],
)
def test_bad_input(late, name, text, message):
	late.write(name, text)
	with pytest.raises(InputError) as caught:
		play(late)
	assert message in str(caught.value)
	assert not (late.path / "out").exists()


def test_promises_need_a_ladder(folder):
	folder.write("promises.csv", "deal,installment,promised_on,pay_by\nD1,1,2026-01-22,2026-02-01\n")
	with pytest.raises(InputError, match=r"dunning\.yaml"):
		play(folder)

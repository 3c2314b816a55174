"""Approval chains that are played: the day a deal is won moves to its last signature, worked out by hand."""

import csv
from datetime import date
from pathlib import Path

import pytest

from sales_crm_accounts.core.approvals.calendar import add_hours
from sales_crm_accounts.simulation.approvals import APPROVED, REJECTED, STUCK, WAITING, WITHDRAWN
from sales_crm_accounts.simulation.cli import main
from sales_crm_accounts.simulation.company import load
from sales_crm_accounts.simulation.ledger import Ledger
from sales_crm_accounts.simulation.play import Play
from sales_crm_accounts.simulation.problems import InputError

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "blue_harbor"
APPROVALS = """
people:
  - {name: Ann, manager: Mona}
  - {name: Alone}
  - {name: Mona, manager: Bea, limit: 1000, hours: 4}
  - name: Bea
    limit: unlimited
    hours: 8
    away: [{from: 2026-01-14, to: 2026-01-20, delegate: Cora}]
  - {name: Cora, roles: [Finance], hours: 2}
  - name: Finn
    roles: [Finance]
    hours: 6
    rejects: [{field: discount_percentage, operator: ">", value: 25}]
chains:
  - name: Larger deals
    conditions: [{field: base_grand_total, operator: ">=", value: 500}]
    levels:
      - {level: 1, title: Manager, approver_source: Manager of Requester, climb_to_limit: yes}
      - {level: 2, title: Finance, approver_source: Role, value: Finance, min_amount: 1500}
"""
HEADER = "deal,customer,owner,currency,exchange_rate,opened_on,won_on,cancelled_on,discount,tax,plan\n"


def read(path: Path) -> list[list[str]]:
	with open(path, encoding="utf-8-sig", newline="") as file:
		return list(csv.reader(file))[1:]


class Year:
	"""The small company with the deals of one test, played."""

	def __init__(self, folder, tmp_path):
		self.folder, self.out = folder, tmp_path / "out"
		folder.write("approvals.yaml", APPROVALS)
		for name in ("installments.csv", "payments.csv"):
			folder.write(name, folder_header(name))

	def play(self, *deals: str, rate="2000", **files: str):
		"""`deals` are rows as D1,Müller,Ann,,,2026-01-02,2026-01-10,,,VAT,Halves."""
		self.folder.write("deals.csv", HEADER + "".join(f"{deal}\n" for deal in deals))
		names = [deal.split(",")[0] for deal in deals]
		self.folder.write(
			"deal_items.csv",
			"deal,item,quantity,rate\n" + "".join(f"{name},Kit,1,{rate}\n" for name in names),
		)
		for name, text in files.items():
			self.folder.write(f"{name}.csv", folder_header(f"{name}.csv") + text)
		assert main(["simulate", str(self.folder.path), "--out", str(self.out), "--quiet"]) == 0

	def steps(self) -> list[list[str]]:
		"""deal, level, who, for whom, decision, asked, decided, hours"""
		return [
			[row[0], row[3], row[5], row[6], row[8], row[9][5:], row[10][5:], row[11]]
			for row in read(self.out / "approvals.csv")
		]

	def won_on(self) -> dict[str, str]:
		return {row[0]: row[6] for row in read(self.out / "deals.csv")}


def folder_header(name: str) -> str:
	return {
		"installments.csv": "deal,installment,confirmed_on\n",
		"payments.csv": "date,kind,deal,installment,amount\n",
	}[name]


@pytest.fixture
def year(folder, tmp_path) -> Year:
	return Year(folder, tmp_path)


def test_a_deal_waits_for_its_last_signature(year):
	"""2,200.00 with tax, won on Saturday 10 January: asked on Monday at nine. Mona may sign 1,000.00, so Bea is asked and signs
	after 8 hours, at five. Then either of Finance: Cora after 2 hours, on the 13th at eleven. The halves follow from that day."""
	year.play("D1,Müller,Ann,,,2026-01-02,2026-01-10,,,VAT,Halves")
	assert year.steps() == [
		["D1", "1", "Bea", "", APPROVED, "01-12 09:00", "01-12 17:00", "8.00"],
		["D1", "2", "Cora", "", APPROVED, "01-12 17:00", "01-13 11:00", "2.00"],
	]
	assert year.won_on() == {"D1": "2026-01-13"}
	dates = [row[9] for row in read(year.out / "installments.csv")]
	assert dates == ["2026-01-13", "2026-02-13"]
	html = (year.out / "report.html").read_text(encoding="utf-8")
	assert "1 won deals of 2,200.00 had to be approved: Approved 1." in html


def test_a_delegate_signs_and_then_is_used_up(year):
	"""Bea is away: Cora signs for her after 2 hours. She cannot sign for Finance as well, so Finn does, 6 hours later."""
	year.play("D1,Müller,Ann,,,2026-01-02,2026-01-15,,,VAT,Halves")
	assert year.steps() == [
		["D1", "1", "Cora", "Bea", APPROVED, "01-15 09:00", "01-15 11:00", "2.00"],
		["D1", "2", "Finn", "", APPROVED, "01-15 11:00", "01-15 17:00", "6.00"],
	]


def test_without_a_delegate_the_deal_waits_for_the_return(year):
	"""Away from the 14th to the 20th: 8 hours are full on the 21st at five."""
	year.folder.replace("approvals.yaml", ", delegate: Cora", "")
	year.play("D1,Müller,Ann,,,2026-01-02,2026-01-15,,,,Halves", rate=1100)
	assert year.steps() == [["D1", "1", "Bea", "", APPROVED, "01-15 09:00", "01-21 17:00", "40.00"]]


def test_small_deals_and_other_bands_are_not_asked(year):
	"""499.99 is below the condition; 500.00 is below the band of Finance, and Mona may sign it."""
	year.play("D1,Müller,Ann,,,2026-01-02,2026-01-10,,,,Halves", rate="499.99")
	assert year.steps() == [] and year.won_on() == {"D1": "2026-01-10"}
	assert "Approvals" not in (year.out / "report.html").read_text(encoding="utf-8")
	year.play("D1,Müller,Ann,,,2026-01-02,2026-01-12,,,,Halves", rate=500)
	assert year.steps() == [["D1", "1", "Mona", "", APPROVED, "01-12 09:00", "01-12 13:00", "4.00"]]


def test_amounts_in_another_currency_count_in_the_companys(year):
	year.play("D1,Müller,Ann,USD,0.5,2026-01-02,2026-01-12,,,,Halves", rate="999.99")
	assert year.steps() == []


def test_a_rejected_deal_is_not_won_and_its_payments_are_not_played(year):
	"""Discount of 600.00 on 2,000.00. Finn rejects more than a quarter; Cora would be faster, but she is used up for Bea."""
	year.play(
		"D1,Müller,Ann,,,2026-01-02,2026-01-15,,600,VAT,Halves",
		payments="2026-02-01,Payment,D1,1,100\n",
	)
	assert [step[4] for step in year.steps()] == [APPROVED, REJECTED]
	assert year.won_on() == {"D1": ""} and read(year.out / "invoices.csv") == []
	assert [row[3] for row in read(year.out / "not_played.csv")] == [
		"the deal was not approved, so this was not played."
	]


def test_money_that_came_before_the_approval_waits_for_it(year):
	year.play("D1,Müller,Ann,,,2026-01-02,2026-01-12,,,VAT,Halves", payments="2026-01-12,Payment,D1,1,1100\n")
	(first, _second) = read(year.out / "installments.csv")
	assert (first[4], first[9]) == ("Paid", "2026-01-13")


def test_what_still_waits_at_the_end(year):
	"""30 June is a Tuesday: Bea has had 8 hours and would answer at five, Finance is asked then and the books are closed."""
	year.play("D1,Müller,Ann,,,2026-01-02,2026-06-30,,,VAT,Halves")
	assert year.steps() == [
		["D1", "1", "Bea", "", APPROVED, "06-30 09:00", "06-30 17:00", "8.00"],
		["D1", "2", "Cora", "", WAITING, "06-30 17:00", "", "0.00"],
		["D1", "2", "Finn", "", WAITING, "06-30 17:00", "", "0.00"],
	]
	assert year.won_on() == {"D1": ""}


def test_a_deal_that_is_cancelled_while_it_waits(year):
	year.folder.replace("approvals.yaml", "hours: 8", "hours: 80")
	year.play("D1,Müller,Ann,,,2026-01-02,2026-01-12,2026-01-13,,VAT,Halves")
	assert [step[4] for step in year.steps()] == [WAITING]
	assert f"{WITHDRAWN} 1." in (year.out / "report.html").read_text(encoding="utf-8")
	assert [row[4] for row in read(year.out / "deals.csv")] == ["Cancelled"]


def test_nobody_to_ask_is_never_a_pass(year):
	year.play("D1,Müller,Alone,,,2026-01-02,2026-01-12,,,VAT,Halves")
	((*_rest, reason, decision, _asked, _decided, _hours),) = read(year.out / "approvals.csv")
	assert decision == STUCK and "no approver, because Alone has no manager" in reason
	assert year.won_on() == {"D1": ""}
	assert "Alone has no manager" in read(year.out / "not_played.csv")[0][3]


def test_confirmations_and_changes_of_deals_that_are_not_approved(year):
	year.folder.write("changes.csv", "deal,date,plan\nD1,2026-02-01,Halves\n")
	year.play("D1,Müller,Alone,,,2026-01-02,2026-01-12,,,VAT,Milestone", installments="D1,1,2026-02-01\n")
	assert read(year.out / "installments.csv") == []


@pytest.mark.parametrize(
	("old", "new", "expected"),
	[
		("manager: Mona", "manager: Monika", "column manager: 'Monika' is not known here. Did you mean 'Mona'?"),
		("delegate: Cora", "delegate: Coralie", "column delegate: 'Coralie' is not known here."),
		("value: Finance,", "value: Finances,", "column value: 'Finances' is not known here. Did you mean 'Finance'?"),
		("Manager of Requester", "Boss", "column approver_source: 'Boss' is not known here."),
		("base_grand_total, op", "grandtotal, op", "column conditions: 'grandtotal' is not known here."),
		('operator: ">="', "operator: like", "The condition on base_grand_total has the unknown operator like."),
		("value: 500", "value: many", "The condition on base_grand_total needs a number"),
		("base_grand_total, op", "planned_margin_percent, op", "planned_margin_percent needs the costs of items."),
		("limit: 1000", "limit: lots", "column limit: 'lots' is not a number."),
		("hours: 4", "hours: [4, 2]", "column hours: write one number of hours, or the least and the most"),
		("to: 2026-01-20", "to: 2026-01-10", "column away: give the first and the last day"),
		("min_amount: 1500", "min_amount: 1500, max_amount: 100", "column Larger deals: Row 2: the amount ends at 100, but begins at 1500."),
		("people:\n", "people:\n  - Tom\n", "column people: each entry must hold 'name: value' lines."),
		("name: Alone", "name: Ann", "column people: each person needs a name of their own; 'Ann' is none."),
		("people:\n", "working_day: [9, 5]\npeople:\n", "column working_day: write the start and the end in quotes"),
		("people:\n", 'working_day: ["17:00", "09:00"]\npeople:\n', "The working day ends at 09:00, but starts at 17:00."),
		("people:\n", "groups: {Board: [Bob]}\npeople:\n", "column groups: 'Bob' is not known here."),
		("people:\n", "departments: {Sales: [Ann, Bea]}\npeople:\n", "column departments: Sales needs one head"),
		("people:\n", "peple: []\npeople:\n", "column peple: unknown entry. Did you mean people?"),
		("hours: 2}", "hours: 2, away: [{from: 2026-01-14, to: 2026-01-20, delegate: Bea}]}", "column delegate: the delegates stand for each other in a circle."),
	],
)  # fmt: skip
def test_broken_files(folder, old, new, expected):
	folder.write("approvals.yaml", APPROVALS)
	folder.replace("approvals.yaml", old, new)
	with pytest.raises(InputError) as caught:
		load(folder.path)
	messages = caught.value.problems.messages()
	assert any(message.startswith("approvals.yaml") and expected in message for message in messages), messages


@pytest.fixture(scope="module")
def played():
	company = load(EXAMPLE)
	asked = {deal.name: deal.won_on for deal in company.deals}
	play = Play(company, Ledger(company))
	play.run()
	return play, asked


def test_every_request_of_the_example_keeps_the_rules(played):
	play, asked = played
	approvers = play.company.approvers
	working = approvers.working_times(date(2025, 1, 1), date(2026, 3, 1))
	statuses = set()
	for request in play.approvals.requests:
		deal, signed = request.deal, [step for step in request.steps if step.decided and step.who]
		statuses.add(request.status)
		people = [person for step in signed for person in {step.who, step.on_behalf_of} - {""}]
		assert len(people) == len(set(people)) and deal.owner not in people
		assert asked[deal.name] <= request.asked.date()
		for step in signed:
			assert step.decided == add_hours(
				step.asked, approvers.answer_hours(deal, step.who), working[step.who]
			)
			assert not any(a.first <= step.decided.date() <= a.last for a in approvers.people[step.who].away)
		if request.status == APPROVED:
			assert deal.won_on == max(step.decided for step in signed).date()
		else:
			assert deal.won_on is None and not deal.invoices
	assert statuses == {APPROVED, REJECTED, WAITING}


def test_the_example_is_played_the_same_every_time(played):
	again = Play(company := load(EXAMPLE), Ledger(company))
	again.run()
	assert [(step.who, step.decided) for request in again.approvals.requests for step in request.steps] == [
		(step.who, step.decided) for request in played[0].approvals.requests for step in request.steps
	]

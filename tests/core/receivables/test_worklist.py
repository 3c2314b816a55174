from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal as D

from hypothesis import given
from hypothesis import strategies as st

from sales_crm_accounts.core.receivables.holds import Hold
from sales_crm_accounts.core.receivables.payer import Score
from sales_crm_accounts.core.receivables.rows import OpenRow
from sales_crm_accounts.core.receivables.worklist import (
	AGE,
	AMOUNT,
	BEHAVIOUR,
	BROKEN,
	CALL,
	CREDIT,
	DEAL,
	FOLLOW_UP,
	NEXT_STEP,
	ON_ACCOUNT,
	WAITING,
	Facts,
	Weights,
	large,
	parts_of,
	worklist,
)

TODAY = date(2026, 3, 31)


def hold(kind, amount=None, until=None):
	return Hold(kind, "H", amount, until)


def row(amount="100.00", days=10, invoice="INV-1", no=1, currency="USD", base=None, **values):
	"""An open installment, `days` overdue."""
	due = TODAY - timedelta(days=days)
	return OpenRow(
		sales_invoice=invoice,
		installment_no=no,
		company="C",
		customer="A",
		posting_date=due - timedelta(days=30),
		due_date=due,
		currency=currency,
		outstanding=D(amount),
		base_outstanding=D(base or amount),
		**values,
	)


def entry_of(*facts, customer="A", today=TODAY):
	return next((entry for entry in worklist(facts, today, 2) if entry.customer == customer), None)


def points(entry):
	return {reason.kind: reason.points for reason in entry.reasons}


def test_the_weights_sum_to_a_hundred():
	w = Weights()
	most = (w.amount, w.age, w.follow_up, w.broken_promises, w.behaviour, w.credit_limit, w.deal)
	assert sum(most) == 100


def test_every_reason_has_its_points():
	"""500 of the large 1,000 = 15; 45 of 90 days = 10; 1 of 2 broken = 5; 15 of 30 days late = 5; follow-up 15;

	credit: 500 of 550 used is 0.909, (0.909 - 0.8) / 0.2 of 10 = 5; deal 300 of 1,200 = 1.25 -> 1. Sum 56.
	"""
	one = Facts(
		"A",
		[row("500.00", 45)],
		follow_up=TODAY,
		broken_promises=1,
		average_days_late=D(15),
		payer_score=Score(62),
		credit_limit=D(550),
		deal_value=D(300),
	)
	other = Facts("B", [row("1000.00", 1, "INV-2")], deal_value=D(1200))
	entry = entry_of(one, other)
	assert points(entry) == {AMOUNT: 15, FOLLOW_UP: 15, AGE: 10, BROKEN: 5, BEHAVIOUR: 5, CREDIT: 5, DEAL: 1}
	assert entry.score == 56
	told = next(reason.values for reason in entry.reasons if reason.kind == BEHAVIOUR)
	assert told == {"days": D(15), "score": 62, "grade": "C"}
	assert entry.state == CALL and entry.overdue == D(500) and entry.days == 45


def test_due_today_is_not_overdue():
	assert entry_of(Facts("A", [row(days=0)])) is None
	assert entry_of(Facts("A", [row(days=1)])).days == 1


def test_what_a_promise_holds_leaves_the_list_until_it_wakes():
	rows, pay_by = [row("100.00"), row("50.00", -20, no=2)], TODAY + timedelta(days=5)
	promised = Facts("A", rows, {("INV-1", 1): [hold("Promise", D(100), pay_by)]})
	entry = entry_of(promised)
	assert (entry.state, entry.wakes_on, entry.waits_for) == (WAITING, pay_by, ("Promise",))
	assert (entry.overdue, entry.total_overdue, entry.held) == (D(0), D(100), D(100))
	half = replace(promised, holds={("INV-1", 1): [hold("Dispute", D(40)), hold("Promise", D(35), pay_by)]})
	entry = entry_of(half)
	assert (entry.state, entry.overdue, entry.held) == (CALL, D(25), D(75))
	paused = replace(promised, holds={("INV-1", 1): [hold("Pause", None, pay_by), hold("Dispute", D(1))]})
	assert entry_of(paused).waits_for == ("Pause", "Dispute")


def test_money_on_account_and_credit_notes_cover_the_oldest_in_their_currency():
	"""70 on account and a credit note of 50 cover the 100 of 20 days and 20 of the 100 of 10 days; nothing of the euros."""
	rows = [
		row("100.00", 20),
		row("100.00", 10, no=2),
		row("-50.00", 5, "CN-1", is_return=True),
		row("80.00", 30, "INV-2", currency="EUR", base="100.00"),
	]
	entry = entry_of(Facts("A", rows, on_account={"USD": D(70)}))
	assert (entry.overdue, entry.covered, entry.total_overdue) == (D(180), D(120), D(300))
	assert entry.days == 30 and entry.installments == 2
	all_paid = entry_of(Facts("A", rows[:2], on_account={"USD": D(900)}))
	assert (all_paid.state, all_paid.waits_for, all_paid.wakes_on) == (WAITING, (ON_ACCOUNT,), None)


def test_a_next_step_later_waits_unless_a_promise_broke_since():
	later, told = TODAY + timedelta(days=2), TODAY - timedelta(days=3)
	facts = Facts("A", [row()], follow_up=later, last_contact=told)
	assert (entry_of(facts).state, entry_of(facts).waits_for) == (WAITING, (NEXT_STEP,))
	assert entry_of(facts, today=later).state == CALL
	assert FOLLOW_UP in points(entry_of(facts, today=later))
	assert entry_of(replace(facts, last_broken=told)).state == WAITING
	assert entry_of(replace(facts, last_broken=TODAY)).state == CALL


def test_a_next_step_today_brings_what_is_not_due_yet():
	not_due = Facts("A", [row(days=-3)], follow_up=TODAY)
	assert entry_of(not_due).state == CALL
	assert entry_of(not_due).overdue == 0
	assert entry_of(replace(not_due, holds={("INV-1", 1): [hold("Pause")]})) is None


def test_half_a_unit_of_company_currency_is_never_lost():
	"""33.33 EUR are 41.67 USD; 11.11 each free, held and covered come to 13.89, 13.89 and 13.89."""
	facts = Facts(
		"A",
		[row("33.33", currency="EUR", base="41.67")],
		{("INV-1", 1): [hold("Dispute", D("11.11"))]},
		{"EUR": D("11.11")},
	)
	part = parts_of(facts, 2)[0]
	assert (part.base_free, part.base_held, part.base_covered) == (D("13.89"), D("13.89"), D("13.89"))


def test_large_is_what_one_in_ten_reaches():
	assert large([]) == large([D(0)]) == 0
	assert large([D(5)]) == 5
	assert large(D(n) for n in range(1, 11)) == 9
	assert large(D(n) for n in range(1, 21)) == 18


money = st.decimals(D("0.01"), D("9999.99"), places=2)
rows = st.lists(st.tuples(money, st.integers(-60, 200), st.sampled_from(["USD", "EUR"])), max_size=6)


@st.composite
def customers(draw, name="A"):
	open_ = [
		row(amount, days, f"INV-{number}", currency=currency, base=amount * (2 if currency == "EUR" else 1))
		for number, (amount, days, currency) in enumerate(draw(rows))
	]
	holds = {
		one.key: [
			hold(kind, amount, TODAY + timedelta(days=3))
			for kind, amount in draw(st.lists(some_holds, max_size=2))
		]
		for one in open_
	}
	return Facts(
		name,
		open_,
		holds,
		{"USD": draw(st.one_of(st.just(D(0)), money))},
		follow_up=draw(st.one_of(st.none(), st.integers(-5, 5).map(lambda n: TODAY + timedelta(days=n)))),
		broken_promises=draw(st.integers(0, 4)),
		average_days_late=draw(st.one_of(st.none(), st.decimals(-20, 90, places=1))),
		credit_limit=draw(st.one_of(st.just(D(0)), money)),
		deal_value=draw(st.one_of(st.just(D(0)), money)),
	)


some_holds = st.tuples(st.sampled_from(["Promise", "Dispute", "Pause"]), st.one_of(st.none(), money))


@given(customers())
def test_the_parts_of_every_installment_sum_to_it(facts):
	parts = parts_of(facts, 2)
	for part in parts:
		assert part.free + part.held + part.covered == part.row.outstanding
		assert part.base_free + part.base_held + part.base_covered == part.row.base_outstanding
		assert min(part.free, part.held, part.covered, part.base_free, part.base_held, part.base_covered) >= 0
	covered = sum(part.covered for part in parts if part.row.currency == "USD")
	assert covered <= facts.on_account["USD"]


@given(customers(), customers("B"))
def test_the_score_is_the_sum_of_its_reasons_and_within_its_bounds(one, other):
	for entry in worklist([one, other], TODAY, 2):
		assert entry.score == sum(reason.points for reason in entry.reasons)
		assert 0 <= entry.score <= 100
		assert all(0 < reason.points <= getattr(Weights(), reason.kind) for reason in entry.reasons)
		if entry.state == CALL and not one.follow_up and not other.follow_up:
			assert entry.overdue > 0
		assert entry.overdue <= entry.total_overdue <= entry.open


@given(customers(), customers("B"), st.randoms())
def test_the_order_of_customers_and_rows_does_not_matter(one, other, random):
	shuffled = list(one.rows)
	random.shuffle(shuffled)
	assert worklist([one, other], TODAY, 2) == worklist([other, replace(one, rows=shuffled)], TODAY, 2)


@given(customers(), st.integers(1, 3), st.decimals(1, 50, places=1), st.integers(1, 30))
def test_worse_never_scores_less(facts, broken, later, older):
	"""The same customer with one more thing against them: a broken promise, later payments, older installments."""
	before = entry_of(facts)
	if before is None or before.state != CALL:
		return
	worse = [
		replace(facts, broken_promises=facts.broken_promises + broken),
		replace(facts, average_days_late=(facts.average_days_late or D(0)) + later),
		replace(
			facts, rows=[replace(one, due_date=one.due_date - timedelta(days=older)) for one in facts.rows]
		),
	]
	for changed in worse:
		assert entry_of(changed).score >= before.score


@given(customers(), st.sampled_from(["Promise", "Dispute", "Pause"]))
def test_who_is_held_whole_is_never_called(facts, kind):
	held = replace(facts, holds={one.key: [hold(kind)] for one in facts.rows})
	entry = entry_of(held)
	assert entry is None or (entry.state == WAITING and entry.overdue == 0)

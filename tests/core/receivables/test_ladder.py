"""The ladder of reminders: examples worked out by hand, and what holds for any open rows, holds and history."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from sales_crm_accounts.core.receivables import ladder
from sales_crm_accounts.core.receivables.ladder import (
	Level,
	Party,
	Policy,
	Reached,
	Situation,
	ask,
	choose,
	decide,
)
from sales_crm_accounts.core.receivables.rows import OpenRow

TODAY = date(2026, 6, 15)
EVERYWHERE = frozenset(ladder.CHANNELS)
LEVELS = (
	Level("Note", -3),
	Level("First reminder", 7),
	Level("Second reminder", 21),
	Level("Final notice", 35, ladder.LETTER),
)
POLICY = Policy("Default", LEVELS)


@dataclass(frozen=True)
class Hold:
	kind: str
	name: str
	amount: Decimal | None
	until: date | None = None


def row(days: int, amount=100, invoice="INV-1", number=1, customer="A", currency="USD", rate=1) -> OpenRow:
	"""A row that is `days` overdue on TODAY."""
	amount = Decimal(amount)
	due = TODAY - timedelta(days=days)
	return OpenRow(
		invoice, number, "Company", customer, due - timedelta(days=30), due, currency, amount, amount * rate, amount
	)  # fmt: skip


def situation(*rows, policy=POLICY, **values) -> Situation:
	values.setdefault("parties", {name: Party(name, channels=EVERYWHERE) for name in "ABC"})
	return Situation(TODAY, rows, values.pop("policies", [policy]), **values)


def reasons(decision) -> list[tuple[str, str]]:
	return [(entry.customer, entry.reason) for entry in decision.passed]


class TestLevels:
	def test_the_level_of_the_day(self):
		for days, title in ((-4, None), (-3, "Note"), (0, "Note"), (1, None), (7, "First reminder"), (40, "First reminder")):  # fmt: skip
			decision = decide(situation(row(days)))
			assert [reminder.title for reminder in decision.reminders] == ([title] if title else []), days

	def test_straight_to_the_level_of_the_day_where_the_policy_says_so(self):
		(reminder,) = decide(situation(row(40), policy=replace(POLICY, one_step=False))).reminders
		assert (reminder.title, reminder.level, reminder.channel) == ("Final notice", 4, ladder.LETTER)

	def test_the_next_level_follows_the_one_told_last(self):
		reached = {("INV-1", 1): Reached(7, 2, TODAY - timedelta(days=33))}
		(reminder,) = decide(situation(row(40), reached=reached)).reminders
		assert reminder.title == "Second reminder"

	def test_a_level_put_in_between_throws_nobody_back(self):
		levels = (*LEVELS[:3], Level("New", 28), LEVELS[3])
		reached = {("INV-1", 1): Reached(35, 4, TODAY - timedelta(days=5))}
		assert not decide(
			situation(row(40), policy=replace(POLICY, levels=levels), reached=reached)
		).reminders

	def test_the_last_level_again(self):
		levels = (Level("Only", 5, repeat_after=10),)
		for ago, told in ((9, 0), (10, 1)):
			reached = {("INV-1", 1): Reached(5, 1, TODAY - timedelta(days=ago))}
			decision = decide(situation(row(30), policy=Policy("P", levels), reached=reached))
			assert len(decision.reminders) == told

	def test_one_message_for_everything_due(self):
		"""30 days, 10 days and 2 days late: the first brings the level, the last is listed before its own."""
		rows = [row(30, 300, "INV-3"), row(10, 200, "INV-2"), row(2, 50, "INV-1"), row(-1, 70, "INV-4")]
		reached = {("INV-3", 1): Reached(7, 2, TODAY - timedelta(days=20))}
		(reminder,) = decide(situation(*rows, reached=reached)).reminders
		assert reminder.title == "Second reminder"
		assert [(line.asked.row.sales_invoice, line.level) for line in reminder.lines] == [
			("INV-3", 3),
			("INV-2", 2),
			("INV-1", 0),
			("INV-4", 1),
		]
		assert reminder.total == 620

	def test_a_friendly_note_does_not_speak_of_what_is_late(self):
		rows = [row(10, 200, "INV-2"), row(-1, 70, "INV-4")]
		reached = {("INV-2", 1): Reached(7, 2, TODAY - timedelta(days=3))}
		(reminder,) = decide(situation(*rows, reached=reached)).reminders
		assert (reminder.title, reminder.total) == ("Note", 70)


class TestPassedOver:
	def test_grace(self):
		policy = replace(POLICY, levels=(Level("Early", 1),), grace_days=3)
		assert reasons(decide(situation(row(3), policy=policy))) == [("A", ladder.GRACE)]
		assert decide(situation(row(4), policy=policy)).reminders

	def test_promise_dispute_and_pause_take_just_their_part(self):
		rows = [row(10, 100, "INV-1"), row(9, 80, "INV-2")]
		holds = {("INV-1", 1): [Hold("Dispute", "DSP-1", Decimal(30))], ("INV-2", 1): [Hold("Promise", "PTP-1", None)]}  # fmt: skip
		decision = decide(situation(*rows, holds=holds))
		assert decision.reminders[0].total == 70
		assert [(entry.reason, entry.detail, entry.amount) for entry in decision.passed] == [
			("Promise", "PTP-1", 80)
		]

	def test_a_dispute_larger_than_the_rest_holds_the_rest(self):
		holds = {("INV-1", 1): [Hold("Dispute", "DSP-1", Decimal(500))]}
		assert reasons(decide(situation(row(10), holds=holds))) == [("A", "Dispute")]

	def test_money_on_account_stops_what_it_covers_oldest_first(self):
		"""300 and 200 late, 350 on account: the older one is covered, 150 of the younger is asked for."""
		rows = [row(20, 300, "INV-1"), row(10, 200, "INV-2")]
		decision = decide(situation(*rows, on_account={("A", "USD"): Decimal(350)}))
		assert decision.reminders[0].total == 150
		assert [(entry.row.sales_invoice, entry.reason) for entry in decision.passed] == [("INV-1", ladder.COVERED)]  # fmt: skip
		assert not decide(situation(*rows, on_account={("A", "USD"): Decimal(500)})).reminders

	def test_an_open_credit_note_counts_like_money(self):
		assert reasons(decide(situation(row(10, 100), row(3, -100, "CN-1")))) == [("A", ladder.COVERED)]

	def test_too_small_in_company_currency(self):
		policy = replace(POLICY, min_amount=Decimal(100))
		assert reasons(decide(situation(row(10, 79, rate=Decimal("1.25")), policy=policy))) == [
			("A", ladder.TOO_SMALL)
		]
		assert decide(situation(row(10, 80, rate=Decimal("1.25")), policy=policy)).reminders

	def test_too_soon_and_weekly_cap(self):
		policy = replace(POLICY, min_gap_days=5)
		for ago, told in ((4, 0), (5, 1)):
			decision = decide(
				situation(row(10), policy=policy, contacts={"A": [TODAY - timedelta(days=ago)]})
			)
			assert len(decision.reminders) == told
		capped = replace(POLICY, weekly_cap=2)
		contacts = {"A": [TODAY - timedelta(days=1), TODAY - timedelta(days=6)]}
		assert reasons(decide(situation(row(10), policy=capped, contacts=contacts))) == [
			("A", ladder.TOO_SOON)
		]

	def test_no_address_quiet_day_held_back_no_policy(self):
		assert reasons(decide(situation(row(10), parties={}))) == [("A", ladder.NO_ADDRESS)]
		assert reasons(decide(situation(row(10), quiet={"Default"}))) == [("A", ladder.QUIET_DAY)]
		assert reasons(decide(situation(row(10), held_back={("A", "USD")}))) == [("A", ladder.HELD_BACK)]
		assert reasons(decide(situation(row(10), policies=[]))) == [("A", ladder.NO_POLICY)]
		assert reasons(decide(situation(row(10), policy=Policy("Empty", ())))) == [("A", ladder.NO_POLICY)]
		assert not decide(situation(row(0), policies=[])).passed

	def test_a_task_writes_to_nobody(self):
		policy = Policy("Task", (Level("Call", 5, ladder.TASK),), min_gap_days=9)
		contacts = {"A": [TODAY]}
		assert decide(
			situation(row(10), policy=policy, parties={}, contacts=contacts, quiet={"Task"})
		).reminders


def test_the_narrowest_policy():
	party = Party("A", groups=("Retail", "All"), territories=("Bavaria", "Germany"))
	everybody, all_group, retail = Policy("1", LEVELS), Policy("2", LEVELS, customer_group="All"), Policy("3", LEVELS, customer_group="Retail")  # fmt: skip
	germany, euro, own = Policy("4", LEVELS, territory="Germany"), Policy("5", LEVELS, currency="EUR"), Policy("6", LEVELS, customer="A")  # fmt: skip
	policies = [everybody, euro, germany, all_group, retail, own]
	while policies:
		expected = policies[-1].name
		assert choose(policies, party, "EUR").name == expected
		assert choose(reversed(policies), party, "EUR").name == expected
		policies.pop()
	assert choose([Policy("7", LEVELS, customer="B"), euro], party, "USD") is None
	assert choose([Policy("b", LEVELS), Policy("a", LEVELS)], party, "USD").name == "a"


# What holds for anything

amounts = st.integers(1, 500).map(Decimal)
hold = st.builds(
	Hold,
	st.sampled_from(["Promise", "Dispute", "Pause"]),
	st.just("H"),
	st.one_of(st.none(), st.integers(-20, 700).map(Decimal)),
)


@st.composite
def situations(draw):
	rows, holds, reached = [], {}, {}
	for number in range(draw(st.integers(0, 7))):
		days, amount = draw(st.integers(-10, 90)), draw(amounts)
		sign = draw(st.sampled_from([1, 1, 1, 1, -1]))
		one = row(
			days,
			sign * amount,
			f"INV-{number}",
			1,
			draw(st.sampled_from("AB")),
			draw(st.sampled_from(["USD", "EUR"])),
		)
		rows.append(one)
		if draw(st.booleans()):
			holds[one.key] = draw(st.lists(hold, max_size=2))
		if draw(st.booleans()):
			number, level = draw(st.sampled_from(list(enumerate(LEVELS, 1))))
			reached[one.key] = Reached(level.days, number, TODAY - timedelta(days=draw(st.integers(1, 40))))
	policy = replace(
		POLICY,
		one_step=draw(st.booleans()),
		grace_days=draw(st.integers(0, 5)),
		min_gap_days=draw(st.integers(0, 9)),
		weekly_cap=draw(st.integers(0, 2)),
	)
	account = {
		(customer, currency): Decimal(draw(st.integers(0, 600)))
		for customer in "AB"
		for currency in ("USD", "EUR")
		if draw(st.booleans())
	}
	contacts = {"A": draw(st.lists(st.integers(1, 20).map(lambda ago: TODAY - timedelta(days=ago))))}
	return situation(
		*rows, policy=policy, holds=holds, reached=reached, on_account=account, contacts=contacts
	)


def told(before: Situation, decision) -> Situation:
	"""The situation after the reminders were sent."""
	reached, contacts = (
		dict(before.reached),
		{name: list(days) for name, days in before.contacts.items()},
	)
	for reminder in decision.reminders:
		contacts.setdefault(reminder.customer, []).append(before.day)
		for line in reminder.lines:
			if line.level:
				reached[line.asked.row.key] = Reached(line.level_days, line.level, before.day)
	return replace(before, reached=reached, contacts=contacts)


@given(situations())
def test_one_message_a_customer_and_currency_and_each_row_once(given_situation):
	decision = decide(given_situation)
	keys = [(reminder.customer, reminder.currency) for reminder in decision.reminders]
	assert len(keys) == len(set(keys))
	rows = [line.asked.row.key for reminder in decision.reminders for line in reminder.lines]
	assert len(rows) == len(set(rows))


@given(situations())
def test_the_level_reached_never_falls(given_situation):
	for reminder in decide(given_situation).reminders:
		for line in reminder.lines:
			before = given_situation.reached.get(line.asked.row.key)
			assert before is None or line.level_days >= before.days


@given(situations())
def test_nothing_is_asked_that_is_held_covered_or_not_open(given_situation):
	for reminder in decide(given_situation).reminders:
		key = reminder.customer, reminder.currency
		own = [one for one in given_situation.rows if (one.customer, one.currency) == key]
		cover = ladder.cover_of(own, given_situation.on_account.get(key, Decimal(0)))
		assert sum(line.asked.covered for line in reminder.lines) <= cover
		for line in reminder.lines:
			entry = line.asked
			assert 0 < entry.amount <= entry.row.outstanding
			wanted = [one.amount for one in given_situation.holds.get(entry.row.key, [])]
			assert None not in wanted
			assert entry.held == min(sum((max(a, Decimal(0)) for a in wanted), Decimal(0)), entry.row.outstanding)  # fmt: skip


@given(situations())
def test_enough_on_account_stops_everything(given_situation):
	plenty = {(customer, currency): Decimal(10**6) for customer in "AB" for currency in ("USD", "EUR")}
	assert not decide(replace(given_situation, on_account=plenty)).reminders


@given(situations())
def test_a_second_look_on_the_day_has_nothing_to_add(given_situation):
	"""With one message a row has been told its level; only a policy that climbs by steps and knows no gap goes on the next look."""
	for policy in given_situation.policies:
		given_situation = replace(
			given_situation, policies=[replace(policy, min_gap_days=max(1, policy.min_gap_days))]
		)
	decision = decide(given_situation)
	again = decide(told(given_situation, decision))
	written = {reminder.customer for reminder in decision.reminders}
	assert not [reminder for reminder in again.reminders if reminder.customer in written]


@given(situations())
def test_whoever_has_come_to_a_level_is_written_to_or_passed_over_with_a_reason(given_situation):
	decision = decide(given_situation)
	in_message = {line.asked.row.key for reminder in decision.reminders for line in reminder.lines}
	rows_passed = {entry.row.key for entry in decision.passed if entry.row}
	groups_passed = {(entry.customer, entry.currency) for entry in decision.passed if entry.row is None}
	(policy,) = given_situation.policies
	for one in given_situation.rows:
		if one.outstanding > 0 and ladder.next_level(
			one, policy, given_situation.reached.get(one.key), TODAY
		):
			assert (
				one.key in in_message
				or one.key in rows_passed
				or (one.customer, one.currency) in groups_passed
			)
	assert all(entry.reason in ladder.REASONS for entry in decision.passed)


@given(st.lists(st.integers(0, 60), min_size=1, max_size=12), st.integers(0, 10), st.booleans())
def test_days_that_were_missed_are_caught_up_and_never_by_more_messages(looked_on, gap, one_step):
	"""A row is looked at on some days of its first 60 after the due date, or on all: missing days never adds a message."""
	policy = replace(POLICY, min_gap_days=gap, one_step=one_step)

	def messages(days):
		current, count, highest = situation(row(0), policy=policy), 0, -99
		for day in sorted(set(days)):
			current = replace(current, day=TODAY + timedelta(days=day))
			decision = decide(current)
			count += len(decision.reminders)
			for reminder in decision.reminders:
				assert reminder.lines[0].level_days > highest
				highest = reminder.lines[0].level_days
			current = told(current, decision)
		return count

	assert messages(looked_on) <= messages(range(61))
	assert messages([60]) == 1


@given(st.lists(amounts, max_size=6), st.integers(0, 2000).map(Decimal))
def test_cover_goes_to_the_oldest_and_is_used_up(open_amounts, cover):
	rows = [row(50 - number, amount, f"INV-{number}") for number, amount in enumerate(open_amounts)]
	asked, not_asked = ask(rows, {}, cover)
	total = sum(open_amounts, Decimal(0))
	assert sum((entry.amount for entry in asked), Decimal(0)) == max(Decimal(0), total - cover)
	assert all(entry.covered == 0 for entry in asked[1:])
	assert len(asked) + len(not_asked) == len(rows)

from itertools import permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from people import PEOPLE, any_one, everyone, group, route, routes, some

from sales_crm_accounts.core.approvals.progress import (
	APPROVED,
	PENDING,
	SKIPPED,
	WAITING,
	Decision,
	SendBack,
	may_sign,
	progress,
	standing,
)
from sales_crm_accounts.core.approvals.route import ALL, ANY


def signed(level, *people):
	"""Signatures of a level; "b/d" is b's, given by d."""
	return [Decision(level, one.split("/")[0], one.split("/")[-1]) for one in people]


def statuses(chain, decisions):
	return [state.status for state in progress(chain, decisions).groups]


def refusal(chain, decisions, who, authors=(), **more):
	principal, actor = who.split("/")[0], who.split("/")[-1]
	problem = may_sign(chain, decisions, principal, actor, authors, **more)
	if problem:
		assert problem.message()
	return problem and problem.code


class TestStages:
	chain = route(any_one(1, "ab"), everyone(2, "cd"))

	def test_one_after_the_other(self):
		assert statuses(self.chain, []) == [PENDING, WAITING]
		assert progress(self.chain, []).pending == ("a", "b")
		after_b = progress(self.chain, signed(1, "b"))
		assert after_b.stage == 2 and after_b.pending == ("c", "d")
		assert statuses(self.chain, signed(1, "b")) == [APPROVED, PENDING]
		done = progress(self.chain, signed(1, "b") + signed(2, "d", "c"))
		assert done.complete and done.stage is None and done.pending == ()

	def test_a_later_level_does_not_count_before_its_time(self):
		assert progress(self.chain, signed(2, "c", "d")).stage == 1

	def test_a_route_without_groups_is_complete(self):
		assert progress(route(), []).complete

	def test_nobody_else_counts(self):
		assert progress(self.chain, signed(1, "x", "c")).stage == 1

	def test_a_group_without_candidates_never_passes(self):
		state = progress(route(everyone(1, "")), [])
		assert not state.complete and [problem.code for problem in state.problems] == ["no-approver-left"]


class TestParallel:
	def test_a_signature_moves_to_where_it_is_needed(self):
		chain = route(any_one(1, "ab"), any_one(1, "a"))
		for order in permutations("ab"):
			assert progress(chain, signed(1, *order)).complete
		assert statuses(chain, signed(1, "a")) == [PENDING, APPROVED]
		assert progress(chain, signed(1, "a")).pending == ("b",)

	def test_who_can_take_the_place_of_a_signature_is_still_asked(self):
		"""a counts for the first group, but with b's signature could count for the second."""
		state = progress(route(any_one(1, "ab"), any_one(1, "ac")), signed(1, "a"))
		assert set(state.pending) == {"b", "c"}

	def test_one_signature_is_not_two(self):
		assert not progress(route(any_one(1, "ab"), any_one(1, "ab")), signed(1, "a")).complete


class TestOncePerChain:
	def test_who_approved_is_not_asked_again(self):
		chain = route(any_one(1, "ab"), any_one(2, "a"), everyone(3, "abc"))
		state = progress(chain, signed(1, "a"))
		assert [one.status for one in state.groups] == [APPROVED, SKIPPED, PENDING]
		assert state.groups[1].reason.message() == "Level 2 is skipped: a approved on an earlier level."
		assert (state.groups[2].needed, state.pending) == (2, ("b", "c"))

	def test_n_of_m_takes_who_is_left(self):
		chain = route(any_one(1, "a"), some(2, 2, "abc"), some(3, 2, "bcd"))
		state = progress(chain, signed(1, "a") + signed(2, "b", "c"))
		assert state.stage == 3 and state.groups[2].needed == 1

	def test_without_skipping_somebody_else_must_sign(self):
		chain = route(any_one(1, "ab"), any_one(2, "ac", skip=False))
		assert progress(chain, signed(1, "a")).pending == ("c",)
		assert refusal(chain, signed(1, "a"), "a") == "counts-once"

	def test_without_skipping_and_with_nobody_else_it_stops_and_says_so(self):
		state = progress(route(any_one(1, "ab"), any_one(2, "a", skip=False)), signed(1, "a"))
		assert not state.complete and [problem.code for problem in state.problems] == ["no-approver-left"]

	def test_a_delegate_uses_up_both(self):
		chain = route(any_one(1, "ab"), any_one(2, "bd", skip=False), any_one(2, "e"))
		assert progress(chain, signed(1, "b/d")).pending == ("e",)
		assert progress(route(everyone(1, "bd")), signed(1, "b/d", "d")).groups[0].signed == (
			Decision(1, "b", "d"),
		)

	def test_a_delegate_signs_for_one_person_only(self):
		chain = route(any_one(1, "b"), any_one(1, "c"))
		assert not progress(chain, signed(1, "b/d", "c/d")).complete
		assert progress(chain, signed(1, "b/d", "c/e")).complete

	def test_who_signed_for_another_is_skipped_later(self):
		assert statuses(route(any_one(1, "b"), any_one(2, "d")), signed(1, "b/d")) == [APPROVED, SKIPPED]


class TestMaySign:
	chain = route(any_one(1, "ab"), any_one(2, "c"))

	@pytest.mark.parametrize(
		"decisions, who, code",
		[
			([], "a", None),
			([], "a/d", None),
			([], "c", "not-yet"),
			([], "x", "not-an-approver"),
			([], "o", "author"),
			([], "a/o", "author"),
			(signed(1, "a"), "a", "counts-once"),
			(signed(1, "a"), "b", "not-yet"),
			(signed(1, "a/d"), "c/d", "counts-once"),
			(signed(1, "a") + signed(2, "c"), "b", "closed"),
			([Decision(1, "b", "b", approved=False)], "a", "closed"),
		],
	)
	def test_outcomes(self, decisions, who, code):
		assert refusal(self.chain, decisions, who, authors={"o"}) == code

	def test_a_full_group_needs_no_more(self):
		chain = route(any_one(1, "ab"), any_one(1, "c"))
		assert refusal(chain, signed(1, "a"), "b") == "not-needed"

	def test_authors_where_the_level_lets_them(self):
		chain = route(group("1", 1, ANY, 1, "oa", requester=True))
		assert refusal(chain, [], "o", authors={"o"}) is None
		assert refusal(chain, [], "o/d", authors={"o"}) is None
		assert refusal(chain, [], "a/o", authors={"o"}) == "author"

	def test_an_author_who_was_added_by_hand_may_not(self):
		assert refusal(route(any_one(1, "oa")), [], "o", authors={"o"}) == "author"

	def test_a_signature_that_is_needed_elsewhere_is_kept_for_there(self):
		chain = route(any_one(1, "ab"), any_one(2, "a", skip=False))
		assert refusal(chain, [], "a") == "needed-elsewhere"
		assert refusal(chain, [], "a", approved=False) is None
		assert refusal(chain, [], "b") is None

	def test_where_every_way_leads_to_a_dead_end_it_shows_there(self):
		chain = route(any_one(1, "a"), any_one(2, "ab", skip=False), any_one(2, "ab"))
		assert refusal(chain, [], "a") is None
		assert [problem.code for problem in progress(chain, signed(1, "a")).problems] == ["no-approver-left"]

	def test_a_delegate_who_is_needed_signs_for_themselves(self):
		assert refusal(route(everyone(1, "bd")), [], "b/d") == "needed-elsewhere"
		assert refusal(route(everyone(1, "bd")), [], "b/e") is None

	def test_disabled_meanwhile(self):
		assert refusal(self.chain, [], "a", gone={"a"}) == "gone"
		assert progress(self.chain, [], gone={"a"}).pending == ("b",)
		assert progress(self.chain, signed(1, "a"), gone={"a"}).stage == 2
		assert [problem.code for problem in progress(self.chain, [], gone={"a", "b"}).problems] == [
			"no-approver-left"
		]
		everybody = route(group("1", 1, ALL, 2, "ab"))
		assert progress(everybody, signed(1, "a"), gone={"b"}).problems


class TestRejecting:
	chain = route(any_one(1, "ab"), any_one(2, "c"))

	def test_ends_the_round(self):
		state = progress(self.chain, [Decision(1, "b", "b", approved=False)])
		assert state.rejected.user == "b" and not state.complete and state.stage == 1 and state.pending == ()

	def test_even_beside_enough_signatures(self):
		assert not progress(self.chain, [*signed(1, "a"), Decision(1, "b", "b", approved=False)]).complete

	def test_nobody_else_rejects(self):
		assert progress(self.chain, [Decision(1, "x", "x", approved=False)]).rejected is None


class TestSendingBack:
	chain = route(any_one(1, "a"), any_one(2, "b"), any_one(3, "c"))

	def test_asks_from_that_level_again(self):
		decisions = [Decision(1, "a", "a", sequence=1), Decision(2, "b", "b", sequence=2)]
		assert progress(self.chain, standing(decisions, [])).stage == 3
		assert progress(self.chain, standing(decisions, [SendBack(2, 3)])).stage == 2
		assert progress(self.chain, standing(decisions, [SendBack(1, 3)])).stage == 1

	def test_who_signs_again_counts(self):
		decisions = [Decision(1, "a", "a", sequence=1), Decision(1, "a", "a", sequence=3)]
		assert progress(self.chain, standing(decisions, [SendBack(1, 2)])).stage == 2


# Against brute force


def reference(chain, decisions):
	"""Whether each stage can be met, by trying every way of giving its signatures to its groups.

	Gives (stage that waits or None, people whose signature would still help, whether it can be met at all).
	"""
	used = set()
	for number in sorted({one.number for one in chain.groups}):
		asked = []
		for one in (one for one in chain.groups if one.number == number):
			left = [user for user in one.users if user not in used]
			need = len(one.users) if one.rule == ALL else one.needed
			if one.skip_if_approved and len(left) < len(one.users):
				need = len(left) if one.rule == ALL else min(need, len(left))
			asked.append((set(left), need))
		members = set().union(*(people for people, _ in asked))
		here = [d for d in decisions if d.level == number and d.user in members]
		total = sum(need for _, need in asked)
		people = [d.user for d in here]
		used |= {d.user for d in here} | {d.actor for d in here}
		if most(people, asked) < total:
			free = sorted(members - used)
			helping = {user for user in free if most([*people, user], asked) > most(people, asked)}
			return number, helping, most(people + free, asked) == total
	return None, set(), True


def most(people, asked):
	best = 0
	for choice in product(range(-1, len(asked)), repeat=len(people)):
		counts = [0] * len(asked)
		for user, place in zip(people, choice, strict=True):
			if place >= 0 and user in asked[place][0]:
				counts[place] += 1
		best = max(best, sum(min(count, need) for count, (_, need) in zip(counts, asked, strict=True)))
	return best


@st.composite
def disjoint_decisions(draw):
	"""Signatures of anybody on any level, each person in at most one of them."""
	people = list(draw(st.permutations(PEOPLE)))
	decisions = []
	for _ in range(draw(st.integers(0, 4))):
		user = people.pop()
		actor = people.pop() if people and draw(st.sampled_from((False, False, True))) else user
		decisions.append(Decision(draw(st.integers(1, 3)), user, actor))
		if not people:
			break
	return decisions


@given(routes(), disjoint_decisions())
def test_progress_is_what_trying_everything_finds(chain, decisions):
	stage, helping, possible = reference(chain, decisions)
	state = progress(chain, decisions)
	assert state.stage == stage
	assert set(state.pending) == helping
	assert bool(state.problems) == (not possible)
	assert state.complete == (stage is None)


@given(routes(), disjoint_decisions().flatmap(lambda one: st.tuples(st.just(one), st.permutations(one))))
def test_the_order_of_decisions_does_not_matter(chain, orders):
	listed, shuffled = (
		progress(chain, [Decision(d.level, d.user, d.actor, True, i) for i, d in enumerate(one)])
		for one in orders
	)
	assert listed.stage == shuffled.stage and listed.pending == shuffled.pending
	for one, other in zip(listed.groups, shuffled.groups, strict=True):
		assert (one.status, one.needed, one.pending) == (other.status, other.needed, other.pending)
		assert {d.user for d in one.signed} == {d.user for d in other.signed}


@given(
	routes(),
	st.lists(
		st.builds(Decision, st.integers(1, 3), st.sampled_from(PEOPLE), st.sampled_from(PEOPLE)), max_size=8
	),
)
def test_whatever_was_recorded_no_person_counts_twice(chain, decisions):
	counted = [d for state in progress(chain, decisions).groups for d in state.signed]
	people = [person for d in counted for person in {d.user, d.actor}]
	assert len(people) == len(set(people))


# Plays: whoever may sign signs, in any order, for themselves or for another


@st.composite
def plays(draw, skip=None, authors=()):
	"""A route and decisions that `may_sign` allowed, until it is complete or nobody may."""
	chain = draw(routes(skip))
	decisions = []
	while True:
		state = progress(chain, decisions)
		others = draw(st.sampled_from(PEOPLE)), "x"
		pairs = [
			(principal, actor)
			for principal in state.pending
			for actor in dict.fromkeys((principal, *others))
			if may_sign(chain, decisions, principal, actor, authors) is None
		]
		if not pairs:
			return chain, decisions
		principal, actor = draw(st.sampled_from(pairs))
		decisions.append(Decision(state.stage, principal, actor, sequence=len(decisions)))


@given(routes(), disjoint_decisions(), st.sampled_from(PEOPLE), st.sampled_from((*PEOPLE, "x")))
def test_only_who_is_asked_signs(chain, decisions, principal, actor):
	state = progress(chain, decisions)
	if may_sign(chain, decisions, principal, actor, ()) is None:
		assert principal in state.pending
		assert not {principal, actor} & {
			person
			for d in decisions
			for person in (d.user, d.actor)
			if any(d in one.signed for one in state.groups)
		}
	elif principal == actor and principal in state.pending:
		assert refusal(chain, decisions, principal) == "needed-elsewhere"


@given(plays())
def test_no_path_approves_with_fewer_signatures_than_the_chain_says(play):
	chain, decisions = play
	state = progress(chain, decisions)
	if not state.complete:
		assert state.problems  # never a silent stop
		return
	for place, one in enumerate(chain.groups):
		signatures = state.groups[place].signed
		assert {d.user for d in signatures} <= set(one.users)
		upto = [d for d in decisions if d.level <= one.number]
		if len(signatures) < one.needed:
			# Fewer only where all others had approved before, and nobody of the group was left to ask.
			assert one.skip_if_approved
			assert set(one.users) <= {p for d in upto for p in (d.user, d.actor)}


@given(plays())
def test_no_person_counts_twice(play):
	chain, decisions = play
	counted = [d for state in progress(chain, decisions).groups for d in state.signed]
	people = [person for d in counted for person in {d.user, d.actor}]
	assert len(people) == len(set(people))
	assert len(counted) == len(decisions)  # what may be signed is needed


@given(plays(authors={"a", "b"}))
def test_authors_never_sign(play):
	_chain, decisions = play
	assert not {"a", "b"} & {person for d in decisions for person in (d.user, d.actor)}


@given(plays(skip=st.just(False)))
def test_a_chain_that_can_be_signed_is_never_led_into_a_dead_end(play):
	chain, decisions = play
	needed, people = 0, set()
	for one in chain.groups:
		needed += one.needed
		people |= set(one.users)
	state = progress(chain, decisions)
	assert state.complete == (most_over(chain) == needed)


def most_over(chain):
	"""Most signatures that different people can give to all groups together."""
	asked = [(set(one.users), one.needed) for one in chain.groups]
	return most(sorted(set().union(*(people for people, _ in asked))), asked)


@given(plays(), st.integers(1, 3))
def test_after_sending_back_no_old_decision_counts(play, level):
	chain, decisions = play
	back = SendBack(level, len(decisions))
	state = progress(chain, standing(decisions, [back]))
	assert all(d.level < level for one in state.groups for d in one.signed)
	again = [Decision(d.level, d.user, d.actor, True, back.sequence + 1 + d.sequence) for d in decisions]
	assert standing([*decisions, *again], [back])[-len(again) :] == again or not again

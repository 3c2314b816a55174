from decimal import Decimal as D

from hypothesis import given
from hypothesis import strategies as st

from sales_crm_accounts.core.policy import PolicyScope, choose

GROUPS = ["Hospitals", "Public", "All Customer Groups"]  # nearest first
TERRITORIES = ["Berlin", "Germany", "All Territories"]


def scope(name, group="", territory="", low=0, high=0):
	return PolicyScope(name, group, territory, D(low), D(high))


def chosen(*policies, amount=1000):
	return choose(policies, GROUPS, TERRITORIES, D(amount))


def test_no_policy_covers_the_deal():
	assert chosen(scope("Retail", "Shops"), scope("Large", low=5000)) is None
	assert choose([], GROUPS, TERRITORIES, D(1)) is None


def test_customer_group_before_territory_before_amount():
	everywhere, large = scope("Everywhere"), scope("Large", low=500)
	berlin, public = scope("Berlin", territory="Berlin"), scope("Public", "Public")
	assert chosen(everywhere, large) == "Large"
	assert chosen(everywhere, large, berlin) == "Berlin"
	assert chosen(everywhere, large, berlin, public) == "Public"


def test_a_nearer_group_beats_one_above_it():
	assert chosen(scope("A", "All Customer Groups"), scope("B", "Public"), scope("C", "Hospitals")) == "C"
	assert chosen(scope("A", territory="Germany"), scope("B", territory="Berlin")) == "B"


def test_the_bounds_belong_to_the_range():
	policy = scope("Middle", low=1000, high=2000)
	assert [chosen(policy, amount=amount) for amount in ("999.99", 1000, 2000, "2000.01")] == [
		None,
		"Middle",
		"Middle",
		None,
	]


def test_the_narrower_range_and_then_the_name_decide():
	assert chosen(scope("Open", low=100), scope("Closed", low=100, high=5000)) == "Closed"
	assert chosen(scope("Wide", high=9000), scope("Narrow", high=5000)) == "Narrow"
	assert chosen(scope("B"), scope("A")) == "A"


@st.composite
def scopes(draw):
	low = draw(st.sampled_from([0, 500, 1000]))
	return scope(
		draw(st.sampled_from("ABCDEFGH")),
		draw(st.sampled_from(["", "Shops", *GROUPS])),
		draw(st.sampled_from(["", "France", *TERRITORIES])),
		low,
		draw(st.sampled_from([0, 1000, 2000])),
	)


@given(
	st.lists(scopes(), max_size=8, unique_by=lambda policy: policy.name).flatmap(
		lambda policies: st.tuples(st.just(policies), st.permutations(policies))
	)
)
def test_the_order_of_the_list_does_not_matter(lists):
	listed, shuffled = lists
	assert chosen(*listed) == chosen(*shuffled)


@given(st.lists(scopes(), max_size=8, unique_by=lambda policy: policy.name))
def test_the_chosen_one_covers_the_deal(policies):
	name = chosen(*policies)
	covering = [policy.name for policy in policies if chosen(policy) is not None]
	assert (name is None) == (not covering)
	assert name is None or name in covering

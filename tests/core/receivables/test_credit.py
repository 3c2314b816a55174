from decimal import Decimal as D

from hypothesis import given
from hypothesis import strategies as st

from sales_crm_accounts.core.receivables.credit import Exposure

MONEY = st.integers(0, 10_000_000).map(lambda cents: D(cents).scaleb(-2))


def test_what_is_owed_and_will_be():
	"""500 open, 100 on account, 300 billed later, 200 ordered: 900. With 250 more 1,150, which is 150 above 1,000."""
	found = Exposure(D(500), D(100), D(300), D(200), limit=D(1000))
	assert (found.total, found.with_more(D(250)), found.excess(D(250))) == (900, 1150, 150)
	assert found.excess(D(100)) == 0
	assert found.excess() == 0


def test_no_limit_is_never_exceeded():
	assert Exposure(D(10**9)).excess(D(10**9)) == 0


@given(MONEY, MONEY, MONEY, MONEY, MONEY, MONEY)
def test_the_excess_is_what_is_above_the_limit(receivables, on_account, later, orders, limit, more):
	found = Exposure(receivables, on_account, later, orders, limit=limit)
	excess = found.excess(more)
	assert excess >= 0
	if limit:
		assert (excess > 0) == (found.with_more(more) > limit)
		assert min(found.with_more(more), limit) + excess == found.with_more(more)

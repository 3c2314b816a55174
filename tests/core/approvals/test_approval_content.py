from datetime import date, datetime
from decimal import Decimal as D
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_crm_accounts.core.approvals.content import Change, canonical, changes, fingerprint, parse

INVOICE = {
	"customer": "Müller & Söhne",
	"posting_date": date(2025, 6, 1),
	"grand_total": D("119.00"),
	"remarks": "",
	"items": [
		{"idx": 1, "item_code": "A", "qty": 1, "rate": D("100.00")},
		{"idx": 2, "item_code": "B", "qty": 2.5, "rate": D("0.10")},
	],
}


def test_canonical_text():
	assert canonical(INVOICE) == (
		'{"customer":"Müller & Söhne","grand_total":119,"items":[{"idx":1,"item_code":"A","qty":1,"rate":100},'
		'{"idx":2,"item_code":"B","qty":2.5,"rate":0.1}],"posting_date":"2025-06-01"}'
	)


@pytest.mark.parametrize(
	"values",
	[
		(1, 1.0, D("1"), D("1.0"), D("1.00"), D("1E+0"), True),
		(0, 0.0, -0.0, D("0.00"), D("-0"), D("0E+3"), False),
		(1000, 1e3, D("1E+3"), D("1000.000")),
		(D("0.1"), 0.1, D("0.10")),
		(1e22, 10**22, D("1E+22")),
		(1e-7, D("0.0000001")),
		(None, "", [], ()),
		(date(2025, 6, 1), "2025-06-01"),
		(datetime(2025, 6, 1, 8), "2025-06-01 08:00:00"),
	],
)
def test_one_value_has_one_fingerprint_however_it_is_written(values):
	assert len({fingerprint({"field": value}) for value in values}) == 1


@pytest.mark.parametrize(
	"one, other",
	[
		(1, "1"),
		(D("1.00"), "1.00"),
		(0, None),
		(D("0.1"), D("0.1000000000000000000000000000001")),
		("a", "a "),
		("a", "A"),
		([{"x": 1}, {"x": 2}], [{"x": 2}, {"x": 1}]),
		([{"x": 1}], [{"x": 1}, {}]),
		({"x": 'a","y":"b'}, {"x": "a", "y": "b"}),
	],
)
def test_different_values_have_different_fingerprints(one, other):
	assert fingerprint({"field": one}) != fingerprint({"field": other})


def test_a_list_keeps_the_place_of_what_is_empty():
	assert parse(canonical({"field": ["a", None, {}]})) == {"field": ["a", None, {}]}
	assert fingerprint({"field": [None, "a"]}) != fingerprint({"field": ["a", None]})


def test_an_empty_field_is_as_good_as_none():
	assert fingerprint({"a": 1, "b": None}) == fingerprint({"a": 1})


def test_what_has_no_stable_text_is_refused():
	for value in (float("nan"), float("inf"), D("NaN")):
		with pytest.raises(ValueError, match="finite"):
			canonical({"field": value})
	with pytest.raises(TypeError, match="set"):
		canonical({"field": {1, 2}})


scalars = st.one_of(
	st.text(max_size=8),
	st.integers(),
	st.decimals(allow_nan=False, allow_infinity=False, places=4),
	st.floats(allow_nan=False, allow_infinity=False),
	st.booleans(),
	st.dates(),
	st.none(),
)
names = st.sampled_from(("rate", "qty", "item", "note", "名"))
rows = st.dictionaries(names, scalars, max_size=4)
contents = st.dictionaries(names, st.one_of(scalars, st.lists(rows, max_size=3)), max_size=5)


@given(contents, st.randoms())
def test_the_order_of_keys_does_not_matter(content, random: Random):
	def shuffled(value):
		if isinstance(value, list):
			return [shuffled(row) for row in value]
		if isinstance(value, dict):
			keys = list(value)
			random.shuffle(keys)
			return {key: shuffled(value[key]) for key in keys}
		return value

	assert canonical(shuffled(content)) == canonical(content)


@given(contents)
def test_kept_text_gives_the_same_fingerprint(content):
	assert fingerprint(parse(canonical(content))) == fingerprint(content)


@given(contents, contents)
def test_changes_are_empty_exactly_when_the_fingerprints_are_the_same(old, new):
	assert (not changes(old, new)) == (fingerprint(old) == fingerprint(new))
	assert changes(parse(canonical(old)), old) == []


@given(contents.filter(bool), st.data())
def test_each_changed_value_changes_the_fingerprint_and_is_named(content, data):
	key = data.draw(st.sampled_from(sorted(content)))
	value = data.draw(scalars.filter(lambda one: canonical({key: one}) != canonical({key: content[key]})))
	new = {**content, key: value}
	assert fingerprint(new) != fingerprint(content)
	assert {change.path.split(".")[0] for change in changes(content, new)} == {key}


def test_changes_name_field_and_row():
	new = {
		**INVOICE,
		"grand_total": 130,
		"remarks": "urgent",
		"items": [INVOICE["items"][0], {**INVOICE["items"][1], "qty": 3}, {"idx": 3, "item_code": "C"}],
	}
	assert changes(INVOICE, new) == [
		Change("grand_total", None, D("119.00"), 130),
		Change("items.qty", 2, 2.5, 3),
		Change("items", 3, None, {"idx": 3, "item_code": "C"}),
		Change("remarks", None, "", "urgent"),
	]
	assert changes(new, INVOICE)[2] == Change("items", 3, {"idx": 3, "item_code": "C"}, None)


def test_rows_without_idx_are_matched_by_their_place():
	assert changes({"t": [{"x": 1}, {"x": 2}]}, {"t": [{"x": 1}, {"x": 3}]}) == [Change("t.x", 2, 2, 3)]


def test_groups_of_fields():
	assert changes({"fields": {"a": 1}}, {"fields": {"a": 2}}) == [Change("fields.a", None, 1, 2)]
	assert changes({}, {"rows": {"items": [{"x": 1}]}}) == [Change("rows", None, None, {"items": [{"x": 1}]})]

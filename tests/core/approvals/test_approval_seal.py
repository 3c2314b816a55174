import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_crm_accounts.core.approvals.seal import START, seal, verify

KEY = b"secret"


def sealed(contents, key=KEY):
	steps, previous = [], START
	for fields in contents:
		own = seal(previous, fields, key)
		steps.append((previous, fields, own))
		previous = own
	return steps


def codes(steps, head, count, key=KEY):
	found = verify(steps, key, head, count)
	assert all(problem.message() for problem in found)
	return {problem.code for problem in found}


def fields(number):
	return {"request": "AR-1", "user": f"user{number}", "decision": "Approved"}


STEPS = sealed([fields(number) for number in range(4)])
HEAD = STEPS[-1][2]


def test_untouched():
	assert verify(STEPS, KEY, HEAD, 4) == []
	assert verify([], KEY, START, 0) == []


def test_the_order_of_fields_does_not_matter_but_names_and_values_cannot_be_shifted():
	assert seal("", {"a": "1", "b": "2"}, KEY) == seal("", {"b": "2", "a": "1"}, KEY)
	assert seal("", {"a": "1b", "b": "2"}, KEY) != seal("", {"a": "1", "bb": "2"}, KEY)
	assert seal("x", {"a": ""}, KEY) != seal("", {"a": "x"}, KEY)


def test_a_key_is_needed_and_must_be_the_same():
	with pytest.raises(ValueError, match="key"):
		seal("", {}, b"")
	assert codes(STEPS, HEAD, 4, key=b"other") == {"edited"}


def test_edited_and_sealed_without_the_key():
	forged = {**fields(1), "decision": "Rejected"}
	assert codes([STEPS[0], (STEPS[1][0], forged, STEPS[1][2]), *STEPS[2:]], HEAD, 4) == {"edited"}
	own = seal(STEPS[1][0], forged, b"guess")
	assert codes([STEPS[0], (STEPS[1][0], forged, own), *STEPS[2:]], HEAD, 4) == {"edited", "order"}


def test_removed():
	assert codes(STEPS[1:], HEAD, 4) == {"order", "count"}
	assert codes([STEPS[0], *STEPS[2:]], HEAD, 4) == {"order", "count"}
	assert codes(STEPS[:-1], HEAD, 4) == {"count", "head"}
	assert codes([], HEAD, 4) == {"count", "head"}


def test_removed_with_the_count_made_to_fit():
	assert codes(STEPS[:-1], HEAD, 3) == {"head"}


def test_moved_and_inserted():
	assert codes([STEPS[1], STEPS[0], *STEPS[2:]], HEAD, 4) == {"order"}
	assert codes([*STEPS, STEPS[3]], HEAD, 4) == {"order", "count"}


def test_what_the_database_may_give_is_no_error():
	assert codes([(None, fields(0), None)], None, 1) == {"edited"}
	assert codes([("ü", fields(0), "ü")], "ü", 1) == {"edited", "order"}


contents = st.lists(st.dictionaries(st.sampled_from("abc"), st.text(max_size=3), max_size=3), max_size=5)


@given(contents, st.data())
def test_any_tampering_is_found(listed, data):
	steps = sealed(listed)
	head, count = (steps[-1][2] if steps else START), len(steps)
	assert verify(steps, KEY, head, count) == []
	other = list(steps)
	for _ in range(data.draw(st.integers(1, 3))):
		match data.draw(st.sampled_from(("drop", "swap", "copy", "edit"))) if other else "forge":
			case "drop":
				other.pop(data.draw(st.integers(0, len(other) - 1)))
			case "swap":
				a, b = (data.draw(st.integers(0, len(other) - 1)) for _ in "ab")
				other[a], other[b] = other[b], other[a]
			case "copy":
				other.insert(data.draw(st.integers(0, len(other))), data.draw(st.sampled_from(other)))
			case "edit":
				place = data.draw(st.integers(0, len(other) - 1))
				previous, kept, own = other[place]
				other[place] = data.draw(
					st.sampled_from(
						(
							(previous, {**kept, "a": data.draw(st.text(max_size=3))}, own),
							(previous, {}, own),
							(START, kept, own),
							(previous, kept, seal(previous, kept, b"guess")),
						)
					)
				)
			case "forge":
				other.append((START, {}, seal(START, {}, b"guess")))
	assert (verify(other, KEY, head, count) == []) == (other == steps)

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_crm_accounts.core.matching.names import NameIndex
from sales_crm_accounts.core.matching.text import compact, distance, name_form, variants

NUMBERS = st.text("0123456789", min_size=4, max_size=10)


def slow_distance(left, right):
	"""The definition, without a limit."""
	if not left or not right:
		return len(left) + len(right)
	best = min(
		slow_distance(left[:-1], right) + 1,
		slow_distance(left, right[:-1]) + 1,
		slow_distance(left[:-1], right[:-1]) + (left[-1] != right[-1]),
	)
	if len(left) > 1 and len(right) > 1 and left[-1] == right[-2] and left[-2] == right[-1]:
		best = min(best, slow_distance(left[:-2], right[:-2]) + 1)
	return best


class TestText:
	@pytest.mark.parametrize(
		("name", "form"),
		[
			("Müller & Söhne GmbH", "MULLER SOHNE"),
			("MULLER SOHNE", "MULLER SOHNE"),
			("Ørsted A/S", "ORSTED A S"),
			("Acme S.A.", "ACME"),
			("上海明达贸易有限公司", "上海明达贸易"),
			("上海 明达贸易", "上海明达贸易"),
			("Co", "CO"),
		],
	)
	def test_names_without_their_legal_form(self, name, form):
		assert name_form(name) == form

	def test_full_width_is_half_width(self):
		assert compact("ＡＣＣ－ＳＩＮＶ－２０２６－００１２３") == "ACCSINV202600123"

	@given(st.text("012", max_size=5), st.text("012", max_size=5), st.integers(0, 3))
	def test_distance_is_its_definition_up_to_the_limit(self, left, right, limit):
		assert distance(left, right, limit) == min(slow_distance(left, right), limit + 1)

	@given(NUMBERS)
	def test_variants_are_one_edit_away(self, number):
		found = variants(number)
		assert number not in found
		assert all(distance(number, one, 1) == 1 for one in found)

	@given(NUMBERS, st.integers(0, 9), st.data())
	def test_no_number_with_one_wrong_digit_is_missed(self, number, digit, data):
		at = data.draw(st.integers(0, len(number) - 1))
		wrong = number[:at] + str(digit) + number[at + 1 :]
		assert wrong == number or number in variants(wrong)


class TestNames:
	INDEX = NameIndex(
		{
			"C1": ["Müller Bau GmbH"],
			"C2": ["Mueller Handel AG"],
			"C3": ["上海明达贸易有限公司", "Shanghai Mingda Trading Co., Ltd."],
			"C4": ["上海明达物流有限公司"],
			"C5": ["Internationale Maschinenbau und Anlagentechnik Nord GmbH"],
			"C6": ["Müller Bau AG"],
		}
	)

	def test_word_for_word_tells_two_legal_forms_apart(self):
		found = self.INDEX.find("Müller Bau AG")
		assert {(customer, exact) for customer, _likeness, exact in found} == {("C1", False), ("C6", True)}

	def test_other_script_other_name(self):
		assert self.INDEX.find("上海明达贸易有限公司")[0][0] == "C3"
		assert self.INDEX.find("SHANGHAI MINGDA TRADING")[0][:2] == ("C3", 1.0)

	def test_cut_names_are_similar(self):
		assert self.INDEX.find("INTERNATIONALE MASCHINENBAU U")[0][0] == "C5"
		assert self.INDEX.find("INTERNATIONALE MASCHINENBAU UND ANL")[0][1] >= 0.9

	def test_a_stranger_is_nobody(self):
		assert self.INDEX.find("Zebra Optics plc") == ()

	def test_a_name_inside_a_text(self):
		assert self.INDEX.inside("货款 上海明达物流有限公司 11月") == ["C4"]

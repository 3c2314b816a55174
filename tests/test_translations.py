"""Both languages are complete: every text that the app shows has a translation, and no translation is left over."""

import pytest

from tools.translations import LANGUAGES, Found, Text, _javascript, _python, collect, problems, table

FOUND = collect()


def test_texts_are_literals():
	assert not FOUND.wrong


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_language_is_complete_and_has_nothing_left_over(language):
	assert not list(problems(language, FOUND))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_file_is_sorted_so_that_two_branches_rarely_meet(language):
	keys = [(row[0], row[2:]) for row in table(language)]
	assert keys == sorted(keys)


def test_the_search_finds_texts_of_python_and_javascript(tmp_path):
	found = Found()
	_javascript(
		"""frappe.msgprint(__("Say {0}", [name])); __('It\\'s'); x.__("no"); __("Open", null, "Deal"); __(`a ${b}`)""",
		"x.js",
		found,
	)
	assert list(found.texts) == [("Say {0}", ""), ("It's", ""), ("Open", "Deal")]
	assert len(found.wrong) == 1


def test_a_text_put_together_is_refused(monkeypatch, tmp_path):
	code = tmp_path / "x.py"
	code.write_text(
		'_("fine")\n_(f"{x} is wrong")\n_("a" + b)\n_("{0}".format(1))\n_("long "\n\t"text", context="Deal")\n'
	)
	monkeypatch.setattr("tools.translations.ROOT", tmp_path)
	found = Found()
	_python(code, found)
	assert list(found.texts) == [("fine", ""), ("long text", "Deal")]
	assert [problem.split(":")[1] for problem in found.wrong] == ["2", "3", "4"]


def test_a_label_may_be_translated_for_its_doctype_alone_where_all_other_places_give_a_context():
	found = Found()
	found.add_label("To", "Deal", "Deal.to")
	found.add("To", "x.js:1", "Deal Change")
	assert found.translated(Text("To"), {Text("To", "Deal")})
	assert not found.translated(Text("To", "Deal Change"), {Text("To", "Deal")})
	found.add("To", "x.js:2")
	assert not found.translated(Text("To"), {Text("To", "Deal")})

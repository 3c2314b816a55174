"""What sales_crm_accounts/translations/zh.csv lacks, or has too much.

Usage: python tools/translations.py [--csv]

Prints missing and orphaned texts, texts whose placeholders differ, and texts that cannot be translated because they are put
together inside `_()`; exits with 1 if there are any. With --csv it prints only the missing texts as rows to fill in.
"""

import ast
import csv
import html
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.names import APP, LAYOUT_TYPES, MODULE, ROOT, custom_fields, doctypes

LANGUAGES = ("zh",)
#: ERPNext's file for v15 says 商机 for the first and the one for v16 for the second: each keeps the words of its version.
LEFT_TO_ERPNEXT = {"Lead", "Opportunity"}
MARKS = {"_", "_lt", "N_"}
#: Keys of standard records whose value is shown translated.
RECORD_TEXTS = (
	*("label", "title", "format", "report_name", "chart_name"),
	*("description", "print_heading", "module_name"),
)
RECORD_FOLDERS = (
	*(
		"report",
		"workspace",
		"number_card",
		"dashboard_chart",
		"dashboard_chart_source",
		"dashboard",
		"print_format",
	),
	*(
		"notification",
		"form_tour",
		"module_onboarding",
		"onboarding_step",
		"page",
		"web_form",
		"workspace_sidebar",
	),
)
PLACEHOLDER = re.compile(r"\{[^{}]*\}|%\(\w+\)s|%[sd]")
JS_STRING = r"""("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)"""
JS_CALL = re.compile(
	r"(?<![\w$.])__\(\s*" + JS_STRING + r"\s*(\+|\)|,(?:[^()]*?,\s*" + JS_STRING + r"\s*\))?)"
)
JINJA_CALL = re.compile(r"(?<![\w.])_\(\s*" + JS_STRING + r"\s*[,)]")
ATTRIBUTE_TEXT = re.compile(r">([^<>]+)<")


class Text(NamedTuple):
	text: str
	context: str = ""


class Found:
	"""Texts with the first place of each, and what is wrong with the code."""

	def __init__(self):
		self.texts: dict[Text, str] = {}
		self.labels: dict[str, set[str]] = {}
		self.elsewhere: set[str] = set()
		self.wrong: list[str] = []

	def add(self, text: str | None, place: str, context: str = "") -> None:
		if text and text.strip() and re.search(r"[A-Za-z]", text) and text not in LEFT_TO_ERPNEXT:
			self.texts.setdefault(Text(text, context), place)
			if not context:
				self.elsewhere.add(text)

	def add_label(self, text: str | None, doctype: str, place: str) -> None:
		"""A field's label or option. The desk looks it up for its DocType first, so a short word may be translated for that alone."""
		known = text in self.elsewhere
		self.add(text, place)
		if text and not known:
			self.elsewhere.discard(text)
		if text:
			self.labels.setdefault(text, set()).add(doctype)

	def translated(self, text: Text, rows: set[Text]) -> bool:
		if text in rows:
			return True
		if text.context or text.text in self.elsewhere:
			return False
		return all(Text(text.text, doctype) in rows for doctype in self.labels[text.text])


def collect() -> Found:
	found = Found()
	for path in sorted(APP.rglob("*.py")):
		if not path.name.startswith("test_") and "tests" not in path.relative_to(APP).parts[:1]:
			_python(path, found)
	for path in sorted(APP.rglob("*")):
		if path.suffix in (".js", ".vue") and "dist" not in path.parts and "node_modules" not in path.parts:
			_javascript(path.read_text(), str(path.relative_to(ROOT)), found)
		elif path.suffix in (".html", ".jinja", ".txt") and path.name not in ("patches.txt", "modules.txt"):
			_template(path.read_text(), str(path.relative_to(ROOT)), found)
	for name, doc in doctypes().items():
		_doctype(name, doc, found)
	for doctype, fields in custom_fields().items():
		for field in fields:
			_field(field, doctype, f"custom field {doctype}.{field['fieldname']}", found)
	for folder in RECORD_FOLDERS:
		for path in sorted(MODULE.glob(f"{folder}/*/*.json")):
			_record(json.loads(path.read_text()), str(path.relative_to(ROOT)), found)
	for node in ast.parse((APP / "setup" / "defaults.py").read_text()).body:
		if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DEAL_STAGES":
			for stage in ast.literal_eval(node.value):  # Deal Stage is a translated DocType
				found.add(stage[0], "setup/defaults.py")
		elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "EXPENSE_CATEGORIES":
			for category in ast.literal_eval(node.value):  # as is Deal Expense Category
				found.add(category, "setup/defaults.py")
	for module in (APP / "modules.txt").read_text().split("\n"):
		found.add(module.strip(), "modules.txt")
	return found


def _python(path: Path, found: Found) -> None:
	place = path.relative_to(ROOT)
	for node in ast.walk(ast.parse(path.read_text())):
		if not isinstance(node, ast.Call) or not node.args:
			continue
		if getattr(node.func, "attr", getattr(node.func, "id", "")) not in MARKS:
			continue
		where, text = f"{place}:{node.lineno}", node.args[0]
		contexts = [keyword.value for keyword in node.keywords if keyword.arg == "context"]
		context = contexts[0].value if contexts and isinstance(contexts[0], ast.Constant) else ""
		if isinstance(text, ast.Constant) and isinstance(text.value, str):
			found.add(text.value, where, context)
			if text.value != text.value.strip() or re.search(r"</?[a-z]+[^>]*>", text.value):
				# Frappe strips both before it looks the text up.
				found.wrong.append(f"{where}: no tags, and no spaces at the ends: {text.value!r}")
		elif isinstance(text, ast.JoinedStr | ast.BinOp) or (
			isinstance(text, ast.Call) and getattr(text.func, "attr", "") == "format"
		):
			found.wrong.append(f"{where}: the text is put together inside _()")


def _javascript(code: str, place: str, found: Found) -> None:
	for match in JS_CALL.finditer(code):
		where = f"{place}:{code.count(chr(10), 0, match.start()) + 1}"
		if match[2] == "+" or (match[1][0] == "`" and "${" in match[1]):
			found.wrong.append(f"{where}: the text is put together inside __()")
		else:
			found.add(_unquote(match[1]), where, _unquote(match[3]) if match[3] else "")


def _template(code: str, place: str, found: Found) -> None:
	for match in JINJA_CALL.finditer(code):
		found.add(_unquote(match[1]), f"{place}:{code.count(chr(10), 0, match.start()) + 1}")
	_javascript(code, place, found)


def _unquote(text: str) -> str:
	return re.sub(r"\\(.)", lambda match: {"n": "\n", "t": "\t"}.get(match[1], match[1]), text[1:-1])


def _field(field: dict, doctype: str, place: str, found: Found) -> None:
	found.add_label(field.get("label"), doctype, place)
	found.add(field.get("description"), place)
	found.add(field.get("placeholder"), place)
	options = field.get("options") or ""
	if field["fieldtype"] == "Select" and field["fieldname"] != "naming_series":
		for option in options.split("\n"):
			found.add_label(option.strip(), doctype, place)
	elif field["fieldtype"] in ("HTML", "Button", "Heading") and "<" in options:
		for text in ATTRIBUTE_TEXT.findall(options):
			found.add(html.unescape(text.strip()), place)


def _doctype(name: str, doc: dict, found: Found) -> None:
	found.add(name, f"DocType {name}")
	found.add(doc.get("description"), f"DocType {name}")
	for field in doc["fields"]:
		if field["fieldtype"] not in LAYOUT_TYPES or field.get("label") or field.get("options"):
			_field(field, name, f"{name}.{field['fieldname']}", found)
	for link in doc.get("links", []):
		found.add(link.get("group"), f"{name} links")
	for action in doc.get("actions", []):
		found.add(action.get("label"), f"{name} actions")
		found.add(action.get("group"), f"{name} actions")
	for state in doc.get("states", []):
		found.add(state.get("title"), f"{name} states")
	for permission in doc.get("permissions", []):
		found.add(permission.get("role"), f"{name} permissions")


def _record(record, place: str, found: Found) -> None:
	"""Labels anywhere in a standard record, and the headers in a workspace's content."""
	if isinstance(record, list):
		for one in record:
			_record(one, place, found)
	elif isinstance(record, dict):
		for key, value in record.items():
			if key in RECORD_TEXTS and isinstance(value, str):
				found.add(value, place)
			elif key == "content" and record.get("doctype") == "Workspace":
				for block in json.loads(value or "[]"):
					for text in ATTRIBUTE_TEXT.findall(f">{block.get('data', {}).get('text', '')}<"):
						found.add(html.unescape(text.strip()), place)
			elif key == "html" and value:
				_template(value, place, found)
			elif isinstance(value, list | dict):
				_record(value, place, found)
		if record.get("doctype") == "Print Format":
			found.add(record.get("name"), place)


def table(language: str) -> list[list[str]]:
	"""Rows of the language's file: text, translation, context."""
	path = APP / "translations" / f"{language}.csv"
	if not path.exists():
		return []
	with path.open(newline="", encoding="utf-8") as file:
		return [row for row in csv.reader(file) if row]


def problems(language: str, found: Found) -> Iterator[str]:
	seen: set[Text] = set()
	for number, row in enumerate(table(language), 1):
		where = f"{language}.csv, row {number}"
		if len(row) not in (2, 3) or not row[1].strip():
			yield f"{where}: give text, translation and at most a context: {row[0]!r}"
			continue
		text = Text(row[0], row[2] if len(row) == 3 else "")
		if text in seen:
			yield f"{where}: twice: {text.text!r}"
		seen.add(text)
		if text not in found.texts and text.context not in found.labels.get(text.text, ()):
			yield f"{where}: nobody says this any more: {text.text!r}"
		if sorted(set(PLACEHOLDER.findall(row[0]))) != sorted(set(PLACEHOLDER.findall(row[1]))):
			yield f"{where}: the placeholders differ: {row[0]!r} {row[1]!r}"
		if re.findall(r"</?\w+", row[0]) != re.findall(r"</?\w+", row[1]):
			yield f"{where}: the tags differ: {row[0]!r} {row[1]!r}"
	for text, place in found.texts.items():
		if not found.translated(text, seen):
			yield f"{language}.csv lacks {text.text!r}{f' ({text.context})' if text.context else ''}, from {place}"


def main() -> int:
	found = collect()
	if "--csv" in sys.argv[1:]:
		writer = csv.writer(sys.stdout, lineterminator="\n")
		for language in LANGUAGES:
			known = {Text(row[0], row[2] if len(row) == 3 else "") for row in table(language)}
			writer.writerows(
				[*text[:1], "", *filter(None, text[1:])] for text in found.texts if text not in known
			)
		return 0
	wrong = [*found.wrong, *(problem for language in LANGUAGES for problem in problems(language, found))]
	print("\n".join(wrong) or f"{len(found.texts)} texts, all translated")
	return bool(wrong)


if __name__ == "__main__":
	sys.exit(main())

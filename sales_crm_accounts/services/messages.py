"""Rules' problems as translated messages, and days as a chart's axis says them."""

import re
from collections.abc import Iterable
from datetime import date

import frappe
from babel.core import UnknownLocaleError
from babel.dates import format_skeleton
from frappe import _

from sales_crm_accounts.core.problems import Problem, RuleError

#: Values that name users by their addresses; people read names.
PEOPLE = ("user", "users", "actor", "requester")
ADDRESS = re.compile(r"[^\s,→]+@[^\s,→]+")


def text(problem: Problem) -> str:
	"""The problem in the user's language, its dates as the user writes them, its people by their names."""
	return _(problem.text).format(**{key: _shown(key, value) for key, value in problem.values.items()})


def axis_label(day: date, skeleton: str) -> str:
	"""The parts of a day that a CLDR skeleton names (`yMMM`, `MMMd`), in the order of the user's language."""
	try:
		return format_skeleton(skeleton, day, locale=(frappe.local.lang or "en").replace("-", "_"))
	except (UnknownLocaleError, ValueError, KeyError):
		return format_skeleton(skeleton, day, locale="en")


def _shown(key: str, value):
	if hasattr(value, "isoformat"):
		return frappe.format(value, "Date")
	if key == "trigger":
		return _(value)
	if key in PEOPLE:
		return ADDRESS.sub(lambda found: frappe.utils.get_fullname(found.group()), str(value))
	return value


def throw(problems: Iterable[Problem] | RuleError, title: str | None = None):
	"""Stop with one message that lists every problem; nothing is changed."""
	if isinstance(problems, RuleError):
		problems = problems.problems
	texts = list(dict.fromkeys(text(problem) for problem in problems))
	if texts:
		frappe.throw(
			texts if len(texts) > 1 else texts[0],
			title=title or _("Please Correct"),
			as_list=len(texts) > 1,
		)

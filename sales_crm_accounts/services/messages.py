"""Rules' problems as translated messages."""

from collections.abc import Iterable

import frappe
from frappe import _

from sales_crm_accounts.core.problems import Problem, RuleError


def text(problem: Problem) -> str:
	"""The problem in the user's language, its dates as the user writes them."""
	values = {
		key: frappe.format(value, "Date")
		if hasattr(value, "isoformat")
		else _(value)
		if key == "trigger"
		else value
		for key, value in problem.values.items()
	}
	return _(problem.text).format(**values)


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

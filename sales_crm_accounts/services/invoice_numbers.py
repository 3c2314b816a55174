"""Invoice numbers that were taken before their invoice: whether one still fits, and what is said of those that nothing came of."""

import re

import frappe
from frappe import _
from frappe.model.naming import get_default_naming_series, parse_naming_series
from frappe.utils.data import evaluate_filters

#: Stands for the counter; no name has it.
COUNTER = "\0"


def fits_today(invoice, number: str) -> bool:
	"""Whether only the counter sets the number apart from what ERPNext would give the unsaved invoice now.

	Not the one of another year, or of a series that the policy had before. Where another app makes the names, it cannot be told.
	"""
	pattern = _by_rule(invoice) or _by_series(invoice)
	return not pattern or bool(re.fullmatch(r"\d+".join(map(re.escape, pattern.split(COUNTER))), number))


def _by_rule(invoice) -> str | None:
	"""What the Document Naming Rule makes that covers the invoice."""
	rules = frappe.get_all(
		"Document Naming Rule",
		filters={"document_type": invoice.doctype, "disabled": 0},
		order_by="priority desc",
		pluck="name",
	)
	for name in rules:
		rule = frappe.get_cached_doc("Document Naming Rule", name)
		conditions = [(rule.document_type, row.field, row.condition, row.value) for row in rule.conditions]
		if not conditions or evaluate_filters(invoice, conditions):
			return parse_naming_series(rule.prefix, doc=invoice) + COUNTER
	return None


def _by_series(invoice) -> str | None:
	named_elsewhere = "autoname" in frappe.get_doc_hooks().get(invoice.doctype, {})
	if named_elsewhere or not (invoice.meta.autoname or "").startswith("naming_series"):
		return None
	series = invoice.naming_series or get_default_naming_series(invoice.doctype)
	if "#" not in series:
		series += ".#####"
	return parse_naming_series(series, doc=invoice, number_generator=lambda _prefix, _digits: COUNTER)


def note_unused_numbers(deal, numbers: list[str]):
	"""Say on the timeline which numbers of the invoice series nothing came of, for whoever checks the series."""
	if numbers:
		deal.add_comment(
			"Comment", text=_("Invoice numbers that were taken and not used: {0}").format(", ".join(numbers))
		)

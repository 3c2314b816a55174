"""What ERPNext itself writes on a document after it was posted, so that it is no breach when it differs from what was approved.

Allocations of money that has moved already: reconciling writes the references of a payment, splits the rows of a journal between
the invoices that they settle, and takes advances off an invoice when the payment is cancelled. None of it moves money from one
account, party or cost center to another, and what remains to compare is exactly that.
"""

from decimal import Decimal

#: Fields and tables that are not compared, by DocType.
BY_ERPNEXT = {
	"Payment Entry": frozenset(
		{"references", "total_allocated_amount", "base_total_allocated_amount", "unallocated_amount"}
	),
	"Sales Invoice": frozenset({"advances"}),
	# A won deal is handed over (services/hand_over.py); nothing is posted by it.
	"Deal": frozenset({"deal_owner"}),
	"Purchase Invoice": frozenset({"advances", "on_hold", "hold_comment", "release_date"}),
}
JOURNAL = "Journal Entry"
AMOUNTS = ("debit", "credit", "debit_in_account_currency", "credit_in_account_currency")
REFERENCES = frozenset(
	{"reference_type", "reference_name", "reference_detail_no", "reference_due_date", "is_advance"}
)


def comparable(doctype: str, content: dict) -> dict:
	"""The content (parsed, as `content.material` has it) without what ERPNext moves after posting.

	Nor with what is 0: a field that came to the DocType since, a new Check for one, was not there and is 0 now.
	"""
	left_out = BY_ERPNEXT.get(doctype, frozenset())
	fields = {name: value for name, value in content.get("fields", {}).items() if name not in left_out}
	rows = {table: lines for table, lines in content.get("rows", {}).items() if table not in left_out}
	if doctype == JOURNAL and "accounts" in rows:
		rows["accounts"] = _whole(rows["accounts"])
	return {
		"fields": _without_zeros(fields),
		"rows": {table: [_without_zeros(line) for line in lines] for table, lines in rows.items()},
	}


def _without_zeros(values: dict) -> dict:
	return {name: value for name, value in values.items() if value != 0}


def _whole(lines: list[dict]) -> list[dict]:
	"""Rows of a journal put together again where they differ in amount and reference alone."""
	sums: dict[tuple, dict] = {}
	for line in lines:
		same = {name: value for name, value in line.items() if name not in REFERENCES and name not in AMOUNTS}
		# Debits and credits stay apart, or two that are equal would vanish together.
		side = "credit" if line.get("credit") or line.get("credit_in_account_currency") else "debit"
		key = (side, *sorted((name, str(value)) for name, value in same.items()))
		total = sums.setdefault(key, {**same, **dict.fromkeys(AMOUNTS, Decimal(0))})
		for name in AMOUNTS:
			total[name] += Decimal(str(line.get(name) or 0))
	return [sums[key] for key in sorted(sums)]

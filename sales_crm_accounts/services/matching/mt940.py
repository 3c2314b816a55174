"""Reading MT940 (SWIFT account statements) with mt-940 from PyPI, which knows the dialects of banks that this format is full of."""

import io
from datetime import date

import frappe
from frappe import _

from sales_crm_accounts.core.matching import details
from sales_crm_accounts.core.matching.statement import Statement, StatementLine
from sales_crm_accounts.services.matching.units import units

#: What the parser raises on a file that is no sound MT940.
_UNREADABLE = (RuntimeError, ValueError, ArithmeticError, LookupError, TypeError, AttributeError)
_OPENING = ("final_opening_balance", "intermediate_opening_balance", "opening_balance")
_CLOSING = ("final_closing_balance", "intermediate_closing_balance", "closing_balance")


def looks_like(content: bytes) -> bool:
	"""Whether the tags of a statement are there: reference and opening balance."""
	return b":20:" in content and (b":60F:" in content or b":60M:" in content or b":61:" in content)


def read(content: bytes) -> list[Statement]:
	"""The statements of a file, pages of one as statements of their own. Raises where it is cut, or no MT940."""
	try:
		import mt940
	except ImportError:
		frappe.throw(
			_("MT940 files need the Python package {0}. It comes with the app: run {1}.").format(
				"mt-940", "bench setup requirements"
			)
		)
	try:
		# As a stream: a text could be taken for the name of a file.
		blocks = mt940.parse_statements(io.StringIO(_text(content)), options=mt940.Options.all())
		statements = [_statement(block) for block in blocks]
	except _UNREADABLE as error:
		frappe.throw(
			_("The file cannot be read; it is cut, or no MT940: {0}").format(
				str(error.args[0] if error.args else error)[:200]
			)
		)
	if not statements:
		frappe.throw(_("This is no MT940 statement."))
	for one in statements:
		if one.opening is None or one.closing is None:
			frappe.throw(
				_("Statement {0} has no opening or no closing balance. The file is cut.").format(
					one.number or "-"
				)
			)
	return statements


def _text(content: bytes) -> str:
	for encoding in ("utf-8-sig", "cp1252"):
		try:
			return content.decode(encoding)
		except UnicodeDecodeError:
			continue
	return content.decode("latin-1")


def _statement(block) -> Statement:
	data = block.data
	opening = next((data[key] for key in _OPENING if data.get(key)), None)
	closing = next((data[key] for key in _CLOSING if data.get(key)), None)
	number, page = data.get("statement_number"), data.get("sequence_number")
	return Statement(
		account=(data.get("account_identification") or "").strip(),
		currency=block.currency or "",
		# A parser keeps room for a line before the first one is read.
		lines=tuple(_line(one.data, block.currency or "") for one in block if "amount" in one.data),
		opening=None if opening is None else units(opening.amount.amount),
		closing=None if closing is None else units(closing.amount.amount),
		opened_on=None if opening is None else _day(opening.date),
		number=f"{int(number):05}/{int(page or 0):05}" if number else "",
	)


def _day(value) -> date:
	"""The parser's dates are a class of its own, which would not compare with others."""
	return date(value.year, value.month, value.day)


def _line(data: dict, currency: str) -> StatementLine:
	free = details.one_line(data.get("transaction_details") or "")
	coded = details.coded(free)
	purpose = data.get("purpose") or data.get("additional_purpose") or coded.get("REMI")
	reference = data.get("end_to_end_reference") or coded.get("EREF") or data.get("customer_reference") or ""
	booked = data.get("entry_date") or data["date"]
	return StatementLine(
		on=_day(booked),
		amount=units(data["amount"].amount),
		currency=data["amount"].currency or currency,
		text=_clean(purpose or (free if not coded else "") or data.get("extra_details")),
		payer=_clean(data.get("applicant_name") or coded.get("NAME")),
		account=_clean(data.get("applicant_iban") or data.get("gvc_applicant_iban") or coded.get("IBAN")),
		reference="" if reference.strip() in ("NONREF", "NOTPROVIDED") else reference.strip(),
		bank_reference=(data.get("bank_reference") or "").strip(),
	)


def _clean(text: str | None) -> str:
	return " ".join((text or "").split())

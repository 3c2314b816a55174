"""Bank statements into ERPNext's Bank Transactions: all of a file or nothing, and every line once."""

from collections import Counter

import frappe
from frappe import _
from frappe.utils import getdate

from sales_crm_accounts import erpnext_compat
from sales_crm_accounts.core.matching import statement as rules
from sales_crm_accounts.services.matching import BANK, camt, mt940
from sales_crm_accounts.services.matching.units import amount, units


def bring_in(bank_account: str, content: bytes) -> dict:
	"""Make and submit the Bank Transactions of a camt.053 or MT940 file. Raises, with nothing made, where it is not sound.

	{made, known, alike}: new lines, lines that were brought in before, and how many of the new ones have the day and amount of a
	line that came another way (ERPNext's import, a bank connection, the other format).
	"""
	account = frappe.get_doc("Bank Account", bank_account, for_update=True)
	if not account.is_company_account or not account.account:
		frappe.throw(_("{0} is no account of a company with a ledger account.").format(bank_account))
	currency = frappe.get_cached_value("Account", account.account, "account_currency")
	statements = rules.in_order(_read(content))
	lines = []
	for one in statements:
		_check(one, account, currency)
		kept = rules.tied(one)
		if kept is None:
			frappe.throw(
				_(
					"Statement {0}: the lines do not lead from the opening to the closing balance. The file is cut or changed."
				).format(one.number or "-")
			)
		lines += kept
	if missing := rules.gap(statements):
		frappe.throw(
			_("Statement {0} does not begin where the one before it ended. A statement is missing.").format(
				missing.number or "-"
			)
		)
	keys = rules.keys(bank_account, lines)
	known = set(
		# Cancelled ones count: ERPNext allows an id once.
		frappe.get_all(BANK, {"transaction_id": ("in", keys or [""])}, pluck="transaction_id")
	)
	made = [key for key in zip(keys, lines, strict=True) if key[0] not in known]
	_open_books(account, [line for _key, line in made])
	alike = _alike(account, [line for _key, line in made])
	for key, line in sorted(made, key=lambda pair: pair[1].on):
		_make(account, currency, key, line)
	return {"made": len(made), "known": len(keys) - len(made), "alike": alike}


def _read(content: bytes) -> list[rules.Statement]:
	if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
		return camt.read(content)
	if mt940.looks_like(content):
		return mt940.read(content)
	frappe.throw(
		_(
			"The file is neither camt.053 nor MT940, or it is cut at its beginning. CSV and Excel files come in through ERPNext's Bank Statement Import."
		)
	)


def _check(one: rules.Statement, account, currency: str) -> None:
	ours = [number for number in (account.iban, account.bank_account_no) if number]
	if ours and one.account and not any(rules.is_account(one.account, number) for number in ours):
		frappe.throw(_("The statement is of account {0}, not of {1}.").format(one.account, account.name))
	wrong = {one.currency, *(line.currency for line in one.lines)} - {currency, ""}
	if wrong:
		frappe.throw(
			_("The statement is in {0}, and the account in {1}.").format(", ".join(sorted(wrong)), currency)
		)


def _open_books(account, lines: list[rules.StatementLine]) -> None:
	"""Lines of a closed period could be matched with nothing: such a file is an old one, or another company's."""
	closed = erpnext_compat.closed_days(account.company, [line.on for line in lines], "Payment Entry")
	if closed:
		first = min(closed)
		frappe.throw(
			_("{0} lines are of a closed period ({1}; the first is of {2}). Nothing was brought in.").format(
				sum(line.on in closed for line in lines), closed[first], frappe.format(first, "Date")
			),
			title=_("Closed Period"),
		)


def _alike(account, lines: list[rules.StatementLine]) -> int:
	"""How many have the day and amount of a line that is there already; each of those counts once."""
	if not lines:
		return 0
	days = [line.on for line in lines]
	there = Counter(
		(getdate(row.date), units(row.deposit) - units(row.withdrawal))
		for row in frappe.get_all(
			BANK,
			{
				"bank_account": account.name,
				"docstatus": ("<", 2),
				"date": ("between", [min(days), max(days)]),
			},
			["date", "deposit", "withdrawal"],
		)
	)
	new = Counter((line.on, line.amount) for line in lines)
	return sum((new & there).values())


def _make(account, currency: str, key: str, line: rules.StatementLine) -> None:
	frappe.get_doc(
		{
			"doctype": BANK,
			"date": line.on,
			"company": account.company,
			"bank_account": account.name,
			"currency": currency,
			"deposit": amount(line.amount) if line.amount > 0 else 0,
			"withdrawal": amount(-line.amount) if line.amount < 0 else 0,
			"description": line.text,
			"reference_number": (line.reference or line.bank_reference)[:140],
			"transaction_id": key,
			"bank_party_name": line.payer[:140],
			"bank_party_iban": line.account[:140],
		}
	).insert().submit()

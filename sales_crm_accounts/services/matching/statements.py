"""Bank statements into ERPNext's Bank Transactions: all of a file or nothing, and every line once."""

import frappe
from frappe import _

from sales_crm_accounts.core.matching import statement as rules
from sales_crm_accounts.core.matching.text import account_number
from sales_crm_accounts.services.matching import BANK, camt
from sales_crm_accounts.services.matching.units import amount


def bring_in(bank_account: str, content: bytes) -> dict:
	"""Make and submit the Bank Transactions of a camt.053 file: {made, known}. Raises, with nothing made, where it is not sound."""
	account = frappe.get_doc("Bank Account", bank_account, for_update=True)
	if not account.is_company_account or not account.account:
		frappe.throw(_("{0} is no account of a company with a ledger account.").format(bank_account))
	currency = frappe.get_cached_value("Account", account.account, "account_currency")
	statements = rules.in_order(camt.read(content))
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
	for key, line in sorted(made, key=lambda pair: pair[1].on):
		_make(account, currency, key, line)
	return {"made": len(made), "known": len(keys) - len(made)}


def _check(one: rules.Statement, account, currency: str) -> None:
	ours = {account_number(number) for number in (account.iban, account.bank_account_no) if number}
	if ours and one.account and account_number(one.account) not in ours:
		frappe.throw(_("The statement is of account {0}, not of {1}.").format(one.account, account.name))
	wrong = {one.currency, *(line.currency for line in one.lines)} - {currency, ""}
	if wrong:
		frappe.throw(
			_("The statement is in {0}, and the account in {1}.").format(", ".join(sorted(wrong)), currency)
		)


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

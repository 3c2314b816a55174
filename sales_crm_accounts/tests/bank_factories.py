"""Bank lines, statements and invoices for the tests of cash matching; shared by their modules."""

import frappe
from frappe.utils import add_days, flt, today

from sales_crm_accounts.services import ledger
from sales_crm_accounts.services.matching import runs
from sales_crm_accounts.tests import factories as make

SALT = frappe.generate_hash(length=8)
BANK_NAME, FEES = "SCA House Bank", f"SCA Bank Fees - {make.ABBR}"
IBAN = "DE02 1203 0000 0000 2020 51"


def bank_account() -> str:
	if not frappe.db.exists("Bank", BANK_NAME):
		frappe.get_doc({"doctype": "Bank", "bank_name": BANK_NAME}).insert()
	name = frappe.db.get_value("Bank Account", {"account": make.BANK, "is_company_account": 1})
	return (
		name
		or frappe.get_doc(
			{
				"doctype": "Bank Account",
				"account_name": "SCA Current",
				"bank": BANK_NAME,
				"is_company_account": 1,
				"company": make.COMPANY,
				"account": make.BANK,
			}
		)
		.insert()
		.name
	)


def customer(name: str) -> str:
	if not frappe.db.exists("Customer", name):
		like = frappe.get_doc("Customer", make.CUSTOMER)
		frappe.get_doc(
			{
				"doctype": "Customer",
				"customer_name": name,
				"customer_type": "Company",
				"customer_group": like.customer_group,
				"territory": like.territory,
			}
		).insert()
	return name


def line(amount: float, text: str, payer: str = "", **values):
	return (
		frappe.get_doc(
			{
				"doctype": "Bank Transaction",
				"date": today(),
				"company": make.COMPANY,
				"bank_account": bank_account(),
				"currency": "USD",
				"deposit": amount,
				"description": text,
				"bank_party_name": payer,
				"reference_number": frappe.generate_hash(length=10),
				**values,
			}
		)
		.insert()
		.submit()
	)


def matched(*sources, **values) -> list:
	"""A run over everything, and the proposals of these documents."""
	run = frappe.get_doc({"doctype": "Cash Matching Run", "company": make.COMPANY, **values}).insert()
	runs.execute(run.name)
	run.reload()
	assert run.status == "Completed", run.message
	found = []
	for source in sources:
		name = frappe.db.get_value(
			"Cash Match Proposal", {"source_name": source.name, "cash_matching_run": run.name}
		)
		found.append(frappe.get_doc("Cash Match Proposal", name) if name else None)
	return found


def open_of(invoice) -> list[tuple[int, float]]:
	ledger.flush()
	return [
		(row.installment_no, flt(row.outstanding_amount, 2))
		for row in frappe.get_all(
			"Open Installment",
			{"sales_invoice": invoice.name},
			["installment_no", "outstanding_amount"],
			order_by="installment_no",
		)
	]


def booked(voucher: str) -> dict[str, float]:
	"""Account -> debit less credit."""
	found: dict[str, float] = {}
	for row in frappe.get_all(
		"GL Entry", {"voucher_no": voucher, "is_cancelled": 0}, ["account", "debit", "credit"]
	):
		found[row.account] = flt(found.get(row.account, 0) + row.debit - row.credit, 2)
	return found


def camt(entries, closing: float | None = None, currency: str = "USD") -> bytes:
	"""A camt.053 file from an opening balance of 100.00; entries are (signed amount, text, payer)."""
	moved = sum(amount for amount, _text, _payer in entries)
	balances = ("OPBD", 100), ("CLBD", 100 + moved if closing is None else closing)
	bal = "".join(
		f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="{currency}">{value:.2f}</Amt>'
		f"<CdtDbtInd>CRDT</CdtDbtInd></Bal>"
		for code, value in balances
	)
	booked = "".join(
		f'<Ntry><Amt Ccy="{currency}">{abs(amount):.2f}</Amt><CdtDbtInd>{"CRDT" if amount > 0 else "DBIT"}</CdtDbtInd>'
		f"<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{today()}</Dt></BookgDt><AcctSvcrRef>{SALT}{number}</AcctSvcrRef><NtryDtls><TxDtls>"
		f"<RltdPties><Dbtr><Pty><Nm>{payer}</Nm></Pty></Dbtr><DbtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id></DbtrAcct>"
		f"</RltdPties><RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
		for number, (amount, text, payer) in enumerate(entries)
	)
	return (
		f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>'
		f"<Stmt><ElctrncSeqNb>1</ElctrncSeqNb><Acct><Ccy>{currency}</Ccy></Acct>{bal}{booked}</Stmt></BkToCstmrStmt></Document>"
	).encode()


def invoice(name: str, amounts: list[float], terms: bool = False, **values):
	"""A Sales Invoice of the customer with an installment a month for each amount, submitted; negative: a credit note."""
	total = flt(sum(amounts), 2)
	schedule = [
		{
			"payment_term": term(number) if terms else None,
			"due_date": add_days(today(), 30 * number),
			"invoice_portion": flt(100 * amount / total, 6),
			"payment_amount": amount,
		}
		for number, amount in enumerate(amounts, 1)
	]
	doc = frappe.get_doc(
		{
			"doctype": "Sales Invoice",
			"company": make.COMPANY,
			"customer": customer(name),
			"cost_center": make.COST_CENTER,
			"is_return": int(total < 0),
			"items": [
				{
					"item_code": make.SERVICE,
					"qty": -1 if total < 0 else 1,
					"rate": abs(total),
					"cost_center": make.COST_CENTER,
				}
			],
			"payment_schedule": [] if total < 0 else schedule,
			**values,
		}
	).insert()
	doc.submit()
	return doc


def term(number: int) -> str:
	name = f"SCA Part {number}"
	if not frappe.db.exists("Payment Term", name):
		frappe.get_doc({"doctype": "Payment Term", "payment_term_name": name}).insert()
	return name

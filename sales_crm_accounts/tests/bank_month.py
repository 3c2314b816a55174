"""A month at the bank: a camt.053 file of 200 lines with the truth of each, from a seed; what is open is made on the site."""

import random
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

import frappe
from frappe.utils import add_days, getdate, today

from sales_crm_accounts.tests import bank_factories as bank
from sales_crm_accounts.tests import factories as make

LINES = 200
#: Latin and Chinese; each run has customers of its own, since the same seed gives the same amounts.
NAMES = (
	*(
		"Anker {} Bau GmbH",
		"Brise {} Textil SAS",
		"Cobalt {} Marine Ltd",
		"Dorado {} Foods S.A.",
		"Elster {} AG",
	),
	*("宁波博宏{}电子有限公司", "上海金美{}贸易有限公司", "深圳创恒{}科技有限公司"),
)
TREASURY = "DE75512108001245126199"


@dataclass
class Line:
	"""Amounts in cents; rows: (invoice, installment, closed, discount, fee), closed less than nothing for a credit note."""

	kind: str
	amount: int
	text: str
	payer: str
	account: str
	rows: list = field(default_factory=list)
	on_account: int = 0


class Month:
	"""Open installments of eight customers (and one in euro), and the lines that pay them."""

	def __init__(self, seed: int = 5):
		self.random = random.Random(seed)
		self.salt = frappe.generate_hash(length=5)
		self.names = [name.format(self.salt) for name in NAMES]
		self.lines: list[Line] = []
		self.totals: dict[str, int] = {}
		self.accounts: dict[str, str] = {}
		self.taken: dict[str, int] = {}

	# What is open

	def open(self) -> None:
		"""Invoices with twelve installments by terms, two for each of the first three customers, one with a discount, a credit note, three in euro."""
		self.parts: dict[str, list[int]] = {}
		self.owner: dict[str, str] = {}
		accounts = random.Random(self.salt)
		for at, name in enumerate(self.names):
			self.accounts[name] = f"DE{10 + at}{accounts.randrange(10**17, 10**18)}"
			for _invoice in range(2 if at < 3 else 1):
				parts = [self.random.randrange(20_000, 900_000) for _part in range(11)]
				# The last is another in each run: what no line pays stays open, and would look alike.
				self._invoice(name, [*parts, accounts.randrange(20_000, 900_000)], terms=True)
		self.discounted = self._invoice(
			self.names[0],
			[75_000],
			payment_schedule=[
				{
					"due_date": add_days(today(), 30),
					"invoice_portion": 100,
					"payment_amount": 750,
					"discount_type": "Percentage",
					"discount": 2,
					"discount_date": add_days(today(), 10),
				}
			],
		)
		self.netted = self._invoice(self.names[1], [61_234])
		self.credit = self._invoice(self.names[1], [-11_234])
		self.assigned = self._invoice(self.names[-1], [1_000_000])
		self.foreign = [
			self._invoice(
				make.FOREIGN_CUSTOMER,
				[amount],
				currency="EUR",
				conversion_rate=1.25,
				debit_to=make.EUR_DEBTORS,
			)
			for amount in (100_000, 48_012)
		]

	def _invoice(self, name: str, cents: list[int], **values) -> str:
		values |= {"set_posting_time": 1, "posting_date": add_days(today(), -40)}
		doc = bank.invoice(name, [amount / 100 for amount in cents], **values)
		self.parts[doc.name], self.owner[doc.name] = list(cents), name
		self.totals[doc.name] = sum(cents)
		return doc.name

	# What is paid

	def write(self) -> None:
		names = [name for name, cents in self.parts.items() if len(cents) == 12]
		first, second, third = self.random.sample(names, 3)
		mother, daughter = names[0], names[2]
		self._full("discount", [(self.discounted, 1, 75_000, 1_500, 0)], f"Rechnung {self.discounted}")
		rows = [(self.netted, 1, 61_234, 0, 0), (self.credit, 1, -11_234, 0, 0)]
		self._full("credit note", rows, f"{self.netted} abz. Gutschrift {self.credit}")
		# At 1.25 on the invoice, at 1.24 and 1.26 from the bank.
		self._foreign(self.foreign[0], 124_000)
		self._foreign(self.foreign[1], 60_495)
		invoice, number, amount, *_ = self._take(first)
		self._full("fee", [(invoice, number, amount, 0, 1_200)], f"{number}. Rate {first}")
		part = self._take(second)
		half = part[2] // 2
		self._full("part", [(second, part[1], half, 0, 0)], f"part of {second} installment {part[1]}")
		self._full(
			"part", [(second, part[1], part[2] - half, 0, 0)], f"rest of {second} installment {part[1]}"
		)
		self._full("over", [self._take(third)], f"{third} installment {self.taken[third]}", on_account=5_050)
		both = [self._take(mother), self._take(daughter)]
		self._full("affiliates", both, f"{mother} + {daughter}", self.owner[mother])
		for name in self.names[:3]:
			pair = [one for one in names if self.owner[one] == name]
			self._full("several", [self._take(one) for one in pair], ", ".join(pair), name)
		# Nobody's account. The amount of the first is by accident that of another customer's last installment, which no line pays.
		accident = self.parts[names[4]].pop()
		known = self._take(names[-1])
		for row in ((self.assigned, 1, accident, 0, 0), known):
			self.lines.append(
				Line("treasury", row[2], f"transfer {self.salt}", "Treasury Centre", TREASURY, [row])
			)
		blind = [name for name in names if name not in (first, second, third)][:3]
		for name in blind:
			self._full("no reference", [self._take(name)], "", self.owner[name])
		while left := [name for name in names if self._next(name)]:
			name = self.random.choice(left)
			row = self._take(name)
			text = self.random.choice(("{} installment {}", "{} 第{}期", "{}-{}", "inst {1} {0}"))
			self._full("installment", [row], text.format(name, row[1]))
		out = LINES - len(self.lines)
		for at in range(out):
			stranger = at % 2
			amount = self.random.randrange(1_000, 90_000)
			self.lines.append(
				Line(
					"stranger" if stranger else "out",
					amount if stranger else -amount,
					f"{'refund' if stranger else 'card'} {self.salt} {at}",
					f"Stadtwerke {self.salt}" if stranger else "",
					"",
				)
			)

	def _next(self, invoice: str):
		"""(invoice, installment, amount, 0, 0) of the oldest that no line pays yet."""
		number = self.taken.get(invoice, 0) + 1
		parts = self.parts[invoice]
		return (invoice, number, parts[number - 1], 0, 0) if number <= len(parts) else None

	def _take(self, invoice: str):
		row = self._next(invoice)
		self.taken[invoice] = row[1]
		return row

	def _full(self, kind, rows, text, payer=None, on_account=0) -> None:
		payer = payer or self.owner[rows[0][0]]
		amount = on_account + sum(row[2] - row[3] - row[4] for row in rows)
		self.lines.append(Line(kind, amount, text, payer, self.accounts[payer], rows, on_account))

	def _foreign(self, invoice: str, paid: int) -> None:
		row = (invoice, 1, self.parts[invoice][0], 0, 0)
		self.lines.append(Line("exchange", paid, f"payment {invoice}", make.FOREIGN_CUSTOMER, "", [row]))

	# As a file

	def camt(self) -> bytes:
		"""The lines over thirty days up to today, in the order of their installments."""
		day = [getdate(add_days(today(), -29 + at * 30 // LINES)) for at in range(LINES)]
		entries = "".join(self._entry(line, day[at], at) for at, line in enumerate(self.lines))
		moved = sum(line.amount for line in self.lines)
		balances = "".join(
			f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy='USD'>{abs(value) / 100:.2f}</Amt>"
			f"<CdtDbtInd>{'CRDT' if value >= 0 else 'DBIT'}</CdtDbtInd></Bal>"
			for code, value in (("OPBD", 500_000), ("CLBD", 500_000 + moved))
		)
		return (
			"<?xml version='1.0' encoding='UTF-8'?><Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.08'>"
			f"<BkToCstmrStmt><Stmt><ElctrncSeqNb>1</ElctrncSeqNb><Acct><Ccy>USD</Ccy></Acct>{balances}{entries}</Stmt>"
			"</BkToCstmrStmt></Document>"
		).encode()

	def _entry(self, line: Line, day, at: int) -> str:
		party = "Dbtr" if line.amount > 0 else "Cdtr"
		account = f"<{party}Acct><Id><IBAN>{line.account}</IBAN></Id></{party}Acct>" if line.account else ""
		return (
			f"<Ntry><Amt Ccy='USD'>{abs(line.amount) / 100:.2f}</Amt><CdtDbtInd>{'CRDT' if line.amount > 0 else 'DBIT'}</CdtDbtInd>"
			f"<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{day}</Dt></BookgDt><AcctSvcrRef>{self.salt}-{at:03}</AcctSvcrRef>"
			f"<NtryDtls><TxDtls><RltdPties><{party}><Nm>{escape(line.payer)}</Nm></{party}>{account}</RltdPties>"
			f"<RmtInf><Ustrd>{escape(line.text)}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
		)

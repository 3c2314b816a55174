"""The embedded double entry ledger: an entry is a value that must balance before anything is written.

Amounts are whole numbers of the smallest unit; debit is positive, credit negative. Views show them as an accountant reads them.
"""

from __future__ import annotations

import re
import sqlite3
from array import array
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import TextIO

from .agenda import CREDIT, INVOICE, VOUCHERS
from .books import ROOTS, Company

#: So many values of postings are gathered before everything is written.
BATCH = 20_000
#: What a statement takes in SQLite before 3.32.
MOST_PARAMETERS = 999
SPECIAL = re.compile(r'[,"\n\r]')
SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE accounts (id INTEGER PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, root_type TEXT NOT NULL);
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, customer_group TEXT, territory TEXT);
CREATE TABLE deals (id INTEGER PRIMARY KEY, name TEXT NOT NULL, title TEXT, customer INTEGER NOT NULL, owner TEXT, status TEXT,
	currency TEXT, rate TEXT, opened_on TEXT, won_on TEXT, lost_on TEXT, cancelled_on TEXT, net_total INTEGER, grand_total INTEGER,
	planned INTEGER, billed INTEGER, collected INTEGER, credited INTEGER, written_off INTEGER, outstanding INTEGER, overdue INTEGER);
CREATE TABLE installments (id INTEGER PRIMARY KEY, deal INTEGER NOT NULL, sequence INTEGER, title TEXT, status TEXT,
	net_amount INTEGER, planned_amount INTEGER, planned_invoice_date TEXT, due_date TEXT, invoice INTEGER, billed INTEGER,
	paid INTEGER, credited INTEGER, written_off INTEGER, outstanding INTEGER, actual_invoice_date TEXT);
CREATE TABLE invoices (id INTEGER PRIMARY KEY, deal INTEGER NOT NULL, posting_date TEXT, due_date TEXT, net_total INTEGER,
	total_taxes INTEGER, grand_total INTEGER, base_grand_total INTEGER, is_return INTEGER, return_against INTEGER, cancelled INTEGER);
CREATE TABLE invoice_items (invoice INTEGER NOT NULL, item TEXT, quantity TEXT, rate TEXT, amount TEXT);
CREATE TABLE vouchers (id INTEGER PRIMARY KEY, posting_date TEXT NOT NULL, type TEXT NOT NULL, number INTEGER, deal INTEGER);
CREATE TABLE postings (voucher INTEGER NOT NULL, account INTEGER NOT NULL, customer INTEGER, amount INTEGER NOT NULL,
	currency_amount INTEGER NOT NULL);
CREATE TABLE closings (voucher_type TEXT, number INTEGER, invoice INTEGER NOT NULL, posting_date TEXT, kind TEXT,
	amount INTEGER NOT NULL, base_amount INTEGER NOT NULL);
CREATE TABLE stage_log (deal INTEGER NOT NULL, stage TEXT, entered_on TEXT, left_on TEXT, seconds INTEGER);
"""
NO_NUMBER, NO_TEXT = "nullif(?, 0)", "nullif(?, '')"
#: Columns where a 0 or an empty text says that there is none.
EMPTY = {
	**dict.fromkeys(("customer", "invoice", "return_against"), NO_NUMBER),
	**dict.fromkeys(
		(
			"won_on",
			"lost_on",
			"cancelled_on",
			"planned_invoice_date",
			"due_date",
			"actual_invoice_date",
		),
		NO_TEXT,
	),
}
VIEWS = """
CREATE VIEW general_ledger AS
SELECT v.posting_date, v.type AS voucher_type, v.type || '-' || v.number AS voucher, a.name AS account, c.name AS party, d.name AS deal,
	max(p.amount, 0) / {unit} AS debit, max(-p.amount, 0) / {unit} AS credit
FROM postings p JOIN vouchers v ON v.id = p.voucher JOIN accounts a ON a.id = p.account
LEFT JOIN customers c ON c.id = p.customer LEFT JOIN deals d ON d.id = v.deal;
CREATE VIEW trial_balance AS
SELECT a.name AS account, a.root_type, sum(max(p.amount, 0)) / {unit} AS debit, sum(max(-p.amount, 0)) / {unit} AS credit,
	sum(p.amount) / {unit} AS balance
FROM postings p JOIN accounts a ON a.id = p.account GROUP BY a.id;
"""


class LedgerError(ValueError):
	"""An entry that does not balance, or that says nothing."""


#: One side of an entry: account number, amount in the company's currency and in the party's, customer number or 0. A plain tuple: a
#: million invoices have three million of them.
Line = tuple[int, int, int, int]


class Rows(list):
	"""Rows that wait for their table, value after value in one list, so that one statement takes many of them.

	0 and "" become NULL in the columns of `EMPTY`: to bind a None takes Python as long as ten numbers.
	"""

	def __init__(self, db: sqlite3.Connection, table: str):
		super().__init__()
		self.db = db
		columns = [column[0] for column in db.execute(f"SELECT * FROM {table}").description]
		self.width = len(columns)
		count = MOST_PARAMETERS // self.width
		self.step = count * self.width
		row = f"({', '.join(EMPTY.get(column, '?') for column in columns)})"
		self.one = f"INSERT INTO {table} VALUES {row}"
		# FAIL, as ABORT makes SQLite keep what a statement changes until it ends; either ends the run.
		self.many = f"INSERT OR FAIL INTO {table} VALUES {', '.join([row] * count)}"

	def write(self, everything: bool):
		"""Write what fills such statements, or all."""
		full = len(self) - len(self) % self.step
		if full:
			self.db.executemany(self.many, [self[at : at + self.step] for at in range(0, full, self.step)])
			del self[:full]
		if everything:
			width = self.width
			self.db.executemany(self.one, [self[at : at + width] for at in range(0, len(self), width)])
			self.clear()


class DayTexts(dict[date | None, str]):
	"""Days as text, each made once; no day is an empty one."""

	def __missing__(self, day: date) -> str:
		text = self[day] = day.isoformat()
		return text


class Ledger:
	"""Engine and results add their rows to the tables: `ledger.closings += (...)`."""

	def __init__(self, company: Company, path: str = ":memory:", text: TextIO | None = None):
		"""`text` takes the general ledger as CSV while it is posted."""
		self.company, self.text = company, text
		self.db = sqlite3.connect(path, isolation_level=None)
		for pragma in (
			"journal_mode = OFF",
			"synchronous = OFF",
			"locking_mode = EXCLUSIVE",
			"cache_size = -20000",
		):
			self.db.execute(f"PRAGMA {pragma}")
		self.db.executescript(SCHEMA)
		self.db.execute("BEGIN")
		self.accounts: dict[tuple[str, str], int] = {}
		self.names: dict[int, str] = {}
		self.quoted_accounts = [""]
		self.roles: dict[int, str] = {}
		#: Income and expense by deal (0 for none), for the profit of each: sales of the company's currency, and all else by
		#: (account, whether a credit note posted it). Debit positive.
		self.sales = array("q", bytes(8 * (len(company.deals) + 1)))
		self.earned: dict[int, dict[tuple[int, bool], int]] = defaultdict(dict)
		self.of_profit: set[int] = set()
		account = self.account
		self.receivable, self.bank, self.income = account("receivable"), account("bank"), account("income")
		self.written_off, self.exchange, self.round_off = (
			account("write_off"),
			account("exchange"),
			account("round_off"),
		)
		self.vouchers, self.postings = Rows(self.db, "vouchers"), Rows(self.db, "postings")
		self.invoices, self.invoice_items = Rows(self.db, "invoices"), Rows(self.db, "invoice_items")
		self.closings, self.installments = Rows(self.db, "closings"), Rows(self.db, "installments")
		self.deals, self.customers = Rows(self.db, "deals"), Rows(self.db, "customers")
		self.stage_log = Rows(self.db, "stage_log")
		self.lines: list[str] = []
		self.voucher = 0
		#: month -> account -> [debit, credit]; the trial balance without reading the postings again
		self.months: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
		self.month: dict[int, list[int]] = {}
		self.day_text, self.heads = "", dict[str, str]()
		self.texts = DayTexts({None: ""})
		if text:
			text.write("posting_date,voucher_type,voucher,account,party,deal,debit,credit\n")
		self.quoted_customers = ["", *(quoted(name) for name in company.customers)]
		self.quoted_deals = ["", *(quoted(deal.name) for deal in company.deals)]
		#: party and deal of a line in the general ledger, without and with the customer
		self.customers_of = [0, *(deal.customer.number for deal in company.deals)]
		self.tails = [f",{deal}," for deal in self.quoted_deals]
		self.customer_tails = [
			"",
			*(
				f"{self.quoted_customers[deal.customer.number]}{self.tails[deal.number]}"
				for deal in company.deals
			),
		]
		self.format = formatter(company.precision)
		self.unit, self.parts = 10**company.precision, parts_of(company.precision)

	def account(self, role: str, name: str | None = None) -> int:
		"""Number of the account of a role; tax accounts also have a name of their own."""
		name = name or self.company.accounts.get(role) or role
		number = self.accounts.get((role, name))
		if number is None:
			number = self.accounts[role, name] = len(self.accounts) + 1
			self.names[number], self.roles[number] = name, role
			if ROOTS[role] in ("Income", "Expense"):
				self.of_profit.add(number)
			self.quoted_accounts.append(quoted(name))
			self.db.execute("INSERT INTO accounts VALUES (?, ?, ?, ?)", (number, name, role, ROOTS[role]))
		return number

	def set_day(self, day: date):
		self.day_text = text = self.texts[day]
		self.heads = {kind: f"{text},{kind},{kind}-" for kind in VOUCHERS}
		self.month = self.months[self.day_text[:7]]

	def post(self, kind: str, number: int, deal: int, lines: Sequence[Line]):
		"""Write a balanced entry of the current day.

		Raises LedgerError, and writes nothing, where debits and credits differ.
		"""
		balance = 0
		for line in lines:
			balance += line[1]
		if balance or len(lines) < 2:
			raise LedgerError(f"{kind} {number} does not balance: {balance} units, {len(lines)} lines")
		self.voucher = voucher = self.voucher + 1
		self.vouchers += (voucher, self.day_text, kind, number, deal)
		month, postings, form, written = self.month, self.postings, self.format, 0
		text, head, accounts = "", f"{self.heads[kind]}{number},", self.quoted_accounts
		for account, amount, currency_amount, customer in lines:
			if account in self.of_profit:
				self.earn(deal, account, amount, kind == CREDIT)
			tail = self.customer_tails[deal] if customer else self.tails[deal]
			if amount > 0:
				month[account][0] += amount
				if amount != written:
					written, cell = amount, form(amount)
				text += f"{head}{accounts[account]},{tail}{cell},\n"
			elif amount:
				month[account][1] -= amount
				if -amount != written:
					written, cell = -amount, form(-amount)
				text += f"{head}{accounts[account]},{tail},{cell}\n"
			elif not currency_amount:
				continue
			postings += (voucher, account, customer, amount, currency_amount)
		self.lines.append(text)
		if len(postings) >= BATCH:
			self.write()

	def post_sale(self, number: int, deal: int, grand: int, net: int, tax: int, tax_account: int):
		"""`post` the commonest invoice at one go: in the company's currency, with one tax or none."""
		if grand != net + tax or net <= 0 or tax < 0:
			raise LedgerError(f"{INVOICE} {number} does not balance: {grand} is not {net} and {tax}")
		self.voucher = voucher = self.voucher + 1
		self.vouchers += (voucher, self.day_text, INVOICE, number, deal)
		receivable, income, month, accounts = self.receivable, self.income, self.month, self.quoted_accounts
		head, tail = f"{self.heads[INVOICE]}{number},", self.tails[deal]
		unit, parts = self.unit, self.parts
		month[receivable][0] += grand
		month[income][1] += net
		self.sales[deal] -= net
		text = (
			f"{head}{accounts[receivable]},{self.customer_tails[deal]}{grand // unit}{parts[grand % unit]},\n"
			f"{head}{accounts[income]},{tail},{net // unit}{parts[net % unit]}\n"
		)
		postings = self.postings
		customer = self.customers_of[deal]
		if tax:
			month[tax_account][1] += tax
			self.lines.append(
				f"{text}{head}{accounts[tax_account]},{tail},{tax // unit}{parts[tax % unit]}\n"
			)
			postings += (
				voucher,
				receivable,
				customer,
				grand,
				grand,
				voucher,
				income,
				0,
				-net,
				-net,
				voucher,
				tax_account,
				0,
				-tax,
				-tax,
			)
		else:
			self.lines.append(text)
			postings += (voucher, receivable, customer, grand, grand, voucher, income, 0, -net, -net)
		if len(postings) >= BATCH:
			self.write()

	def post_closing(
		self, kind: str, number: int, deal: int, account: int, amount: int, currency_amount: int
	):
		"""`post` Dr `account`, Cr Receivable at one go; it balances, as it is one amount."""
		receivable, customer = self.receivable, self.customers_of[deal]
		if amount <= 0:
			lines = (
				(account, amount, currency_amount, 0),
				(receivable, -amount, -currency_amount, customer),
			)
			self.post(kind, number, deal, lines)
			return
		self.voucher = voucher = self.voucher + 1
		self.vouchers += (voucher, self.day_text, kind, number, deal)
		month, accounts, postings = self.month, self.quoted_accounts, self.postings
		month[account][0] += amount
		month[receivable][1] += amount
		if account in self.of_profit:
			self.earn(deal, account, amount)
		head, cell = f"{self.heads[kind]}{number},", f"{amount // self.unit}{self.parts[amount % self.unit]}"
		self.lines.append(
			f"{head}{accounts[account]},{self.tails[deal]}{cell},\n"
			f"{head}{accounts[receivable]},{self.customer_tails[deal]},{cell}\n"
		)
		postings += (
			voucher,
			account,
			0,
			amount,
			currency_amount,
			voucher,
			receivable,
			customer,
			-amount,
			-currency_amount,
		)
		if len(postings) >= BATCH:
			self.write()

	def earn(self, deal: int, account: int, amount: int, credited: bool = False):
		earned = self.earned[deal]
		earned[account, credited] = earned.get((account, credited), 0) + amount

	def write(self, everything: bool = False):
		for rows in (
			self.vouchers,
			self.postings,
			self.invoices,
			self.invoice_items,
			self.closings,
			self.installments,
			self.deals,
			self.customers,
			self.stage_log,
		):
			rows.write(everything)
		if self.text:
			self.text.write("".join(self.lines))
		self.lines.clear()

	def flush(self):
		"""Everything is in the tables."""
		self.write(everything=True)

	def balances(self) -> dict[str, int]:
		"""Balance of each role, debit positive."""
		result: dict[str, int] = {}
		for month in self.months.values():
			for account, (debit, credit) in month.items():
				role = self.roles[account]
				result[role] = result.get(role, 0) + debit - credit
		return result

	def close(self, meta: dict[str, str]):
		self.flush()
		self.db.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
		self.db.executescript(VIEWS.format(unit=f"1{'0' * self.company.precision}.0"))
		if self.db.in_transaction:
			self.db.execute("COMMIT")
		self.db.close()


def quoted(text: str) -> str:
	"""A CSV cell. A text that a spreadsheet would run as a formula is marked as text."""
	if text[:1] in ("=", "+", "-", "@"):
		text = "'" + text
	if SPECIAL.search(text):
		return '"' + text.replace('"', '""') + '"'
	return text


class Parts(dict[int, str]):
	"""The decimals of an amount: 5 -> .05; too many of them to keep."""

	def __init__(self, precision: int):
		super().__init__()
		self.precision = precision

	def __missing__(self, part: int) -> str:
		return f".{part:0{self.precision}d}"


def parts_of(precision: int) -> Sequence[str] | Parts:
	"""Text of the decimals of an amount, by their number: f"{units // unit}{parts[units % unit]}"."""
	if not precision:
		return [""]
	if precision > 4:
		return Parts(precision)
	return [f".{part:0{precision}d}" for part in range(10**precision)]


def formatter(precision: int):
	"""Function that writes units as a decimal number: 12345 -> 123.45."""
	unit, parts = 10**precision, parts_of(precision)

	def form(units: int) -> str:
		if units < 0:
			return f"-{-units // unit}{parts[-units % unit]}"
		return f"{units // unit}{parts[units % unit]}"

	return form

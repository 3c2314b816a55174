"""The embedded double entry ledger: an entry is a value that must balance before anything is written.

Amounts are whole numbers of the smallest unit; debit is positive, credit negative. Views show them as an accountant reads them.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from datetime import date
from typing import TextIO

from .books import ROOTS, Company

BATCH = 2_000
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


#: One side of an entry: account number, amount in the company's currency and in the party's, customer number. A plain tuple: a
#: million invoices have three million of them.
Line = tuple[int, int, int, int | None]


class Ledger:
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
		self.tables: dict[str, list[tuple]] = {}
		self.vouchers: list[tuple] = []
		self.postings: list[tuple] = []
		self.voucher = 0
		#: month -> account -> [debit, credit]; the trial balance without reading the postings again
		self.months: dict[str, dict[int, list[int]]] = {}
		self.month: dict[int, list[int]] = {}
		self.day: date | None = None
		self.day_text = ""
		if text:
			text.write("posting_date,voucher_type,voucher,account,party,deal,debit,credit\n")
		self.quoted_customers = ["", *(quoted(name) for name in company.customers)]
		self.quoted_deals = ["", *(quoted(deal.name) for deal in company.deals)]
		self.format = formatter(company.precision)

	def account(self, role: str, name: str | None = None) -> int:
		"""Number of the account of a role; tax accounts also have a name of their own."""
		name = name or self.company.accounts.get(role) or role
		number = self.accounts.get((role, name))
		if number is None:
			number = self.accounts[role, name] = len(self.accounts) + 1
			self.names[number], self.roles[number] = name, role
			self.quoted_accounts.append(quoted(name))
			self.db.execute("INSERT INTO accounts VALUES (?, ?, ?, ?)", (number, name, role, ROOTS[role]))
		return number

	def set_day(self, day: date):
		self.day, self.day_text = day, day.isoformat()
		self.month = self.months.setdefault(self.day_text[:7], {})

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
		self.vouchers.append((voucher, self.day_text, kind, number, deal))
		month, postings = self.month, self.postings
		text, head, form = "", f"{self.day_text},{kind},{kind}-{number},", self.format
		accounts, customers, deal_name = self.quoted_accounts, self.quoted_customers, self.quoted_deals[deal]
		for account, amount, currency_amount, customer in lines:
			if not amount and not currency_amount:
				continue
			postings.append((voucher, account, customer, amount, currency_amount))
			total = month.get(account)
			if total is None:
				total = month[account] = [0, 0]
			if amount > 0:
				total[0] += amount
				text += f"{head}{accounts[account]},{customers[customer or 0]},{deal_name},{form(amount)},\n"
			elif amount:
				total[1] -= amount
				text += f"{head}{accounts[account]},{customers[customer or 0]},{deal_name},,{form(-amount)}\n"
		if self.text:
			self.text.write(text)
		if len(postings) >= BATCH:
			self.flush()

	def add(self, table: str, row: tuple):
		rows = self.tables.get(table)
		if rows is None:
			rows = self.tables[table] = []
		rows.append(row)
		if len(rows) >= BATCH:
			self.flush_table(table)

	def flush_table(self, table: str):
		rows = self.tables.get(table)
		if rows:
			marks = ", ".join("?" * len(rows[0]))
			self.db.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
			rows.clear()

	def flush(self):
		self.db.executemany("INSERT INTO vouchers VALUES (?, ?, ?, ?, ?)", self.vouchers)
		self.db.executemany("INSERT INTO postings VALUES (?, ?, ?, ?, ?)", self.postings)
		self.vouchers.clear()
		self.postings.clear()
		for table in self.tables:
			self.flush_table(table)

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


def formatter(precision: int):
	"""Function that writes units as a decimal number: 12345 -> 123.45."""
	if precision == 0:
		return str
	unit = 10**precision
	zero = f"0.{'0' * precision}"

	def form(units: int) -> str:
		if units >= unit:
			text = str(units)
			return f"{text[:-precision]}.{text[-precision:]}"
		if not units:
			return zero
		whole, part = divmod(abs(units), unit)
		return f"{'-' if units < 0 else ''}{whole}.{part:0{precision}d}"

	return form

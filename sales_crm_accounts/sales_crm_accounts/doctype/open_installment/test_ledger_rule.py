"""The statement of the installment ledger against `core.installments.allocate`, on seeded random ledgers.

The ledgers are raw rows, written for this test only and rolled back: most of them could not be made through documents.
"""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import frappe

from sales_crm_accounts.core.installments import Closings, ScheduleRow, allocate
from sales_crm_accounts.core.money import ZERO, split_running
from sales_crm_accounts.services import ledger_sql
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import factories as make

FIELDS = ("amount", "paid_amount", "credited_amount", "written_off_amount", "outstanding_amount")
PREFIX = "SCA-RULE"


class RandomLedger:
	"""Raw invoices, payments and journals; remembers by plain bookkeeping what has closed each invoice."""

	def __init__(self, seed: int, invoices: int):
		self.random = Random(seed)
		self.rows = defaultdict(list)
		self.amount, self.schedule, self.base = {}, {}, {}
		self.paid, self.credited, self.written_off = (
			defaultdict(Decimal),
			defaultdict(Decimal),
			defaultdict(Decimal),
		)
		self.by_term = defaultdict(lambda: defaultdict(Decimal))
		self.by_due = defaultdict(lambda: defaultdict(Decimal))
		self.serial = 0
		for _number in range(invoices):
			self.add_invoice()
		for _number in range(invoices):
			self.random.choice(
				(
					self.add_payment,
					self.add_payment,
					self.add_journal,
					self.add_note,
					self.add_credit_journal,
					self.add_noise,
				)
			)()

	def name(self, kind: str) -> str:
		self.serial += 1
		return f"{PREFIX}-{kind}-{self.serial:05}"

	def money(self, low: int, high: int) -> Decimal:
		return Decimal(self.random.randint(low, high)) / 100

	def insert(self, doctype: str, **values):
		values.setdefault("name", self.name("ROW"))
		self.rows[doctype].append(values)

	def add_invoice(self):
		name, chance = self.name("SI"), self.random.random()
		amount = self.money(1, 500000)
		if chance < 0.08:
			amount = -amount
		elif chance < 0.1:
			amount = ZERO
		rate = self.random.choice((Decimal(1), Decimal(1), Decimal("1.25"), Decimal("0.37")))
		self.insert(
			"Sales Invoice", name=name, docstatus=1, company=make.COMPANY, customer=make.CUSTOMER, debit_to=make.DEBTORS,
			currency="EUR" if rate != 1 else "USD", party_account_currency="EUR" if rate != 1 else "USD",
			conversion_rate=rate, posting_date=date(2026, 1, 1), due_date=date(2026, 3, 1), update_outstanding_for_self=1,
			is_return=int(amount < 0),
		)  # fmt: skip
		schedule = []
		for idx in range(self.random.choice((0, 1, 1, 2, 3, 3, 5, 12))):
			weight = self.random.choice(
				(ZERO, Decimal("33.33"), self.money(0, 90000), self.money(0, 90000), self.money(0, 90000))
			)
			due = date(2026, 1, 1) + timedelta(days=self.random.randint(0, 20))
			term = self.random.choice((None, None, "Term A", "Term B", "Term C"))
			schedule.append(ScheduleRow(due, weight, term))
			self.insert(
				"Payment Schedule", parent=name, parenttype="Sales Invoice", parentfield="payment_schedule", idx=idx + 1,
				due_date=due, payment_amount=weight, payment_term=term, docstatus=1,
			)  # fmt: skip
		self.amount[name], self.schedule[name] = (
			amount,
			schedule or [ScheduleRow(date(2026, 3, 1), Decimal(1))],
		)
		self.base[name] = ZERO
		self.post(name, "Sales Invoice", name, amount, (amount * rate).quantize(Decimal("0.01")))

	def post(
		self,
		invoice: str,
		voucher_type: str,
		voucher: str,
		amount: Decimal,
		base: Decimal | None = None,
		delinked=0,
	):
		base = amount if base is None else base
		if not delinked:
			self.base[invoice] += base
		self.insert(
			"Payment Ledger Entry", company=make.COMPANY, account=make.DEBTORS, account_type="Receivable", party_type="Customer",
			party=make.CUSTOMER, voucher_type=voucher_type, voucher_no=voucher, against_voucher_type="Sales Invoice",
			against_voucher_no=invoice, amount_in_account_currency=amount, amount=base, delinked=delinked, docstatus=1,
		)  # fmt: skip

	def some_invoices(self, most: int) -> list[str]:
		return self.random.sample(sorted(self.amount), self.random.randint(1, most))

	def part_of(self, invoice: str) -> Decimal:
		open_amount = abs(self.amount[invoice])
		return self.random.choice(
			(open_amount, (open_amount / 3).quantize(Decimal("0.01")), self.money(1, 100000))
		)

	def add_payment(self):
		"""A receipt for up to three invoices, some of it by payment term, with a deduction to the write-off account at times."""
		name, references = self.name("PE"), []
		for invoice in self.some_invoices(3):
			references.append(
				(invoice, self.part_of(invoice), self.random.choice((None, "Term A", "Term B", "Term X")))
			)
		unallocated = self.random.choice((ZERO, self.money(0, 5000)))
		write_off = self.random.choice((ZERO, ZERO, self.money(1, 900)))
		self.insert(
			"Payment Entry", name=name, docstatus=1, company=make.COMPANY, payment_type="Receive", party_type="Customer",
			party=make.CUSTOMER, unallocated_amount=unallocated, source_exchange_rate=1,
		)  # fmt: skip
		if write_off:
			self.insert(
				"Payment Entry Deduction",
				parent=name,
				parenttype="Payment Entry",
				docstatus=1,
				account=make.WRITE_OFF,
				amount=write_off,
			)
		shares = split_running(
			write_off, [amount for _invoice, amount, _term in references] + [unallocated], 2
		)
		if not unallocated:
			shares[-2] += shares[-1]
		for idx, ((invoice, amount, term), share) in enumerate(zip(references, shares, strict=False)):
			self.insert(
				"Payment Entry Reference", parent=name, parenttype="Payment Entry", docstatus=1, idx=idx + 1,
				reference_doctype="Sales Invoice", reference_name=invoice, allocated_amount=amount, payment_term=term,
			)  # fmt: skip
			self.post(invoice, "Payment Entry", name, -amount)
			self.paid[invoice] += amount - share
			self.written_off[invoice] += share
			if term:
				self.by_term[invoice][term] += amount - share

	def add_journal(self):
		"""An ordinary journal, at times with a part to the write-off account; or a Write Off Entry."""
		name, whole = self.name("JE"), self.random.random() < 0.3
		lines = [
			(invoice, self.random.choice((1, 1, 1, -1)) * self.part_of(invoice))
			for invoice in self.some_invoices(2)
		]
		total = sum((amount for _invoice, amount in lines), ZERO)
		write_off = min(self.random.choice((ZERO, self.money(1, 900))), max(total, ZERO))
		self.insert(
			"Journal Entry", name=name, docstatus=1, company=make.COMPANY,
			voucher_type="Write Off Entry" if whole else self.random.choice(("Journal Entry", "Bank Entry")),
		)  # fmt: skip
		if write_off:
			self.insert(
				"Journal Entry Account",
				parent=name,
				parenttype="Journal Entry",
				docstatus=1,
				idx=9,
				account=make.WRITE_OFF,
				debit=write_off,
			)
		running, before = ZERO, ZERO
		for idx, (invoice, amount) in enumerate(lines):
			debit, credit = max(ZERO, -amount), max(ZERO, amount)
			due = self.random.choice(
				(None, date(2026, 5, 1), *(row.due_date for row in self.schedule[invoice]))
			)
			if whole and due:
				self.by_due[invoice][due] += amount
			self.insert(
				"Journal Entry Account", parent=name, parenttype="Journal Entry", docstatus=1, idx=idx + 1, account=make.DEBTORS,
				party_type="Customer", party=make.CUSTOMER, reference_type="Sales Invoice", reference_name=invoice,
				reference_due_date=due, debit=debit, credit=credit, debit_in_account_currency=debit, credit_in_account_currency=credit,
			)  # fmt: skip
			self.post(invoice, "Journal Entry", name, -amount)
			running += amount
			upto = (
				(write_off * running / total).quantize(Decimal("0.01"), "ROUND_HALF_UP")
				if total > 0
				else ZERO
			)
			share = amount if whole else upto - before
			before = upto
			self.written_off[invoice] += share
			self.paid[invoice] += amount - share

	def add_note(self):
		"""A credit note that went onto its invoice; the note itself has no row of its own here."""
		(invoice,) = self.some_invoices(1)
		amount, refund = self.part_of(invoice), self.random.choice((ZERO, self.money(1, 500)))
		name = self.name("CN")
		self.post(invoice, "Sales Invoice", name, -amount)
		self.credited[invoice] += amount
		if refund:
			self.post(invoice, "Sales Invoice", name, refund)
			self.paid[invoice] -= refund

	def add_credit_journal(self):
		(invoice,) = self.some_invoices(1)
		amount, name = self.part_of(invoice), self.name("JE")
		self.insert(
			"Journal Entry",
			name=name,
			docstatus=1,
			company=make.COMPANY,
			voucher_type="Credit Note",
			is_system_generated=1,
		)
		self.post(invoice, "Journal Entry", name, -amount)
		self.credited[invoice] += amount

	def add_noise(self):
		"""Rows of the ledger that count no more, and an exchange difference that moves company currency only."""
		(invoice,) = self.some_invoices(1)
		self.post(invoice, "Payment Entry", self.name("PE"), -self.money(1, 90000), delinked=1)
		name = self.name("JE")
		self.insert(
			"Journal Entry",
			name=name,
			docstatus=1,
			company=make.COMPANY,
			voucher_type="Exchange Gain Or Loss",
		)
		self.post(invoice, "Journal Entry", name, ZERO, self.money(-300, 300))

	def write(self):
		for doctype, rows in self.rows.items():
			for row in rows:
				columns = ", ".join(f"`{column}`" for column in row)
				frappe.db.sql(
					f"insert into `tab{doctype}` ({columns}) values ({', '.join(['%s'] * len(row))})",
					list(row.values()),
				)

	def expected(self, invoice: str) -> list:
		return allocate(
			self.amount[invoice],
			self.schedule[invoice],
			Closings(
				self.paid[invoice],
				self.credited[invoice],
				self.written_off[invoice],
				self.by_term[invoice],
				self.by_due[invoice],
			),
			2,
		)


class TestLedgerRule(SiteTestCase):
	def test_the_statement_is_the_rule(self):
		"""400 ledgers: without schedule, zero and odd weights, equal due dates and terms, overpaid, refunded, credit notes,
		write-offs that name a due date (also one that the schedule does not know)."""
		ledger = RandomLedger(seed=20261123, invoices=400)
		ledger.write()
		names = sorted(ledger.amount)
		some = self.derive(names, ledger_sql.derive(2, some=True))
		whole = self.derive(names, ledger_sql.derive(2))
		self.assertEqual(some, whole)
		for name in names:
			rows, expected = some[name], ledger.expected(name)
			self.assertEqual(
				[tuple(row[field] for field in FIELDS) for row in rows],
				[(e.amount, e.paid, e.credited, e.written_off, e.outstanding) for e in expected],
				msg=f"{name}: {ledger.amount[name]} {ledger.schedule[name]}",
			)
			self.assertEqual([row["due_date"] for row in rows], [e.due_date for e in expected])
			base = split_running(ledger.base[name], [e.outstanding for e in expected], 2)
			self.assertEqual(sum(row["base_outstanding_amount"] for row in rows), ledger.base[name])
			if sum((e.outstanding for e in expected), ZERO) and all(e.amount >= 0 for e in expected):
				self.assertEqual([row["base_outstanding_amount"] for row in rows], base, msg=name)
			self.assertEqual(
				[row["name"] for row in rows], [f"{name}-{n:02}" for n in range(1, len(rows) + 1)]
			)

	def derive(self, names: list[str], statement: str) -> dict[str, list]:
		"""Rows by invoice, amounts as exact decimals."""
		amounts = ", ".join(f"cast(`{field}` as char) as `{field}`" for field in ledger_sql.FIGURES)
		rows = frappe.db.sql(
			f"select name, sales_invoice, due_date, {amounts} from ({statement}) derived where sales_invoice like %(prefix)s "
			"order by sales_invoice, installment_no",
			{"invoices": names, "prefix": PREFIX + "%"},
			as_dict=True,
		)
		found = defaultdict(list)
		for row in rows:
			for field in ledger_sql.FIGURES:
				row[field] = Decimal(row[field])
			found[row.sales_invoice].append(row)
		return found

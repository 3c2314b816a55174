"""A camt.053 file of 200 lines: brought in, matched, corrected, undone and matched again; the ledger right after each step.

Of the lines that pay something every kind is applied, and a few of the many plain ones; with SCA_ALL_LINES=1 all of them are.
"""

import os
import time
from collections import Counter

import frappe
from frappe.query_builder.functions import Sum
from frappe.utils import flt

from sales_crm_accounts.api import matching as api
from sales_crm_accounts.services import ledger
from sales_crm_accounts.services.matching import runs, statements
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import bank_factories as bank
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.bank_month import LINES, TREASURY, Month

ALL = bool(os.environ.get("SCA_ALL_LINES"))
MOST = {"several": 1, "no reference": 1}
GAIN, DISCOUNT = f"SCA Exchange Gain - {make.ABBR}", f"SCA Cash Discount - {make.ABBR}"


def cents(value) -> int:
	return round(flt(value) * 100)


class TestBankMonth(SiteTestCase):
	@classmethod
	def setUpClass(cls):
		super().setUpClass()
		for name in ("SCA Bank Fees", "SCA Cash Discount", "SCA Exchange Gain"):
			make.account(name, "Indirect Expenses", "Expense Account")
		cls.before = frappe.db.get_value(
			"Company", make.COMPANY, ["exchange_gain_loss_account", "default_discount_account"], as_dict=True
		)
		frappe.db.set_value(
			"Company",
			make.COMPANY,
			{"exchange_gain_loss_account": GAIN, "default_discount_account": DISCOUNT},
		)
		frappe.clear_document_cache("Company", make.COMPANY)
		# A run that was stopped in the middle may have left it.
		frappe.db.delete("Company Receivables Settings", {"name": make.COMPANY})
		# An account of its own: nothing of other tests, or of an earlier run, is matched with it.
		salt = frappe.generate_hash(length=5)
		bank.bank_account()
		cls.ledger_account = make.account(f"SCA Month {salt}", "Bank Accounts", "Bank")
		cls.account = (
			frappe.get_doc(
				{
					"doctype": "Bank Account",
					"account_name": f"SCA Month {salt}",
					"bank": bank.BANK_NAME,
					"is_company_account": 1,
					"company": make.COMPANY,
					"account": cls.ledger_account,
				}
			)
			.insert()
			.name
		)
		frappe.db.commit()

	@classmethod
	def tearDownClass(cls):
		frappe.set_user("Administrator")
		frappe.db.rollback()
		frappe.db.delete("Company Receivables Settings", {"name": make.COMPANY})
		frappe.db.set_value("Company", make.COMPANY, dict(cls.before))
		frappe.clear_document_cache("Company", make.COMPANY)
		frappe.db.delete("Payer Account", {"account": TREASURY})
		frappe.db.commit()
		super().tearDownClass()

	def took(self, step: str) -> None:
		now = time.monotonic()
		self.seconds[step], self.clock = round(now - self.clock, 1), now

	def test_two_hundred_lines(self):
		self.seconds, self.clock = {}, time.monotonic()
		frappe.get_doc(
			{
				"doctype": "Company Receivables Settings",
				"company": make.COMPANY,
				"bank_fee_account": bank.FEES,
				"bank_fee_limit": 20,
			}
		).insert()
		self.month = month = Month()
		month.open()
		month.write()
		self.assertEqual(len(month.lines), LINES)
		self.took("open")
		content = month.camt()
		found = statements.bring_in(self.account, content)
		self.assertEqual((found["made"], found["known"]), (LINES, 0))
		self.took("import")
		self.assertEqual(statements.bring_in(self.account, content)["known"], LINES)
		self.sources = self._sources()

		proposals = self._match()
		self.took("match")
		self._check_proposals(proposals)
		self._check_books([])
		chosen = self._chosen()

		frappe.set_user(make.ACCOUNTANT)
		for at in chosen:
			self.assertEqual(api.apply(proposals[at].name), "Applied", month.lines[at])
		self.took(f"apply {len(chosen)}")
		self._check_books(chosen)

		# A person says whose the treasury's money is; the next line of its account is known.
		first, second = (at for at, line in enumerate(month.lines) if line.kind == "treasury")
		self._correct(self._match()[first], month.lines[first].rows[0])
		self._check_books([*chosen, first])
		proposals = self._match()
		self.assertEqual(proposals[second].customer, self.month.names[-1])
		self.assertEqual(self._rows(proposals[second]), month.lines[second].rows)
		self.assertIn(TREASURY, proposals[second].reasons)
		self.took("correct")

		applied = {at: self._applied(at) for at in [*chosen, first]}
		for at, name in applied.items():
			api.undo(name)
			self.assertEqual(frappe.db.get_value("Cash Match Proposal", name, "status"), "Undone", at)
		self.took(f"undo {len(applied)}")
		self._check_books([])

		proposals = self._match()
		self._check_proposals(proposals)
		for at in chosen:
			self.assertEqual(api.apply(proposals[at].name), "Applied", month.lines[at])
		self.took(f"again {len(chosen)}")
		self._check_books(chosen)
		if ALL:
			print(self.seconds)

	# Steps

	def _sources(self) -> dict[int, str]:
		"""Number of the line -> its Bank Transaction; the bank's own reference says which."""
		rows = frappe.get_all(
			"Bank Transaction",
			{"bank_account": self.account, "reference_number": ("like", f"{self.month.salt}-%")},
			["name", "reference_number", "deposit", "withdrawal"],
		)
		found = {int(row.reference_number[-3:]): row for row in rows}
		self.assertEqual(
			[cents(found[at].deposit) - cents(found[at].withdrawal) for at in range(LINES)],
			[line.amount for line in self.month.lines],
		)
		return {at: row.name for at, row in found.items()}

	def _match(self) -> dict:
		user = frappe.session.user
		frappe.set_user("Administrator")
		run = frappe.get_doc(
			{
				"doctype": "Cash Matching Run",
				"company": make.COMPANY,
				"source": "Bank Transactions",
				"bank_account": self.account,
			}
		).insert()
		runs.execute(run.name)
		numbers = {name: at for at, name in self.sources.items()}
		found = {
			numbers[row.source_name]: frappe.get_doc("Cash Match Proposal", row.name)
			for row in frappe.get_all(
				"Cash Match Proposal",
				{"cash_matching_run": run.name, "status": "Proposed"},
				["name", "source_name"],
			)
			if row.source_name in numbers
		}
		frappe.set_user(user)
		return found

	def _rows(self, proposal) -> list[tuple]:
		return sorted(
			(
				row.sales_invoice,
				row.installment_no,
				*(cents(row.get(field)) for field in ("allocated_amount", "discount_amount", "fee_amount")),
			)
			for row in proposal.rows
		)

	def _check_proposals(self, proposals: dict) -> None:
		"""Every line that pays something is explained as it was meant; money out and of strangers is not."""
		wrong = []
		for at, line in enumerate(self.month.lines):
			if line.kind == "treasury":
				continue
			if line.kind in ("stranger", "out"):
				if at in proposals and proposals[at].score > 50:
					wrong.append((line, proposals[at].reasons))
			elif at not in proposals or self._rows(proposals[at]) != sorted(line.rows):
				wrong.append((line, at in proposals and (self._rows(proposals[at]), proposals[at].reasons)))
			elif cents(proposals[at].on_account) != line.on_account:
				wrong.append((line, proposals[at].on_account))
		self.assertFalse(wrong, f"{len(wrong)} wrong, the first: {wrong[:3]}")

	def _chosen(self) -> list[int]:
		"""Every kind, some of them twice."""
		count: Counter = Counter()
		chosen = []
		for at, line in enumerate(self.month.lines):
			if line.kind in ("stranger", "out", "treasury"):
				continue
			count[line.kind] += 1
			if ALL or count[line.kind] <= MOST.get(line.kind, 2):
				chosen.append(at)
		return chosen

	def _correct(self, proposal, row) -> None:
		"""Only the amount spoke for somebody else; a person knows better."""
		self.assertNotEqual(proposal.customer, self.month.names[-1])
		proposal.customer = self.month.names[-1]
		proposal.set(
			"rows",
			[{"sales_invoice": row[0], "installment_no": row[1], "allocated_amount": row[2] / 100}],
		)
		proposal.save()
		self.assertEqual((proposal.corrected, proposal.on_account), (1, 0))
		self.assertEqual(api.apply(proposal.name), "Applied")
		self.assertEqual(
			frappe.db.get_value("Payer Account", {"account": TREASURY}, "customer"), self.month.names[-1]
		)

	def _applied(self, at: int) -> str:
		return frappe.db.get_value(
			"Cash Match Proposal", {"source_name": self.sources[at], "status": "Applied"}
		)

	# What must hold

	def _check_books(self, applied: list[int]) -> None:
		"""What is open is what the lines have left, in the kept installments and in the Payment Ledger; every cent is somewhere."""
		ledger.flush()
		left = dict(self.month.totals)
		for at in applied:
			for invoice, _no, closed, _discount, _fee in self.month.lines[at].rows:
				left[invoice] -= closed
		self.assertEqual(self._open("Open Installment"), left)
		self.assertEqual(self._open("Payment Ledger Entry"), left)
		entry = frappe.qb.DocType("GL Entry")
		vouchers = self._payments()
		if vouchers:
			rows = (
				frappe.qb.from_(entry)
				.where(entry.voucher_no.isin(vouchers) & (entry.is_cancelled == 0))
				.groupby(entry.voucher_no)
				.select(entry.voucher_no, Sum(entry.debit - entry.credit))
				.run()
			)
			self.assertEqual({cents(balance) for _voucher, balance in rows} - {0}, set())
		balance = (
			frappe.qb.from_(entry)
			.where((entry.account == self.ledger_account) & (entry.voucher_no.isin(vouchers or [""])))
			.where(entry.is_cancelled == 0)
			.select(Sum(entry.debit - entry.credit))
			.run()[0][0]
		)
		self.assertEqual(cents(balance), sum(self.month.lines[at].amount for at in applied))
		for row in frappe.get_all(
			"Bank Transaction",
			{"name": ("in", list(self.sources.values()))},
			["name", "deposit", "withdrawal", "allocated_amount", "unallocated_amount", "status"],
		):
			amount = cents(row.deposit) + cents(row.withdrawal)
			used = amount if row.name in {self.sources[at] for at in applied} else 0
			self.assertEqual(
				(cents(row.allocated_amount), cents(row.unallocated_amount)), (used, amount - used)
			)
			self.assertEqual(row.status, "Reconciled" if used else "Unreconciled")

	def _open(self, doctype: str) -> dict[str, int]:
		table = frappe.qb.DocType(doctype)
		kept = doctype == "Open Installment"
		invoice = table.sales_invoice if kept else table.against_voucher_no
		amount = table.outstanding_amount if kept else table.amount_in_account_currency
		query = frappe.qb.from_(table).where(invoice.isin(list(self.month.totals)))
		if not kept:
			query = query.where((table.delinked == 0) & (table.against_voucher_type == "Sales Invoice"))
		found = query.groupby(invoice).select(invoice, Sum(amount)).run()
		return {**dict.fromkeys(self.month.totals, 0), **{name: cents(total) for name, total in found}}

	def _payments(self) -> list[str]:
		return frappe.get_all("Payment Entry", {"paid_to": self.ledger_account, "docstatus": 1}, pluck="name")

"""Costs: what they post, and nothing else; they close no invoice."""

from __future__ import annotations

from .agenda import BILL, ENTRY
from .books import CREDITED, SUPPLIER, Expense


class Spending:
	"""Part of the Engine."""

	def spend(self, expense: Expense):
		"""A cost: Dr the account of its category, Dr Input Tax, Cr Bank, or what is owed to the employee or the supplier."""
		ledger = self.ledger
		if expense.paid_by == SUPPLIER:
			self.next_bill += 1
			kind, number = BILL, self.next_bill
		else:
			self.next_entry += 1
			kind, number = ENTRY, self.next_entry
		total = expense.amount + expense.tax
		lines = [
			(ledger.account("expense", expense.category), expense.amount, expense.amount, 0),
			(ledger.account(CREDITED[expense.paid_by]), -total, -total, 0),
		]
		if expense.tax:
			lines.insert(1, (ledger.account("input_tax"), expense.tax, expense.tax, 0))
		ledger.post(kind, number, expense.deal, lines)

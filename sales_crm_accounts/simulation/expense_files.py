"""Costs of deals, and of none: expenses.csv."""

from __future__ import annotations

from ..core.problems import _
from .books import Expense
from .columns import EXPENSES


class ExpenseFiles:
	"""Part of the Loader."""

	def read_expenses(self, name: str):
		"""A row without a deal is a cost of the company; a lost or cancelled deal takes none from the day after."""
		for row, (deal_name, day, category, amount, tax, paid_by) in self.rows(name, EXPENSES):
			number = 0
			if deal_name:
				deal = self.deals.get(deal_name)
				if deal is None:
					self.unknown(name, row, "deal", deal_name, self.deals, "deals.csv")
					continue
				number = deal.number
				over = deal.lost_on or deal.cancelled_on
				if over and day > over:
					self.problems.add(
						name,
						_(
							"deal {word} was lost or cancelled on {date}. Empty the cell, so that the cost is the company's, or correct the date."
						),
						row,
						"deal",
						word=deal_name,
						date=over,
					)
			self.check_open_period(name, row, "date", day)
			self.check_not_far(name, row, "date", day, self.first_day)
			self.check_account(name, row, "category", category)
			self.company.expenses.append(Expense(day, number, category, amount, tax, paid_by, row))

"""What happened to deals: confirmations, payments and the like."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from ..core import plan
from ..core.problems import _
from . import books
from .books import Deal
from .columns import INSTALLMENTS, PAYMENTS
from .deal_files import EARLIEST, MOST_YEARS


class MovementFiles:
	"""Part of the Loader."""

	def installment(self, name: str, row: int, deal_name: str, number: int, may_be_all: bool) -> Deal | None:
		deal = self.deals.get(deal_name)
		if deal is None:
			self.unknown(name, row, "deal", deal_name, self.deals, "deals.csv")
			return None
		if not deal.won_on:
			self.problems.add(
				name,
				_("deal {word} is not won, so it has no installments. Give won_on in deals.csv."),
				row,
				"deal",
				word=deal_name,
			)
			return None
		count = len(deal.plan) + self.added.get(deal.number, 0)
		if (number > count and deal.plan) or (not number and not may_be_all):
			self.problems.add(
				name,
				_("deal {word} has installments 1 to {count}; there is no {number}."),
				row,
				"installment",
				word=deal_name,
				count=count,
				number=number,
			)
			return None
		return deal

	def read_installments(self, name: str):
		company = self.company
		for row, (deal_name, number, confirmed_on, actual) in self.rows(name, INSTALLMENTS):
			deal = self.installment(name, row, deal_name, number, may_be_all=False)
			if deal is None:
				continue
			key = (deal.number, number)
			if key in company.confirmations or key in company.actual_dates:
				self.problems.add(
					name,
					_("installment {number} of deal {word} stands twice. Write its dates into one row."),
					row,
					"installment",
					number=number,
					word=deal_name,
				)
				continue
			self.check_after_opening(name, row, "confirmed_on", confirmed_on, deal)
			self.check_near_opening(name, row, "actual_invoice_date", actual, deal)
			if confirmed_on:
				if number <= len(deal.plan) and deal.plan[number - 1].trigger not in plan.CONFIRMED_TRIGGERS:
					self.problems.add(
						name,
						_(
							"installment {number} is billed by date; only milestones and deliveries are confirmed."
						),
						row,
						"confirmed_on",
						number=number,
					)
				company.confirmations[key] = confirmed_on, row
			if actual:
				company.actual_dates[key] = actual
				company.has_actual_dates = True

	def read_payments(self, name: str):
		"""Payments, credit notes and so on; an empty amount means all that is open."""
		for rows, columns in self.progress(self.batches(name, PAYMENTS)):
			if not self.add_plain(rows, columns):
				for row, values in zip(rows, zip(*columns, strict=True), strict=True):
					self.add_payment(name, row, *values)

	def add_plain(self, rows: Sequence[int], columns: list[Sequence]) -> bool:
		"""Adds rows that are all of installments as planned, with an amount, in an open period and nothing more."""
		days, kinds, names, numbers, amounts, rates, reconciled, references = columns
		closed, count = self.company.books_closed_until, len(rows)
		deals = list(map(self.deals.get, names))
		if (
			None in deals
			or None in amounts
			or not rates.count(None) == reconciled.count(None) == references.count("") == count
			or (closed and min(days) <= closed)
			or max(days).year > self.first_day.year + MOST_YEARS
		):
			return False
		for deal, number, day in zip(deals, numbers, days, strict=True):
			if not deal.won_on or number > len(deal.plan) or day < deal.opened_on:
				return False
		movements = self.company.movements
		movements.day.extend(map(date.toordinal, days))
		movements.kind.extend(map(books.KINDS.index, kinds))
		movements.deal.extend([deal.number for deal in deals])
		movements.installment.extend(numbers)
		movements.amount.extend(amounts)
		movements.row.extend(rows)
		return True

	def add_payment(
		self,
		name: str,
		row: int,
		day: date,
		kind_name: str,
		deal_name: str,
		number: int,
		units: int | None,
		rate: Decimal | None,
		reconciled_on: date | None,
		reference: str,
	):
		movements, company = self.company.movements, self.company
		deal, closed = self.deals.get(deal_name), company.books_closed_until
		if deal is None or not deal.won_on or number > len(deal.plan):
			if not self.installment(name, row, deal_name, number, may_be_all=True):
				return
		self.check_near_opening(name, row, "date", day, deal)
		if day < self.first_day and day + EARLIEST > deal.opened_on:
			self.problems.add(
				name,
				_(
					"{date} is before the first day of the data ({day}). Correct it, or give an earlier start in company.yaml."
				),
				row,
				"date",
				date=day,
				day=self.first_day,
			)
		kind = books.KINDS.index(kind_name)
		if units is None and kind in (books.PAYMENT, books.JOURNAL, books.REFUND):
			self.problems.add(name, _("the cell is empty. Fill it in."), row, "amount")
		if closed and day <= closed:
			self.check_open_period(name, row, "date", day)
		movements.add(day, kind, deal.number, number, units or 0, row)
		if rate is not None:
			if deal.currency == company.currency and rate != 1:
				self.problems.add(
					name, _("the deal is in the company's currency; its rate is 1."), row, "exchange_rate"
				)
			movements.rate[row] = rate
		if reconciled_on is not None:
			if kind != books.JOURNAL:
				self.problems.add(name, _("only a Journal Entry is reconciled later."), row, "reconciled_on")
			elif reconciled_on < day:
				self.problems.add(name, _("it is reconciled before it is posted."), row, "reconciled_on")
			self.check_not_far(name, row, "reconciled_on", reconciled_on, deal.opened_on)
			movements.reconciled_on[row] = reconciled_on
		if reference:
			movements.reference[row] = reference

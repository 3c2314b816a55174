"""What happened to deals: confirmations, payments and the like, stages, changes of the plan."""

from __future__ import annotations

from ..core import plan
from ..core.problems import _
from . import books
from .books import Deal
from .columns import CHANGES, INSTALLMENTS, PAYMENTS, STAGE_LOG


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
				company.confirmations[key] = confirmed_on
			if actual:
				company.actual_dates[key] = actual
				company.has_actual_dates = True

	def read_payments(self, name: str):
		"""Payments, credit notes and so on; an empty amount means all that is open."""
		movements, precision, company = self.company.movements, self.company.precision, self.company
		kinds = {kind: number for number, kind in enumerate(books.KINDS)}
		deals, closed = self.deals, company.books_closed_until
		for row, (day, kind_name, deal_name, number, value, rate, reconciled_on, reference) in self.rows(
			name, PAYMENTS
		):
			deal = deals.get(deal_name)
			if deal is None or not deal.won_on or number > len(deal.plan):
				if not self.installment(name, row, deal_name, number, may_be_all=True):
					continue
			kind = kinds[kind_name]
			units = 0
			if value is not None:
				scaled = value.scaleb(precision)
				units = int(scaled)
				if units != scaled:
					self.problems.add(
						name,
						_("{cell} has more decimals than the currency ({precision}). Round it."),
						row,
						"amount",
						cell=f"{value:f}",
						precision=precision,
					)
			elif kind in (books.PAYMENT, books.JOURNAL, books.REFUND):
				self.problems.add(name, _("the cell is empty. Fill it in."), row, "amount")
			if closed and day <= closed:
				self.check_open_period(name, row, "date", day)
			movements.add(day, kind, deal.number, number, units, row)
			if rate is not None:
				if deal.currency == company.currency and rate != 1:
					self.problems.add(
						name, _("the deal is in the company's currency; its rate is 1."), row, "exchange_rate"
					)
				movements.rate[row] = rate
			if reconciled_on is not None:
				if kind != books.JOURNAL:
					self.problems.add(
						name, _("only a Journal Entry is reconciled later."), row, "reconciled_on"
					)
				elif reconciled_on < day:
					self.problems.add(name, _("it is reconciled before it is posted."), row, "reconciled_on")
				movements.reconciled_on[row] = reconciled_on
			if reference:
				movements.reference[row] = reference

	def read_stage_log(self, name: str):
		for row, (deal_name, stage, entered_on) in self.rows(name, STAGE_LOG):
			deal = self.deals.get(deal_name)
			if deal is None:
				self.unknown(name, row, "deal", deal_name, self.deals, "deals.csv")
				continue
			if self.company.stages and stage not in self.company.stages:
				self.unknown(name, row, "stage", stage, self.company.stages, "stages.csv")
			self.company.stage_log.setdefault(deal.number, []).append((entered_on, stage))
		for log in self.company.stage_log.values():
			log.sort(key=lambda entry: entry[0])

	def read_changes(self, name: str):
		for row, (deal_name, day, plan_name, reason) in self.rows(name, CHANGES):
			deal = self.installment(name, row, deal_name, 0, may_be_all=True)
			rows = self.company.plans.get(plan_name)
			if rows is None:
				self.unknown(name, row, "plan", plan_name, self.company.plans, "plans.csv")
			if deal and rows:
				if day < deal.won_on:
					self.problems.add(name, _("the plan is changed before the deal is won."), row, "date")
				self.company.changes.append((day, deal.number, rows, reason))
				self.added[deal.number] = self.added.get(deal.number, 0) + len(rows)

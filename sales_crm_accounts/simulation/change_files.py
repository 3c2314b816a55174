"""changes.csv: new plans for what is not billed yet, and that they can share it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from ..core import plan
from ..core.billing import ONE_INVOICE
from ..core.problems import RuleError, _
from .books import Deal
from .columns import CHANGES


class ChangeFiles:
	"""Part of the Loader."""

	def read_changes(self, name: str):
		for row, (deal_name, day, plan_name, _reason) in self.rows(name, CHANGES):
			deal = self.installment(name, row, deal_name, 0, may_be_all=True)
			rows = self.company.plans.get(plan_name)
			if rows is None:
				self.unknown(name, row, "plan", plan_name, self.company.plans, "plans.csv")
			if deal and rows:
				if day < deal.won_on:
					self.problems.add(name, _("the plan is changed before the deal is won."), row, "date")
				self.check_not_far(name, row, "date", day, deal.opened_on)
				self.company.changes.append((day, deal.number, rows, row))
				self.added[deal.number] = self.added.get(deal.number, 0) + len(rows)

	def check_changes(self, name: str):
		"""Refuses a plan that cannot share what is left of its deal, whatever was billed before; the rest is seen when it is played."""
		company = self.company
		if self.problems.of("plans.csv"):
			return
		changes = defaultdict(list)
		for change in sorted(company.changes, key=lambda change: change[0]):
			changes[change[1]].append(change)
		for number, of_deal in changes.items():
			deal = company.deals[number - 1]
			if not deal.net_total:
				continue
			total = Decimal(deal.net_total).scaleb(-company.precision)
			left, first, unbilled = deal.plan, 1, True
			for day, _number, rows, row in of_deal:
				for problem in plan.check_rows(rows, deal.opened_on):
					self.problems.add_problem(name, problem, row, "plan")
				fixed = [entry.amount for entry in rows if entry.basis == plan.AMOUNT]
				unbilled = unbilled and self.is_unbilled(deal, left, first, day)
				if unbilled or not fixed or sum(fixed) > total:
					try:
						plan.Shares(rows, company.precision).of(total)
					except RuleError as error:
						for problem in error.problems:
							self.problems.add_problem(name, problem, row, "plan")
				left, first = rows, first + len(left)

	def is_unbilled(self, deal: Deal, rows: Sequence[plan.PlanRow], first: int, day: date) -> bool:
		"""Whether certainly nothing of the plan is billed before it is changed that day, even if approvals make the deal wait.

		`first` is the number of its first installment.
		"""
		company, policy = self.company, deal.policy
		if policy and policy.method == ONE_INVOICE:
			return False
		day = max(day, company.start or day)
		ahead = timedelta(days=policy.days_ahead if policy else 0)
		for number, row in enumerate(rows, first):
			confirmed = company.confirmations.get((deal.number, number), (None, 0))[0]
			if row.trigger == plan.ON_DELIVERY:
				confirmed = confirmed or deal.delivered_on
			if company.approvers and (confirmed or row.trigger_date):
				return False
			planned = row.planned_invoice_date(deal.won_on, confirmed)
			if planned and planned - ahead <= day:
				return False
		return True

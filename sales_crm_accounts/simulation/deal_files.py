"""deals.csv and deal_items.csv, and everything about a deal that can be checked before it is played."""

from __future__ import annotations

from array import array
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal

from ..core import plan
from ..core.billing import ONE_INVOICE
from ..core.money import ZERO, quantize
from ..core.problems import RuleError, _
from .books import Customer, Deal
from .columns import DEAL_ITEMS, DEALS
from .totals import Totals

#: Money and invoices may be so much earlier than the deal that they belong to.
EARLIEST = timedelta(days=365)
#: What happened longer after the deal was opened was a mistyped year.
MOST_YEARS = 30


class DealFiles:
	"""Part of the Loader."""

	def read_deals(self, name: str):
		company = self.company
		for row, values in self.rows(name, DEALS, required=True):
			(
				deal_name,
				title,
				customer_name,
				owner,
				currency,
				rate,
				opened_on,
				expected,
				won_on,
				lost_on,
				lost_reason,
				cancelled_on,
				delivered_on,
				discount,
				tax,
				plan_name,
				actual,
			) = values
			if deal_name in self.deals:
				self.problems.add(
					name, _("{word} stands twice. Remove one row."), row, "deal", word=deal_name
				)
				continue
			customer = company.customers.get(customer_name)
			if customer is None:
				self.unknown(name, row, "customer", customer_name, company.customers, "customers.csv")
				customer = Customer(customer_name)
			elif customer.disabled and won_on:
				self.problems.add(
					name,
					_("customer {word} is disabled in customers.csv. Enable it or choose another."),
					row,
					"customer",
					word=customer_name,
				)
			deal = Deal(deal_name, customer, currency or company.currency, opened_on)
			deal.number, deal.row, deal.title, deal.owner = (
				len(company.deals) + 1,
				row,
				title or deal_name,
				owner,
			)
			deal.expected_close_date, deal.won_on, deal.lost_on = expected, won_on, lost_on
			deal.lost_reason, deal.cancelled_on, deal.delivered_on = lost_reason, cancelled_on, delivered_on
			deal.discount, deal.actual_invoice_date = discount, actual
			company.has_actual_dates = company.has_actual_dates or actual is not None
			self.check_deal_dates(name, row, deal)
			self.check_decimals(name, row, "discount", discount)
			deal.foreign = deal.currency != company.currency
			if customer.receivable_currency not in ("", company.currency, deal.currency):
				self.problems.add(
					name,
					_(
						"the receivable account of {word} is in {currency}. An invoice is posted to an account of its own currency or of the company's; correct receivable_currency in customers.csv."
					),
					row,
					"customer",
					word=customer_name,
					currency=customer.receivable_currency,
				)
			if deal.foreign:
				if rate:
					deal.rate = rate
				else:
					self.problems.add(
						name,
						_("the deal is in {currency}; give the rate to {company}."),
						row,
						"exchange_rate",
						currency=deal.currency,
						company=company.currency,
					)
			elif rate and rate != 1:
				self.problems.add(
					name, _("the deal is in the company's currency; its rate is 1."), row, "exchange_rate"
				)
			if tax:
				deal.tax = company.taxes.get(tax)
				if not deal.tax:
					self.unknown(name, row, "tax", tax, company.taxes, "tax.csv")
			rows = company.plans.get(plan_name)
			if rows is None:
				self.unknown(name, row, "plan", plan_name, company.plans, "plans.csv")
			deal.plan = rows or []
			self.deals[deal_name] = deal
			company.deals.append(deal)

	def check_deal_dates(self, name: str, row: int, deal: Deal):
		for column in ("expected_close_date", "won_on", "lost_on", "cancelled_on", "delivered_on"):
			self.check_after_opening(name, row, column, getattr(deal, column), deal)
		self.check_near_opening(name, row, "actual_invoice_date", deal.actual_invoice_date, deal)
		if deal.won_on and deal.lost_on:
			self.problems.add(
				name, _("a deal is won or lost, not both. Empty one of the two."), row, "lost_on"
			)
		if deal.cancelled_on and not deal.won_on:
			self.problems.add(
				name, _("only a won deal is cancelled. Give won_on, or lost_on instead."), row, "cancelled_on"
			)
		elif deal.cancelled_on and deal.cancelled_on < deal.won_on:
			self.problems.add(name, _("the deal is cancelled before it is won."), row, "cancelled_on")
		self.check_open_period(name, row, "won_on", deal.won_on)

	def check_after_opening(self, name: str, row: int, column: str, day: date | None, deal: Deal):
		"""What cannot have been before the deal was opened."""
		if not day:
			return
		if day < deal.opened_on:
			self.problems.add(
				name,
				_("{date} is before the deal was opened ({opened}). Correct one of the two."),
				row,
				column,
				date=day,
				opened=deal.opened_on,
			)
		self.check_not_far(name, row, column, day, deal.opened_on)

	def check_near_opening(self, name: str, row: int, column: str, day: date | None, deal: Deal):
		"""What may have been before the deal was opened, as an advance, but not a year before."""
		if not day:
			return
		if day + EARLIEST <= deal.opened_on:
			self.problems.add(
				name,
				_("{date} is a year or more before the deal was opened ({opened}). Correct one of the two."),
				row,
				column,
				date=day,
				opened=deal.opened_on,
			)
		self.check_not_far(name, row, column, day, deal.opened_on)

	def check_not_far(self, name: str, row: int, column: str, day: date | None, since: date):
		if day and day.year - since.year > MOST_YEARS:
			self.problems.add(
				name,
				_("{date} is more than {years} years after {day}. Check the year."),
				row,
				column,
				date=day,
				years=MOST_YEARS,
				day=since,
			)

	def check_open_period(self, name: str, row: int, column: str, day: date | None):
		closed = self.company.books_closed_until
		if day and closed and day <= closed:
			self.problems.add(
				name,
				_("{date} is in a closed period (until {closed}, calendar.yaml). Choose a later date."),
				row,
				column,
				date=day,
				closed=closed,
			)

	def read_deal_items(self, name: str):
		for row, (deal_name, item, quantity, rate) in self.rows(name, DEAL_ITEMS, required=True):
			deal = self.deals.get(deal_name)
			if deal is None:
				self.unknown(name, row, "deal", deal_name, self.deals, "deals.csv")
				continue
			whole_number, disabled = False, False
			if self.items:
				if item not in self.items:
					self.unknown(name, row, "item", item, self.items, "items.csv")
					continue
				whole_number, disabled = self.items[item]
			if disabled:
				self.problems.add(
					name,
					_("item {word} is disabled in items.csv. Enable it or choose another."),
					row,
					"item",
					word=item,
				)
			if whole_number and quantity != int(quantity):
				self.problems.add(
					name,
					_(
						"item {word} is sold in whole numbers (items.csv), not {cell}. Correct the quantity, or whole_number in items.csv."
					),
					row,
					"quantity",
					word=item,
					cell=f"{quantity:f}",
				)
			self.check_decimals(name, row, "rate", rate)
			if quantity * rate > plan.MAX_AMOUNT:
				self.problems.add(
					name, _("quantity times rate is too large. Check the figures."), row, "rate"
				)
			deal.items.append((item, quantity, rate, whole_number))

	def check_decimals(self, name: str, row: int, column: str, value: Decimal):
		precision = self.company.precision
		if value and value != quantize(value, precision, ROUND_DOWN):
			self.problems.add(
				name,
				_("{cell} has more decimals than the currency ({precision}). Round it."),
				row,
				column,
				cell=f"{value:f}",
				precision=precision,
			)

	def check_deals(self):
		"""Totals of each deal, and that its plan shares them; nothing of it waits until the deal is won."""
		name, company, precision = "deals.csv", self.company, self.company.precision
		totals = Totals(company)
		shares = {id(rows): plan.Shares(rows, precision) for rows in company.plans.values()}
		#: plans with dates of their own, which may be before a deal was opened
		dated = {
			id(rows)
			for rows in company.plans.values()
			if any(row.trigger_date or row.fixed_due_date for row in rows)
		}
		for deal in company.deals:
			if not deal.items:
				self.problems.add(name, _("the deal has no row in deal_items.csv."), deal.row, "deal")
				continue
			totals.set(deal)
			if deal.discount:
				total = sum((line.amount for line in deal.lines), ZERO)
				if deal.discount >= total:
					self.problems.add(
						name,
						_("the discount must be less than the total {total}."),
						deal.row,
						"discount",
						total=f"{total:f}",
					)
					continue
			if not deal.plan:
				continue
			try:
				deal.nets = array("q", shares[id(deal.plan)].of(Decimal(deal.net_total).scaleb(-precision)))
			except RuleError as error:
				for problem in error.problems:
					self.problems.add_problem(name, problem, deal.row, "plan")
				continue
			for problem in plan.check_rows(deal.plan, deal.opened_on) if id(deal.plan) in dated else ():
				self.problems.add_problem(name, problem, deal.row, "plan")
			deal.policy = totals.policy(deal)
			if deal.policy and deal.won_on and deal.policy.method == ONE_INVOICE:
				for problem in plan.check_one_invoice(deal.plan, deal.won_on):
					self.problems.add_problem(name, problem, deal.row, "plan")

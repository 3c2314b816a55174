"""Totals of a deal, the tax on an amount and the policy that holds; what is the same for all deals is worked out once."""

from __future__ import annotations

from decimal import Decimal

from ..core import policy
from ..core.billing import Line
from ..core.money import ZERO, quantize, scale_units
from .books import Company, Deal, Policy, Tax


class Totals:
	def __init__(self, company: Company):
		self.company, self.rounding = company, company.rules()
		self.scopes = [entry.scope for entry in company.policies]
		self.policies = {entry.scope.name: entry for entry in company.policies}
		#: tax -> (numerator, denominator) of each of its rows
		self.ratios = {
			tax.name: [ratio(rate) for _account, rate in tax.lines] for tax in company.taxes.values()
		}

	def set(self, deal: Deal):
		"""Lines and totals of a deal, rounded as on an invoice; the tax as on one invoice over the whole deal."""
		deal.lines = [
			self.line(quantity, rate, whole_number) for _item, quantity, rate, whole_number in deal.items
		]
		net = sum([line.amount for line in deal.lines], ZERO) - deal.discount
		deal.net_total = units = int(net.scaleb(self.rounding.amount))
		deal.grand_total = units + sum(self.taxes(deal.tax, units)) if deal.tax else units

	def line(self, quantity: Decimal, rate: Decimal, whole_number: bool) -> Line:
		"""Quantity and rate are rounded before they are multiplied (taxes_and_totals.calculate_item_values)."""
		rounding = self.rounding
		quantity = shorten(quantity, rounding.quantity, rounding.mode)
		rate = shorten(rate, rounding.rate, rounding.mode)
		return Line(quantity, rate, rounding.line_amount(quantity, rate), whole_number)

	def taxes(self, tax: Tax, net: int) -> list[int]:
		"""Taxes on a net total, rounded once an invoice as ERPNext does (taxes_and_totals.calculate_taxes)."""
		mode = self.rounding.mode
		return [
			scale_units(net, numerator, denominator, mode) for numerator, denominator in self.ratios[tax.name]
		]

	def policy(self, deal: Deal) -> Policy | None:
		customer = deal.customer
		name = policy.choose(
			self.scopes,
			[customer.group] if customer.group else [],
			[customer.territory] if customer.territory else [],
			Decimal(deal.net_total).scaleb(-self.company.precision) * deal.rate,
		)
		return self.policies.get(name)


def shorten(value: Decimal, precision: int, mode: str) -> Decimal:
	"""Rounded where it has more decimals, else as it was written."""
	return quantize(value, precision, mode) if value.as_tuple().exponent < -precision else value


def ratio(percent: Decimal) -> tuple[int, int]:
	"""A percentage as a fraction of whole numbers."""
	numerator, denominator = percent.as_integer_ratio()
	return numerator, 100 * denominator

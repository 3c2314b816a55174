"""Totals of a deal and the policy that holds for it."""

from __future__ import annotations

from decimal import Decimal

from ..core import policy
from ..core.billing import Line
from ..core.money import ZERO, quantize
from .books import Company, Deal, Policy


def set_totals(deal: Deal, rounding):
	"""Lines and totals of a deal; the tax as on one invoice over the whole deal."""
	deal.lines = [
		Line(quantity, rate, rounding.line_amount(quantity, rate), whole_number)
		for _item, quantity, rate, whole_number in deal.items
	]
	net = sum((line.amount for line in deal.lines), ZERO) - deal.discount
	tax = (
		sum((tax_amount(net, rate, rounding) for _account, rate in deal.tax.lines), ZERO)
		if deal.tax
		else ZERO
	)
	deal.net_total = int(net.scaleb(rounding.amount))
	deal.grand_total = int((net + tax).scaleb(rounding.amount))


def tax_amount(net: Decimal, rate: Decimal, rounding) -> Decimal:
	"""Tax on a net total, rounded once an invoice as ERPNext does (taxes_and_totals.calculate_taxes)."""
	return quantize(net * rate / 100, rounding.amount, rounding.mode)


def choose_policy(company: Company, deal: Deal) -> Policy | None:
	base = Decimal(deal.net_total).scaleb(-company.precision) * deal.rate
	customer = deal.customer
	name = policy.choose(
		[entry.scope for entry in company.policies],
		[customer.group] if customer.group else [],
		[customer.territory] if customer.territory else [],
		base,
	)
	return next((entry for entry in company.policies if entry.scope.name == name), None)

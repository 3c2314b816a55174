"""Amounts in units of a currency, and what they are worth in the company's."""

from __future__ import annotations

from bisect import bisect_right
from decimal import Decimal

from ..core.money import scale_units
from .books import Deal, Installment, Invoice


class Currencies:
	"""Part of the Engine."""

	def money(self, units: int) -> Decimal:
		return Decimal(units).scaleb(-self.precision)

	def units(self, amount: Decimal) -> int:
		return int(amount.scaleb(self.precision))

	def base(self, deal: Deal, units: int) -> int:
		"""`units` of the deal's currency in the company's, at the rate frozen when the deal was won."""
		if not deal.foreign:
			return units
		return scale_units(units, *deal.ratio, self.rounding.mode)

	def base_of(self, invoice: Invoice, units: int) -> int:
		"""`units` of an invoice in the company's currency, at the rate that it was posted at."""
		deal = invoice.deal
		if not deal.foreign:
			return units
		return scale_units(units, *self.ratios.get(invoice.number, deal.ratio), self.rounding.mode)

	def base_left(self, part: Installment) -> int:
		"""What the ledger holds open of a billed installment in the company's currency.

		The parts of an invoice share it by what is open of them, rounded on the running total as on a site, so that they sum exactly.
		"""
		invoice = part.invoice
		if not part.deal.foreign:
			return part.outstanding
		if invoice is part:
			return part.base_open
		total = invoice.outstanding
		if total <= 0:
			return self.base_of(invoice, part.outstanding)
		upto = before = 0
		for one in invoice.installments:
			upto += one.outstanding
			until = scale_units(invoice.base_open, upto, total)
			if one is part:
				return until - before
			before = until
		raise AssertionError("the installment is not of its invoice")

	def ratio_of_day(self, deal: Deal) -> tuple[int, int]:
		"""The rate of today as a fraction, by exchange_rates.csv; the deal's own where there is none."""
		days, ratios = self.company.rates.get(deal.currency, ((), ()))
		place = bisect_right(days, self.today)
		return ratios[place - 1] if place else deal.ratio

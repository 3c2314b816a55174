"""Which installment is billed today, and how the deal's items are shared over its invoices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import NamedTuple

from .money import ZERO, quantize, split

INVOICE_PER_INSTALLMENT = "Invoice per Installment"
ONE_INVOICE = "One Invoice with Schedule"
BY_RATE, BY_QUANTITY = "Rate", "Quantity"
ONE = Decimal(1)


def is_ready(planned_invoice_date: date | None, today: date, days_ahead: int = 0) -> bool:
	"""Whether an installment is to be billed: its day has come, or is at most `days_ahead` away."""
	return planned_invoice_date is not None and planned_invoice_date <= ready_until(today, days_ahead)


def ready_until(today: date, days_ahead: int = 0) -> date:
	"""The last planned day that is billed today."""
	return today + timedelta(days=days_ahead)


def split_lines(remaining: Sequence[Decimal], part: Decimal, precision: int) -> list[Decimal]:
	"""Share of each line in an invoice over `part`, given what is left of every line; sums to `part` exactly.

	Called invoice after invoice with what is left, it never takes more from a line than it has, and the last invoice takes
	each line to exactly zero: by largest remainder a cell is at most ceil(line * part / all) <= line while part <= all.
	"""
	return split(part, remaining, precision)


@dataclass(frozen=True, slots=True)
class Rounding:
	"""Decimals of quantity, rate and amount on the invoice, how the site rounds an amount, and whether an item has one row only."""

	quantity: int = 3
	rate: int = 2
	amount: int = 2
	mode: str = ROUND_HALF_UP
	one_row: bool = False

	def line_amount(self, quantity: Decimal, rate: Decimal) -> Decimal:
		"""What ERPNext makes of quantity x rate (taxes_and_totals.calculate_item_values)."""
		return quantize(quantity * rate, self.amount, self.mode)


def exact_rows(quantity: Decimal, amount: Decimal, rounding: Rounding) -> list[tuple[Decimal, Decimal]]:
	"""(quantity, rate) rows that keep the quantity and whose amounts sum to `amount` to the smallest unit.

	One row wherever a rate with the allowed decimals gives the amount. Otherwise one unit is billed apart with the rest:
	3 pieces for 33.34 are 2 at 11.11 and 1 at 11.12; where an item has one row only, 1 at 33.34.
	"""
	if quantity <= 0:
		return [(Decimal(1), amount)]
	rate = quantize(amount / quantity, rounding.rate)
	if rounding.line_amount(quantity, rate) == amount:
		return [(quantity, rate)]
	if quantity <= 1 or rounding.one_row:
		return [(Decimal(1), amount)]
	rate = quantize(amount / quantity, rounding.rate, ROUND_DOWN)
	most = quantity - 1
	return [(most, rate), (Decimal(1), amount - rounding.line_amount(most, rate))]


def quantity_rows(
	quantity: Decimal, rate: Decimal, amount: Decimal, rounding: Rounding
) -> list[tuple[Decimal, Decimal]]:
	"""(quantity, rate) rows for a part of a line billed by quantity; the agreed rate wherever it gives the amount."""
	if quantity > 0 and rounding.line_amount(quantity, rate) == amount:
		return [(quantity, rate)]
	return exact_rows(quantity, amount, rounding)


@dataclass(frozen=True, slots=True)
class Line:
	"""What is left of one item of the deal: quantity, rate and amount before tax."""

	quantity: Decimal
	rate: Decimal
	amount: Decimal
	whole_number: bool = False


class InvoiceLine(NamedTuple):
	"""A row of an invoice; `item` counts the deal's items from 0."""

	item: int
	quantity: Decimal
	rate: Decimal
	amount: Decimal


def invoice_lines(
	lines: Sequence[Line],
	left: Sequence[Decimal],
	left_quantity: Sequence[Decimal],
	part: Decimal,
	method: str,
	rounding: Rounding,
	first: bool = False,
) -> list[InvoiceLine]:
	"""Rows of an invoice over `part` of the deal: the amounts sum to `part`, quantities as `method` says.

	`left` and `left_quantity` are what earlier invoices have not taken of each line. Free lines (amount 0) go on the first
	invoice. By quantity, an item that is counted in whole numbers is split by rate, as half a machine cannot be sold.
	"""
	cells = [int(cell.scaleb(rounding.amount)) for cell in split_lines(left, part, rounding.amount)]
	return lines_of_cells(lines, cells, left_quantity, part, sum(left, ZERO), method, rounding, first)


def lines_of_cells(
	lines: Sequence[Line],
	cells: Sequence[int],
	left_quantity: Sequence[Decimal],
	part: Decimal | int,
	total_left: Decimal | int,
	method: str,
	rounding: Rounding,
	first: bool = False,
) -> list[InvoiceLine]:
	"""`invoice_lines` once it is known what the invoice takes of each line (`cells`, in the smallest unit)."""
	result: list[InvoiceLine] = []
	if first:
		result += [
			InvoiceLine(index, line.quantity, ZERO, ZERO)
			for index, line in enumerate(lines)
			if not line.amount
		]
	for index, (line, cell) in enumerate(zip(lines, cells, strict=True)):
		if not cell:
			continue
		amount = Decimal(cell).scaleb(-rounding.amount)
		if amount == line.amount:
			rows = quantity_rows(line.quantity, line.rate, amount, rounding)
		elif method == BY_QUANTITY and not line.whole_number:
			if part == total_left:
				quantity = left_quantity[index]
			else:
				quantity = quantize(left_quantity[index] * part / total_left, rounding.quantity)
			rows = quantity_rows(quantity, line.rate, amount, rounding)
		elif rounding.rate == rounding.amount and line.quantity == (pieces := int(line.quantity)) > 0:
			# exact_rows in whole numbers.
			rate, rest = divmod(cell, pieces)
			if rest and rounding.one_row:
				result.append(InvoiceLine(index, ONE, amount, amount))
			elif rest:
				rate_of_most = Decimal(rate).scaleb(-rounding.rate)
				amount_of_most = Decimal(rate * (pieces - 1)).scaleb(-rounding.amount)
				result.append(InvoiceLine(index, line.quantity - 1, rate_of_most, amount_of_most))
				amount -= amount_of_most
				result.append(InvoiceLine(index, ONE, amount, amount))
			elif pieces == 1:
				result.append(InvoiceLine(index, line.quantity, amount, amount))
			else:
				result.append(InvoiceLine(index, line.quantity, Decimal(rate).scaleb(-rounding.rate), amount))
			continue
		else:
			rows = exact_rows(line.quantity, amount, rounding)
		result += [
			InvoiceLine(index, quantity, rate, rounding.line_amount(quantity, rate))
			for quantity, rate in rows
		]
	return result

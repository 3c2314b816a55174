"""Exact amounts: parts that always add up to the whole."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

ZERO = Decimal(0)


def to_decimal(value: Decimal | int | float | str | None) -> Decimal:
	"""Decimal of what a form, a file or a database gives; a float by its shortest text, None as zero."""
	if isinstance(value, Decimal):
		return value
	if value is None or value == "":
		return ZERO
	return Decimal(str(value))


@cache
def unit(precision: int) -> Decimal:
	"""Smallest amount of a currency with `precision` decimals: 0.01 for 2."""
	return Decimal(1).scaleb(-precision)


def quantize(value: Decimal, precision: int, rounding: str = ROUND_HALF_UP) -> Decimal:
	"""`value` rounded to `precision` decimals."""
	return value.quantize(unit(precision), rounding=rounding)


def split(total: Decimal, weights: Sequence[Decimal], precision: int) -> list[Decimal]:
	"""Parts of `total` in proportion to `weights`, each with `precision` decimals, that sum to `total` exactly.

	Largest remainder method (Hamilton): every part is its exact share rounded down, and the units left over go to the
	largest fractions, earlier rows first. So no part is a whole unit away from its exact share.

	Raises ValueError for a total with more decimals than `precision`, a negative weight or no positive weight.
	"""
	if not weights:
		raise ValueError("split needs at least one weight")
	if any(w < 0 for w in weights):
		raise ValueError("split needs weights that are not negative")
	weight_sum = sum(weights, ZERO)
	if weight_sum == 0:
		raise ValueError("split needs at least one positive weight")
	scaled = total.scaleb(precision)
	units = int(scaled)
	if units != scaled:
		raise ValueError(f"{total} has more than {precision} decimals")
	# Weights are scaled to a common power of ten, so nothing is rounded on the way.
	shift = max(0, *(-w.as_tuple().exponent for w in weights))
	parts = split_units(units, [int(w.scaleb(shift)) for w in weights])
	return [Decimal(part).scaleb(-precision) for part in parts]


def split_units(units: int, weights: Sequence[int]) -> list[int]:
	"""`split` in whole numbers of the smallest unit (cents); the caller sees to it that the weights are good ones."""
	whole = sum(weights)
	total = abs(units)
	parts = [total * weight // whole for weight in weights]
	left = total - sum(parts)
	if left:
		fractions = [(-(total * weight % whole), index) for index, weight in enumerate(weights)]
		fractions.sort()
		for _fraction, index in fractions[:left]:
			parts[index] += 1
	return parts if units >= 0 else [-part for part in parts]


def scale_units(units: int, numerator: int, denominator: int, rounding: str = ROUND_HALF_UP) -> int:
	"""`units` * `numerator` / `denominator` rounded to a whole unit, half up or half even; `quantize` for whole numbers."""
	product = units * numerator
	whole, rest = divmod(product if product >= 0 else -product, denominator)
	rest += rest
	if rest > denominator or (rest == denominator and (whole & 1 or rounding == ROUND_HALF_UP)):
		whole += 1
	return whole if product >= 0 else -whole


def split_running(total: Decimal, weights: Sequence[Decimal], precision: int) -> list[Decimal]:
	"""Parts of `total` in proportion to `weights` by rounding the running total; they sum to `total` exactly.

	The rule of the installment ledger: one pass from the first due date to the last, the same in SQL
	(`ROUND(total * running weight / all weights) - the one before`). Where the weights already sum to `total` the parts are
	the weights themselves. Zero weights in sum put everything on the last row.
	"""
	weight_sum = sum(weights, ZERO)
	parts, running, before = [], ZERO, ZERO
	last = len(weights) - 1
	for index, weight in enumerate(weights):
		running += weight
		if index == last:
			upto = total
		elif weight_sum:
			upto = quantize(total * running / weight_sum, precision)
		else:
			upto = ZERO
		parts.append(upto - before)
		before = upto
	return parts

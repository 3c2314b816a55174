"""Which of the open amounts add up to what was received: a bounded search in whole cents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: One receipt pays so many installments at most where nothing but their sum speaks for them.
LONGEST = 12
#: Bound of the search; about ten milliseconds.
STEPS = 20_000
#: So many open amounts are looked at, the oldest due.
WIDEST = 60


@dataclass(frozen=True, slots=True)
class Sums:
	"""Positions that add up, few before many; `cut` says that the search ended at its bound and others may exist."""

	solutions: tuple[tuple[int, ...], ...]
	cut: bool


def find_sums(
	units: Sequence[int], target: int, most: int = 3, longest: int = LONGEST, steps: int = STEPS
) -> Sums:
	"""Up to `most` sets of two or more positions of `units` (positive, oldest due first) whose sum is `target`.

	Of equal amounts the oldest are taken, since the others would only be the same answer again. Pairs and triples are looked
	up, so that the bound never hides them; longer sets by depth-first search, largest amounts first, where what is left could
	still reach the target.
	"""
	cut = len(units) > WIDEST
	usable = [at for at in range(min(len(units), WIDEST)) if 0 < units[at] < target]
	found: dict[tuple[int, ...], None] = {}
	_short(units, usable, target, most, found)
	if len(found) < most and longest > 3:
		cut |= _long(units, usable, target, most, longest, steps, found)
	elif len(found) >= most:
		cut = True
	return Sums(tuple(found), cut)


def _short(units, usable, target, most, found) -> None:
	first: dict[int, list[int]] = {}
	for at in usable:
		first.setdefault(units[at], []).append(at)
	# Pairs: every amount once, with the amount that it lacks.
	for amount, positions in first.items():
		other = target - amount
		if other < amount or other not in first:
			continue
		if other == amount:
			if len(positions) > 1:
				found[positions[0], positions[1]] = None
		else:
			found[tuple(sorted((positions[0], first[other][0])))] = None
		if len(found) >= most:
			return
	amounts = sorted(first)
	for i, low in enumerate(amounts):
		if 3 * low > target:
			break
		for middle in amounts[i:]:
			high = target - low - middle
			if high < middle:
				break
			if high not in first:
				continue
			wanted: dict[int, int] = {}
			for amount in (low, middle, high):
				wanted[amount] = wanted.get(amount, 0) + 1
			if all(len(first[amount]) >= count for amount, count in wanted.items()):
				chosen = [at for amount, count in wanted.items() for at in first[amount][:count]]
				found[tuple(sorted(chosen))] = None
				if len(found) >= most:
					return


def _long(units, usable, target, most, longest, steps, found) -> bool:
	order = sorted(usable, key=lambda at: (-units[at], at))
	amounts = [units[at] for at in order]
	rest = [0] * (len(amounts) + 1)
	for at in range(len(amounts) - 1, -1, -1):
		rest[at] = rest[at + 1] + amounts[at]
	if rest[0] < target:
		return False
	count = len(amounts)
	chosen: list[int] = []
	# Each entry: the next position to try at this depth, and what is still missing.
	stack = [(0, target)]
	left = steps
	while stack:
		at, missing = stack.pop()
		while at < count and (amounts[at] > missing):
			at += 1
		left -= 1
		if left <= 0:
			return True
		if at >= count or rest[at] < missing:
			if chosen:
				chosen.pop()
			continue
		# Later at this depth: the next different amount.
		after = at + 1
		while after < count and amounts[after] == amounts[at]:
			after += 1
		stack.append((after, missing))
		if amounts[at] == missing:
			if len(chosen) >= 3:
				found[tuple(sorted([order[one] for one in chosen] + [order[at]]))] = None
				if len(found) >= most:
					return True
			continue
		if len(chosen) + 1 < longest:
			chosen.append(at)
			stack.append((at + 1, missing - amounts[at]))
	return False

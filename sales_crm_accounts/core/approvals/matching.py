"""Signatures and the groups they fill: every signature belongs to a different person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Shortage(NamedTuple):
	"""Groups that together need more different people than they have."""

	groups: tuple[int, ...]
	people: tuple[str, ...]


def fill(
	needs: Mapping[int, int], people: Mapping[int, Sequence[str]], owner: dict[str, int]
) -> list[Shortage]:
	"""Gives `people` to the groups until each has what it needs; `owner` maps a person to the group they sign for.

	Kuhn's augmenting paths, so as many as possible are given and nobody who is in `owner` falls out of it: they may only move to
	another of their groups. A group that cannot be filled is answered with the reason, by Hall's theorem: the groups whose
	people are all taken among themselves.
	"""
	have = dict.fromkeys(needs, 0)
	for group in owner.values():
		have[group] += 1
	short = []
	for group, need in needs.items():
		for _slot in range(need - have[group]):
			seen: dict[str, None] = {}
			if _take(group, people, owner, seen):
				continue
			groups = dict.fromkeys([group, *(owner[person] for person in seen)])
			short.append(Shortage(tuple(groups), tuple(seen)))
			break  # a slot that finds nobody finds nobody later either
	return short


def _take(
	group: int, people: Mapping[int, Sequence[str]], owner: dict[str, int], seen: dict[str, None]
) -> bool:
	"""Finds one more person for the group, if need be by moving others."""
	for person in people[group]:
		if person not in owner:
			owner[person] = group
			return True
	for person in people[group]:
		if person not in seen:
			seen[person] = None
			if owner[person] != group and _take(owner[person], people, owner, seen):
				owner[person] = group
				return True
	return False


def open_groups(
	needs: Mapping[int, int], people: Mapping[int, Sequence[str]], owner: Mapping[str, int]
) -> set[int]:
	"""Groups for which one more signature would still help: those with a free place, and those that can pass a person on to one."""
	free = dict(needs)
	for group in owner.values():
		free[group] -= 1
	found = {group for group, places in free.items() if places > 0}
	grown = bool(found)
	while grown:
		grown = False
		for person, group in owner.items():
			if group not in found and any(person in people[other] for other in found):
				found.add(group)
				grown = True
	return found

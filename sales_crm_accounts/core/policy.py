"""Which billing policy a deal falls under."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from .money import ZERO


@dataclass(frozen=True, slots=True)
class PolicyScope:
	"""Where a policy applies; empty means everywhere, a `max_amount` of 0 without limit."""

	name: str
	customer_group: str = ""
	territory: str = ""
	min_amount: Decimal = ZERO
	max_amount: Decimal = ZERO


def choose(
	policies: Sequence[PolicyScope],
	customer_groups: Sequence[str],
	territories: Sequence[str],
	amount: Decimal,
) -> str | None:
	"""Name of the narrowest policy that covers the deal, or None.

	`customer_groups` and `territories` are the customer's own and those above it, nearest first. Customer group weighs more
	than territory, territory more than amount; a nearer group beats one above it; a higher lower bound beats a lower one; then
	the name decides, so that the answer never depends on the order of the list.
	"""
	best, best_rank = None, None
	for policy in policies:
		if policy.customer_group and policy.customer_group not in customer_groups:
			continue
		if policy.territory and policy.territory not in territories:
			continue
		if amount < policy.min_amount or (policy.max_amount and amount > policy.max_amount):
			continue
		rank = (
			-customer_groups.index(policy.customer_group)
			if policy.customer_group
			else -len(customer_groups) - 1,
			-territories.index(policy.territory) if policy.territory else -len(territories) - 1,
			policy.min_amount,
			bool(policy.max_amount),
			-policy.max_amount,
		)
		if best is None or rank > best_rank or (rank == best_rank and policy.name < best):
			best, best_rank = policy.name, rank
	return best

"""What a chain asks of the company: who is who. The host answers from its tables, the simulation from a file."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import Protocol

COST_CENTER, DEPARTMENT = "Cost Center", "Department"


class Directory(Protocol):
	"""People of one document's company. Amounts are in the currency of the amount that is approved."""

	def users_with_role(self, role: str) -> Collection[str]: ...

	def members_of(self, group: str) -> Collection[str]: ...

	def manager_of(self, user: str) -> str | None:
		"""Whom the user reports to."""

	def limit_of(self, user: str) -> Decimal | None:
		"""Up to what the user may sign; Infinity for any amount, None where no limit is set: then nothing that asks for one."""

	def heads_of(self, kind: str, name: str) -> Collection[str]:
		"""Heads of a cost centre or department (COST_CENTER, DEPARTMENT); of the document's own for an empty name."""

	def is_enabled(self, user: str) -> bool: ...

	def field_users(self, path: str) -> Collection[str]:
		"""Users that a field of the document names, by a dotted path through links."""

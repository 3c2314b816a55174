"""dunning.yaml: a ladder of reminders to try on the year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import Any

from ..core.money import ZERO
from ..core.problems import _
from ..core.receivables import ladder
from . import reader

FILE = "dunning.yaml"
KEYS = ("policies", "assume")
POLICY_KEYS = (
	*("name", "customer", "customer_group", "territory", "currency", "levels"),
	*("grace_days", "min_gap_days", "weekly_cap", "min_amount", "one_step"),
)
LEVEL_KEYS = ("title", "days", "channel", "repeat_after", "fee")
ASSUME_KEYS = ("days_earlier", "cost_of_money")
FURTHEST_DAYS = 366


@dataclass(slots=True)
class Ladder:
	"""The policies, the fee of each level by (policy, number), and what reminders are assumed to bring."""

	policies: list[ladder.Policy] = field(default_factory=list)
	fees: dict[tuple[str, int], Decimal] = field(default_factory=dict)
	days_earlier: int = 0
	cost_of_money: Decimal = ZERO


class LadderFiles:
	"""Part of the Loader."""

	def read_ladder(self):
		if not (self.folder / FILE).exists():
			return
		values = self.yaml(FILE, KEYS)
		found = self.company.ladder = Ladder()
		entries = self.ladder_entries(values, "policies", POLICY_KEYS)
		if not entries:
			self.ladder_wrong(_("it has no policies, so nobody would be written to."), "policies")
		for number, entry in enumerate(entries, 1):
			self.read_ladder_policy(found, entry, number)
		assumed = values.get("assume")
		if assumed is not None and not isinstance(assumed, dict):
			self.ladder_wrong(_("the file must hold 'name: value' lines."), "assume")
		elif assumed:
			self.check_names(FILE, assumed, ASSUME_KEYS, "assume")
			found.days_earlier = self.between(FILE, assumed, "days_earlier", 0, 0, FURTHEST_DAYS)
			found.cost_of_money = self.value(FILE, assumed, "cost_of_money", reader.percent, ZERO)

	# Pieces

	def read_ladder_policy(self, found: Ladder, entry: dict[str, Any], number: int):
		name = self.text(FILE, entry, "name", f"{number}")
		if any(policy.name == name for policy in found.policies):
			self.ladder_wrong(_("there are two policies of the name {word}. Rename one."), "name", word=name)
		customer = self.text(FILE, entry, "customer")
		if customer and customer not in self.company.customers:
			self.ladder_wrong(_("there is no customer {word} in customers.csv."), "customer", word=customer)
		levels = []
		for position, level in enumerate(self.ladder_entries(entry, "levels", LEVEL_KEYS), 1):
			levels.append(
				ladder.Level(
					title=self.text(FILE, level, "title", str(position)),
					days=self.level_days(level),
					channel=self.choice(FILE, level, "channel", ladder.CHANNELS, ladder.MAIL),
					repeat_after=self.between(FILE, level, "repeat_after", 0, 0, FURTHEST_DAYS),
				)
			)
			found.fees[name, position] = self.ladder_amount(level, "fee")
		if not levels:
			self.ladder_wrong(_("the policy {word} has no levels."), "levels", word=name)
		for before, after in pairwise(levels):
			if after.days <= before.days:
				self.ladder_wrong(
					_(
						"policy {word}: level {title} does not come after the level before it. Order levels by days."
					),
					"days",
					word=name,
					title=after.title,
				)
		policy = ladder.Policy(
			name=name,
			levels=tuple(levels),
			customer=customer,
			customer_group=self.of_a_customer(FILE, entry, "customer_group", self.customer_groups()),
			territory=self.of_a_customer(FILE, entry, "territory", self.territories()),
			currency=self.currency(FILE, entry),
			grace_days=self.between(FILE, entry, "grace_days", 0, 0, FURTHEST_DAYS),
			min_gap_days=self.between(FILE, entry, "min_gap_days", 0, 0, FURTHEST_DAYS),
			weekly_cap=self.between(FILE, entry, "weekly_cap", 0, 0, 7),
			min_amount=self.ladder_amount(entry, "min_amount"),
			one_step=self.flag(FILE, entry, "one_step", True),
		)
		for other in found.policies:
			if _covers(policy) == _covers(other) and name != other.name:
				self.wrong_value(
					FILE,
					entry,
					"name",
					_(
						"{word} is for the same customers as {other}: customer, group, territory and currency are equal. Change one, or remove it."
					),
					word=name,
					other=other.name,
				)
		found.policies.append(policy)

	def level_days(self, level: dict[str, Any]) -> int:
		if level.get("days") in (None, ""):
			self.wrong_value(FILE, level, "days", _("the cell is empty. Fill it in."))
		return self.between(FILE, level, "days", 0, -FURTHEST_DAYS, 10 * FURTHEST_DAYS)

	def ladder_wrong(self, text: str, column: str, **values):
		self.problems.add(FILE, text, None, column, **values)

	def ladder_entries(self, values: dict[str, Any], key: str, known: Sequence[str]) -> list[dict[str, Any]]:
		entries = values.get(key) or []
		if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
			self.ladder_wrong(_("this must be a list of entries, each with 'name: value' lines."), key)
			return []
		for entry in entries:
			self.check_names(FILE, entry, known, key)
		return entries

	def ladder_amount(self, entry: dict[str, Any], key: str) -> Decimal:
		def parse(cell: str) -> Decimal:
			try:
				return reader.amount(cell)
			except reader.CellError:
				raise reader.CellError(_("'{cell}' is not an amount of 0 or more."), cell=cell)

		return self.value(FILE, entry, key, parse, ZERO)


def _covers(policy: ladder.Policy) -> tuple:
	return policy.customer, policy.customer_group, policy.territory, policy.currency

"""dunning.yaml: a ladder of reminders to try on the year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
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
		path = self.folder / FILE
		if not path.exists():
			return
		values = reader.read_yaml(path, self.problems, KEYS)
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
			self.ladder_keys(assumed, ASSUME_KEYS, "assume")
			found.days_earlier = self.ladder_number(assumed, "days_earlier", 0, 0, FURTHEST_DAYS)
			found.cost_of_money = self.ladder_amount(assumed, "cost_of_money", 100)

	# Pieces

	def read_ladder_policy(self, found: Ladder, entry: dict[str, Any], number: int):
		name = str(entry.get("name") or "") or f"{number}"
		if any(policy.name == name for policy in found.policies):
			self.ladder_wrong(_("there are two policies of the name {word}. Rename one."), "name", word=name)
		customer = str(entry.get("customer") or "")
		if customer and customer not in self.company.customers:
			self.ladder_wrong(_("there is no customer {word} in customers.csv."), "customer", word=customer)
		levels = []
		for position, level in enumerate(self.ladder_entries(entry, "levels", LEVEL_KEYS), 1):
			channel = str(level.get("channel") or ladder.MAIL)
			if channel not in ladder.CHANNELS:
				self.ladder_wrong(
					_("'{cell}' is not known here. Write one of: {choices}."),
					"channel",
					cell=channel,
					choices=", ".join(ladder.CHANNELS),
				)
			days = self.ladder_number(level, "days", None, -FURTHEST_DAYS, 10 * FURTHEST_DAYS)
			levels.append(
				ladder.Level(
					title=str(level.get("title") or position),
					days=days,
					channel=channel,
					repeat_after=self.ladder_number(level, "repeat_after", 0, 0, FURTHEST_DAYS),
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
		found.policies.append(
			ladder.Policy(
				name=name,
				levels=tuple(levels),
				customer=customer,
				customer_group=str(entry.get("customer_group") or ""),
				territory=str(entry.get("territory") or ""),
				currency=str(entry.get("currency") or ""),
				grace_days=self.ladder_number(entry, "grace_days", 0, 0, FURTHEST_DAYS),
				min_gap_days=self.ladder_number(entry, "min_gap_days", 0, 0, FURTHEST_DAYS),
				weekly_cap=self.ladder_number(entry, "weekly_cap", 0, 0, 7),
				min_amount=self.ladder_amount(entry, "min_amount"),
				one_step=bool(entry.get("one_step", True)),
			)
		)

	def ladder_wrong(self, text: str, column: str, **values):
		self.problems.add(FILE, text, None, column, **values)

	def ladder_entries(self, values: dict[str, Any], key: str, known: Sequence[str]) -> list[dict[str, Any]]:
		entries = values.get(key) or []
		if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
			self.ladder_wrong(_("this must be a list of entries, each with 'name: value' lines."), key)
			return []
		for entry in entries:
			self.ladder_keys(entry, known, key)
		return entries

	def ladder_keys(self, entry: dict[str, Any], known: Sequence[str], where: str):
		for key in entry:
			if key not in known:
				self.ladder_wrong(
					_("unknown entry. Known ones are: {columns}."), f"{where}.{key}", columns=", ".join(known)
				)

	def ladder_number(
		self, entry: dict[str, Any], key: str, default: int | None, least: int, most: int
	) -> int:
		value = entry.get(key, default)
		if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
			self.ladder_wrong(
				_("'{cell}' is not a whole number from {least} to {most}."),
				key,
				cell="" if value is None else value,
				least=least,
				most=most,
			)
			return 0
		return value

	def ladder_amount(self, entry: dict[str, Any], key: str, most: int | None = None) -> Decimal:
		value = entry.get(key)
		if value is None:
			return ZERO
		try:
			amount = Decimal(str(value))
		except InvalidOperation:
			amount = Decimal(-1)
		if isinstance(value, bool) or not amount.is_finite() or amount < 0 or (most and amount > most):
			self.ladder_wrong(_("'{cell}' is not an amount of 0 or more."), key, cell=value)
			return ZERO
		return amount

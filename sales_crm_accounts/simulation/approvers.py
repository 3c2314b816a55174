"""Who approves in a company that is played: people, their time, and the chains that ask them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from decimal import Decimal
from random import Random

from ..core.approvals.calendar import WorkingTime
from ..core.approvals.conditions import ChainScope, Condition, holds
from ..core.approvals.delegation import Delegation
from ..core.approvals.directory import COST_CENTER
from ..core.approvals.route import Level
from ..core.money import ZERO
from .books import Deal

#: What conditions may ask of a deal. Amounts with `base_` are in the company's currency.
DEAL_FIELDS = (
	"title",
	"customer",
	"customer_group",
	"territory",
	"deal_owner",
	"currency",
	"plan",
	"items.item_code",
	"total",
	"discount_amount",
	"discount_percentage",
	"net_total",
	"grand_total",
	"base_net_total",
	"base_grand_total",
	"planned_margin",
	"planned_margin_percent",
)
AMOUNT_FIELDS = ("base_grand_total", "base_net_total")
#: These need the items' costs.
MARGIN_FIELDS = ("planned_margin", "planned_margin_percent")


@dataclass(slots=True)
class Absence:
	"""Days on which a person decides nothing; `delegate` decides for them, up to an amount where one is given."""

	first: date
	last: date
	delegate: str = ""
	max_amount: Decimal = ZERO


@dataclass(slots=True)
class Person:
	"""`hours` are the working hours from being asked to an answer: the least and the most."""

	name: str
	roles: tuple[str, ...] = ()
	manager: str | None = None
	limit: Decimal | None = None
	hours: tuple[Decimal, Decimal] = (Decimal(4), Decimal(4))
	away: list[Absence] = field(default_factory=list)
	rejects: list[Condition] = field(default_factory=list)
	enabled: bool = True


@dataclass(slots=True)
class Chain:
	scope: ChainScope
	conditions: list[Condition] = field(default_factory=list)
	levels: list[Level] = field(default_factory=list)
	amount_field: str = AMOUNT_FIELDS[0]


@dataclass(slots=True)
class Approvers:
	"""Everything in approvals.yaml."""

	seed: int = 0
	start: time = time(9)
	end: time = time(17)
	holidays: set[date] = field(default_factory=set)
	weekends_off: bool = True
	people: dict[str, Person] = field(default_factory=dict)
	groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
	departments: dict[str, str] = field(default_factory=dict)
	cost_centers: dict[str, str] = field(default_factory=dict)
	chains: list[Chain] = field(default_factory=list)

	def working_times(self, first: date, last: date) -> dict[str, WorkingTime]:
		"""When each person works between the two days; "" is everybody's time."""
		common = set(self.holidays)
		if self.weekends_off:
			days = (first + timedelta(days=number) for number in range((last - first).days + 1))
			common.update(day for day in days if day.weekday() > 4)
		times = {"": WorkingTime(self.start, self.end, frozenset(common))}
		for person in self.people.values():
			off = {
				absence.first + timedelta(days=number)
				for absence in person.away
				for number in range((absence.last - absence.first).days + 1)
			}
			times[person.name] = (
				WorkingTime(self.start, self.end, frozenset(common | off)) if off else times[""]
			)
		return times

	def delegations(self) -> list[Delegation]:
		return [
			Delegation(
				f"{person.name} {absence.first}",
				person.name,
				absence.delegate,
				absence.first,
				absence.last,
				frozenset(),
				absence.max_amount,
			)
			for person in self.people.values()
			for absence in person.away
			if absence.delegate
		]

	def answer_hours(self, deal: Deal, name: str) -> Decimal:
		"""Working hours that the person takes for the deal: the same on every run, in steps of a quarter."""
		least, most = self.people[name].hours
		if least == most:
			return least
		drawn = Random(f"{self.seed}:{deal.name}:{name}").random()
		return least + Decimal(int((most - least) * 4 * Decimal(drawn) + Decimal("0.5"))) / 4


class Staff:
	"""The core's `Directory` over approvals.yaml, for one deal."""

	def __init__(self, approvers: Approvers, deal: Deal):
		self.approvers, self.deal = approvers, deal

	def users_with_role(self, role: str) -> Collection[str]:
		return [person.name for person in self.approvers.people.values() if role in person.roles]

	def members_of(self, group: str) -> Collection[str]:
		return self.approvers.groups.get(group, ())

	def manager_of(self, user: str) -> str | None:
		person = self.approvers.people.get(user)
		return person.manager if person else None

	def limit_of(self, user: str) -> Decimal | None:
		person = self.approvers.people.get(user)
		return person.limit if person else None

	def heads_of(self, kind: str, name: str) -> Collection[str]:
		heads = self.approvers.cost_centers if kind == COST_CENTER else self.approvers.departments
		return [heads[name]] if name in heads else []

	def is_enabled(self, user: str) -> bool:
		person = self.approvers.people.get(user)
		return person is not None and person.enabled

	def field_users(self, path: str) -> Collection[str]:
		return [self.deal.owner] if path == "deal_owner" and self.deal.owner else []


def field_values(deal: Deal, costs: dict[str, Decimal], precision: int) -> dict[str, list[object]]:
	"""What a deal has in each of DEAL_FIELDS."""
	money = lambda units: Decimal(units).scaleb(-precision)  # noqa: E731
	net, grand = money(deal.net_total), money(deal.grand_total)
	base = net * deal.rate
	margin = base - sum((costs.get(item, ZERO) * quantity for item, quantity, *_rest in deal.items), ZERO)
	total = net + deal.discount
	single = {
		"title": deal.title,
		"customer": deal.customer.name,
		"customer_group": deal.customer.group,
		"territory": deal.customer.territory,
		"deal_owner": deal.owner,
		"currency": deal.currency,
		"total": total,
		"discount_amount": deal.discount,
		"discount_percentage": deal.discount * 100 / total if total else ZERO,
		"net_total": net,
		"grand_total": grand,
		"base_net_total": base,
		"base_grand_total": grand * deal.rate,
		"planned_margin": margin,
		"planned_margin_percent": margin * 100 / base if base else ZERO,
	}
	values: dict[str, list[object]] = {name: [value] for name, value in single.items()}
	values["plan"] = [row.description for row in deal.plan]
	values["items.item_code"] = [item for item, *_rest in deal.items]
	return values


def all_hold(conditions: Sequence[Condition], values: dict[str, list[object]]) -> bool:
	return all(holds(condition, values[condition.field]) for condition in conditions)

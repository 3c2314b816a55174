"""Stories of a whole company: several customers and deals, a ladder of reminders, promises, disputes, pauses and forecasts.

A file with `deals` is such a story; its `rates` are those of the foreign currency, from each day on. Its steps are those of a story of one deal, each with the `deal` it is about, and

    win            the deal is won, and what is due at once is billed
    bill           the daily job bills what its day has come for, of all deals
    promise        as, deal, installment, amount, pay_by
    dispute        as, deal, installment, amount
    settle         as, outcome (Credit: by the last credit note of the deal; Reject)
    pause          customer, until
    remind         the nightly look of the day: promises are judged, reminders are made and sent

A `remind` tells every message since the last one and everybody passed over; where it expects none there must be none. The simulation
looks every night and a site only then, so the days between must bring no message.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import yaml

from ..core import plan
from ..core.money import ZERO, quantize, to_decimal
from ..core.receivables import ageing, forecast, ladder
from ..core.receivables.credit import Exposure
from . import books
from .books import Company, Customer
from .engine import Engine
from .forecast import ForecastPlay
from .forecast_files import Forecasts
from .held import Held, open_row
from .held_files import Pause, Said
from .ladder import LadderPlay
from .ladder_files import Ladder
from .ledger import Ledger
from .story import (
	STEP_KEYS,
	VERBS,
	SimulationHost,
	Story,
	compare,
	deal_of,
	difference,
	plan_rows,
	policy_of,
	tax_of,
)
from .totals import Totals

DAY = timedelta(days=1)
OWN, FOREIGN = "own", "foreign"
#: Figures of an expected exposure; those that a story leaves out are 0.
EXPOSURE = ("receivables", "on_account", "billed_later", "overdue")
LISTS = ("messages", "passed")


class YearHost(Protocol):
	"""What a host does beyond `story.Host`. Currencies are told as own and foreign, customers by the story's names."""

	def use(self, deal: str) -> None: ...
	def promise(self, name: str, installment: int, amount: Decimal, pay_by: date) -> None: ...
	def dispute(self, name: str, installment: int, amount: Decimal) -> None: ...
	def settle(self, name: str, outcome: str) -> None: ...
	def pause(self, customer: str, until: date) -> None: ...
	def remind(self) -> None: ...
	def messages(self) -> list[tuple]:
		"""(day, customer, level, currency, amount, fee) since the last call, in the message's currency."""

	def passed(self) -> list[tuple]:
		"""(customer, reason, currency, amount) of today's look."""

	def promises(self) -> dict[str, tuple[str, Decimal]]: ...
	def disputes(self) -> dict[str, str]: ...
	def ageing(self, customer: str) -> ageing.Ageing: ...
	def exposure(self, customer: str) -> Exposure: ...
	def forecast(self) -> list[forecast.Expected]: ...


class Year(Story):
	verbs = (*VERBS, "promise", "dispute", "settle", "pause", "remind")
	step_keys = (*STEP_KEYS, "deal", "customer", "pay_by", "until", "outcome")

	def __init__(self, path: Path):
		super().__init__(path)
		for step in self.data["steps"]:
			if step.get("do") == "remind":
				expected = step.setdefault("expect", {})
				for name in LISTS:
					expected.setdefault(name, [])

	def plan_of(self, deal: str) -> list[plan.PlanRow]:
		return plan_rows(self.data["deals"][deal]["plan"])

	def act(self, host: YearHost, step: dict[str, Any]):
		verb = step.get("do", "look")
		if "deal" in step:
			host.use(step["deal"])
		amount = to_decimal(step.get("amount"))
		if verb == "promise":
			host.promise(step["as"], step["installment"], amount, step["pay_by"])
		elif verb == "dispute":
			host.dispute(step["as"], step["installment"], amount)
		elif verb == "settle":
			host.settle(step["as"], step["outcome"])
		elif verb == "pause":
			host.pause(step["customer"], step["until"])
		elif verb == "remind":
			host.remind()
		else:
			super().act(host, step)

	def compare(self, expected: dict[str, Any], host: YearHost) -> list[str]:
		found = []
		for name, figures in (expected.get("deals") or {}).items():
			host.use(name)
			found += [f"deal {name}: {text}" for text in compare(figures, host)]
		found += compare({key: expected[key] for key in ("trial_balance",) if key in expected}, host)
		for check in (self.said, self.ladder, self.receivables, self.expected_money):
			found += filter(None, check(expected, host))
		return found

	def said(self, expected: dict[str, Any], host: YearHost):
		if "promises" in expected:
			promises = host.promises()
			for name, (status, received) in expected["promises"].items():
				yield difference(f"promise {name} status", status, promises[name][0])
				yield difference(f"promise {name} received", received, promises[name][1])
		if "disputes" in expected:
			disputes = host.disputes()
			for name, state in expected["disputes"].items():
				yield difference(f"dispute {name}", state, disputes[name])

	def ladder(self, expected: dict[str, Any], host: YearHost):
		if "messages" in expected:
			today = self.today(host)
			wanted = [(today, *_exact(line)) for line in expected["messages"]]
			yield _lists("messages", wanted, host.messages())
			yield _lists("passed over", [_exact(line) for line in expected["passed"]], host.passed())

	def receivables(self, expected: dict[str, Any], host: YearHost):
		labels = ageing.Buckets().labels
		for customer, figures in (expected.get("ageing") or {}).items():
			sums = host.ageing(customer)
			found = {"not_due": sums.not_due, "credits": sums.credits, "on_account": sums.on_account}
			found |= dict(zip(labels, sums.overdue_by_bucket, strict=True))
			for place in {**found, **figures}:
				yield difference(f"ageing of {customer}, {place}", figures.get(place, 0), found[place])
		for customer, figures in (expected.get("exposure") or {}).items():
			found = host.exposure(customer)
			for name in EXPOSURE:
				yield difference(
					f"exposure of {customer}, {name}", figures.get(name, 0), getattr(found, name)
				)
			yield difference(f"exposure of {customer}, total", figures["total"], found.total)

	def expected_money(self, expected: dict[str, Any], host: YearHost):
		if "forecast" not in expected:
			return
		weeks, beside = forecast.by_week(host.forecast(), self.today(host))
		found = {
			(week.start, kind): amount for week in weeks for kind, amount in week.amounts.items() if amount
		} | {("beside", place): amount for place, amount in beside.items() if amount}
		wanted = {
			(place, kind): to_decimal(amount)
			for place, amounts in expected["forecast"].items()
			for kind, amount in amounts.items()
		}
		for place, kind in {**wanted, **found}:
			yield difference(
				f"forecast, {place} {kind}", wanted.get((place, kind), ZERO), found.get((place, kind), ZERO)
			)

	@staticmethod
	def today(host) -> date:
		return host.today


def read(path: Path) -> Story:
	"""The story in a file, of one deal or of a whole company."""
	data = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
	return Year(path) if "deals" in data else Story(path)


def _exact(line: list) -> tuple:
	return tuple(to_decimal(cell) if isinstance(cell, (int, float)) else cell for cell in line)


def _lists(what: str, wanted: list[tuple], found: list[tuple]) -> str:
	wanted, found = sorted(wanted), sorted(found)
	if wanted == found:
		return ""
	missing = [line for line in wanted if line not in found]
	more = [line for line in found if line not in wanted]
	show = lambda lines: "; ".join(" ".join(map(str, line)) for line in lines) or "nothing"  # noqa: E731
	return f"{what}: missing {show(missing)}; not expected {show(more)}; {len(found)} of {len(wanted)}"


class SimulationYear(SimulationHost):
	"""Plays a year in memory, every night of it; what is promised, disputed and paused is known beforehand, as from files."""

	def __init__(self, story: Year):
		data = story.data
		company = self.company = Company(accounts=dict(books.ROLES), currency="EUR", forecasts=Forecasts())
		policies = {name: policy_of(name, values) for name, values in data["policies"].items()}
		company.policies = list(policies.values())
		company.taxes["Tax"] = tax_of(story)
		rates = sorted(data["rates"].items())
		company.rates["USD"] = (
			[day for day, _rate in rates],
			[to_decimal(rate).as_integer_ratio() for _day, rate in rates],
		)
		for number, (name, values) in enumerate(data["customers"].items(), 1):
			company.customers[name] = Customer(
				name, number=number, receivable_currency="" if values.get("currency") == FOREIGN else "EUR"
			)
		for number, (name, values) in enumerate(data["deals"].items(), 1):
			tax = company.taxes["Tax"] if values.get("tax") else None
			deal = deal_of(name, number, company.customers[values["customer"]], values, tax)
			deal.policy = policies[values["policy"]]
			company.deals.append(deal)
			if "stage" in values:
				self.hope(deal, values)
		self.deals = {deal.name: deal for deal in company.deals}
		self.engine = Engine(company, Ledger(company), trace=True)
		self.read_ladder(data["ladder"])
		self.read_said(data["steps"])
		self.held = Held(company, self.engine)
		self.ladder = self.engine.ladder = LadderPlay(company, self.engine, self.held)
		self.forecasts = self.engine.forecast = ForecastPlay(company, self.engine, self.held)
		self.journals: dict[str, books.Receipt] = {}
		self.told, self.ended = 0, date.min

	def hope(self, deal: books.Deal, values: dict[str, Any]):
		"""An open deal stands in a stage from its first day."""
		stage = values["stage"]
		self.company.stages[stage["name"]] = books.Stage(
			stage["name"], probability=to_decimal(stage["probability"])
		)
		self.company.stage_log[deal.number] = [(deal.opened_on, stage["name"])]
		deal.expected_close_date = values["expected_close_date"]
		Totals(self.company).set(deal)
		net = Decimal(deal.net_total).scaleb(-self.company.precision)
		deal.nets = plan.Shares(deal.plan, self.company.precision).of(net)

	def read_ladder(self, values: dict[str, Any]):
		found = self.company.ladder = Ladder()
		levels = []
		for number, level in enumerate(values["levels"], 1):
			levels.append(
				ladder.Level(level["title"], level["days"], repeat_after=level.get("repeat_after", 0))
			)
			found.fees["Ladder", number] = to_decimal(level.get("fee"))
		found.policies.append(
			ladder.Policy(
				"Ladder",
				tuple(levels),
				min_gap_days=values.get("min_gap_days", 0),
				grace_days=values.get("grace_days", 0),
				min_amount=to_decimal(values.get("min_amount")),
			)
		)

	def read_said(self, steps: list[dict[str, Any]]):
		settled = {step["as"]: step["date"] for step in steps if step.get("do") == "settle"}
		for step in steps:
			verb = step.get("do")
			if verb in ("promise", "dispute"):
				self.company.said.append(
					Said(
						verb.title(),
						step["as"],
						self.deals[step["deal"]],
						step["installment"],
						step["date"],
						step["pay_by"] if verb == "promise" else settled.get(step["as"]),
						self.units(to_decimal(step["amount"])),
					)
				)
			elif verb == "pause":
				self.company.pauses.append(Pause("Pause", step["customer"], step["date"], step["until"]))

	# What happens

	@property
	def today(self) -> date:
		return self.engine.today

	def use(self, deal: str):
		self.deal = self.deals[deal]

	def go(self, day: date):
		if self.today == date.min:
			self.start(day)
		while self.today < day:
			self.end()
			self.start(self.today + DAY)

	def start(self, day: date):
		self.engine.start_day(day)
		self.held.start(day)

	def end(self):
		if self.ended < self.today:
			self.held.look(self.today)
			self.ladder.play(self.today)
			self.ended = self.today

	def remind(self):
		self.end()

	def said_before(self, *_what):
		"""It was read with the story."""

	promise = dispute = settle = pause = said_before

	# What is read

	def word(self, currency: str) -> str:
		return OWN if currency == self.company.currency else FOREIGN

	def messages(self) -> list[tuple]:
		found = []
		for sent in self.ladder.sent[self.told :]:
			reminder = sent.reminder
			rate = Decimal(1)
			if reminder.currency != self.company.currency:
				rate = self.deals[reminder.lines[0].asked.row.deal].rate
			found.append(
				(
					sent.day,
					reminder.customer,
					reminder.title,
					self.word(reminder.currency),
					reminder.total,
					quantize(sent.fee / rate, self.company.precision),
				)
			)
		self.told = len(self.ladder.sent)
		return found

	def passed(self) -> list[tuple]:
		return [
			(over.customer, over.reason, self.word(over.currency), over.amount)
			for over in self.ladder.passed_today
		]

	def promises(self) -> dict[str, tuple[str, Decimal]]:
		self.held.look(self.today)
		return {said.name: (said.outcome, self.engine.money(said.came)) for said in self.company.said}

	def disputes(self) -> dict[str, str]:
		return {
			said.name: "Resolved" if said.until and said.until <= self.today else "Open"
			for said in self.company.said
		}

	def rows(self, customer: str) -> list:
		return [
			open_row(self.engine, part, part.outstanding)
			for deal in self.company.deals
			if deal.customer.name == customer
			for part in deal.installments
			if part.invoice and part.outstanding
		]

	def on_account(self, customer: str) -> Decimal:
		"""In the company's currency."""
		return self.engine.money(
			sum(
				receipt.base_open
				for deal in self.company.deals
				if deal.customer.name == customer
				for receipt in deal.receipts
			)
		)

	def ageing(self, customer: str) -> ageing.Ageing:
		buckets = ageing.Buckets()
		placed = [
			(customer, buckets.place(row.base_outstanding, row.due_date, self.today), row.base_outstanding)
			for row in self.rows(customer)
		]
		placed.append((customer, ageing.ON_ACCOUNT, -self.on_account(customer)))
		return ageing.gather(placed, buckets)[customer]

	def exposure(self, customer: str) -> Exposure:
		rows = self.rows(customer)
		later = sum(
			self.forecasts.planned_base(deal, part.planned)
			for deal in self.company.deals
			if deal.customer.name == customer
			for part in deal.installments
			if part.invoice is None and not part.cancelled
		)
		return Exposure(
			receivables=sum((row.base_outstanding for row in rows), ZERO),
			on_account=self.on_account(customer),
			billed_later=self.engine.money(later),
			overdue=sum((row.base_outstanding for row in rows if row.due_date < self.today), ZERO),
		)

	def forecast(self) -> list[forecast.Expected]:
		self.held.look(self.today)
		return self.forecasts.expected(self.today)


def host_of(story: Story) -> SimulationHost:
	return SimulationYear(story) if isinstance(story, Year) else SimulationHost(story)

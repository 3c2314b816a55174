"""Plays a ladder of reminders over the year: what it would have sent, to whom, and what came after.

The rules are the core's (`core.receivables.ladder`); money comes as the files say, whoever was reminded. A customer is looked at
on the days on which an installment comes to a level, and on the days after it until nothing is left to say.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from ..core.money import ZERO
from ..core.receivables import ladder as rules
from ..core.receivables.ladder import PassedOver, Reached, Reminder
from ..core.receivables.rows import OpenRow
from .books import Company, Installment
from .engine import Engine
from .held import Held, last_day, open_row

DAY = timedelta(days=1)
#: Money that comes so soon after a reminder is counted as following it.
FOLLOWS_DAYS = 14


@dataclass(slots=True)
class Sent:
	"""A reminder with what became of its installments; amounts in the company's currency."""

	day: date
	reminder: Reminder
	amount: Decimal
	fee: Decimal
	#: paid in the days after it
	followed: Decimal = ZERO
	parts: list[tuple[Installment, int, int]] = field(default_factory=list)


class LadderPlay:
	def __init__(self, company: Company, engine: Engine, held: Held):
		self.company, self.engine, self.ladder, self.held = company, engine, company.ladder, held
		self.sent: list[Sent] = []
		self.passed: dict[tuple[str, str, str], PassedOver] = {}
		self.passed_days: dict[tuple[str, str, str], list[date]] = {}
		self.passed_today: list[PassedOver] = []
		self.open: dict[str, list[Installment]] = defaultdict(list)
		self.deals: dict[str, list] = defaultdict(list)
		for deal in company.deals:
			self.deals[deal.customer.name].append(deal)
		self.parties = {
			customer.name: rules.Party(
				customer.name,
				_path(customer.group),
				_path(customer.territory),
				frozenset(rules.CHANNELS),
			)
			for customer in company.customers.values()
		}
		self.reached: dict[tuple[str, int], Reached] = {}
		self.contacts: dict[str, list[date]] = defaultdict(list)
		self.look: dict[date, set[str]] = defaultdict(set)
		self.again: set[str] = set()
		self.levels = sorted(
			{
				max(level.days, policy.grace_days + 1) if 0 < level.days <= policy.grace_days else level.days
				for policy in self.ladder.policies
				for level in policy.levels
			}
		)
		for said in company.said:
			name = said.deal.customer.name
			if said.kind == rules.PROMISE:
				self.look[said.on].add(name)
				self.look[last_day(said) + DAY].add(name)
			elif said.until:
				self.look[said.until].add(name)
		for pause in company.pauses:
			self.look[pause.until + DAY].add(pause.customer)
		self.following: dict[date, list[Sent]] = defaultdict(list)

	def billed(self, part: Installment):
		"""An installment has got its invoice: the days on which the ladder comes to it are known."""
		name = part.deal.customer.name
		if part not in self.open[name]:
			self.open[name].append(part)
		today = self.engine.today
		for days in self.levels:
			self.look[max(part.due_date + timedelta(days=days), today)].add(name)

	def play(self, day: date):
		"""The look at the end of a day, as the nightly run on a site takes it."""
		self.passed_today = []
		for sent in self.following.pop(day, ()):
			self.count_followed(sent)
		customers = self.look.pop(day, set()) | self.again
		self.again = set()
		for customer in sorted(customers):
			self.look_at(customer, day)

	def look_at(self, customer: str, day: date):
		rows, parts = self.rows(customer)
		if not rows:
			return
		situation = rules.Situation(
			day=day,
			rows=rows,
			policies=self.ladder.policies,
			parties=self.parties,
			holds=self.held.holds(customer, rows, day),
			on_account=self.held.on_account(self.deals[customer]),
			reached=self.reached,
			contacts={customer: self.contacts[customer]},
			quiet=self.quiet(day),
		)
		decision = rules.decide(situation)
		self.passed_today += decision.passed
		for over in decision.passed:
			key = (over.customer, f"{over.row.sales_invoice}-{over.row.installment_no}" if over.row else over.currency, over.reason)  # fmt: skip
			self.passed.setdefault(key, over)
			self.passed_days.setdefault(key, []).append(day)
		for reminder in decision.reminders:
			self.send(reminder, day, parts)
		if decision.reminders or any(over.reason != rules.NO_POLICY for over in decision.passed):
			self.again.add(customer)

	def send(self, reminder: Reminder, day: date, parts: dict[tuple[str, int], Installment]):
		policy = next(policy for policy in self.ladder.policies if policy.name == reminder.policy)
		sent = Sent(day, reminder, ZERO, self.ladder.fees[reminder.policy, reminder.level])
		for line in reminder.lines:
			row = line.asked.row
			if line.level:
				self.reached[row.key] = Reached(line.level_days, line.level, day)
			asked = line.asked.amount * row.base_outstanding / row.outstanding
			sent.amount += asked
			part = parts[row.key]
			sent.parts.append((part, part.paid, self.units(asked)))
		sent.amount = self.engine.money(self.units(sent.amount))
		self.sent.append(sent)
		self.contacts[reminder.customer].append(day)
		self.following[day + timedelta(days=FOLLOWS_DAYS)].append(sent)
		repeat = policy.levels[reminder.level - 1].repeat_after
		if repeat:
			self.look[day + timedelta(days=repeat)].add(reminder.customer)

	# What the ladder looks at

	def rows(self, customer: str) -> tuple[list[OpenRow], dict[tuple[str, int], Installment]]:
		engine, found, parts, still = self.engine, [], {}, []
		for part in self.open[customer]:
			if part.invoice is None or part.cancelled:
				continue
			left = part.grand - part.paid - part.credited - part.written_off
			if not left:
				continue
			still.append(part)
			row = open_row(engine, part, left)
			found.append(row)
			parts[row.key] = part
		self.open[customer] = still
		return found, parts

	def quiet(self, day: date) -> frozenset[str]:
		company = self.company
		off = day in company.days_off or (company.weekends_off and day.weekday() > 4)
		return frozenset(policy.name for policy in self.ladder.policies) if off else frozenset()

	# What became of it

	def count_followed(self, sent: Sent):
		"""What was paid of a reminder's installments since, at most what it asked for."""
		units = 0
		for part, before, asked in sent.parts:
			if part.invoice is not None:
				units += min(self.engine.base_of(part.invoice, max(part.paid - before, 0)), asked)
		sent.followed = self.engine.money(units)
		sent.parts.clear()

	def finish(self):
		"""Reminders of the last days are counted with what came until the end."""
		for found in self.following.values():
			for sent in found:
				self.count_followed(sent)
		self.following.clear()

	def units(self, amount: Decimal) -> int:
		return round(amount.scaleb(self.engine.precision))


def _path(name: str) -> tuple[str, ...]:
	return (name,) if name else ()


def write_csv(path: Path, play: LadderPlay):
	"""reminders.csv: every reminder with its installments."""
	with open(path, "w", encoding="utf-8", newline="") as file:
		file.write("\ufeff")
		writer = csv.writer(file, lineterminator="\n")
		writer.writerow(
			"date customer currency policy level title channel installments asked_in_company_currency fee followed_in_company_currency".split()
		)
		for sent in play.sent:
			reminder = sent.reminder
			writer.writerow(
				[
					sent.day,
					reminder.customer,
					reminder.currency,
					reminder.policy,
					reminder.level,
					reminder.title,
					reminder.channel,
					" ".join(
						f"{line.asked.row.deal}-{line.asked.row.installment_no:02d}"
						for line in reminder.lines
					),
					sent.amount,
					sent.fee,
					sent.followed,
				]
			)

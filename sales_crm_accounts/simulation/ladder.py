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
from ..core.receivables.holds import Hold
from ..core.receivables.ladder import PassedOver, Reached, Reminder
from ..core.receivables.rows import OpenRow
from .books import Company, Installment
from .engine import Engine
from .ladder_files import PROMISE_GRACE, Said

DAY = timedelta(days=1)
#: Money that comes so soon after a reminder is counted as following it.
FOLLOWS_DAYS = 14
KEPT, PARTLY_KEPT, BROKEN, OPEN = "Kept", "Partly Kept", "Broken", "Open"


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
	def __init__(self, company: Company, engine: Engine):
		self.company, self.engine, self.ladder = company, engine, company.ladder
		self.sent: list[Sent] = []
		self.passed: dict[tuple[str, str, str], PassedOver] = {}
		self.passed_days: dict[tuple[str, str, str], list[date]] = {}
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
		self.said: dict[tuple[int, int], list[Said]] = defaultdict(list)
		self.judge: dict[date, list[Said]] = defaultdict(list)
		for said in self.ladder.said:
			self.said[said.deal.number, said.installment].append(said)
			self.look[(said.until or said.on) + PROMISE_GRACE + DAY].add(said.deal.customer.name)
			if said.kind == rules.PROMISE:
				self.look[said.on].add(said.deal.customer.name)
				self.judge[said.until + PROMISE_GRACE].append(said)
		self.promised_from: dict[str, int] = {}
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
		for said in self.ladder.said:
			if said.kind == rules.PROMISE and said.on == day:
				self.promised_from[said.name] = self.paid_of(said)
		for said in self.judge.pop(day, ()):
			self.judge_promise(said)
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
			holds=self.holds(parts, day),
			on_account=self.on_account(customer),
			reached=self.reached,
			contacts={customer: self.contacts[customer]},
			quiet=self.quiet(day),
		)
		decision = rules.decide(situation)
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
			sent.amount += line.asked.amount * row.base_outstanding / row.outstanding
			part = parts[row.key]
			sent.parts.append((part, part.paid, self.units(line.asked.amount)))
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
			deal = part.deal
			row = OpenRow(
				sales_invoice=str(part.invoice.number),
				installment_no=part.sequence,
				company=self.company.name,
				customer=customer,
				posting_date=part.invoice.posted_on,
				due_date=part.due_date,
				currency=deal.currency,
				outstanding=engine.money(left),
				base_outstanding=engine.money(engine.base(deal, left)),
				deal=deal.name,
			)
			found.append(row)
			parts[row.key] = part
		self.open[customer] = still
		return found, parts

	def holds(self, parts: dict[tuple[str, int], Installment], day: date) -> dict:
		found: dict[tuple[str, int], list[Hold]] = {}
		for key, part in parts.items():
			for said in self.said.get((part.deal.number, part.sequence), ()):
				until = said.until + PROMISE_GRACE if said.kind == rules.PROMISE else said.until
				if said.on > day or (until is not None and day > until):
					continue
				amount = said.amount
				if amount is not None and said.kind == rules.PROMISE:
					amount -= self.paid_of(said) - self.promised_from.get(said.name, self.paid_of(said))
					if amount <= 0:
						continue
				found.setdefault(key, []).append(
					Hold(said.kind, said.name, None if amount is None else self.engine.money(amount), until)
				)
		return found

	def on_account(self, customer: str) -> dict[tuple[str, str], Decimal]:
		found: dict[tuple[str, str], Decimal] = {}
		for deal in self.deals[customer]:
			for receipt in deal.receipts:
				if receipt.open:
					key = (customer, deal.currency)
					found[key] = found.get(key, ZERO) + self.engine.money(receipt.open)
		return found

	def quiet(self, day: date) -> frozenset[str]:
		company = self.company
		off = day in company.days_off or (company.weekends_off and day.weekday() > 4)
		return frozenset(policy.name for policy in self.ladder.policies) if off else frozenset()

	# What became of it

	def paid_of(self, said: Said) -> int:
		parts = said.deal.installments
		return parts[said.installment - 1].paid if said.installment <= len(parts) else 0

	def judge_promise(self, said: Said):
		"""Money of the promised installment from the day of the promise to the day it was for, and one more."""
		said.came = self.paid_of(said) - self.promised_from.get(said.name, 0)
		part = said.deal.installments[said.installment - 1] if said.deal.installments else None
		rest = part.grand - part.paid - part.credited - part.written_off if part else 0
		if said.came > 0 and (rest <= 0 if said.amount is None else said.came >= said.amount):
			said.outcome = KEPT
		else:
			said.outcome = PARTLY_KEPT if said.came > 0 else BROKEN

	def count_followed(self, sent: Sent):
		"""What was paid of a reminder's installments since, at most what it asked for."""
		units = ZERO
		for part, before, asked in sent.parts:
			came = min(max(part.paid - before, 0), asked)
			units += self.engine.base(part.deal, came)
		sent.followed = self.engine.money(int(units))
		sent.parts.clear()

	def finish(self):
		"""Reminders of the last days are counted with what came until the end; promises not due yet stay open."""
		for found in self.following.values():
			for sent in found:
				self.count_followed(sent)
		self.following.clear()
		for said in self.ladder.said:
			if said.kind == rules.PROMISE:
				said.outcome = said.outcome or OPEN

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

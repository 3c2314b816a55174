"""The report's section on reminders: what the ladder would have sent, whom it would have left alone, and what came after."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from ..core.money import ZERO
from ..core.problems import _
from ..core.receivables import ladder as rules
from ..core.receivables.promises import BROKEN, CANCELLED, KEPT, OPEN, PARTLY_KEPT
from .ladder import FOLLOWS_DAYS, LadderPlay, Sent

if TYPE_CHECKING:
	from .report import Report

#: Marked for translation here; shown by their English keys.
LABELS = (
	_("Promise"),
	_("Dispute"),
	_("Pause"),
	_("Covered by Money on Account"),
	_("Days of Grace"),
	_("Held Back"),
	_("Too Small"),
	_("Too Soon"),
	_("No Address"),
	_("Mail Came Back"),
	_("Quiet Day"),
	_("No Policy"),
	_("Kept"),
	_("Partly Kept"),
	_("Broken"),
	_("Open"),
	_("Mail"),
	_("SMS"),
	_("Task"),
	_("Letter"),
)
YEAR = 365


@dataclass(slots=True)
class LevelFigures:
	count: int = 0
	asked: Decimal = ZERO
	followed: Decimal = ZERO
	fees: Decimal = ZERO
	channel: str = ""


def section(report: Report) -> str:
	"""HTML of the section; nothing for a company that tries no ladder."""
	play = report.play.ladder
	if not play:
		return ""
	t = report.t
	content = "<ul>" + "".join(f"<li>{escape(point)}</li>" for point in sentences(report, play)) + "</ul>"
	levels = by_level(play.sent)
	if levels:
		content += '<div class="scroll">' + _levels(report, levels) + "</div>"
	reasons = Counter(reason for _customer, _what, reason in play.passed)
	if reasons:
		days = Counter()
		for (_customer, _what, reason), found in play.passed_days.items():
			days[reason] += len(found)
		content += f"<h3>{escape(t(_('Passed over, and why')))}</h3>" + report.table(
			(t(_("Reason")), t(_("Customers or installments")), t(_("Days"))),
			[
				(t(reason), str(reasons[reason]), str(days[reason]))
				for reason in rules.REASONS
				if reason in reasons
			],
			numbers=(1, 2),
		)
	return report.card(t(_("Reminders")), content)


def by_level(sent: Sequence[Sent]) -> dict[tuple[str, int, str], LevelFigures]:
	found: dict[tuple[str, int, str], LevelFigures] = defaultdict(LevelFigures)
	for entry in sent:
		reminder = entry.reminder
		figures = found[reminder.policy, reminder.level, reminder.title]
		figures.count += 1
		figures.asked += entry.amount
		figures.followed += entry.followed
		figures.fees += entry.fee
		figures.channel = reminder.channel
	return dict(sorted(found.items()))


def sentences(report: Report, play: LadderPlay) -> list[str]:
	t, sent = report.t, play.sent
	customers = len({entry.reminder.customer for entry in sent})
	points = [
		t(
			_(
				"This ladder would have sent {count} reminders to {customers} customers; at most {most} to one, and {gap} days lay between two in the middle."
			)
		).format(
			count=len(sent),
			customers=customers,
			most=max(Counter(entry.reminder.customer for entry in sent).values(), default=0),
			gap=_middle_gap(play),
		)
	]
	fees = sum((entry.fee for entry in sent), ZERO)
	if fees:
		points.append(t(_("It would have claimed fees of {amount}.")).format(amount=_text(report, fees)))
	ladder = report.company.ladder
	if ladder.days_earlier and ladder.cost_of_money:
		first = first_asked(sent)
		earned = first * ladder.days_earlier * ladder.cost_of_money / 100 / YEAR
		points.append(
			t(
				_(
					"If each overdue installment had come {days} days earlier after its first reminder, at {rate} % a year that would have been worth {amount} (on {asked} that were asked for)."
				)
			).format(
				days=ladder.days_earlier,
				rate=f"{ladder.cost_of_money.normalize():f}",
				amount=_text(report, earned),
				asked=_text(report, first),
			)
		)
	outcomes = Counter(said.outcome for said in report.company.said if said.kind == rules.PROMISE)
	if outcomes:
		points.append(
			t(_("Promises to pay: {outcomes}.")).format(
				outcomes=", ".join(
					f"{t(name)} {outcomes[name]}"
					for name in (KEPT, PARTLY_KEPT, BROKEN, CANCELLED, OPEN)
					if outcomes[name]
				)
			)
		)
	return points


def first_asked(sent: Sequence[Sent]) -> Decimal:
	"""In the company's currency, what was asked for when an overdue installment was reminded of for the first time."""
	seen, total = set(), ZERO
	for entry in sent:
		for line in entry.reminder.lines:
			row = line.asked.row
			if row.key not in seen and row.due_date < entry.day:
				seen.add(row.key)
				total += line.asked.amount * row.base_outstanding / row.outstanding
	return total


def _levels(report: Report, levels: dict[tuple[str, int, str], LevelFigures]) -> str:
	t = report.t
	header = (
		t(_("Level")),
		t(_("Channel")),
		t(_("Reminders")),
		t(_("Asked for")),
		t(_("Came within {days} days")).format(days=FOLLOWS_DAYS),
		t(_("Share")),
		t(_("Fees")),
	)
	rows = [
		(
			f"{policy}, {number}: {title}",
			t(figures.channel),
			str(figures.count),
			_text(report, figures.asked),
			_text(report, figures.followed),
			f"{100 * figures.followed / figures.asked:.0f}%" if figures.asked else "-",
			_text(report, figures.fees) if figures.fees else "",
		)
		for (policy, number, title), figures in levels.items()
	]
	return report.table(header, rows, numbers=range(2, 7))


def _middle_gap(play: LadderPlay) -> str:
	gaps = sorted(
		(after - before).days for days in play.contacts.values() for before, after in pairwise(days)
	)
	return str(gaps[len(gaps) // 2]) if gaps else "-"


def _text(report: Report, amount: Decimal) -> str:
	return report.money(int((amount * report.unit).to_integral_value()))

"""The report's section on approvals: how many deals waited, for whom and how long."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from html import escape
from statistics import median
from typing import TYPE_CHECKING

from ..core.approvals.progress import SKIPPED
from ..core.problems import _
from . import charts
from .approvals import APPROVED, REJECTED, STUCK, WAITING, WITHDRAWN, Request

if TYPE_CHECKING:
	from .report import Report

MOST_PEOPLE, MOST_LISTED = 20, 25
#: Answers by the working hours they took; a working day has eight.
BOUNDS = (Decimal(4), Decimal(8), Decimal(24))
BUCKETS = (_("within 4 hours"), _("within a day"), _("within three days"), _("longer"))
COLOURS = ("c2", "c3", "c3b", "c4")
LABELS = (_("Approved"), _("Rejected"), _("Waiting"), _("Withdrawn"), _("Stuck"))


@dataclass(slots=True)
class Answers:
	"""Hours of those who answered, how many did for somebody else, and how many are still waited for."""

	hours: list[Decimal] = field(default_factory=list)
	delegated: int = 0
	waiting: int = 0

	def by_bucket(self) -> list[int]:
		counts = [0] * len(BUCKETS)
		for hours in self.hours:
			counts[sum(hours > bound for bound in BOUNDS)] += 1
		return counts


def section(report: Report) -> str:
	"""HTML of the section; nothing for a company without chains."""
	requests = report.play.approvals.requests
	if not requests:
		return ""
	t = report.t
	people, levels = answers(requests)
	points = "".join(f"<li>{escape(point)}</li>" for point in sentences(report, requests))
	content = f"<ul>{points}</ul>"
	busiest = sorted(people.items(), key=lambda entry: (-sum(entry[1].hours), entry[0]))[:MOST_PEOPLE]
	chart = t(_("For whom deals waited: answers by the working hours they took"))
	content += f"<h3>{escape(chart)}</h3>" + report.legend(
		[(t(name), colour, ()) for name, colour in zip(BUCKETS, COLOURS, strict=True)]
	)
	content += charts.rows(
		[
			(
				name,
				found.by_bucket(),
				t(_("{count}, {hours} h in the middle")).format(
					count=len(found.hours), hours=_hours(median(found.hours))
				),
			)
			for name, found in busiest
			if found.hours
		],
		COLOURS,
		[t(name) for name in BUCKETS],
		lambda value: f"{value:,.0f}",
		chart,
	)
	content += _table(report, t(_("Person")), busiest)
	content += f"<h3>{escape(t(_('Turnaround by level')))}</h3>" + _table(
		report,
		t(_("Level")),
		[
			(f"{chain}: {number} {title}".strip(), found)
			for (chain, number, title), found in sorted(levels.items())
		],
	)
	open_ones = [request for request in requests if request.status not in (APPROVED, WITHDRAWN)]
	if open_ones:
		content += report.details(
			t(_("Not approved: {count}")).format(count=len(open_ones)),
			report.table(
				(t(_("Deal")), t(_("Amount")), t(_("Status")), t(_("Reason"))),
				[
					(
						request.deal.name,
						f"{request.amount:,.2f}",
						t(request.status),
						_reason(report, request),
					)
					for request in open_ones[:MOST_LISTED]
				],
				numbers=(1,),
			),
		)
	return report.card(t(_("Approvals")), content)


def answers(requests: Sequence[Request]) -> tuple[dict[str, Answers], dict[tuple[str, int, str], Answers]]:
	"""What each person and each level of a chain took."""
	people: dict[str, Answers] = defaultdict(Answers)
	levels: dict[tuple[str, int, str], Answers] = defaultdict(Answers)
	for request in requests:
		for step in request.steps:
			if step.decision == SKIPPED:
				continue
			for found in (people[step.who], levels[request.chain, step.level, step.title]):
				if step.decided:
					found.hours.append(step.hours)
					found.delegated += bool(step.on_behalf_of)
				else:
					found.waiting += 1
	return people, levels


def sentences(report: Report, requests: Sequence[Request]) -> list[str]:
	t = report.t
	counts = {status: 0 for status in (APPROVED, REJECTED, WAITING, WITHDRAWN, STUCK)}
	for request in requests:
		counts[request.status] += 1
	finished = [request for request in requests if request.status == APPROVED]
	points = [
		t(_("{count} won deals of {amount} had to be approved: {outcomes}.")).format(
			count=len(requests),
			amount=f"{sum((request.amount for request in requests), Decimal(0)):,.2f}",
			outcomes=", ".join(f"{t(status)} {count}" for status, count in counts.items() if count),
		)
	]
	if finished:
		days = [(request.decided.date() - request.asked.date()).days for request in finished]
		points.append(
			t(
				_(
					"From asking to the last signature it took {median} working hours in the middle and {most} at the most; {same_day} deals were won the same day, the slowest {days} days later."
				)
			).format(
				median=_hours(median(request.hours for request in finished)),
				most=_hours(max(request.hours for request in finished)),
				same_day=days.count(0),
				days=max(days),
			)
		)
	skipped = sum(step.decision == SKIPPED for request in requests for step in request.steps)
	delegated = sum(bool(step.on_behalf_of) for request in requests for step in request.steps)
	if delegated:
		points.append(t(_("Answers that a delegate gave: {count}.")).format(count=delegated))
	if skipped:
		points.append(
			t(_("Levels skipped, because their approvers had signed before: {count}.")).format(count=skipped)
		)
	return points


def _table(report: Report, first: str, entries: Sequence[tuple[str, Answers]]) -> str:
	t = report.t
	header = (
		first,
		t(_("Answers")),
		t(_("Hours in the middle")),
		t(_("Longest, hours")),
		t(_("As delegate")),
		t(_("Still waiting")),
	)
	rows = [
		(
			name,
			str(len(found.hours)),
			_hours(median(found.hours)) if found.hours else "",
			_hours(max(found.hours)) if found.hours else "",
			str(found.delegated or ""),
			str(found.waiting or ""),
		)
		for name, found in entries
	]
	return f'<div class="scroll">{report.table(header, rows, numbers=range(1, 6))}</div>'


def _reason(report: Report, request: Request) -> str:
	if request.problems:
		return " ".join(problem.message(report.t) for problem in request.problems)
	last = [step for step in request.steps if step.decision in (REJECTED, WAITING)]
	return ", ".join(dict.fromkeys(step.who for step in last))


def _hours(hours: Decimal) -> str:
	return f"{hours:.1f}"

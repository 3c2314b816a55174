"""The report's section on cash forecasts: what was expected and what came."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from ..core.money import ZERO
from ..core.problems import _
from ..core.receivables import forecast as rules
from . import charts
from .forecast import BESIDE, Taken

if TYPE_CHECKING:
	from .report import Report

#: Weeks that a forecast is compared over.
NEAR = 4
#: Marked for translation here; shown by their English keys.
LABELS = (
	_("Promised"),
	_("Billed"),
	_("Planned"),
	_("Pipeline"),
	_("Later"),
	_("No Date"),
	_("Disputed"),
	_("Doubtful"),
)
#: What is billed and open is called so on the page.
NAMES = {rules.OPEN: "Billed"}


def section(report: Report) -> str:
	"""HTML of the section; nothing for a company that asks for no forecast."""
	play = report.play.forecast
	if not play or not play.taken:
		return ""
	t = report.t
	content = _near(report) + _last(report, play.taken[-1])
	return report.card(t(_("Cash forecast")), content)


def near_weeks(report: Report) -> list[tuple[Taken, int, int]]:
	"""Each forecast whose next four weeks are over: what was expected in them and what came, in units."""
	play, found = report.play.forecast, []
	for taken in report.play.forecast.taken:
		weeks = taken.weeks[:NEAR]
		came = [play.money_of_week(week.start) for week in weeks]
		if None not in came:
			found.append((taken, _units(report, sum((week.total for week in weeks), ZERO)), sum(came)))
	return found


def _near(report: Report) -> str:
	t, found = report.t, near_weeks(report)
	if not found:
		return ""
	title = t(_("Expected within {weeks} weeks of each forecast, and what came")).format(weeks=NEAR)
	series = [
		(t(_("Expected")), "c1", [expected for _taken, expected, _came in found]),
		(t(_("Came")), "c2", [came for _taken, _expected, came in found]),
	]
	labels = [taken.day.isoformat()[2:] for taken, _expected, _came in found]
	expected, came = (sum(values) for _name, _colour, values in series)
	share = f"{100 * came / expected:.0f}" if expected else "-"
	sentence = t(
		_("Over {count} forecasts {expected} were expected within four weeks and {came} came: {share} %.")
	).format(count=len(found), expected=report.money(expected), came=report.money(came), share=share)
	return (
		f"<h3>{escape(title)}</h3>"
		+ report.legend(series)
		+ charts.grouped_bars(labels, series, report.short, report.money, title)
		+ f"<p>{escape(sentence)}</p>"
	)


def _last(report: Report, taken: Taken) -> str:
	"""The last forecast week by week, with what came where the week was played, and what stands beside."""
	t, play = report.t, report.play.forecast
	header = (
		t(_("Week")),
		*(t(NAMES.get(kind, kind)) for kind in rules.KINDS),
		t(_("Expected")),
		t(_("Came")),
	)
	rows = []
	for week in taken.weeks:
		came = play.money_of_week(week.start)
		rows.append(
			(
				# A day that no narrow screen breaks at its hyphens.
				week.start.isoformat().replace("-", "\N{NON-BREAKING HYPHEN}"),
				*(_cell(report, week.amounts[kind]) for kind in rules.KINDS),
				_cell(report, week.total),
				"" if came is None else report.money(came),
			)
		)
	beside = ", ".join(
		f"{t(place)} {_cell(report, amount)}" for place in BESIDE if (amount := taken.beside.get(place))
	)
	text = t(_("The forecast of {day}, week by week")).format(day=taken.day)
	table = '<div class="scroll">' + report.table(header, rows, numbers=range(1, len(header))) + "</div>"
	if beside:
		table += f"<p>{escape(t(_('In none of these weeks: {places}.')).format(places=beside))}</p>"
	return report.details(text, table)


def _units(report: Report, amount) -> int:
	return int((amount * report.unit).to_integral_value())


def _cell(report: Report, amount) -> str:
	return report.money(_units(report, amount)) if amount else ""

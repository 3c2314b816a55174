"""forecast.yaml: on which days of the year a cash forecast is taken, and how late payers are counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from ..core.receivables import forecast as rules

FILE = "forecast.yaml"
KEYS = ("every", "days", "wait_days", "doubtful_after_days")
WEEK, MONTH = "week", "month"
INTERVALS = (WEEK, MONTH)
MOST_DAYS = 3660


@dataclass(slots=True)
class Forecasts:
	"""`every` week: each Monday; month: the first Monday of each; the `days` named come on top."""

	every: str = ""
	days: set[date] = field(default_factory=set)
	terms: rules.Terms = field(default_factory=rules.Terms)

	def days_between(self, start: date, end: date) -> list[date]:
		found = {day for day in self.days if start <= day <= end}
		monday = start + timedelta(days=-start.weekday() % 7)
		while self.every and monday <= end:
			if self.every == WEEK or monday.day <= 7:
				found.add(monday)
			monday += timedelta(weeks=1)
		return sorted(found)


class ForecastFiles:
	"""Part of the Loader."""

	def read_forecasts(self):
		if not (self.folder / FILE).exists():
			return
		values = self.yaml(FILE, KEYS)
		found = self.company.forecasts = Forecasts()
		found.every = self.choice(FILE, values, "every", INTERVALS, "")
		found.days |= self.day_list(FILE, values, "days")
		if not found.every and not found.days:
			found.every = MONTH
		found.terms = rules.Terms(
			self.between(FILE, values, "wait_days", rules.WAIT_DAYS, 1, MOST_DAYS),
			self.between(FILE, values, "doubtful_after_days", rules.DOUBTFUL_AFTER_DAYS, 1, MOST_DAYS),
		)

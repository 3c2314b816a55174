"""forecast.yaml: on which days of the year a cash forecast is taken, and how late payers are counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from ..core.problems import _
from ..core.receivables import forecast as rules
from . import reader

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
		path = self.folder / FILE
		if not path.exists():
			return
		values = reader.read_yaml(path, self.problems, KEYS)
		found = self.company.forecasts = Forecasts()
		every = values.get("every")
		if every is not None and every not in INTERVALS:
			self.problems.add(
				FILE,
				_("'{cell}' is not known here. Write one of: {choices}."),
				None,
				"every",
				cell=every,
				choices=", ".join(INTERVALS),
			)
		found.every = every or ""
		days = values.get("days") or []
		for value in days if isinstance(days, list) else [days]:
			if day := self.day(FILE, {"days": value}, "days"):
				found.days.add(day)
		if not every and not days:
			found.every = MONTH
		found.terms = rules.Terms(
			self.days_of(values, "wait_days", rules.WAIT_DAYS),
			self.days_of(values, "doubtful_after_days", rules.DOUBTFUL_AFTER_DAYS),
		)

	def days_of(self, values: dict, key: str, default: int) -> int:
		value = values.get(key, default)
		if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_DAYS:
			self.problems.add(
				FILE,
				_("'{cell}' is not a whole number from {least} to {most}."),
				None,
				key,
				cell="" if value is None else value,
				least=1,
				most=MOST_DAYS,
			)
			return default
		return value

"""The pipeline: how many deals entered each stage, how long they stayed, and what the stages would have asked for."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from statistics import median
from typing import Any

from ..core import pipeline
from .books import Deal
from .ledger import quoted


class StageResults:
	"""Part of the Results."""

	def write_stages(self):
		"""How many deals entered each stage and how long they stayed; what the stage rules would have asked for."""
		company, end = self.company, self.company.end
		entered: dict[str, list[int]] = defaultdict(list)
		amounts: dict[str, int] = defaultdict(int)
		for number, log in company.stage_log.items():
			deal = company.deals[number - 1]
			over = min((day for day in (deal.won_on, deal.lost_on) if day), default=end)
			for index, (day, stage) in enumerate(log):
				left = log[index + 1][0] if index + 1 < len(log) else max(over, day)
				seconds = pipeline.seconds_in_stage(_midnight(day), _midnight(left))
				entered[stage].append(seconds)
				amounts[stage] += self.engine.base(deal, deal.net_total)
				self.engine.ledger.stage_log += (number, stage, day.isoformat(), left.isoformat(), seconds)
				self.check_stage(deal, stage)
		order = sorted(
			set(entered) | set(company.stages),
			key=lambda name: (company.stages[name].sequence if name in company.stages else 999, name),
		)
		with self.open("pipeline.csv", "stage,deals,amount,median_days") as file:
			for stage in order:
				seconds = entered.get(stage, [])
				days = median(seconds) / 86400 if seconds else 0
				self.summary.funnel.append((stage, len(seconds), amounts[stage], days))
				file.write(f"{quoted(stage)},{len(seconds)},{self.form(amounts[stage])},{days:.1f}\n")

	def check_stage(self, deal: Deal, name: str):
		stage = self.company.stages.get(name)
		if not stage or not stage.requirements or len(self.summary.stage_gaps) >= 200:
			return
		values = self.fields_of(deal)
		for problem in pipeline.missing(name, stage.requirements, values):
			self.summary.stage_gaps.append((deal.name, name, problem))

	def fields_of(self, deal: Deal) -> dict[str, Any]:
		"""What the requirements of a stage may ask for (`stage_files.STAGE_FIELDS`)."""
		return {
			"title": deal.title,
			"customer": deal.customer.name,
			"owner": deal.owner,
			"expected_close_date": deal.expected_close_date,
			"grand_total": self.engine.money(deal.grand_total),
			"net_total": self.engine.money(deal.net_total),
			"items": deal.items,
			"plan": deal.plan,
			"tax": deal.tax.name if deal.tax else "",
		}


def _midnight(day: date) -> datetime:
	return datetime(day.year, day.month, day.day)

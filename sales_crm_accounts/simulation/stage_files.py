"""stages.csv and stage_log.csv: the steps of the pipeline, what each asks for, and when deals entered them."""

from __future__ import annotations

from ..core import pipeline
from ..core.problems import _
from . import reader
from .books import Stage
from .columns import STAGE_LOG, STAGES

TEXT, AMOUNT, DAY, ROWS = "text", "amount", "day", "rows"
#: What a stage may ask of a deal (`stage_results.fields_of`), and what it is.
STAGE_FIELDS = {
	"title": TEXT,
	"customer": TEXT,
	"owner": TEXT,
	"expected_close_date": DAY,
	"grand_total": AMOUNT,
	"net_total": AMOUNT,
	"items": ROWS,
	"plan": ROWS,
	"tax": TEXT,
}


class StageFiles:
	"""Part of the Loader."""

	def read_stages(self, name: str):
		stages = self.company.stages
		for row, (stage, sequence, probability, kind, requirements) in self.rows(name, STAGES):
			if stage in stages:
				self.problems.add(name, _("{word} stands twice. Remove one row."), row, "stage", word=stage)
				continue
			entry = stages[stage] = Stage(stage, sequence, probability, kind)
			for text in filter(None, (part.strip() for part in requirements.split(";"))):
				try:
					entry.requirements.append(self.requirement(text))
				except reader.CellError as error:
					self.problems.add(name, error.text, row, "requirements", **error.values)

	def requirement(self, text: str) -> pipeline.Condition:
		"""`field is set`, or field, operator and value.

		Raises CellError.
		"""
		field, _space, rest = text.partition(" ")
		rest = " ".join(rest.split())
		operator, _space, value = (rest, "", "") if rest == pipeline.IS_SET else rest.partition(" ")
		if operator not in pipeline.OPERATORS or (operator != pipeline.IS_SET and not value):
			raise reader.CellError(
				_("'{cell}' is not a condition. Write field, operator and value, as 'grand_total > 0'."),
				cell=text,
			)
		if field not in STAGE_FIELDS:
			guess = reader.closest(field, STAGE_FIELDS)
			raise reader.CellError(
				_("'{word}' is not known here. Did you mean '{guess}'?")
				if guess
				else _("'{cell}' is not known here. Write one of: {choices}."),
				word=field,
				cell=field,
				guess=guess,
				choices=", ".join(STAGE_FIELDS),
			)
		kind = STAGE_FIELDS[field]
		if kind == ROWS and operator != pipeline.IS_SET:
			raise reader.CellError(_("{word} has rows, no value. Write '{word} is set'."), word=field)
		if value and kind in (AMOUNT, DAY):
			parse = reader.number if kind == AMOUNT else self.days
			parts = [part.strip() for part in value.split(",")] if operator == "in" else [value]
			value = ",".join(str(parse(part)) for part in parts)
		return pipeline.Condition(field, operator, value)

	def read_stage_log(self, name: str):
		for row, (deal_name, stage, entered_on) in self.rows(name, STAGE_LOG):
			deal = self.deals.get(deal_name)
			if deal is None:
				self.unknown(name, row, "deal", deal_name, self.deals, "deals.csv")
				continue
			if self.company.stages and stage not in self.company.stages:
				self.unknown(name, row, "stage", stage, self.company.stages, "stages.csv")
			self.check_after_opening(name, row, "entered_on", entered_on, deal)
			log = self.company.stage_log.setdefault(deal.number, [])
			if (entered_on, stage) in log:
				self.problems.add(
					name,
					_("{word} stands twice. Remove one row."),
					row,
					"stage",
					word=f"{stage} {entered_on}",
				)
			log.append((entered_on, stage))
		for log in self.company.stage_log.values():
			log.sort(key=lambda entry: entry[0])

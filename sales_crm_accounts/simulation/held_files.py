"""promises.csv, disputes.csv and pauses.csv: what was promised, disputed or left alone for a while."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from ..core.problems import _
from ..core.receivables.holds import DISPUTE, PAUSE, PROMISE
from .books import Deal
from .columns import DISPUTES, PAUSES, PROMISES

PROMISES_FILE, DISPUTES_FILE, PAUSES_FILE = "promises.csv", "disputes.csv", "pauses.csv"
#: A transfer of the promised day may take one more; the app's own default.
PROMISE_GRACE = timedelta(days=1)


@dataclass(slots=True)
class Said:
	"""A promise (`until`: the day it was for) or a dispute (`until`: the day it was settled, None if never) of an installment."""

	kind: str
	name: str
	deal: Deal
	installment: int
	on: date
	until: date | None
	#: units of the deal's currency; None: all that is open (of a promise, when it was made)
	amount: int | None
	#: of a promise: what came on it, and the verdict with its day
	came: int = 0
	outcome: str = ""
	judged_on: date | None = None


@dataclass(slots=True)
class Pause:
	"""Nothing is sent to the customer from `on` to `until`, both included."""

	name: str
	customer: str
	on: date
	until: date


class HeldFiles:
	"""Part of the Loader."""

	def read_said(self):
		"""After the deals, whose installments they are about."""
		company = self.company
		if company.ladder is None and company.forecasts is None:
			for name in (PROMISES_FILE, DISPUTES_FILE, PAUSES_FILE):
				if (self.folder / name).exists():
					self.problems.add(
						name,
						_(
							"there is neither a dunning.yaml that it would hold back nor a forecast.yaml that would count it. Add one."
						),
					)
			return
		for row, (deal_name, number, on, pay_by, amount) in self.rows(PROMISES_FILE, PROMISES):
			self.add_said(PROMISE, PROMISES_FILE, row, deal_name, number, on, pay_by, amount, "pay_by")
		for row, (deal_name, number, on, settled, amount) in self.rows(DISPUTES_FILE, DISPUTES):
			self.add_said(DISPUTE, DISPUTES_FILE, row, deal_name, number, on, settled, amount, "settled_on")
		for row, (customer, on, until) in self.rows(PAUSES_FILE, PAUSES):
			if customer not in company.customers:
				self.unknown(PAUSES_FILE, row, "customer", customer, company.customers, "customers.csv")
			elif until < on:
				self.before(PAUSES_FILE, row, "until", on)
			else:
				company.pauses.append(Pause(f"{PAUSE} {row - 1}", customer, on, until))

	def add_said(
		self,
		kind: str,
		file: str,
		row: int,
		deal_name: str,
		number: int,
		on: date,
		until: date | None,
		amount: int | None,
		column: str,
	):
		deal = self.installment(file, row, deal_name, number, may_be_all=False)
		if deal is None:
			return
		self.check_after_opening(file, row, "promised_on" if kind == PROMISE else "opened_on", on, deal)
		self.check_not_far(file, row, column, until, deal.opened_on)
		if until and until < on:
			self.before(file, row, column, on)
			return
		self.company.said.append(Said(kind, f"{kind} {row - 1}", deal, number, on, until, amount))

	def before(self, file: str, row: int, column: str, day: date):
		self.problems.add(file, _("this day is before {day}. Correct one of the two."), row, column, day=day)

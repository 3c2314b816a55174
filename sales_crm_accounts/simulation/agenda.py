"""What lies ahead, and what cannot be done."""

from __future__ import annotations

import heapq
from datetime import date

from .books import Installment

#: Kinds of vouchers, by ERPNext's names.
VOUCHERS = INVOICE, CREDIT, PAY, ENTRY, EXCHANGE, BILL = (
	"Sales Invoice",
	"Credit Note",
	"Payment Entry",
	"Journal Entry",
	"Exchange Gain or Loss",
	"Purchase Invoice",
)


class PlayError(ValueError):
	"""A movement that ERPNext would refuse; `text` is a template."""

	def __init__(self, text: str, **values):
		self.text, self.values = text, values
		super().__init__(text.format(**values))


class Agenda(dict[date, list[Installment]]):
	"""What is to be done on which day, first day first: `agenda[day].append(installment)`."""

	def __init__(self):
		super().__init__()
		self.days: list[date] = []

	def __missing__(self, day: date) -> list[Installment]:
		heapq.heappush(self.days, day)
		items = self[day] = []
		return items

	def remove(self, day: date, item: Installment):
		if item in self.get(day, ()):
			self[day].remove(item)

	def until(self, day: date) -> list[Installment]:
		"""Takes out everything up to and on `day`."""
		result: list[Installment] = []
		while self.days and self.days[0] <= day:
			result += self.pop(heapq.heappop(self.days))
		return result

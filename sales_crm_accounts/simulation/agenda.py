"""What lies ahead, and what cannot be done."""

from __future__ import annotations

import heapq
from datetime import date

from .books import Installment

#: Kinds of vouchers, by ERPNext's names.
INVOICE, CREDIT, PAY, ENTRY, EXCHANGE = (
	"Sales Invoice",
	"Credit Note",
	"Payment Entry",
	"Journal Entry",
	"Exchange Gain or Loss",
)


class PlayError(ValueError):
	"""A movement that ERPNext would refuse; `text` is a template."""

	def __init__(self, text: str, **values):
		self.text, self.values = text, values
		super().__init__(text.format(**values))


class Agenda:
	"""What is to be done on which day, first day first."""

	def __init__(self):
		self.days: list[date] = []
		self.items: dict[date, list[Installment]] = {}

	def add(self, day: date, item: Installment):
		items = self.items.get(day)
		if items is None:
			items = self.items[day] = []
			heapq.heappush(self.days, day)
		items.append(item)

	def remove(self, day: date, item: Installment):
		if item in self.items.get(day, ()):
			self.items[day].remove(item)

	def until(self, day: date) -> list[Installment]:
		"""Takes out everything up to and on `day`."""
		result: list[Installment] = []
		while self.days and self.days[0] <= day:
			result += self.items.pop(heapq.heappop(self.days))
		return result

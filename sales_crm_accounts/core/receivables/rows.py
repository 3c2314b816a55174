"""The row that every rule over open receivables reads: an installment of a submitted invoice, with what is open of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sales_crm_accounts.core.money import ZERO


@dataclass(frozen=True, slots=True)
class OpenRow:
	"""One installment; amounts in the currency of the receivable account, `base_outstanding` in the company's.

	Credit notes that are open stand in rows of their own with `is_return` and negative amounts. A row may stand for the sum of
	`count` installments of which nothing need be known singly; then it has no invoice, and the due date is that of the oldest.
	"""

	sales_invoice: str
	installment_no: int
	company: str
	customer: str
	posting_date: date
	due_date: date
	currency: str
	outstanding: Decimal
	base_outstanding: Decimal
	amount: Decimal = ZERO
	deal: str | None = None
	deal_installment: str | None = None
	account: str | None = None
	invoice_currency: str | None = None
	is_return: bool = False
	count: int = 1

	@property
	def key(self) -> tuple[str, int]:
		return self.sales_invoice, self.installment_no

	def days_overdue(self, today: date) -> int:
		"""Days since the due date; negative before it, 0 on it."""
		return (today - self.due_date).days


def oldest_first(rows: Iterable[OpenRow]) -> list[OpenRow]:
	"""In the order in which part payments close them: due date, invoice, number."""
	return sorted(
		rows, key=lambda row: (row.due_date, row.posting_date, row.sales_invoice, row.installment_no)
	)

"""Credit at the deal: what a customer owes and will owe, against the limit that the company gives."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sales_crm_accounts.core.money import ZERO


@dataclass(frozen=True, slots=True)
class Exposure:
	"""In the company's currency; `limit` 0 is no limit.

	`on_account` is money that is not matched with an invoice yet, positive in the customer's favour; `billed_later` what won
	deals are still to bill, with tax; `orders` what is left to bill of orders that belong to no won deal.
	"""

	receivables: Decimal = ZERO
	on_account: Decimal = ZERO
	billed_later: Decimal = ZERO
	orders: Decimal = ZERO
	overdue: Decimal = ZERO
	limit: Decimal = ZERO

	@property
	def total(self) -> Decimal:
		"""Less than 0 where the customer has more to get than to pay."""
		return self.receivables - self.on_account + self.billed_later + self.orders

	def with_more(self, amount: Decimal) -> Decimal:
		"""The exposure with a deal or an offer of `amount` on top."""
		return self.total + amount

	def excess(self, amount: Decimal = ZERO) -> Decimal:
		"""By how much the limit would be exceeded with `amount` on top; 0 within it, and without a limit."""
		return max(ZERO, self.with_more(amount) - self.limit) if self.limit > 0 else ZERO

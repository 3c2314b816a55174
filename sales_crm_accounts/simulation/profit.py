"""Profit of each deal and of what no deal bears; together the profit of the trial balance. Money in units of the company's currency."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TextIO

from ..core.problems import _
from .books import Company
from .ledger import Ledger, quoted

#: Deals that the report lists; the rest is one row.
MOST_DEALS = 40
HEADER = "deal,title,customer,revenue,credit_notes,expenses,write_offs,exchange,profit"
LABELS = (
	_("Revenue"),
	_("Credit Notes"),
	_("Expenses"),
	_("Write-Offs"),
	_("Exchange Differences"),
	_("Profit"),
	_("Margin %"),
)


@dataclass(slots=True)
class Earned:
	"""Costs and write-offs are positive, credit notes negative, an exchange gain positive."""

	revenue: int = 0
	credit_notes: int = 0
	write_offs: int = 0
	exchange: int = 0
	expenses: dict[str, int] = field(default_factory=dict)

	@property
	def expense(self) -> int:
		return sum(self.expenses.values())

	@property
	def profit(self) -> int:
		return self.revenue + self.credit_notes + self.exchange - self.write_offs - self.expense

	@property
	def figures(self) -> tuple[int, ...]:
		return (
			self.revenue,
			self.credit_notes,
			self.expense,
			self.write_offs,
			self.exchange,
			self.profit,
		)

	def add(self, other: Earned):
		self.revenue += other.revenue
		self.credit_notes += other.credit_notes
		self.write_offs += other.write_offs
		self.exchange += other.exchange
		for name, amount in other.expenses.items():
			self.expenses[name] = self.expenses.get(name, 0) + amount


def earned(ledger: Ledger, deal: int) -> Earned:
	"""Of one deal by its number, or of none (0)."""
	found = Earned(revenue=-ledger.sales[deal])
	for (account, credited), amount in ledger.earned.get(deal, {}).items():
		role = ledger.roles[account]
		if role == "income":
			if credited:
				found.credit_notes -= amount
			else:
				found.revenue -= amount
		elif role == "write_off":
			found.write_offs += amount
		elif role == "exchange":
			found.exchange -= amount
		else:
			name = ledger.names[account]
			found.expenses[name] = found.expenses.get(name, 0) + amount
	return found


def of_trial_balance(ledger: Ledger) -> int:
	"""Income less expense of the whole ledger, from its months."""
	return sum(
		credit - debit
		for month in ledger.months.values()
		for account, (debit, credit) in month.items()
		if account in ledger.of_profit
	)


@dataclass(slots=True)
class Profits:
	"""What the report shows: the deals with most revenue or cost, the rest of them, what no deal bears, and all."""

	listed: list[tuple[int, Earned]] = field(default_factory=list)
	others: Earned = field(default_factory=Earned)
	other_count: int = 0
	without_deal: Earned = field(default_factory=Earned)
	total: Earned = field(default_factory=Earned)


def write(company: Company, ledger: Ledger, file: TextIO, form) -> Profits:
	"""profit.csv: every deal that earned or cost anything, then what no deal bears."""
	profits, deals = Profits(), 0
	largest: list[tuple[int, int]] = []
	for number, found in _all(company, ledger):
		file.write(
			f"{ledger.quoted_deals[number]},{quoted(company.deals[number - 1].title)},"
			f"{ledger.quoted_customers[company.deals[number - 1].customer.number]},{','.join(map(form, found.figures))}\n"
		)
		profits.total.add(found)
		deals += 1
		entry = (abs(found.revenue) + found.expense, -number)
		if len(largest) < MOST_DEALS:
			heapq.heappush(largest, entry)
		else:
			heapq.heappushpop(largest, entry)
	profits.listed = [(-number, earned(ledger, -number)) for _size, number in largest]
	profits.listed.sort(key=lambda entry: (-entry[1].profit, entry[0]))
	profits.without_deal = earned(ledger, 0)
	profits.others.add(profits.total)
	for _number, found in profits.listed:
		profits.others.add(_negative(found))
	profits.other_count = deals - len(profits.listed)
	if any(profits.without_deal.figures):
		file.write(f",,,{','.join(map(form, profits.without_deal.figures))}\n")
	profits.total.add(profits.without_deal)
	return profits


def _all(company: Company, ledger: Ledger) -> Iterator[tuple[int, Earned]]:
	for deal in company.deals:
		if ledger.sales[deal.number] or deal.number in ledger.earned:
			yield deal.number, earned(ledger, deal.number)


def _negative(found: Earned) -> Earned:
	return Earned(
		-found.revenue,
		-found.credit_notes,
		-found.write_offs,
		-found.exchange,
		{name: -amount for name, amount in found.expenses.items()},
	)


def section(report) -> str:
	"""The part of the report; empty where nothing was earned."""
	profits: Profits = report.summary.profits
	t, money, deals = report.t, report.money, report.company.deals
	if not any(profits.total.figures):
		return ""

	def row(name: str, title: str, found: Earned) -> tuple[str, ...]:
		sold = found.revenue + found.credit_notes
		margin = f"{100 * found.profit / sold:.1f}" if sold else ""
		return (name, title, *map(money, found.figures), margin)

	rows = [row(deals[number - 1].name, deals[number - 1].title, found) for number, found in profits.listed]
	if profits.other_count:
		rows.append(row(t(_("{count} other deals")).format(count=profits.other_count), "", profits.others))
	if any(profits.without_deal.figures):
		rows.append(row(t(_("Without Deal")), "", profits.without_deal))
	rows.append(row(t(_("Total")), "", profits.total))
	header = [t(_("Deal")), t(_("Title")), *map(t, LABELS)]
	content = f'<div class="scroll">{report.table(header, rows, numbers=range(2, 9), total=True)}</div>'
	costs = sorted(profits.total.expenses.items(), key=lambda entry: (-entry[1], entry[0]))
	if costs:
		by_category = [(name, money(amount)) for name, amount in costs]
		content += report.details(
			t(_("Expenses by category")),
			report.table([t(_("Category")), t(_("Amount"))], by_category, numbers=(1,)),
		)
	tied = t(_("The total is the profit of the trial balance: {amount}.")).format(
		amount=money(of_trial_balance(report.engine.ledger))
	)
	return report.card(t(_("Profit per deal")), f"{content}<p>{tied}</p>")

"""Reads the folder of a company, checks everything that can be checked before it is played, and lists every problem."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from ..core import dates, plan
from ..core.problems import _
from . import reader, tables
from .approval_files import ApprovalFiles
from .books import Company, Customer, Deal, Tax
from .change_files import ChangeFiles
from .columns import CUSTOMERS, DAY, EXCHANGE_RATES, ITEMS, PLANS, TAXES, UNITS
from .deal_files import DealFiles
from .expense_files import ExpenseFiles
from .forecast_files import ForecastFiles
from .held_files import HeldFiles
from .ladder_files import LadderFiles
from .movement_files import MovementFiles
from .problems import InputError, Problems
from .reader import Column
from .settings_files import SettingsFiles
from .stage_files import StageFiles
from .yaml_values import YamlValues

CSV_FILES = (
	*("customers", "items", "tax", "plans", "stages", "deals", "deal_items", "exchange_rates", "changes"),
	*("installments", "payments", "expenses", "stage_log", "promises", "disputes", "pauses"),
)
YAML_FILES = ("company", "accounts", "calendar", "policy", "approvals", "dunning", "forecast")
FILES = {f"{name}.csv" for name in CSV_FILES} | {f"{name}.yaml" for name in YAML_FILES}


def load(folder: Path, encoding: str = "utf-8", progress=iter) -> Company:
	"""The company in `folder`.

	Raises InputError with every problem found. `progress` wraps the rows of the large files.
	"""
	return Loader(folder, encoding, progress).load()


class Loader(
	YamlValues,
	SettingsFiles,
	DealFiles,
	MovementFiles,
	ChangeFiles,
	StageFiles,
	ExpenseFiles,
	ApprovalFiles,
	LadderFiles,
	ForecastFiles,
	HeldFiles,
):
	def __init__(self, folder: Path, encoding: str = "utf-8", progress=iter):
		self.folder, self.encoding, self.progress = Path(folder), encoding, progress
		self.problems = Problems()
		self.company = Company()
		self.days = reader.Days()
		self.deals: dict[str, Deal] = {}
		self.items: dict[str, tuple[bool, bool]] = {}
		#: what each account of accounts.yaml is for
		self.roles: dict[str, str] = {}
		self.first_day = date.max
		#: installments that changes of the plan add to a deal
		self.added: dict[int, int] = {}

	def load(self) -> Company:
		if not self.folder.is_dir():
			self.problems.add(
				str(self.folder), _("there is no such folder. Give the folder that holds deals.csv.")
			)
			raise InputError(self.problems)
		self.check_file_names()
		self.read_company()
		self.read_accounts()
		self.read_calendar()
		for name, reads in (
			("customers.csv", self.read_customers),
			("items.csv", self.read_items),
			("tax.csv", self.read_taxes),
			("plans.csv", self.read_plans),
			("stages.csv", self.read_stages),
			("deals.csv", self.read_deals),
			("deal_items.csv", self.read_deal_items),
		):
			reads(name)
		self.set_first_day()
		self.read_exchange_rates("exchange_rates.csv")
		self.read_policies()
		self.read_approvals()
		self.read_ladder()
		self.read_forecasts()
		self.check_deals()
		self.read_changes("changes.csv")
		self.read_installments("installments.csv")
		self.check_changes("changes.csv")
		self.read_payments("payments.csv")
		self.read_expenses("expenses.csv")
		self.read_stage_log("stage_log.csv")
		self.read_said()
		if self.problems:
			raise InputError(self.problems)
		self.set_period()
		return self.company

	def rows(self, name: str, columns, required: bool = False) -> Iterator[tuple[int, Sequence[Any]]]:
		"""(row as a spreadsheet counts, values in the order of `columns`) of each good row."""
		yield from self.progress(tables.rows(self.batches(name, columns, required)))

	def batches(self, name: str, columns, required: bool = False) -> Iterator[tables.Batch]:
		path = self.folder / name
		if not path.exists():
			if required:
				self.problems.add(name, _("the file is missing. See docs/simulation.md for its columns."))
			return
		parsers = {DAY: self.days, UNITS: reader.Units(self.company.precision)}
		columns = [
			Column(
				column.name,
				parsers.get(column.parse, column.parse),
				column.required,
				column.default,
				column.repeats,
			)
			for column in columns
		]
		yield from tables.batches(path, columns, self.problems, self.encoding)

	def unknown(self, name: str, row: int, column: str, word: str, known, file: str):
		if self.problems.of(file):
			return
		guess = reader.closest(word, known)
		if guess:
			text = _("'{word}' is not in {file}. Did you mean '{guess}'?")
		else:
			text = _("'{word}' is not in {file}. Add it there or correct it here.")
		self.problems.add(name, text, row, column, word=word, file=file, guess=guess)

	def check_file_names(self):
		"""A file that nobody reads, where one of nearly its name is missing, was meant to be that one."""
		here = {path.name for path in self.folder.iterdir() if path.is_file()}
		for name in sorted(here - FILES):
			stem, dot, kind = name.lower().rpartition(".")
			known = {"csv": CSV_FILES, "yaml": YAML_FILES, "yml": YAML_FILES}.get(kind, ())
			guess = next(iter(difflib.get_close_matches(stem, known, n=1, cutoff=0.75)), None)
			missing = f"{guess}.{'csv' if kind == 'csv' else 'yaml'}"
			if guess and missing not in here:
				self.problems.add(
					name,
					_(
						"nothing reads this file. Did you mean {guess}? Rename it, or take it out of the folder."
					),
					guess=missing,
				)

	# Masters

	def read_customers(self, name: str):
		known = self.company.customers
		for row, (customer, group, territory, disabled, account) in self.rows(name, CUSTOMERS, required=True):
			if customer in known:
				self.problems.add(
					name, _("{word} stands twice. Remove one row."), row, "customer", word=customer
				)
				continue
			known[customer] = Customer(customer, group, territory, disabled, len(known) + 1, account)

	def read_items(self, name: str):
		for row, (item, _item_name, whole_number, disabled, cost) in self.rows(name, ITEMS):
			if item in self.items:
				self.problems.add(name, _("{word} stands twice. Remove one row."), row, "item", word=item)
			self.items[item] = (whole_number, disabled)
			if cost is not None:
				self.company.costs[item] = cost

	def read_taxes(self, name: str):
		for row, (tax, account, rate) in self.rows(name, TAXES):
			self.check_account(name, row, "account", account, "tax")
			lines = self.company.taxes.setdefault(tax, Tax(tax)).lines
			if (account, rate) in lines:
				self.problems.add(name, _("{word} stands twice. Remove one row."), row, "tax", word=tax)
			lines.append((account, rate))

	def read_exchange_rates(self, name: str):
		"""What a unit of a currency was worth in the company's, from each day on."""
		found: dict[str, dict[date, tuple[int, int]]] = {}
		for row, (currency, day, rate) in self.rows(name, EXCHANGE_RATES):
			if currency == self.company.currency:
				self.problems.add(
					name, _("{currency} is the company's own currency."), row, "currency", currency=currency
				)
			of_currency = found.setdefault(currency, {})
			if day in of_currency:
				self.problems.add(
					name, _("{word} stands twice. Remove one row."), row, "date", word=f"{currency} {day}"
				)
			of_currency[day] = rate.as_integer_ratio()
		for currency, rates in found.items():
			days = sorted(rates)
			self.company.rates[currency] = (days, [rates[day] for day in days])

	def read_plans(self, name: str):
		places: dict[str, list[int]] = {}
		for row, values in self.rows(name, PLANS, required=True):
			self.company.plans.setdefault(values[0], []).append(plan.PlanRow(*values[1:]))
			places.setdefault(values[0], []).append(row)
		for title, rows in self.company.plans.items():
			for problem in plan.check_rows(rows):
				place = places[title][problem.row - 1] if problem.row else places[title][0]
				self.problems.add_problem(name, problem, place)

	def set_first_day(self):
		"""Of the data: what the company says, or its first deal where that is earlier."""
		days = [deal.opened_on for deal in self.company.deals]
		self.first_day = min([*days, self.company.start or date.max], default=date.max)

	def set_period(self):
		"""First and last day to play: as the company says, else from the first deal to the last movement."""
		company = self.company
		if not company.start:
			company.start = min((deal.opened_on for deal in company.deals), default=date(2025, 1, 1))
		if not company.end:
			last = [company.start]
			last += [day for deal in company.deals for day in (deal.won_on, deal.lost_on) if day]
			if len(company.movements):
				last.append(date.fromordinal(max(company.movements.day)))
			last += [expense.day for expense in company.expenses]
			company.end = dates.end_of_month(max(last))

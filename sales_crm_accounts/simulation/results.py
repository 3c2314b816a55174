"""What came out: every figure of the report in one pass over the installments, and the CSV files beside it."""

from __future__ import annotations

import heapq
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from ..core.installments import PAID, STATUSES
from . import profit
from .books import Company, Deal, Installment
from .ledger import BATCH, formatter, quoted
from .play import Play
from .stage_results import StageResults

BUCKETS = ("not due", "1-30", "31-60", "61-90", "over 90")


def bucket(due: date, today: date) -> int:
	"""Index in BUCKETS of an open installment."""
	days = (today - due).days
	return 0 if days <= 0 else min(4, 1 + (days - 1) // 30)


@dataclass(slots=True)
class Summary:
	"""Figures of the report, in units of the company's currency where they are money."""

	months: dict[str, dict[str, int]]
	statuses: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STATUSES, 0))
	ageing: list[int] = field(default_factory=lambda: [0] * len(BUCKETS))
	debtors: dict[int, list[int]] = field(default_factory=dict)
	totals: dict[str, int] = field(default_factory=lambda: defaultdict(int))
	#: invoices the company raised itself: how many days after the app would have
	days_later: list[int] = field(default_factory=list)
	money_days: int = 0
	later_amount: int = 0
	later_count: int = 0
	never_invoiced: list[tuple[str, str, int]] = field(default_factory=list)
	never_amount: int = 0
	funnel: list[tuple[str, int, int, float]] = field(default_factory=list)
	stage_gaps: list[tuple[str, str, str]] = field(default_factory=list)
	deals: list[tuple] = field(default_factory=list)
	deal_states: dict[str, int] = field(default_factory=lambda: defaultdict(int))
	rows: dict[str, int] = field(default_factory=lambda: defaultdict(int))
	profits: profit.Profits = field(default_factory=profit.Profits)


class Quoted(dict[str, str]):
	"""Texts as CSV cells, each made once."""

	def __missing__(self, text: str) -> str:
		cell = self[text] = quoted(text)
		return cell


class Results(StageResults):
	"""Writes ledger rows and CSV files into `folder`, and gathers the `Summary`."""

	def __init__(self, company: Company, play: Play, folder: Path):
		self.company, self.play, self.engine, self.folder = company, play, play.engine, folder
		self.form = formatter(company.precision)
		#: titles of installments as CSV cells; most deals share a few
		self.titles = Quoted()
		#: what is planned to be billed on each day, in the company's currency
		self.planned_on_day: dict[str, int] = defaultdict(int)
		self.zero, self.compares = self.form(0), company.has_actual_dates
		self.summary = Summary(months=play.engine.month_figures)

	def write(self) -> Summary:
		self.write_installments()
		self.write_monthly()
		self.write_trial_balance()
		self.write_receivables()
		self.write_stages()
		with self.open("profit.csv", profit.HEADER) as file:
			self.summary.profits = profit.write(self.company, self.engine.ledger, file, self.form)
		return self.summary

	@contextmanager
	def open(self, name: str, header: str):
		# A byte order mark, so that Excel reads Chinese names.
		with open(self.folder / name, "w", encoding="utf-8", newline="", buffering=1 << 20) as file:
			file.write("\ufeff" + header + "\n")
			yield file

	def write_installments(self):
		"""deals.csv, installments.csv, invoices.csv and ageing.csv in one pass."""
		with (
			self.open(
				"deals.csv",
				"deal,title,customer,owner,status,currency,won_on,planned,billed,collected,credited,written_off,outstanding,overdue",
			) as deals_file,
			self.open(
				"installments.csv",
				"installment,deal,title,customer,status,currency,net_amount,planned_amount,planned_invoice_date,invoice_date,due_date,invoice,billed,paid,credited,written_off,outstanding,actual_invoice_date,days_earlier",
			) as installments_file,
			self.open(
				"invoices.csv",
				"invoice,deal,customer,posting_date,due_date,currency,net_total,grand_total,paid,credited,written_off,outstanding",
			) as invoices_file,
			self.open(
				"ageing.csv",
				"installment,customer,currency,due_date,days_overdue,bucket,outstanding,outstanding_in_company_currency",
			) as ageing_file,
		):
			files = (deals_file, installments_file, invoices_file, ageing_file)
			for deal in self.company.deals:
				self.write_deal(deal, *files)

	def write_deal(self, deal: Deal, deals_file, installments_file, invoices_file, ageing_file):
		summary, engine = self.summary, self.engine
		status = deal.status
		panel = self.deal_row(deal, status, deals_file)
		summary.deal_states[status] += 1
		if not deal.installments:
			return
		form, zero, titles, statuses = self.form, self.zero, self.titles, summary.statuses
		ledger, planned_on_day = engine.ledger, self.planned_on_day
		texts, unit, decimals, rows = ledger.texts, ledger.unit, ledger.parts, ledger.installments
		number, currency, name = deal.number, deal.currency, ledger.quoted_deals[deal.number]
		customer = ledger.quoted_customers[deal.customer.number]
		plain = name == deal.name
		lines, invoice_lines = [], []
		for part in deal.installments:
			description, sequence, invoice = part.row.description, part.sequence, part.invoice
			net, planned, billed, paid = part.net, part.planned, part.grand, part.paid
			credited, written_off = part.credited, part.written_off
			outstanding = billed - paid - credited - written_off
			# What status() says of one that is paid and nothing else; a property test holds it.
			paid_alone = paid == billed > 0 == outstanding and not part.cancelled
			state = PAID if paid_alone else engine.status_of(part)
			statuses[state] += 1
			planned_text, due_text = texts[part.planned_on], texts[part.due_date]
			if invoice:
				invoice_number, posted_text = invoice.number, texts[invoice.posted_on]
				billed_text = f"{billed // unit}{decimals[billed % unit]}"
				number_text = str(invoice_number)
				planned_money = billed_text if planned == billed else form(planned)
			else:
				invoice_number, posted_text = 0, ""
				billed_text, number_text, planned_money = (
					zero,
					"",
					f"{planned // unit}{decimals[planned % unit]}",
				)
			actual, earlier = self.compare(deal, part) if self.compares else ("", "")
			rows += (
				part.serial,
				number,
				sequence,
				description,
				state,
				net,
				planned,
				planned_text,
				due_text,
				invoice_number,
				billed,
				paid,
				credited,
				written_off,
				outstanding,
				actual,
			)
			part_name = f"{name}-{sequence:02d}" if plain else quoted(part.name)
			paid_text = billed_text if paid == billed else form(paid)
			credited_text = form(credited) if credited else zero
			written_text = form(written_off) if written_off else zero
			open_text = form(outstanding) if outstanding else zero
			net_text = f"{net // unit}{decimals[net % unit]}"
			lines.append(
				",".join(
					(
						part_name,
						name,
						titles[description],
						customer,
						state,
						currency,
						net_text,
						planned_money,
						planned_text,
						posted_text,
						due_text,
						number_text,
						billed_text,
						paid_text,
						credited_text,
						written_text,
						open_text,
						actual,
						earlier,
					)
				)
			)
			if not part.cancelled:
				planned_on_day[planned_text] += engine.base(deal, planned) if deal.foreign else planned
			if not invoice:
				continue
			if outstanding:
				self.open_row(ageing_file, deal, part, part_name, customer, outstanding, engine.today)
			if invoice is not part:
				if part is not invoice.installments[-1]:
					continue
				net_text, billed_text, paid_text = form(invoice.net), form(invoice.grand), form(invoice.paid)
				credited_text, written_text = form(invoice.credited), form(invoice.written_off)
				open_text = form(invoice.outstanding)
			invoice_lines.append(
				",".join(
					(
						number_text,
						name,
						customer,
						posted_text,
						due_text,
						currency,
						net_text,
						billed_text,
						paid_text,
						credited_text,
						written_text,
						open_text,
					)
				)
			)
		for file, found in ((installments_file, lines), (invoices_file, invoice_lines)):
			if found:
				file.write("\n".join(found) + "\n")
		summary.rows["invoices"] += len(invoice_lines)
		summary.rows["installments"] += len(lines)
		if len(rows) >= BATCH:
			ledger.write()
		self.count_deal(deal, status, panel)

	def deal_row(self, deal: Deal, status: str, file) -> dict[str, int]:
		form, ledger, texts = self.form, self.engine.ledger, self.engine.ledger.texts
		panel = self.engine.cash_panel(deal)
		ledger.deals += (
			deal.number,
			deal.name,
			deal.title,
			deal.customer.number,
			deal.owner,
			status,
			deal.currency,
			str(deal.rate),
			texts[deal.opened_on],
			texts[deal.won_on],
			texts[deal.lost_on],
			texts[deal.cancelled_on],
			deal.net_total,
			deal.grand_total,
			*panel.values(),
		)
		figures = ",".join(map(form, panel.values()))
		file.write(
			f"{ledger.quoted_deals[deal.number]},{quoted(deal.title)},{ledger.quoted_customers[deal.customer.number]},"
			f"{quoted(deal.owner)},{status},{deal.currency},{texts[deal.won_on]},{figures}\n"
		)
		return panel

	def count_deal(self, deal: Deal, status: str, panel: dict[str, int]):
		base, summary = self.engine.base, self.summary
		for figure, value in panel.items():
			summary.totals[figure] += base(deal, value)
		summary.deals.append(
			(
				base(deal, deal.grand_total),
				deal.name,
				deal.title,
				deal.customer.name,
				status,
				deal.currency,
				panel,
			)
		)
		if len(summary.deals) >= 2000:
			summary.deals = heapq.nlargest(200, summary.deals, key=lambda entry: entry[0])

	def compare(self, deal: Deal, part: Installment) -> tuple[str, str]:
		"""The company's own invoice date of an installment, and how many days earlier the app was."""
		actual = self.company.actual_dates.get((deal.number, part.sequence)) or deal.actual_invoice_date
		invoice, summary = part.invoice, self.summary
		if not actual:
			if invoice:
				amount = self.engine.base_of(invoice, part.grand)
				summary.never_amount += amount
				if len(summary.never_invoiced) < 500:
					summary.never_invoiced.append((part.name, deal.customer.name, amount))
			return "", ""
		if not invoice:
			return actual.isoformat(), ""
		days = (actual - invoice.posted_on).days
		summary.days_later.append(days)
		if days > 0:
			amount = self.engine.base_of(invoice, part.grand)
			summary.later_count += 1
			summary.later_amount += amount
			summary.money_days += amount * days
		return actual.isoformat(), str(days)

	def open_row(
		self, file, deal: Deal, part: Installment, name: str, customer: str, outstanding: int, today: date
	):
		base = self.engine.base_left(part)
		index = bucket(part.due_date, today)
		self.summary.ageing[index] += base
		debtor = self.summary.debtors.get(deal.customer.number)
		if debtor is None:
			debtor = self.summary.debtors[deal.customer.number] = [0] * len(BUCKETS)
		debtor[index] += base
		file.write(
			f"{name},{customer},{deal.currency},{part.due_date.isoformat()},{max(0, (today - part.due_date).days)},"
			f"{BUCKETS[index]},{self.form(outstanding)},{self.form(base)}\n"
		)

	def write_monthly(self):
		for day, planned in self.planned_on_day.items():
			if day:
				self.summary.months[day[:7]]["planned"] += planned
		names = (
			"planned",
			"billed",
			"invoices",
			"collected",
			"credited",
			"written_off",
			"outstanding",
			"overdue",
		)
		form, last = self.form, self.company.end.isoformat()[:7]
		with self.open("monthly.csv", "month," + ",".join(names)) as file:
			for month in sorted(self.summary.months):
				figures = self.summary.months[month]
				if month > last:
					# After the last day only the plan is known.
					file.write(f"{month},{form(figures.get('planned', 0))}{',' * (len(names) - 1)}\n")
					continue
				cells = [
					str(figures.get(name, 0)) if name == "invoices" else form(figures.get(name, 0))
					for name in names
				]
				file.write(f"{month},{','.join(cells)}\n")

	def write_trial_balance(self):
		"""Each account of each month: opening, debit, credit, closing (debit positive); each column of a month sums right."""
		ledger, form = self.engine.ledger, self.form
		balances: dict[int, int] = defaultdict(int)
		with self.open("trial_balance.csv", "month,account,opening,debit,credit,closing") as file:
			for month in sorted(ledger.months):
				for account in ledger.names:
					debit, credit = ledger.months[month].get(account, (0, 0))
					opening = balances[account]
					balances[account] += debit - credit
					if opening or debit or credit:
						file.write(
							f"{month},{quoted(ledger.names[account])},{form(opening)},{form(debit)},{form(credit)},"
							f"{form(balances[account])}\n"
						)

	def write_receivables(self):
		names = list(self.company.customers.values())
		with self.open("receivables.csv", "customer,outstanding," + ",".join(BUCKETS)) as file:
			for number, amounts in sorted(self.summary.debtors.items(), key=lambda entry: -sum(entry[1])):
				cells = ",".join(self.form(amount) for amount in (sum(amounts), *amounts))
				file.write(f"{quoted(names[number - 1].name)},{cells}\n")
		rows = self.engine.ledger.customers
		for customer in names:
			rows += (customer.number, customer.name, customer.group, customer.territory)


def percentile(values: list[int], share: float) -> int:
	ordered = sorted(values)
	return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0


def month_range(start: date, end: date) -> list[str]:
	"""2025-01 and so on, from the first month to the last."""
	months, day = [], start.replace(day=1)
	while day <= end:
		months.append(day.isoformat()[:7])
		day = (day + timedelta(days=32)).replace(day=1)
	return months

"""report.html: one file, nothing loaded from anywhere, readable on screen, in the dark and on paper."""

from __future__ import annotations

from html import escape
from pathlib import Path
from statistics import median

from ..core.problems import _
from . import charts
from .approval_report import section as approval_section
from .books import ROOTS, Company
from .forecast_report import section as forecast_section
from .ladder_report import section as ladder_section
from .ledger import formatter
from .notes import section as notes_section
from .pieces import Pieces
from .play import Play
from .profit import section as profit_section
from .results import BUCKETS, Summary, month_range
from .texts import translator

MOST_DEALS, MOST_DEBTORS, MOST_LISTED = 60, 12, 25
#: Marked for translation here; shown by their English keys elsewhere.
LABELS = (
	_("Planned"),
	_("Ready"),
	_("Billed"),
	_("Partly Paid"),
	_("Paid"),
	_("Overdue"),
	_("Written Off"),
	_("Cancelled"),
	_("Open"),
	_("Won"),
	_("Completed"),
	_("Lost"),
	_("not due"),
	_("1-30"),
	_("31-60"),
	_("61-90"),
	_("over 90"),
	_("Asset"),
	_("Liability"),
	_("Income"),
	_("Expense"),
	_("Title"),
	_("Status"),
	_("Currency"),
)
AGE_COLOURS = ("c2", "c3", "c3b", "c4", "c4b")
STATUS_COLOURS = {
	"Planned": "c0",
	"Ready": "c3",
	"Billed": "c1",
	"Partly Paid": "c1b",
	"Paid": "c2",
	"Overdue": "c4",
	"Written Off": "c5",
	"Cancelled": "c5b",
}


def write_report(path: Path, company: Company, play: Play, summary: Summary, language: str = "en"):
	path.write_text(Report(company, play, summary, language).html(), encoding="utf-8")


class Report(Pieces):
	def __init__(self, company: Company, play: Play, summary: Summary, language: str):
		self.company, self.play, self.engine, self.summary = company, play, play.engine, summary
		self.language, self.t = language, translator(language)
		self.form = formatter(company.precision)
		self.unit = 10**company.precision
		self.months = month_range(company.start, company.end)

	# Figures as text

	def money(self, units: float) -> str:
		"""1,234.50"""
		text = self.form(abs(round(units)))
		whole, point, part = text.partition(".")
		return ("-" if units < 0 else "") + f"{int(whole):,}" + point + part

	def short(self, units: float) -> str:
		"""1.2M; 120万 in Chinese"""
		value = units / self.unit
		steps = ((1e8, "亿"), (1e4, "万")) if self.language == "zh" else ((1e9, "B"), (1e6, "M"), (1e3, "k"))
		for size, name in steps:
			if abs(value) >= size:
				return f"{value / size:.1f}".rstrip("0").rstrip(".") + name
		return f"{value:,.0f}"

	def series(self, name: str) -> list[int]:
		return [self.summary.months.get(month, {}).get(name, 0) for month in self.months]

	# The page

	def html(self) -> str:
		t, company = self.t, self.company
		title = t(_("From won deals to money: {company}")).format(company=company.name)
		period = t(_("{start} to {end}, played day by day. Amounts in {currency}.")).format(
			start=company.start, end=company.end, currency=company.currency
		)
		body = [
			f"<header><h1>{escape(title)}</h1><p>{escape(period)}</p></header>",
			self.tiles(),
			self.what_the_app_does(),
			self.cash_charts(),
			self.receivable_charts(),
			self.pipeline(),
			approval_section(self),
			ladder_section(self),
			forecast_section(self),
			self.deal_table(),
			profit_section(self),
			self.trial_balance(),
			notes_section(self),
			f"<footer>{escape(t(_('The same rules bill on an ERPNext site. Every figure here stands in the CSV files and in ledger.sqlite beside this page.')))}</footer>",
		]
		return (
			f'<!doctype html><html lang="{"zh-CN" if self.language == "zh" else "en"}"><head><meta charset="utf-8">'
			f'<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
			f"<title>{escape(title)}</title><style>{CSS}</style></head><body><main>{''.join(body)}</main></body></html>\n"
		)

	def tiles(self) -> str:
		t, totals, summary = self.t, self.summary.totals, self.summary
		billed = totals["billed"]
		share = f"{100 * totals['collected'] / billed:.0f}%" if billed else "-"
		won = sum(summary.deal_states[state] for state in ("Won", "Completed", "Cancelled"))
		entries = [
			(
				t(_("Won deals")),
				str(won),
				t(_("planned {amount}")).format(amount=self.money(totals["planned"])),
			),
			(
				t(_("Invoices raised by themselves")),
				str(sum(self.series("invoices"))),
				t(_("billed {amount}")).format(amount=self.money(billed)),
			),
			(
				t(_("Collected")),
				self.money(totals["collected"]),
				t(_("{share} of what was billed")).format(share=share),
			),
			(
				t(_("Outstanding")),
				self.money(self.engine.outstanding),
				t(_("credited {credited}, written off {written_off}")).format(
					credited=self.money(totals["credited"]), written_off=self.money(totals["written_off"])
				),
			),
			(
				t(_("Overdue")),
				self.money(self.engine.overdue),
				t(_("on {date}")).format(date=self.company.end),
			),
		]
		return (
			'<section class="tiles">'
			+ "".join(
				f'<div class="tile"><span>{escape(name)}</span><strong>{escape(value)}</strong><small>{escape(small)}</small></div>'
				for name, value, small in entries
			)
			+ "</section>"
		)

	def what_the_app_does(self) -> str:
		"""The app beside what the company did itself."""
		t, summary = self.t, self.summary
		points = [
			t(
				_(
					"{count} invoices would have been raised by themselves, each on the day it was planned for."
				)
			).format(count=sum(self.series("invoices")))
		]
		if summary.days_later:
			late = [days for days in summary.days_later if days > 0]
			points.append(
				t(
					_(
						"You raised {late} of {count} invoices later than the app would have: {median} days in the middle, {most} at the most. {amount} waited for {average} days on average."
					)
				).format(
					late=summary.later_count,
					count=len(summary.days_later),
					median=f"{median(late):.0f}" if late else 0,
					most=max(late, default=0),
					amount=self.money(summary.later_amount),
					average=f"{summary.money_days / summary.later_amount:.0f}" if summary.later_amount else 0,
				)
			)
		if self.company.has_actual_dates:
			points.append(
				t(_("{amount} of won deals have no invoice of yours at all.")).format(
					amount=self.money(summary.never_amount)
				)
				if summary.never_amount
				else t(_("Every installment that was due has an invoice of yours."))
			)
		engine = self.engine
		points.append(
			t(
				_(
					"{count} installments fell overdue, {amount} in all. Each would have been on the list the morning after its due date."
				)
			).format(count=engine.fell_overdue, amount=self.money(engine.fell_overdue_amount))
		)
		html = "".join(f"<li>{escape(point)}</li>" for point in points)
		lost = ""
		if summary.never_invoiced:
			listed = sorted(summary.never_invoiced, key=lambda entry: -entry[2])[:MOST_LISTED]
			lost = self.details(
				t(_("Won, but never invoiced by you")),
				self.table(
					(t(_("Installment")), t(_("Customer")), t(_("Amount"))),
					[(name, customer, self.money(amount)) for name, customer, amount in listed],
					numbers=(2,),
				),
			)
		return f'<section class="card lead"><h2>{escape(t(_("What the app would have done with your year")))}</h2><ul>{html}</ul>{lost}</section>'

	def cash_charts(self) -> str:
		t, labels = self.t, self.month_labels()
		flows = [
			(t(_("Planned")), "c0", self.series("planned")),
			(t(_("Billed")), "c1", self.series("billed")),
			(t(_("Collected")), "c2", self.series("collected")),
		]
		stock = [
			(t(_("Outstanding")), "c1", self.series("outstanding")),
			(t(_("Overdue")), "c4", self.series("overdue")),
		]
		first, second = (
			t(_("Planned, billed, collected")),
			t(_("Outstanding and overdue at the end of each month")),
		)
		return self.card(
			first, self.legend(flows) + charts.grouped_bars(labels, flows, self.short, self.money, first)
		) + self.card(
			second, self.legend(stock) + charts.areas(labels, stock, self.short, self.money, second)
		)

	def month_labels(self) -> list[str]:
		if len({month[:4] for month in self.months}) == 1 and self.language == "zh":
			return [f"{int(month[5:])}月" for month in self.months]
		return [month[2:] for month in self.months]

	def receivable_charts(self) -> str:
		t, summary = self.t, self.summary
		names = [t(name) for name in BUCKETS]
		age = t(_("Open installments by days overdue"))
		customers = list(self.company.customers.values())
		debtors = sorted(summary.debtors.items(), key=lambda entry: -sum(entry[1]))[:MOST_DEBTORS]
		top = t(_("Who owes most"))
		entries = [
			(customers[number - 1].name, amounts, self.money(sum(amounts))) for number, amounts in debtors
		]
		states = t(_("Installments by status"))
		found = [(state, count) for state, count in summary.statuses.items() if count]
		result = self.card(
			age,
			charts.columns(names, summary.ageing, AGE_COLOURS, self.short, self.money, age, 470),
			half=True,
		)
		result += self.card(
			states,
			charts.columns(
				[t(state) for state, _count in found],
				[count for _state, count in found],
				[STATUS_COLOURS[state] for state, _count in found],
				lambda value: f"{value:,.0f}",
				lambda value: f"{value:,.0f}",
				states,
				470,
			),
			half=True,
		)
		if entries:
			legend = self.legend(
				[(name, colour, ()) for name, colour in zip(names, AGE_COLOURS, strict=True)]
			)
			result += self.card(top, legend + charts.rows(entries, AGE_COLOURS, names, self.money, top))
		return result

	def pipeline(self) -> str:
		t, summary = self.t, self.summary
		stages = [entry for entry in summary.funnel if entry[1]]
		if not stages:
			return ""
		title = t(_("Pipeline: deals that entered each stage, and how long they stayed"))
		entries = [
			(
				t(name),
				count,
				t(_("{count} deals, {amount}, {days} days")).format(
					count=count, amount=self.short(amount), days=f"{days:.0f}"
				),
			)
			for name, count, amount, days in stages
		]
		gaps = ""
		if summary.stage_gaps:
			gaps = self.details(
				t(_("Stages entered without what they ask for: {count}")).format(
					count=len(summary.stage_gaps)
				),
				self.table(
					(t(_("Deal")), t(_("Stage")), t(_("Missing"))),
					[
						(deal, t(stage), problem.message(t))
						for deal, stage, problem in summary.stage_gaps[:MOST_LISTED]
					],
				),
			)
		return self.card(title, charts.funnel(entries, title) + gaps)

	def deal_table(self) -> str:
		t = self.t
		deals = sorted(self.summary.deals, key=lambda entry: (-entry[0], entry[1]))[:MOST_DEALS]
		if not deals:
			return ""
		header = (
			"Deal",
			"Title",
			"Customer",
			"Status",
			"Currency",
			"Planned",
			"Billed",
			"Collected",
			"Outstanding",
			"Overdue",
		)
		rows = [
			(
				name,
				title,
				customer,
				t(state),
				currency,
				*(
					self.money(panel[key])
					for key in ("planned", "billed", "collected", "outstanding", "overdue")
				),
			)
			for _base, name, title, customer, state, currency, panel in deals
		]
		table = self.table([t(name) for name in header], rows, numbers=range(5, 10))
		return self.card(
			t(_("The {count} largest deals, each in its own currency")).format(count=len(rows)),
			f'<div class="scroll">{table}</div>',
		)

	def trial_balance(self) -> str:
		t, ledger = self.t, self.engine.ledger
		rows, debit_sum, credit_sum = [], 0, 0
		for account, name in ledger.names.items():
			debit = sum(month.get(account, (0, 0))[0] for month in ledger.months.values())
			credit = sum(month.get(account, (0, 0))[1] for month in ledger.months.values())
			debit_sum, credit_sum = debit_sum + debit, credit_sum + credit
			if debit or credit:
				rows.append(
					(
						name,
						t(ROOTS[ledger.roles[account]]),
						self.money(debit),
						self.money(credit),
						self.money(debit - credit),
					)
				)
		rows.append(
			(
				t(_("Total")),
				"",
				self.money(debit_sum),
				self.money(credit_sum),
				self.money(debit_sum - credit_sum),
			)
		)
		header = [t(_("Account")), t(_("Type")), t(_("Debit")), t(_("Credit")), t(_("Balance"))]
		return self.card(
			t(_("Trial balance on {date}")).format(date=self.company.end),
			self.table(header, rows, numbers=(2, 3, 4), total=True),
		)


CSS = (Path(__file__).parent / "report.css").read_text(encoding="utf-8")

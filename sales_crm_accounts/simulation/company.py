"""Reads the folder of a company, checks everything that can be checked before it is played, and lists every problem."""

from __future__ import annotations

from array import array
from datetime import date
from decimal import ROUND_DOWN, Decimal
from pathlib import Path

from ..core import dates, pipeline, plan, policy
from ..core.billing import BY_QUANTITY, BY_RATE, INVOICE_PER_INSTALLMENT, ONE_INVOICE, Line
from ..core.money import ZERO, quantize
from ..core.problems import RuleError, _
from . import books, reader
from .books import Company, Customer, Deal, Policy, Stage, Tax
from .problems import InputError, Problems
from .reader import Column

DAY = "day"
DEALS = (
	Column("deal", required=True),
	Column("title"),
	Column("customer", required=True),
	Column("owner"),
	Column("currency"),
	Column("exchange_rate", reader.positive),
	Column("opened_on", DAY, required=True),
	Column("expected_close_date", DAY),
	Column("won_on", DAY),
	Column("lost_on", DAY),
	Column("lost_reason"),
	Column("cancelled_on", DAY),
	Column("delivered_on", DAY),
	Column("discount", reader.amount, default=ZERO),
	Column("tax"),
	Column("plan", required=True),
	Column("actual_invoice_date", DAY),
)
DEAL_ITEMS = (
	Column("deal", required=True),
	Column("item", required=True),
	Column("quantity", reader.positive, default=Decimal(1)),
	Column("rate", reader.amount, required=True),
)
ITEMS = (
	Column("item", required=True),
	Column("item_name"),
	Column("whole_number", reader.yes_no, default=False),
	Column("disabled", reader.yes_no, default=False),
)
CUSTOMERS = (
	Column("customer", required=True),
	Column("customer_group"),
	Column("territory"),
	Column("disabled", reader.yes_no, default=False),
)
TAXES = (
	Column("tax", required=True),
	Column("account", required=True),
	Column("rate", reader.percent, required=True),
)
PLANS = (
	Column("plan", required=True),
	Column("description", required=True),
	Column("basis", reader.one_of((plan.PERCENT, plan.AMOUNT, plan.REMAINDER)), default=plan.PERCENT),
	Column("percent", reader.percent, default=ZERO),
	Column("amount", reader.amount, default=ZERO),
	Column("billing_trigger", reader.one_of(plan.TRIGGERS), default=plan.ON_WINNING),
	Column("trigger_date", DAY),
	Column("trigger_months", reader.whole, default=0),
	Column("trigger_days", reader.whole, default=0),
	Column("milestone"),
	Column("due_rule", reader.one_of(dates.DUE_RULES), default=dates.DAYS_AFTER_INVOICE),
	Column("due_days", reader.whole, default=0),
	Column("due_months", reader.whole, default=0),
	Column("fixed_due_date", DAY),
)
INSTALLMENTS = (
	Column("deal", required=True),
	Column("installment", reader.whole, required=True),
	Column("confirmed_on", DAY),
	Column("actual_invoice_date", DAY),
)
PAYMENTS = (
	Column("date", DAY, required=True),
	Column("kind", reader.one_of(books.KINDS), default="Payment"),
	Column("deal", required=True),
	Column("installment", reader.whole, default=0),
	Column("amount", reader.positive),
	Column("exchange_rate", reader.positive),
	Column("reconciled_on", DAY),
	Column("reference"),
)
STAGES = (
	Column("stage", required=True),
	Column("sequence", reader.whole, default=0),
	Column("probability", reader.percent, default=ZERO),
	Column("type", reader.one_of(("Open", "Won", "Lost")), default="Open"),
	Column("requirements"),
)
STAGE_LOG = (
	Column("deal", required=True),
	Column("stage", required=True),
	Column("entered_on", DAY, required=True),
)
CHANGES = (
	Column("deal", required=True),
	Column("date", DAY, required=True),
	Column("plan", required=True),
	Column("reason"),
)
COMPANY_KEYS = ("company", "currency", "precision", "rounding", "start", "end")
POLICY_KEYS = (
	"name",
	"method",
	"split",
	"days_ahead",
	"automatic",
	"customer_group",
	"territory",
	"min_amount",
	"max_amount",
)
CALENDAR_KEYS = ("days_off", "weekends_off", "books_closed_until")


def load(folder: Path, encoding: str = "utf-8", progress=iter) -> Company:
	"""The company in `folder`.

	Raises InputError with every problem found. `progress` wraps the rows of the large files.
	"""
	return Loader(folder, encoding, progress).load()


class Loader:
	def __init__(self, folder: Path, encoding: str = "utf-8", progress=iter):
		self.folder, self.encoding, self.progress = Path(folder), encoding, progress
		self.problems = Problems()
		self.company = Company()
		self.days = reader.Days()
		self.deals: dict[str, Deal] = {}
		self.items: dict[str, tuple[bool, bool]] = {}
		#: installments that changes of the plan add to a deal
		self.added: dict[int, int] = {}

	def load(self) -> Company:
		if not self.folder.is_dir():
			self.problems.add(
				str(self.folder), _("there is no such folder. Give the folder that holds deals.csv.")
			)
			raise InputError(self.problems)
		self.read_company()
		self.read_accounts()
		self.read_calendar()
		self.read_policies()
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
		self.check_deals()
		self.read_changes("changes.csv")
		self.read_installments("installments.csv")
		self.read_payments("payments.csv")
		self.read_stage_log("stage_log.csv")
		if self.problems:
			raise InputError(self.problems)
		self.set_period()
		return self.company

	def rows(self, name: str, columns, required: bool = False):
		path = self.folder / name
		if not path.exists():
			if required:
				self.problems.add(name, _("the file is missing. See docs/simulation.md for its columns."))
			return
		columns = [
			Column(column.name, self.days, column.required, column.default) if column.parse == DAY else column
			for column in columns
		]
		yield from self.progress(reader.rows(path, columns, self.problems, self.encoding))

	def unknown(self, name: str, row: int, column: str, word: str, known, file: str):
		if self.problems.of(file):
			return
		guess = reader.closest(word, known)
		if guess:
			text = _("'{word}' is not in {file}. Did you mean '{guess}'?")
		else:
			text = _("'{word}' is not in {file}. Add it there or correct it here.")
		self.problems.add(name, text, row, column, word=word, file=file, guess=guess)

	# YAML

	def read_company(self):
		company, name = self.company, "company.yaml"
		values = reader.read_yaml(self.folder / name, self.problems, COMPANY_KEYS)
		company.name = str(values.get("company") or self.folder.resolve().name)
		company.currency = str(values.get("currency") or company.currency)
		company.precision = self.whole(name, values, "precision", 2)
		if company.precision > 6:
			self.problems.add(name, _("a currency has at most 6 decimals."), None, "precision")
			company.precision = 2
		company.rounding = str(values.get("rounding") or company.rounding)
		if company.rounding not in books.ROUNDINGS:
			self.problems.add(
				name,
				_("'{cell}' is not known here. Write one of: {choices}."),
				None,
				"rounding",
				cell=company.rounding,
				choices=", ".join(books.ROUNDINGS),
			)
			company.rounding = next(iter(books.ROUNDINGS))
		company.start = self.day(name, values, "start")
		company.end = self.day(name, values, "end")
		if company.start and company.end and company.end < company.start:
			self.problems.add(name, _("the last day is before the first. Correct start or end."), None, "end")

	def read_accounts(self):
		values = reader.read_yaml(self.folder / "accounts.yaml", self.problems, tuple(books.ROLES))
		self.company.accounts = {role: str(values.get(role) or name) for role, name in books.ROLES.items()}

	def read_calendar(self):
		name = "calendar.yaml"
		values = reader.read_yaml(self.folder / name, self.problems, CALENDAR_KEYS)
		self.company.weekends_off = bool(values.get("weekends_off"))
		self.company.books_closed_until = self.day(name, values, "books_closed_until")
		days = values.get("days_off") or []
		for value in days if isinstance(days, list) else [days]:
			day = self.day(name, {"days_off": value}, "days_off")
			if day:
				self.company.days_off.add(day)

	def read_policies(self):
		name = "policy.yaml"
		values = reader.read_yaml(self.folder / name, self.problems, ("policies",))
		entries = values.get("policies") or [{"name": "Standard"}]
		for number, entry in enumerate(entries if isinstance(entries, list) else [entries], 1):
			if not isinstance(entry, dict):
				self.problems.add(name, _("policy {number} must hold 'name: value' lines."), number=number)
				continue
			for key in entry:
				if key not in POLICY_KEYS:
					self.problems.add(
						name,
						_("unknown entry. Known ones are: {columns}."),
						None,
						str(key),
						columns=", ".join(POLICY_KEYS),
					)
			method = str(entry.get("method") or INVOICE_PER_INSTALLMENT)
			split = str(entry.get("split") or BY_RATE)
			for key, value, choices in (
				("method", method, (INVOICE_PER_INSTALLMENT, ONE_INVOICE)),
				("split", split, (BY_RATE, BY_QUANTITY)),
			):
				if value not in choices:
					self.problems.add(
						name,
						_("'{cell}' is not known here. Write one of: {choices}."),
						None,
						key,
						cell=value,
						choices=", ".join(choices),
					)
			scope = policy.PolicyScope(
				str(entry.get("name") or f"Policy {number}"),
				str(entry.get("customer_group") or ""),
				str(entry.get("territory") or ""),
				self.money(name, entry, "min_amount"),
				self.money(name, entry, "max_amount"),
			)
			if scope.name in {other.scope.name for other in self.company.policies}:
				self.problems.add(name, _("the name stands twice. Give each policy its own."), None, "name")
			self.company.policies.append(
				Policy(
					scope,
					method,
					split,
					self.whole(name, entry, "days_ahead", 0),
					bool(entry.get("automatic", True)),
				)
			)

	def day(self, name: str, values: dict, key: str) -> date | None:
		value = values.get(key)
		if value is None or isinstance(value, date):
			return self.days.same(value) if value else None
		try:
			return self.days(str(value).strip())
		except reader.CellError as error:
			self.problems.add(name, error.text, None, key, **error.values)
		return None

	def whole(self, name: str, values: dict, key: str, default: int) -> int:
		try:
			return reader.whole(str(values.get(key, default)))
		except reader.CellError as error:
			self.problems.add(name, error.text, None, key, **error.values)
		return default

	def money(self, name: str, values: dict, key: str) -> Decimal:
		try:
			return reader.amount(str(values.get(key) or 0))
		except reader.CellError as error:
			self.problems.add(name, error.text, None, key, **error.values)
		return ZERO

	# Masters

	def read_customers(self, name: str):
		known = self.company.customers
		for row, (customer, group, territory, disabled) in self.rows(name, CUSTOMERS, required=True):
			if customer in known:
				self.problems.add(
					name, _("{word} stands twice. Remove one row."), row, "customer", word=customer
				)
				continue
			known[customer] = Customer(customer, group, territory, disabled, len(known) + 1)

	def read_items(self, name: str):
		for row, (item, _item_name, whole_number, disabled) in self.rows(name, ITEMS):
			if item in self.items:
				self.problems.add(name, _("{word} stands twice. Remove one row."), row, "item", word=item)
			self.items[item] = (whole_number, disabled)

	def read_taxes(self, name: str):
		for _row, (tax, account, rate) in self.rows(name, TAXES):
			self.company.taxes.setdefault(tax, Tax(tax)).lines.append((account, rate))

	def read_plans(self, name: str):
		places: dict[str, list[int]] = {}
		for row, values in self.rows(name, PLANS, required=True):
			self.company.plans.setdefault(values[0], []).append(plan.PlanRow(*values[1:]))
			places.setdefault(values[0], []).append(row)
		for title, rows in self.company.plans.items():
			for problem in plan.check_rows(rows):
				place = places[title][problem.row - 1] if problem.row else places[title][0]
				self.problems.add_problem(name, problem, place)

	def read_stages(self, name: str):
		for row, (stage, sequence, probability, kind, requirements) in self.rows(name, STAGES):
			entry = Stage(stage, sequence, probability, kind)
			for text in filter(None, (part.strip() for part in requirements.split(";"))):
				words = text.split(None, 2)
				condition = (
					pipeline.Condition(text.split()[0])
					if text.endswith(pipeline.IS_SET) or len(words) == 1
					else pipeline.Condition(words[0], words[1], words[2] if len(words) > 2 else "")
				)
				if condition.operator not in pipeline.OPERATORS:
					self.problems.add(
						name,
						_(
							"'{cell}' is not a condition. Write field, operator and value, as 'grand_total > 0'."
						),
						row,
						"requirements",
						cell=text,
					)
				entry.requirements.append(condition)
			self.company.stages[stage] = entry

	# Deals

	def read_deals(self, name: str):
		company = self.company
		for row, values in self.rows(name, DEALS, required=True):
			(
				deal_name,
				title,
				customer_name,
				owner,
				currency,
				rate,
				opened_on,
				expected,
				won_on,
				lost_on,
				lost_reason,
				cancelled_on,
				delivered_on,
				discount,
				tax,
				plan_name,
				actual,
			) = values
			if deal_name in self.deals:
				self.problems.add(
					name, _("{word} stands twice. Remove one row."), row, "deal", word=deal_name
				)
				continue
			customer = company.customers.get(customer_name)
			if customer is None:
				self.unknown(name, row, "customer", customer_name, company.customers, "customers.csv")
				customer = Customer(customer_name)
			elif customer.disabled and won_on:
				self.problems.add(
					name,
					_("customer {word} is disabled in customers.csv. Enable it or choose another."),
					row,
					"customer",
					word=customer_name,
				)
			deal = Deal(deal_name, customer, currency or company.currency, opened_on)
			deal.number, deal.row, deal.title, deal.owner = (
				len(company.deals) + 1,
				row,
				title or deal_name,
				owner,
			)
			deal.expected_close_date, deal.won_on, deal.lost_on = expected, won_on, lost_on
			deal.lost_reason, deal.cancelled_on, deal.delivered_on = lost_reason, cancelled_on, delivered_on
			deal.discount, deal.actual_invoice_date = discount, actual
			company.has_actual_dates = company.has_actual_dates or actual is not None
			self.check_deal_dates(name, row, deal)
			if deal.currency != company.currency:
				if rate:
					deal.rate = rate
				else:
					self.problems.add(
						name,
						_("the deal is in {currency}; give the rate to {company}."),
						row,
						"exchange_rate",
						currency=deal.currency,
						company=company.currency,
					)
			elif rate and rate != 1:
				self.problems.add(
					name, _("the deal is in the company's currency; its rate is 1."), row, "exchange_rate"
				)
			if tax:
				deal.tax = company.taxes.get(tax)
				if not deal.tax:
					self.unknown(name, row, "tax", tax, company.taxes, "tax.csv")
			rows = company.plans.get(plan_name)
			if rows is None:
				self.unknown(name, row, "plan", plan_name, company.plans, "plans.csv")
			deal.plan = rows or []
			self.deals[deal_name] = deal
			company.deals.append(deal)

	def check_deal_dates(self, name: str, row: int, deal: Deal):
		for column in ("won_on", "lost_on", "cancelled_on", "delivered_on"):
			day = getattr(deal, column)
			if day and day < deal.opened_on:
				self.problems.add(
					name,
					_("{date} is before the deal was opened ({opened}). Correct one of the two."),
					row,
					column,
					date=day,
					opened=deal.opened_on,
				)
		if deal.won_on and deal.lost_on:
			self.problems.add(
				name, _("a deal is won or lost, not both. Empty one of the two."), row, "lost_on"
			)
		if deal.cancelled_on and not deal.won_on:
			self.problems.add(
				name, _("only a won deal is cancelled. Give won_on, or lost_on instead."), row, "cancelled_on"
			)
		elif deal.cancelled_on and deal.cancelled_on < deal.won_on:
			self.problems.add(name, _("the deal is cancelled before it is won."), row, "cancelled_on")
		self.check_open_period(name, row, "won_on", deal.won_on)

	def check_open_period(self, name: str, row: int, column: str, day: date | None):
		closed = self.company.books_closed_until
		if day and closed and day <= closed:
			self.problems.add(
				name,
				_("{date} is in a closed period (until {closed}, calendar.yaml). Choose a later date."),
				row,
				column,
				date=day,
				closed=closed,
			)

	def read_deal_items(self, name: str):
		precision = self.company.precision
		for row, (deal_name, item, quantity, rate) in self.rows(name, DEAL_ITEMS, required=True):
			deal = self.deals.get(deal_name)
			if deal is None:
				self.unknown(name, row, "deal", deal_name, self.deals, "deals.csv")
				continue
			whole_number, disabled = False, False
			if self.items:
				if item not in self.items:
					self.unknown(name, row, "item", item, self.items, "items.csv")
					continue
				whole_number, disabled = self.items[item]
			if disabled:
				self.problems.add(
					name,
					_("item {word} is disabled in items.csv. Enable it or choose another."),
					row,
					"item",
					word=item,
				)
			if rate != quantize(rate, precision, ROUND_DOWN):
				self.problems.add(
					name,
					_("{cell} has more decimals than the currency ({precision}). Round it."),
					row,
					"rate",
					cell=f"{rate:f}",
					precision=precision,
				)
			if quantity * rate > plan.MAX_AMOUNT:
				self.problems.add(
					name, _("quantity times rate is too large. Check the figures."), row, "rate"
				)
			deal.items.append((item, quantity, rate, whole_number))

	def check_deals(self):
		"""Totals of each deal, and that its plan shares them; nothing of it waits until the deal is won."""
		name, company, rounding = "deals.csv", self.company, self.company.rules()
		#: plans with dates of their own, which may be before a deal was opened
		dated = {
			id(rows)
			for rows in company.plans.values()
			if any(row.trigger_date or row.fixed_due_date for row in rows)
		}
		for deal in company.deals:
			if not deal.items:
				self.problems.add(name, _("the deal has no row in deal_items.csv."), deal.row, "deal")
				continue
			set_totals(deal, rounding)
			total = sum((line.amount for line in deal.lines), ZERO)
			if deal.discount and deal.discount >= total:
				self.problems.add(
					name,
					_("the discount must be less than the total {total}."),
					deal.row,
					"discount",
					total=f"{total:f}",
				)
				continue
			try:
				parts = plan.amounts(
					Decimal(deal.net_total).scaleb(-rounding.amount), deal.plan, rounding.amount
				)
				deal.nets = array("q", [int(part.scaleb(rounding.amount)) for part in parts])
			except RuleError as error:
				for problem in error.problems:
					if deal.plan:
						self.problems.add_problem(name, problem, deal.row, "plan")
				continue
			for problem in plan.check_rows(deal.plan, deal.opened_on) if id(deal.plan) in dated else ():
				self.problems.add_problem(name, problem, deal.row, "plan")
			deal.policy = choose_policy(company, deal)
			if deal.policy and deal.won_on and deal.policy.method == ONE_INVOICE:
				for problem in plan.check_one_invoice(deal.plan, deal.won_on):
					self.problems.add_problem(name, problem, deal.row, "plan")

	# What happened

	def installment(self, name: str, row: int, deal_name: str, number: int, may_be_all: bool) -> Deal | None:
		deal = self.deals.get(deal_name)
		if deal is None:
			self.unknown(name, row, "deal", deal_name, self.deals, "deals.csv")
			return None
		if not deal.won_on:
			self.problems.add(
				name,
				_("deal {word} is not won, so it has no installments. Give won_on in deals.csv."),
				row,
				"deal",
				word=deal_name,
			)
			return None
		count = len(deal.plan) + self.added.get(deal.number, 0)
		if (number > count and deal.plan) or (not number and not may_be_all):
			self.problems.add(
				name,
				_("deal {word} has installments 1 to {count}; there is no {number}."),
				row,
				"installment",
				word=deal_name,
				count=count,
				number=number,
			)
			return None
		return deal

	def read_installments(self, name: str):
		company = self.company
		for row, (deal_name, number, confirmed_on, actual) in self.rows(name, INSTALLMENTS):
			deal = self.installment(name, row, deal_name, number, may_be_all=False)
			if deal is None:
				continue
			key = (deal.number, number)
			if confirmed_on:
				if number <= len(deal.plan) and deal.plan[number - 1].trigger not in plan.CONFIRMED_TRIGGERS:
					self.problems.add(
						name,
						_(
							"installment {number} is billed by date; only milestones and deliveries are confirmed."
						),
						row,
						"confirmed_on",
						number=number,
					)
				company.confirmations[key] = confirmed_on
			if actual:
				company.actual_dates[key] = actual
				company.has_actual_dates = True

	def read_payments(self, name: str):
		"""Payments, credit notes and so on; an empty amount means all that is open."""
		movements, precision, company = self.company.movements, self.company.precision, self.company
		kinds = {kind: number for number, kind in enumerate(books.KINDS)}
		deals, closed = self.deals, company.books_closed_until
		for row, (day, kind_name, deal_name, number, value, rate, reconciled_on, reference) in self.rows(
			name, PAYMENTS
		):
			deal = deals.get(deal_name)
			if deal is None or not deal.won_on or number > len(deal.plan):
				if not self.installment(name, row, deal_name, number, may_be_all=True):
					continue
			kind = kinds[kind_name]
			units = 0
			if value is not None:
				scaled = value.scaleb(precision)
				units = int(scaled)
				if units != scaled:
					self.problems.add(
						name,
						_("{cell} has more decimals than the currency ({precision}). Round it."),
						row,
						"amount",
						cell=f"{value:f}",
						precision=precision,
					)
			elif kind in (books.PAYMENT, books.JOURNAL, books.REFUND):
				self.problems.add(name, _("the cell is empty. Fill it in."), row, "amount")
			if closed and day <= closed:
				self.check_open_period(name, row, "date", day)
			index = movements.add(day, kind, deal.number, number, units, row)
			if rate is not None:
				if deal.currency == company.currency and rate != 1:
					self.problems.add(
						name, _("the deal is in the company's currency; its rate is 1."), row, "exchange_rate"
					)
				movements.rate[index] = rate
			if reconciled_on is not None:
				if kind != books.JOURNAL:
					self.problems.add(
						name, _("only a Journal Entry is reconciled later."), row, "reconciled_on"
					)
				elif reconciled_on < day:
					self.problems.add(name, _("it is reconciled before it is posted."), row, "reconciled_on")
				movements.reconciled_on[index] = reconciled_on
			if reference:
				movements.reference[index] = reference

	def read_stage_log(self, name: str):
		for row, (deal_name, stage, entered_on) in self.rows(name, STAGE_LOG):
			deal = self.deals.get(deal_name)
			if deal is None:
				self.unknown(name, row, "deal", deal_name, self.deals, "deals.csv")
				continue
			if self.company.stages and stage not in self.company.stages:
				self.unknown(name, row, "stage", stage, self.company.stages, "stages.csv")
			self.company.stage_log.setdefault(deal.number, []).append((entered_on, stage))
		for log in self.company.stage_log.values():
			log.sort(key=lambda entry: entry[0])

	def read_changes(self, name: str):
		for row, (deal_name, day, plan_name, reason) in self.rows(name, CHANGES):
			deal = self.installment(name, row, deal_name, 0, may_be_all=True)
			rows = self.company.plans.get(plan_name)
			if rows is None:
				self.unknown(name, row, "plan", plan_name, self.company.plans, "plans.csv")
			if deal and rows:
				if day < deal.won_on:
					self.problems.add(name, _("the plan is changed before the deal is won."), row, "date")
				self.company.changes.append((day, deal.number, rows, reason))
				self.added[deal.number] = self.added.get(deal.number, 0) + len(rows)

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
			company.end = dates.end_of_month(max(last))


def set_totals(deal: Deal, rounding):
	"""Lines and totals of a deal; the tax as on one invoice over the whole deal."""
	deal.lines = [
		Line(quantity, rate, rounding.line_amount(quantity, rate), whole_number)
		for _item, quantity, rate, whole_number in deal.items
	]
	net = sum((line.amount for line in deal.lines), ZERO) - deal.discount
	tax = (
		sum((tax_amount(net, rate, rounding) for _account, rate in deal.tax.lines), ZERO)
		if deal.tax
		else ZERO
	)
	deal.net_total = int(net.scaleb(rounding.amount))
	deal.grand_total = int((net + tax).scaleb(rounding.amount))


def tax_amount(net: Decimal, rate: Decimal, rounding) -> Decimal:
	"""Tax on a net total, rounded once an invoice as ERPNext does (taxes_and_totals.calculate_taxes)."""
	return quantize(net * rate / 100, rounding.amount, rounding.mode)


def choose_policy(company: Company, deal: Deal) -> Policy | None:
	base = Decimal(deal.net_total).scaleb(-company.precision) * deal.rate
	customer = deal.customer
	name = policy.choose(
		[entry.scope for entry in company.policies],
		[customer.group] if customer.group else [],
		[customer.territory] if customer.territory else [],
		base,
	)
	return next((entry for entry in company.policies if entry.scope.name == name), None)

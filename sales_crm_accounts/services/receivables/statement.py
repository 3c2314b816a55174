"""Statements of account: what a customer owes installment by installment, what lies on account, what was promised, how to pay.

The data of any number of customers is read by a fixed number of statements; a statement is rendered in its customer's language by
the print format Customer Statement, on screen, as PDF and in mails alike.
"""

from collections import defaultdict
from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import frappe
from frappe import _
from frappe.query_builder.functions import Count
from frappe.utils import getdate, sanitize_html, today

from sales_crm_accounts.core.money import ZERO, to_decimal
from sales_crm_accounts.core.receivables.rows import OpenRow
from sales_crm_accounts.permissions import deal_access
from sales_crm_accounts.permissions.quiet import may
from sales_crm_accounts.services.receivables import ageing
from sales_crm_accounts.services.receivables.open_rows import on_account, open_rows

_TEMPLATES = "sales_crm_accounts/templates/receivables"
TEMPLATE, PAGE = f"{_TEMPLATES}/customer_statement.html", f"{_TEMPLATES}/statement_page.html"


@dataclass(frozen=True)
class Line:
	"""An open installment or credit note; `of` is the number of installments of its invoice."""

	row: OpenRow
	of: int
	po_no: str | None
	days_overdue: int

	@property
	def paid(self) -> Decimal:
		return self.row.amount - self.row.outstanding


@dataclass
class Part:
	"""What is open in one currency."""

	currency: str
	lines: list[Line] = field(default_factory=list)
	on_account: Decimal = ZERO

	@property
	def due(self) -> Decimal:
		"""Overdue and due today, before credits."""
		return sum(
			(
				line.row.outstanding
				for line in self.lines
				if line.days_overdue >= 0 and not self._credit(line)
			),
			ZERO,
		)

	@property
	def overdue(self) -> Decimal:
		return sum(
			(line.row.outstanding for line in self.lines if line.days_overdue > 0 and not self._credit(line)),
			ZERO,
		)

	@property
	def not_due(self) -> Decimal:
		return sum(
			(line.row.outstanding for line in self.lines if line.days_overdue < 0 and not self._credit(line)),
			ZERO,
		)

	@property
	def credits(self) -> Decimal:
		return sum((line.row.outstanding for line in self.lines if self._credit(line)), ZERO)

	@property
	def total(self) -> Decimal:
		"""All lines, before money on account."""
		return sum((line.row.outstanding for line in self.lines), ZERO)

	@property
	def balance(self) -> Decimal:
		return self.total - self.on_account

	@property
	def to_pay(self) -> Decimal:
		"""What is asked for now: due, less credits and money on account; never less than nothing."""
		return max(ZERO, self.due + self.credits - self.on_account)

	@staticmethod
	def _credit(line: Line) -> bool:
		return line.row.outstanding < 0


@dataclass
class Statement:
	company: str
	customer: str
	customer_name: str
	language: str | None
	address: str | None
	as_of: date
	parts: list[Part]
	promises: list[dict]
	how_to_pay: str | None
	reply_to: str | None

	@property
	def is_empty(self) -> bool:
		"""Whether there is nothing to write about."""
		return not self.parts

	@property
	def has_overdue(self) -> bool:
		return any(part.overdue > 0 for part in self.parts)


# Data


def data(company: str, customers: Iterable[str], as_of: date | None = None) -> dict[str, Statement]:
	"""Customer -> statement of today (`as_of` is the day that overdue is counted to); rights are the caller's to check.

	The same six statements whatever the number of customers.
	"""
	customers, as_of = list(customers), getdate(as_of or today())
	rows = open_rows(company, customers, returns=True)
	details = _invoices({row.sales_invoice for row in rows})
	parts: dict[str, dict[str, Part]] = defaultdict(dict)
	for row in rows:
		part = parts[row.customer].setdefault(row.currency, Part(row.currency))
		count, po_no = details.get(row.sales_invoice, (1, None))
		part.lines.append(Line(row, count, po_no, row.days_overdue(as_of)))
	for (customer, currency), amount in on_account(company, customers).items():
		parts[customer].setdefault(currency, Part(currency)).on_account = amount
	promises = _promises(company, customers)
	settings = _settings(company)
	return {
		customer.name: Statement(
			company=company,
			customer=customer.name,
			customer_name=customer.customer_name,
			language=customer.language,
			address=sanitize_html(customer.primary_address) if customer.primary_address else None,
			as_of=as_of,
			parts=[parts[customer.name][currency] for currency in sorted(parts.get(customer.name, {}))],
			promises=promises.get(customer.name, []),
			how_to_pay=settings.payment_instructions,
			reply_to=settings.collections_email,
		)
		for customer in _customers(customers)
	}


def _customers(names: list[str]) -> list:
	return frappe.get_all(
		"Customer",
		filters={"name": ("in", names or [""])},
		fields=["name", "customer_name", "language", "primary_address"],
	)


def _invoices(names: set[str]) -> dict[str, tuple[int, str | None]]:
	"""Sales Invoice -> (number of its installments, the customer's order number)."""
	if not names:
		return {}
	kept, invoice = frappe.qb.DocType("Open Installment"), frappe.qb.DocType("Sales Invoice")
	found = (
		frappe.qb.from_(kept)
		.join(invoice)
		.on(invoice.name == kept.sales_invoice)
		.select(invoice.name, Count("*"), invoice.po_no)
		.where(invoice.name.isin(sorted(names)))
		.groupby(invoice.name, invoice.po_no)
		.run()
	)
	return {name: (count, po_no) for name, count, po_no in found}


def _promises(company: str, customers: list[str]) -> dict[str, list[dict]]:
	"""Open promises to pay by customer."""
	if not frappe.db.table_exists("Promise to Pay"):
		return {}
	found = defaultdict(list)
	for row in frappe.get_all(
		"Promise to Pay",
		filters={"company": company, "customer": ("in", customers or [""]), "status": "Open"},
		fields=["customer", "amount", "currency", "pay_by", "sales_invoice"],
		order_by="pay_by asc, name asc",
	):
		row.amount = to_decimal(row.amount)
		found[row.customer].append(row)
	return found


def _settings(company: str):
	return (
		frappe.db.get_value(
			"Company Receivables Settings",
			company,
			["payment_instructions", "collections_email"],
			as_dict=True,
		)
		or frappe._dict()
	)


# Rights


def may_see(customer: str, company: str) -> bool:
	"""Whether the user may see all that is open of the customer: for those who see every deal."""
	limited_to = ageing.allowed_customers()
	return (
		deal_access.sees_all_deals()
		and ageing.may_see_company(company)
		and (not limited_to or customer in limited_to)
		and may("Open Installment", "read")
	)


def check_may_see(customer: str, company: str) -> None:
	if not may_see(customer, company):
		frappe.throw(_("You may not see the receivables of {0}.").format(company), frappe.PermissionError)


# Rendering


def sca_customer_statement_html(doc) -> str:
	"""For the print format: the statement of a Customer document, in the language at hand.

	`doc.sca_statement` or `doc.sca_company` are set by the callers below; from the print page `company_for` says the company.
	"""
	statement = doc.get("sca_statement")
	if not isinstance(statement, Statement):
		company = doc.get("sca_company") or frappe.form_dict.get("company") or company_for(doc.name)
		if not company:
			frappe.throw(_("Choose a company."))
		check_may_see(doc.name, company)
		statement = data(company, [doc.name])[doc.name]
	return frappe.render_template(TEMPLATE, {"statement": statement, "zero": ZERO})


def pdf(statement: Statement, letter_head: str | None = None) -> bytes:
	"""The statement as PDF in the customer's language. Rights are the caller's to check.

	A page without anything to fetch but the letter head's pictures, which are left out where they cannot be had.
	"""
	from frappe.utils.pdf import get_pdf

	head, foot = _letter_head(statement, letter_head)
	with in_language(statement.language):
		body = frappe.render_template(TEMPLATE, {"statement": statement, "zero": ZERO})
		page = frappe.render_template(
			PAGE, {"body": body, "letter_head": head, "footer": foot, "language": frappe.local.lang}
		)
	margins = {f"margin-{side}": "15mm" for side in ("top", "right", "bottom", "left")}
	return get_pdf(page, {**margins, "load-error-handling": "ignore", "load-media-error-handling": "ignore"})


def file_name(statement: Statement) -> str:
	"""In the customer's language: Statement Example Ltd 2026-11-27.pdf"""
	with in_language(statement.language):
		name = _("Statement {0} {1}").format(statement.customer_name, statement.as_of)
	return f"{name.replace('/', '-')}.pdf"


@contextmanager
def in_language(language: str | None):
	"""Texts and formats of the block in this language; unlike Frappe's `print_language`, also put back after an error."""
	before, environment = frappe.local.lang, frappe.local.jenv
	if language and language != before:
		frappe.local.lang, frappe.local.jenv = language, None
	try:
		yield
	finally:
		frappe.local.lang, frappe.local.jenv = before, environment


def _letter_head(statement: Statement, name: str | None) -> tuple[str | None, str | None]:
	"""Head and foot: the one asked for, the company's, or the site's default."""
	name = name or frappe.get_cached_value("Company", statement.company, "default_letter_head")
	filters = {"name": name} if name else {"is_default": 1, "disabled": 0}
	found = frappe.db.get_value("Letter Head", filters, ["content", "footer"], as_dict=True)
	if not found:
		return None, None
	doc = frappe.get_cached_doc("Customer", statement.customer)
	return tuple(
		frappe.render_template(part, {"doc": doc}) if part else None for part in (found.content, found.footer)
	)


def company_for(customer: str) -> str | None:
	"""The company that a statement is asked of where none is named: the user's own, unless only others have something open."""
	own = frappe.defaults.get_user_default("Company") or frappe.db.get_single_value(
		"Global Defaults", "default_company"
	)
	with_open = frappe.get_all(
		"Open Installment",
		filters={"customer": customer, "outstanding_amount": ("!=", 0)},
		pluck="company",
		distinct=True,
		order_by="company",
	)
	if own not in with_open:
		own = next((company for company in with_open if ageing.may_see_company(company)), own)
	return own

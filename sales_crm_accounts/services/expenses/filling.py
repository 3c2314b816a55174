"""What an expense knows by itself: company, currency, rate, tax, totals and shares."""

import frappe
from frappe import _
from frappe.utils import cint, flt, get_link_to_form, getdate, today

from sales_crm_accounts import erpnext_compat
from sales_crm_accounts.core import expenses as rules
from sales_crm_accounts.core.money import split, to_decimal
from sales_crm_accounts.core.plan import MAX_AMOUNT
from sales_crm_accounts.core.problems import RuleError
from sales_crm_accounts.services import messages
from sales_crm_accounts.services.expenses import categories, taxes

#: Written by the app alone; a copy, an amended expense and what a client sends start without.
OURS = ("voucher_type", "voucher_no", "receipt_hash", "receipt_key", "budget_action", "over_budget")


def start(expense):
	"""A new expense, also one that is amended, copied or repeated."""
	for field in OURS:
		expense.set(field, None)
	expense.status = "Draft"


def repeat(expense, reference, auto_repeat):
	"""What the next expense of an Auto Repeat takes over beside what Frappe copies: the rate of its own day, no receipt."""
	expense.update({"bill_no": None, "bill_date": None, "receipt": None, "conversion_rate": 0})
	expense.flags.repeat_of = reference.owner
	expense.flags.stays_draft = not auto_repeat.submit_on_creation


def fill(expense):
	_keep_ours(expense)
	_set_deal_and_company(expense)
	_set_payer(expense)
	_set_currency(expense)
	_set_category(expense)
	_set_totals(expense)
	_set_shares(expense)


def company_currency(expense) -> str:
	return frappe.get_cached_value("Company", expense.company, "default_currency")


def money(value, currency: str) -> str:
	return frappe.format_value(flt(value), {"fieldtype": "Currency"}, currency=currency)


def deals_of(expense) -> list[str]:
	"""The deals that bear the expense, each once."""
	rows = [row.deal for row in expense.shares if row.deal] or [expense.deal]
	return list(dict.fromkeys(deal for deal in rows if deal))


def parts_of(expense) -> list[tuple[str, object]]:
	"""(deal, cost before tax in the expense's currency as Decimal); they sum to the expense before tax."""
	if not expense.shares:
		return [(expense.deal, to_decimal(expense.net_amount))]
	return [(row.deal, to_decimal(row.net_amount)) for row in expense.shares]


def _keep_ours(expense):
	"""`read_only` holds in the form only; the server takes these from the database."""
	kept = expense.get_doc_before_save()
	if kept and expense.docstatus == 0:
		expense.status, expense.voucher_type, expense.voucher_no = (
			kept.status,
			kept.voucher_type,
			kept.voucher_no,
		)


def _set_deal_and_company(expense):
	if expense.shares and not expense.deal:
		expense.deal = expense.shares[0].deal
	if not expense.deal:
		frappe.throw(_("Choose the deal that bears the expense."), title=_("Deal Missing"))
	deals = deals_of(expense)
	if expense.deal not in deals:
		frappe.throw(
			_("Deal {0} is not among the shares. Add it there, or choose one of them.").format(
				get_link_to_form("Deal", expense.deal)
			),
			title=_("Shares"),
		)
	companies = dict(
		frappe.get_all(
			"Deal",
			filters={"name": ("in", [*deals, expense.deal])},
			fields=["name", "company"],
			as_list=True,
		)
	)
	expense.company = companies.get(expense.deal)
	for row in expense.shares:
		if row.deal and companies.get(row.deal) != expense.company:
			frappe.throw(
				_("Shares, row {0}: deal {1} is of company {2}, the expense of {3}.").format(
					row.idx, row.deal, companies.get(row.deal), expense.company
				),
				title=_("Shares"),
			)


def _set_payer(expense):
	if expense.paid_by == rules.EMPLOYEE and not expense.employee:
		user = frappe.session.user if expense.is_new() else expense.owner
		expense.employee, expense.employee_name = frappe.db.get_value(
			"Employee", {"user_id": user, "status": "Active"}, ["name", "employee_name"]
		) or (None, None)
	if expense.paid_by != rules.EMPLOYEE:
		expense.employee = expense.employee_name = None
	if expense.paid_by != rules.COMPANY_ACCOUNT:
		expense.paid_from = None
	elif not expense.paid_from:
		company = frappe.get_cached_doc("Company", expense.company)
		expense.paid_from = company.default_cash_account or company.default_bank_account


def _set_currency(expense):
	own = company_currency(expense)
	expense.currency = expense.currency or own
	if not frappe.get_cached_value("Currency", expense.currency, "enabled"):
		frappe.throw(
			_("Currency {0} is disabled. Enable it or choose another.").format(
				get_link_to_form("Currency", expense.currency)
			)
		)
	expense.posting_date = expense.posting_date or today()
	before = expense.get_doc_before_save()
	if expense.currency == own:
		expense.conversion_rate = 1
		return
	moved = before and (
		before.currency != expense.currency or getdate(before.posting_date) != getdate(expense.posting_date)
	)
	typed = not before or flt(before.conversion_rate) != flt(expense.conversion_rate)
	if not flt(expense.conversion_rate) or (moved and not typed):
		expense.conversion_rate = _rate(expense.currency, own, expense.posting_date)
	if not flt(expense.conversion_rate) > 0:
		frappe.throw(_("The exchange rate must be more than 0."))


def _rate(currency: str, own: str, day) -> float:
	from erpnext.setup.utils import get_exchange_rate

	with erpnext_compat.quiet_messages():
		rate = flt(get_exchange_rate(currency, own, day, "for_buying"))
	if not rate:
		frappe.throw(
			_(
				"There is no exchange rate from {0} to {1} for {2}. Enter it in {3}, or on the expense."
			).format(currency, own, frappe.format(day, "Date"), _("Currency Exchange")),
			title=_("Exchange Rate Missing"),
		)
	return rate


def _set_category(expense):
	"""Account, tax and cost centre of the category, where the expense says none. A changed category brings its own."""
	found = categories.account_of(expense.category, expense.company)
	before = expense.get_doc_before_save()
	if before and (before.category != expense.category or before.company != expense.company):
		for field in ("expense_account", "tax_template", "cost_center"):
			if expense.get(field) == before.get(field):
				expense.set(field, None)
	if not found:
		return
	expense.expense_account = expense.expense_account or found.expense_account
	expense.cost_center = expense.cost_center or found.cost_center
	if expense.tax_template is None and (not before or before.category != expense.category):
		expense.tax_template = found.tax_template


def _set_totals(expense):
	precision = expense.precision("amount")
	expense.amount = flt(expense.amount, precision)
	if not expense.amount > 0:
		frappe.throw(_("Enter the amount of the expense; it must be more than 0."))
	if expense.amount * max(flt(expense.conversion_rate), 1) > MAX_AMOUNT:
		frappe.throw(_("The amount is too large. Check amount and exchange rate."))
	totals = taxes.compute(expense)
	expense.net_amount, expense.tax_amount = float(totals.net), float(totals.tax)
	expense.total_amount = float(totals.total)
	expense.base_total_amount = flt(
		expense.total_amount * flt(expense.conversion_rate), expense.precision("base_total_amount")
	)
	expense.base_net_amount = flt(
		expense.net_amount * flt(expense.conversion_rate), expense.precision("base_net_amount")
	)


def _set_shares(expense):
	if not expense.shares:
		return
	precision = expense.precision("amount")
	expense.split_by = expense.split_by or rules.AMOUNT
	revenue = _revenue(expense)
	rows = [
		rules.Share(
			row.deal or "",
			to_decimal(flt(row.amount, precision)),
			to_decimal(flt(row.percent, 6)),
			revenue.get(row.deal, to_decimal(0)),
		)
		for row in expense.shares
	]
	try:
		parts = rules.share(to_decimal(expense.amount), expense.split_by, rows, precision)
	except RuleError as error:
		messages.throw(error, title=_("Shares"))
	net = split(to_decimal(expense.net_amount), parts, precision)
	base = split(to_decimal(expense.base_net_amount), parts, expense.precision("base_net_amount"))
	for row, part, net_part, base_part in zip(expense.shares, parts, net, base, strict=True):
		row.amount, row.net_amount, row.base_net_amount = float(part), float(net_part), float(base_part)
		row.revenue = float(revenue.get(row.deal, 0))
		if expense.split_by != rules.PERCENT:
			row.percent = flt(flt(part) / flt(expense.amount) * 100, 6)


def _revenue(expense) -> dict:
	"""What each deal sells for before tax, in company currency."""
	if expense.split_by != rules.REVENUE:
		return {}
	return {
		row.name: to_decimal(flt(row.base_net_total, cint(expense.precision("base_net_amount"))))
		for row in frappe.get_all(
			"Deal", filters={"name": ("in", deals_of(expense))}, fields=["name", "base_net_total"]
		)
	}

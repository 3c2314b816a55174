"""Categories of expenses: the account, tax and cost centre of each company."""

from dataclasses import dataclass

import frappe
from frappe import _
from frappe.utils import get_link_to_form

CATEGORY = "Deal Expense Category"
CATEGORY_ACCOUNT = "Deal Expense Category Account"


@dataclass(frozen=True, slots=True)
class CategoryAccount:
	"""Where a company books a category."""

	expense_account: str
	tax_template: str | None = None
	cost_center: str | None = None


def check(category):
	"""One row a company; account, tax and cost centre are the company's and can be posted to."""
	seen = set()
	for row in category.accounts:
		where = _("Accounts by Company, row {0}:").format(row.idx) + " "
		if row.company in seen:
			frappe.throw(
				where
				+ _("company {0} is there twice. Remove one of the rows.").format(frappe.bold(row.company))
			)
		seen.add(row.company)
		check_account(row.company, row.expense_account, where)
		check_company("Purchase Taxes and Charges Template", row.tax_template, row.company, where)
		check_company("Cost Center", row.cost_center, row.company, where)


def check_account(company: str, account: str | None, where: str = ""):
	"""An account that a cost can be booked on: of the company, no group, of the kind Expense, in the company's currency."""
	found = frappe.get_cached_value(
		"Account",
		account,
		["company", "is_group", "disabled", "root_type", "account_type", "account_currency"],
		as_dict=True,
	)
	if not found:
		frappe.throw(where + _("choose an expense account."))
	check_company("Account", account, company, where)
	if found.root_type != "Expense" or found.account_type == "Stock Adjustment":
		frappe.throw(
			where
			+ _("account {0} is no expense account. Choose one whose root type is Expense.").format(
				frappe.bold(account)
			)
		)
	currency = frappe.get_cached_value("Company", company, "default_currency")
	if found.account_currency and found.account_currency != currency:
		frappe.throw(
			where
			+ _("account {0} is in {1}. Choose one in the company's currency {2}.").format(
				frappe.bold(account), found.account_currency, currency
			)
		)


def check_company(doctype: str, name: str | None, company: str, where: str = ""):
	if not name:
		return
	fields = ["company", "disabled"]
	if frappe.get_meta(doctype).has_field("is_group"):
		fields.append("is_group")
	found = frappe.get_cached_value(doctype, name, fields, as_dict=True) or frappe._dict()
	if found.company != company:
		frappe.throw(
			where
			+ _("{0} {1} belongs to company {2}, not to {3}.").format(
				_(doctype), frappe.bold(name), found.company, company
			)
		)
	if found.disabled:
		frappe.throw(where + _("{0} {1} is disabled. Enable it or choose another.").format(_(doctype), name))
	if found.get("is_group"):
		frappe.throw(where + _("{0} {1} is a group. Choose one below it.").format(_(doctype), name))


def account_of(category: str, company: str) -> CategoryAccount | None:
	"""Where the company books the category; None where the accountant has not said yet."""
	for row in frappe.get_cached_doc(CATEGORY, category).accounts:
		if row.company == company:
			return CategoryAccount(row.expense_account, row.tax_template, row.cost_center)
	return None


def need_account(category: str, company: str) -> CategoryAccount:
	found = account_of(category, company)
	if not found:
		frappe.throw(
			_(
				"Category {0} has no expense account for company {1}. The accountant adds one in the category's table {2}."
			).format(get_link_to_form(CATEGORY, category, _(category)), company, _("Accounts by Company")),
			title=_("Account Missing"),
		)
	return found


def by_account(company: str) -> dict[str, str]:
	"""Category of each account of the company; an account of several counts under the first by name."""
	row, category = frappe.qb.DocType(CATEGORY_ACCOUNT), frappe.qb.DocType(CATEGORY)
	pairs = (
		frappe.qb.from_(row)
		.join(category)
		.on(row.parent == category.name)
		.where(row.company == company)
		.select(row.expense_account, category.name)
		.orderby(category.name)
		.run()
	)
	found: dict[str, str] = {}
	for account, name in pairs:
		found.setdefault(account, name)
	return found

"""Posting an expense: exactly one document of ERPNext, in the transaction that submits the expense, carrying the deals.

A supplier's bill becomes a Purchase Invoice, what an employee paid an Expense Claim where HRMS is there, all else a Journal
Entry. It is made under all of ERPNext's own checks (closed periods, frozen accounts, budgets), and with the rights of whoever
submits; but for the claim, see `claims`.
"""

from contextlib import contextmanager

import frappe
from frappe import _
from frappe.utils import flt, get_link_to_form, getdate

from sales_crm_accounts.core import expenses as rules
from sales_crm_accounts.core.money import to_decimal
from sales_crm_accounts.services.approvals import CANCEL, SUBMIT, gate
from sales_crm_accounts.services.expenses import claims, filling, ledger_lines, parts, taxes

#: Field of the voucher that names its expense; unique, so that a second voucher cannot be.
KEY = "deal_expense"
VOUCHERS = ("Journal Entry", "Purchase Invoice", claims.CLAIM)
#: ERPNext posts a longer Journal Entry in the background, where it could fail on its own.
MAX_ROWS = 100


def post(expense):
	"""Make and submit the voucher; whatever fails takes the expense's submit back with it."""
	if expense.voucher_no:
		frappe.throw(_("It is posted already, as {0}.").format(expense.voucher_no))
	voucher = _voucher(expense)
	voucher.set(KEY, expense.name)
	voucher.flags.sca_expense = True
	voucher.insert()
	_check_total(expense, voucher)
	with _approved_by(expense, voucher, SUBMIT):
		voucher.submit()
	expense.db_set(
		{"voucher_type": voucher.doctype, "voucher_no": voucher.name, "status": "Posted"},
		update_modified=False,
	)


def _voucher(expense):
	if expense.paid_by == rules.SUPPLIER:
		return _bill(expense)
	return claims.claim(expense) if claims.wanted(expense) else _journal(expense)


def cancel(expense):
	"""Cancel the voucher with the expense, unless somebody else has cancelled it by going around its check."""
	expense.ignore_linked_doctypes = ("GL Entry", "Payment Ledger Entry", *VOUCHERS)
	expense.db_set("status", "Cancelled", update_modified=False)
	if not expense.voucher_no or not frappe.db.exists(expense.voucher_type, expense.voucher_no):
		return
	voucher = frappe.get_doc(expense.voucher_type, expense.voucher_no, for_update=True)
	if voucher.docstatus == 1:
		claims.let_through(voucher)
		with _approved_by(expense, voucher, CANCEL):
			voucher.cancel()


def check_voucher_cancel(voucher):
	"""The voucher alone is not cancelled: the expense would say that it is posted, and the deal's costs would not."""
	expense = frappe.db.get_value(
		"Deal Expense",
		{"voucher_type": voucher.doctype, "voucher_no": voucher.name, "docstatus": 1},
		"name",
	)
	if expense:
		frappe.throw(
			_(
				"{0} {1} is the posting of Deal Expense {2}. Cancel that one; its posting is cancelled with it."
			).format(_(voucher.doctype), voucher.name, get_link_to_form("Deal Expense", expense)),
			title=_("Posted by a Deal Expense"),
		)


def keep_key(voucher):
	"""The key is ours: a copy, an amended voucher and a client cannot set it."""
	if voucher.flags.sca_expense:
		return
	kept = None if voucher.is_new() else frappe.db.get_value(voucher.doctype, voucher.name, KEY)
	voucher.set(KEY, kept)


@contextmanager
def _approved_by(expense, voucher, action: str):
	"""The approval of the expense is the approval of its voucher; without one, the voucher's own chain cannot be met in one step."""
	try:
		with gate.carried_by(expense, voucher, action):
			yield
	except gate.ApprovalRequired:
		frappe.clear_last_message()
		frappe.throw(
			_(
				"The expense is posted as {0}, which needs approval here. An Approval Manager makes a chain over {1}: its approval counts for the posting."
			).format(frappe.bold(_(voucher.doctype)), frappe.bold(_("Deal Expense"))),
			title=_("Approval Needed"),
			exc=gate.ApprovalRequired,
		)


# Journal Entry


def _journal(expense):
	rows = [*_debits(expense), _credit(expense)]
	if len(rows) > MAX_ROWS:
		frappe.throw(
			_("The expense has too many shares: it would be posted in {0} lines, at most {1} can be.").format(
				len(rows), MAX_ROWS
			)
		)
	own = filling.company_currency(expense)
	journal = frappe.new_doc("Journal Entry")
	journal.update(
		{
			"voucher_type": "Journal Entry",
			"company": expense.company,
			"posting_date": getdate(expense.posting_date),
			"cheque_no": expense.bill_no or expense.name,
			"cheque_date": getdate(expense.bill_date or expense.posting_date),
			"bill_no": expense.bill_no,
			"bill_date": expense.bill_date,
			"user_remark": parts.remark(expense),
			"multi_currency": int(any(row["account_currency"] != own for row in rows)),
		}
	)
	for row in rows:
		journal.append("accounts", row)
	return journal


def _debits(expense) -> list[dict]:
	own, bearers = filling.company_currency(expense), parts.bearers(expense)
	rows = []
	for line in ledger_lines.of(expense):
		parts.need_own_currency(line.account, own)
		side = "debit" if line.base_amount > 0 else "credit"
		rows.append(
			{
				"account": line.account,
				"account_currency": own,
				f"{side}_in_account_currency": float(abs(line.base_amount)),
				"exchange_rate": 1,
				"user_remark": expense.description,
				**bearers[line.share],
			}
		)
	return rows


def _credit(expense) -> dict:
	"""Company account or employee, in the currency of the account; with the deal where it is one."""
	own, bearers = filling.company_currency(expense), parts.bearers(expense)
	row = {"user_remark": expense.description, "cost_center": bearers[0]["cost_center"]}
	if len(filling.deals_of(expense)) == 1:
		row.update(bearers[0])
	if expense.paid_by == rules.EMPLOYEE:
		row.update(
			{"account": parts.employee_account(expense), "party_type": "Employee", "party": expense.employee}
		)
	else:
		row["account"] = expense.paid_from
	currency = frappe.get_cached_value("Account", row["account"], "account_currency") or own
	if currency not in (own, expense.currency):
		frappe.throw(
			_("Account {0} is in {1}, the expense in {2}. Choose an account in {2} or {3}.").format(
				frappe.bold(row["account"]), currency, expense.currency, own
			)
		)
	foreign = currency != own
	return {
		**row,
		"account_currency": currency,
		"credit_in_account_currency": expense.total_amount if foreign else expense.base_total_amount,
		"exchange_rate": expense.conversion_rate if foreign else 1,
	}


# Purchase Invoice


def _bill(expense):
	"""One item line a share, before tax. Tax as the template has it where that comes to the same cents; else as amounts."""
	bill, bearers = frappe.new_doc("Purchase Invoice"), parts.bearers(expense)
	bill.update(
		{
			"company": expense.company,
			"supplier": expense.supplier,
			"set_posting_time": 1,
			"posting_date": getdate(expense.posting_date),
			"bill_no": expense.bill_no,
			"bill_date": expense.bill_date,
			"currency": expense.currency,
			"conversion_rate": expense.conversion_rate,
			"ignore_pricing_rule": 1,
			"disable_rounded_total": 1,
			"update_stock": 0,
			"remarks": parts.remark(expense),
			"cost_center": bearers[0]["cost_center"],
		}
	)
	one_deal = len(filling.deals_of(expense)) == 1
	if one_deal:
		bill.update({field: bearers[0].get(field) for field in ("deal", "project")})
	uom = frappe.db.get_value("UOM", {"enabled": 1, "name": "Nos"}) or frappe.db.get_value(
		"UOM", {"enabled": 1}
	)
	for (_deal, part), bearer in zip(filling.parts_of(expense), bearers, strict=True):
		if part:
			bill.append(
				"items",
				{
					"item_name": _(expense.category),
					"description": expense.description or _(expense.category),
					"qty": 1,
					"uom": uom,
					"conversion_factor": 1,
					"rate": float(part),
					"expense_account": parts.expense_account(expense),
					**bearer,
				},
			)
	_append_taxes(bill, expense, bearers, one_deal)
	return bill


def _append_taxes(bill, expense, bearers: list[dict], one_deal: bool):
	if not expense.tax_template:
		return
	wanted = [row for row in taxes.compute(expense).taxes if row[2]]
	for row in taxes.rows(expense):
		bill.append("taxes", {**row, "included_in_print_rate": 0, **(bearers[0] if one_deal else {})})
	bill.calculate_taxes_and_totals()
	precision = expense.precision("amount")
	found = [
		(
			row.account_head,
			to_decimal(flt(row.tax_amount, precision)) * (-1 if row.add_deduct_tax == "Deduct" else 1),
		)
		for row in bill.taxes
		if row.category != "Valuation" and flt(row.tax_amount, precision)
	]
	same = found == [(account, amount) for account, _center, amount in wanted]
	split_cost = not one_deal and any(ledger_lines.is_cost(account) for account, _center, _amount in wanted)
	if same and not split_cost:
		return
	bill.set("taxes", [])
	for line in ledger_lines.of(expense):
		if line.is_tax:
			bill.append(
				"taxes",
				{
					"charge_type": "Actual",
					"category": "Total",
					"add_deduct_tax": "Add" if line.amount > 0 else "Deduct",
					"account_head": line.account,
					"description": line.account,
					"tax_amount": float(abs(line.amount)),
					**bearers[line.share],
				},
			)


# Check


def _check_total(expense, voucher):
	"""What is about to be posted is the expense, to the cent."""
	if voucher.doctype == "Journal Entry":
		found = voucher.total_debit - sum(flt(row.credit) for row in voucher.accounts[:-1])
	else:
		found = voucher.grand_total
	wanted = expense.total_amount if voucher.doctype == "Purchase Invoice" else expense.base_total_amount
	precision = expense.precision("amount")
	if flt(found, precision) != flt(wanted, precision):
		frappe.throw(
			_(
				"{0} comes to {1}, the expense to {2}. Check the tax template and the supplier's settings."
			).format(_(voucher.doctype), found, wanted)
		)

"""Vouchers that ERPNext posts by itself, known by what they contain and not by a flag that anybody can set.

Each kind passes only if it can do nothing else than what ERPNext makes it for:

- exchange gain or loss: moves company currency between a party's foreign account and the company's gain or loss account, and not
  one unit of the foreign currency;
- reconciliation: moves the balance of one party on one account from one voucher to another;
- common party: moves an invoice's outstanding amount between the two roles of a linked party;
- deferred revenue or expense: recognises what the invoice's item deferred, between the accounts that the item names, not more;
- depreciation: what the asset's schedule says for that day, between the accounts of its category.
"""

import frappe
from frappe.utils import flt, getdate

CENT = 0.005


def kind_of(doc) -> str | None:
	"""Which kind of system voucher a Journal Entry is, None where it is an ordinary one."""
	if doc.doctype != "Journal Entry" or not doc.accounts:
		return None
	for kind, holds in KINDS.items():
		if holds(doc):
			return kind
	return None


def _is_exchange_gain_or_loss(doc) -> bool:
	if doc.voucher_type != "Exchange Gain Or Loss":
		return False
	company_currency = frappe.get_cached_value("Company", doc.company, "default_currency")
	gain_or_loss = set(
		frappe.get_cached_value(
			"Company", doc.company, ["exchange_gain_loss_account", "unrealized_exchange_gain_loss_account"]
		)
	)
	parties = 0
	for row in doc.accounts:
		if row.party:
			parties += 1
			currency = frappe.get_cached_value("Account", row.account, "account_currency")
			moves = flt(row.debit_in_account_currency) or flt(row.credit_in_account_currency)
			if currency == company_currency or moves or not row.reference_name:
				return False
		elif row.account not in gain_or_loss:
			return False
	return parties > 0


def _is_reconciliation(doc) -> bool:
	places = {(row.account, row.party_type, row.party) for row in doc.accounts}
	if len(places) != 1 or not doc.accounts[0].party or not all(row.reference_name for row in doc.accounts):
		return False
	debit = sum(flt(row.debit_in_account_currency) for row in doc.accounts)
	credit = sum(flt(row.credit_in_account_currency) for row in doc.accounts)
	return abs(debit - credit) < CENT


def _is_common_party(doc) -> bool:
	if len(doc.accounts) != 2:
		return False
	invoice_row, advance_row = sorted(doc.accounts, key=lambda row: not row.reference_name)
	if advance_row.reference_name or invoice_row.reference_type not in ("Sales Invoice", "Purchase Invoice"):
		return False
	if not (invoice_row.party and advance_row.party) or advance_row.party_type == invoice_row.party_type:
		return False
	linked = frappe.db.exists(
		"Party Link",
		{
			"primary_role": advance_row.party_type,
			"primary_party": advance_row.party,
			"secondary_role": invoice_row.party_type,
			"secondary_party": invoice_row.party,
		},
	)
	if not linked:
		return False
	outstanding = frappe.db.get_value(
		invoice_row.reference_type, invoice_row.reference_name, "outstanding_amount"
	)
	moved = flt(invoice_row.credit_in_account_currency) + flt(invoice_row.debit_in_account_currency)
	return moved <= abs(flt(outstanding)) + CENT


def _is_deferred(doc) -> bool:
	if doc.voucher_type not in ("Deferred Revenue", "Deferred Expense"):
		return False
	invoice, deferred, target = (
		("Sales Invoice", "deferred_revenue_account", "income_account")
		if doc.voucher_type == "Deferred Revenue"
		else ("Purchase Invoice", "deferred_expense_account", "expense_account")
	)
	for row in doc.accounts:
		if row.reference_type != invoice or not row.reference_detail_no or row.party:
			return False
		item = frappe.db.get_value(
			f"{invoice} Item",
			{"name": row.reference_detail_no, "parent": row.reference_name, "docstatus": 1},
			[deferred, target, "base_net_amount"],
			as_dict=True,
		)
		if not item or row.account not in (item[deferred], item[target]):
			return False
		if row.account == item[deferred]:
			moved = abs(flt(row.debit) - flt(row.credit))
			if moved + _deferred_before(doc, row) > abs(flt(item.base_net_amount)) + CENT:
				return False
	return True


def _deferred_before(doc, row) -> float:
	account = frappe.qb.DocType("Journal Entry Account")
	amounts = (
		frappe.qb.from_(account)
		.where((account.reference_detail_no == row.reference_detail_no) & (account.account == row.account))
		.where((account.docstatus == 1) & (account.parent != (doc.name or "")))
		.select(account.debit, account.credit)
		.run()
	)
	return abs(sum(flt(debit) - flt(credit) for debit, credit in amounts))


def _is_depreciation(doc) -> bool:
	if doc.voucher_type != "Depreciation Entry":
		return False
	assets = {row.reference_name for row in doc.accounts if row.reference_type == "Asset"}
	if len(assets) != 1 or any(row.reference_type != "Asset" or row.party for row in doc.accounts):
		return False
	from erpnext.assets.doctype.asset.depreciation import get_depreciation_accounts

	asset = frappe.db.get_value("Asset", assets.pop(), ["name", "asset_category", "company"], as_dict=True)
	if not asset or asset.company != doc.company:
		return False
	_fixed, accumulated, expense = get_depreciation_accounts(asset.asset_category, asset.company)
	if {row.account for row in doc.accounts} - {accumulated, expense}:
		return False
	amount = sum(flt(row.debit) for row in doc.accounts)
	schedule, planned = (
		frappe.qb.DocType("Asset Depreciation Schedule"),
		frappe.qb.DocType("Depreciation Schedule"),
	)
	rows = (
		frappe.qb.from_(planned)
		.join(schedule)
		.on(planned.parent == schedule.name)
		.where((schedule.asset == asset.name) & (schedule.docstatus == 1))
		.where(planned.schedule_date == getdate(doc.posting_date))
		.select(planned.depreciation_amount, planned.journal_entry)
		.run()
	)
	return any(
		abs(flt(planned_amount) - amount) < CENT and journal in (None, "", doc.name)
		for planned_amount, journal in rows
	)


KINDS = {
	"Exchange Gain Or Loss": _is_exchange_gain_or_loss,
	"Reconciliation": _is_reconciliation,
	"Common Party": _is_common_party,
	"Deferred": _is_deferred,
	"Depreciation": _is_depreciation,
}

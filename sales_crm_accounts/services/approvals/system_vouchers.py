"""Vouchers that ERPNext posts by itself, known by what they contain and not by a flag that anybody can set.

Each kind passes only if it can do nothing else than what ERPNext makes it for:

- exchange gain or loss: moves company currency between a party's foreign account and the company's gain or loss account, not one
  unit of the foreign currency, and in all not more than the rates of the two vouchers it names differ over their amounts;
- reconciliation: a credit or debit note that moves a balance of one party on one account from one voucher to another;
- common party: settles an invoice, up to its outstanding amount, against the other role of a linked party;
- deferred revenue or expense: recognises what the invoice's item deferred, in its direction, between the accounts that the item
  names, and not more than was earned by its day;
- depreciation: what the asset's schedule says for a day that has come, between the accounts of its category;
- provision reversal: the entry of a submitted Expected Credit Loss, row by row the other way round, on the day that the document says.
"""

import frappe
from frappe.query_builder.functions import Sum
from frappe.utils import cint, date_diff, flt, get_last_day, getdate, today

from sales_crm_accounts.core.problems import _ as N_

CENT = 0.005
#: Base amounts are rounded to cents, so rates that are read from them are off by as much on either side.
ROUNDING = 0.05
#: Days by which ERPNext's monthly way of deferring runs ahead of the daily one at most.
AHEAD = 3


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
	) - {None, ""}
	if len(doc.accounts) != 2:
		return False
	party_row, other = sorted(doc.accounts, key=lambda row: not row.party)
	if not party_row.party or other.party or other.account not in gain_or_loss:
		return False
	if not (party_row.reference_name and other.reference_name):
		return False
	currency = frappe.get_cached_value("Account", party_row.account, "account_currency")
	if currency == company_currency or any(
		flt(row.debit_in_account_currency) or flt(row.credit_in_account_currency) for row in (party_row,)
	):
		return False
	amount = abs(flt(party_row.debit) - flt(party_row.credit))
	return amount <= _unbooked_difference(doc, party_row, other, currency) + ROUNDING


def _unbooked_difference(doc, party_row, other, currency: str) -> float:
	"""What the rates of the two vouchers differ over the smaller of them, less what either has booked already."""
	one, two = (
		_in_currency(row.reference_type, row.reference_name, party_row, currency)
		for row in (party_row, other)
	)
	if not one or not two:
		return 0
	rates = [base / amount for base, amount in (*one, *two)]
	spread = max(rates) - min(rates)
	rooms = []
	for row, moved in ((party_row, one), (other, two)):
		size = abs(sum(amount for _base, amount in moved)) or max(abs(amount) for _base, amount in moved)
		rooms.append(size * spread - _booked(doc, row.reference_type, row.reference_name))
	return min(rooms)


def _in_currency(doctype: str, name: str, party_row, currency: str) -> list[tuple[float, float]]:
	"""(company currency, account currency) of each line that a voucher posted to the party in the currency."""
	entry = frappe.qb.DocType("GL Entry")
	rows = (
		frappe.qb.from_(entry)
		.where((entry.voucher_type == doctype) & (entry.voucher_no == name) & (entry.is_cancelled == 0))
		.where((entry.party_type == party_row.party_type) & (entry.party == party_row.party))
		.where(entry.account_currency == currency)
		.select(
			entry.debit - entry.credit, entry.debit_in_account_currency - entry.credit_in_account_currency
		)
		.run()
	)
	return [(flt(base), flt(amount)) for base, amount in rows if flt(amount)]


def _booked(doc, doctype: str, name: str) -> float:
	"""Gain or loss that earlier journals booked for a voucher."""
	journal, account = frappe.qb.DocType("Journal Entry"), frappe.qb.DocType("Journal Entry Account")
	rows = (
		frappe.qb.from_(account)
		.join(journal)
		.on(account.parent == journal.name)
		.where((journal.voucher_type == "Exchange Gain Or Loss") & (journal.docstatus == 1))
		.where((account.reference_type == doctype) & (account.reference_name == name))
		.where(journal.name != (doc.name or ""))
		.select(Sum(account.debit), Sum(account.credit))
		.run()
	)
	return abs(flt(rows[0][0]) - flt(rows[0][1])) if rows else 0


def _is_reconciliation(doc) -> bool:
	if doc.voucher_type not in ("Credit Note", "Debit Note") or len(doc.accounts) != 2:
		return False
	places = {(row.account, row.party_type, row.party) for row in doc.accounts}
	if len(places) != 1 or not doc.accounts[0].party or not all(row.reference_name for row in doc.accounts):
		return False
	debit = sum(flt(row.debit_in_account_currency) for row in doc.accounts)
	credit = sum(flt(row.credit_in_account_currency) for row in doc.accounts)
	return abs(debit - credit) < CENT


def _is_common_party(doc) -> bool:
	if len(doc.accounts) != 2:
		return False
	if not cint(
		frappe.db.get_single_value("Accounts Settings", "enable_common_party_accounting", cache=True)
	):
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
	settled = flt(invoice_row.credit_in_account_currency) - flt(invoice_row.debit_in_account_currency)
	if invoice_row.reference_type == "Purchase Invoice":
		settled = -settled
	return 0 < abs(settled) <= abs(flt(outstanding)) + CENT and (settled > 0) == (flt(outstanding) > 0)


def _is_deferred(doc) -> bool:
	if doc.voucher_type not in ("Deferred Revenue", "Deferred Expense"):
		return False
	invoice, deferred, target = (
		("Sales Invoice", "deferred_revenue_account", "income_account")
		if doc.voucher_type == "Deferred Revenue"
		else ("Purchase Invoice", "deferred_expense_account", "expense_account")
	)
	if getdate(doc.posting_date) > get_last_day(today()):
		return False
	for row in doc.accounts:
		if row.reference_type != invoice or not row.reference_detail_no or row.party:
			return False
		item = frappe.db.get_value(
			f"{invoice} Item",
			{"name": row.reference_detail_no, "parent": row.reference_name, "docstatus": 1},
			[deferred, target, "base_net_amount", "service_start_date", "service_end_date"],
			as_dict=True,
		)
		if not item or row.account not in (item[deferred], item[target]) or item[deferred] == item[target]:
			return False
		if row.account == item[deferred]:
			recognised = flt(row.debit) - flt(row.credit)
			if invoice == "Purchase Invoice":
				recognised = -recognised
			earned, whole = _earned(item, doc.posting_date), flt(item.base_net_amount)
			if recognised * whole <= 0:
				return False
			if abs(recognised) + _deferred_before(doc, row) > earned + CENT:
				return False
	return True


def _earned(item, day) -> float:
	"""What of an item's amount is earned by a day, at most."""
	if not (item.service_start_date and item.service_end_date):
		return 0
	days = date_diff(item.service_end_date, item.service_start_date) + 1
	passed = date_diff(day, item.service_start_date) + 1
	share = (passed + AHEAD) / days if passed > 0 and days > 0 else 0
	return abs(flt(item.base_net_amount)) * min(share, 1)


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
	if doc.voucher_type != "Depreciation Entry" or getdate(doc.posting_date) > getdate(today()):
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
	if any(flt(row.debit) if row.account == accumulated else flt(row.credit) for row in doc.accounts):
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


def _is_provision_reversal(doc) -> bool:
	if not doc.reversal_of:
		return False
	loss = frappe.db.get_value(
		"Expected Credit Loss",
		{"journal_entry": doc.reversal_of, "docstatus": 1, "reverses": 1},
		["reverse_on", "reversal_entry"],
		as_dict=True,
	)
	if not loss or loss.reversal_entry not in (None, "", doc.name):
		return False
	if frappe.db.exists(
		"Journal Entry", {"reversal_of": doc.reversal_of, "docstatus": 1, "name": ("!=", doc.name or "")}
	):
		return False  # once
	if getdate(doc.posting_date) != loss.reverse_on or loss.reverse_on > getdate(today()):
		return False
	entry = frappe.get_doc("Journal Entry", doc.reversal_of)
	if entry.docstatus != 1 or entry.company != doc.company:
		return False

	def moved(journal, sign: int) -> list[tuple]:
		return sorted(
			(
				*(row.get(field) or "" for field in ("account", "party", "cost_center", "project", "deal")),
				round(sign * (flt(row.debit) - flt(row.credit)), 6),
			)
			for row in journal.accounts
		)

	return moved(doc, -1) == moved(entry, 1)


#: By the name that the gate's log keeps, marked so that reports can show it translated.
KINDS = {
	N_("Exchange Gain Or Loss"): _is_exchange_gain_or_loss,
	N_("Reconciliation"): _is_reconciliation,
	N_("Common Party"): _is_common_party,
	N_("Deferred"): _is_deferred,
	N_("Depreciation"): _is_depreciation,
	N_("Provision Reversal"): _is_provision_reversal,
}

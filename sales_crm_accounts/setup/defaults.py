"""Records that a new site starts with. Each is made once; what users change or delete later stays as they left it."""

import frappe
from frappe import _
from frappe.translate import clear_cache as clear_translations

from sales_crm_accounts.services import stages
from sales_crm_accounts.services.receivables import dunning_texts
from sales_crm_accounts.setup import SETTINGS

KANBAN_BOARD = "Deals by Stage"

# name, sequence, probability in percent, type
DEAL_STAGES = (
	("Qualification", 10, 10, "Open"),
	("Needs Analysis", 20, 25, "Open"),
	("Proposal", 30, 50, "Open"),
	("Negotiation", 40, 75, "Open"),
	("Won", 90, 100, "Won"),
	("Lost", 100, 0, "Lost"),
)


def _level(number: int, title: str, role: str | None = None, **values) -> dict:
	source = (
		{"approver_source": "Role", "role": role} if role else {"approver_source": "Manager of Requester"}
	)
	return {"level": number, "title": title, "rule": "Any One", "remind_after": 8, **source, **values}


#: Chains to start from, all switched off: name -> DocType, conditions (field, operator, value), levels. Amounts are examples.
APPROVAL_CHAINS = {
	"Deals with a Discount": (
		"Deal",
		[("discount_amount", ">", "0")],
		[
			_level(1, "Manager", escalate_after=16),
			_level(2, "Head of sales", "Deal Manager", min_amount=50000),
		],
	),
	"Deals with a Low Margin": (
		"Deal",
		[("planned_margin_percent", "<", "15")],
		[
			_level(1, "Head of sales", "Deal Manager"),
			_level(2, "Finance", "Accounts Manager", min_amount=50000, comment_required=1),
		],
	),
	"Deals above the Credit Limit": (
		"Deal",
		[("credit_excess", ">", "0")],
		[
			_level(1, "Head of sales", "Deal Manager"),
			_level(2, "Finance", "Accounts Manager", comment_required=1),
		],
	),
	"Sales Invoices": (
		"Sales Invoice",
		[("is_return", "=", "0")],
		[
			_level(1, "Accounting", "Accounts User", min_amount=10000),
			_level(2, "Head of accounting", "Accounts Manager", min_amount=50000),
		],
	),
	"Credit Notes": (
		"Sales Invoice",
		[("is_return", "=", "1")],
		[
			_level(1, "Manager"),
			_level(2, "Head of accounting", "Accounts Manager", comment_required=1),
		],
	),
	"Payments Out": (
		"Payment Entry",
		[("payment_type", "in", "Pay, Internal Transfer")],
		[
			_level(1, "Head of accounting", "Accounts Manager"),
			_level(
				2,
				"Four eyes from a higher amount",
				"Accounts Manager",
				rule="N of M",
				required_count=2,
				min_amount=50000,
				skip_if_approved=0,
			),
		],
	),
	"Write-Offs": (
		"Journal Entry",
		[("voucher_type", "=", "Write Off Entry")],
		[_level(1, "Head of accounting", "Accounts Manager", comment_required=1)],
	),
	"Write-Off Proposals": (
		"Write-off Proposal",
		[("base_total", ">", "0")],
		[
			_level(1, "Head of collections", "Collections Manager", comment_required=1),
			_level(2, "Head of accounting", "Accounts Manager", min_amount=1000, comment_required=1),
		],
	),
	"Deal Expenses": (
		"Deal Expense",
		[("amount", ">", "0")],
		[
			_level(1, "Manager"),
			_level(2, "Head of accounting", "Accounts Manager", min_amount=5000),
		],
	),
	"Expenses Over the Planned Cost": (
		"Deal Expense",
		[("over_budget", "=", "1"), ("budget_action", "=", "Ask for Approval")],
		[_level(1, "Head of sales", "Deal Manager", comment_required=1)],
	),
	"Expected Credit Losses": (
		"Expected Credit Loss",
		[("total_loss", ">=", "0")],
		[
			_level(1, "Head of accounting", "Accounts Manager", comment_required=1),
			_level(2, "Second signature", "Accounts Manager", min_amount=50000, skip_if_approved=0),
		],
	),
	"Journal Entries": (
		"Journal Entry",
		[("voucher_type", "!=", "Write Off Entry")],
		[_level(1, "Head of accounting", "Accounts Manager")],
	),
	"Waivers of Interest and Fees": (
		"Charge Waiver",
		[("amount", ">", "0")],
		[
			_level(1, "Head of collections", "Collections Manager"),
			_level(2, "Head of accounting", "Accounts Manager", min_amount=500, comment_required=1),
		],
	),
}

#: Chains for selling to customers on credit hold: name -> DocType.
HOLD_CHAINS = {
	"Deals of Customers on Credit Hold": "Deal",
	"Quotations to Customers on Credit Hold": "Quotation",
	"Sales Orders of Customers on Credit Hold": "Sales Order",
	"Delivery Notes to Customers on Credit Hold": "Delivery Note",
}
APPROVAL_CHAINS |= {
	name: (
		doctype,
		[("customer_on_hold", "=", "1")],
		[_level(1, "Head of collections", "Collections Manager", comment_required=1)],
	)
	for name, doctype in HOLD_CHAINS.items()
}

# Whoever enters an expense or proposes a write-off seldom may post it: once approved, accounting does.
_WRITE_OFF_CHAIN = {"after_approval": "Only Allow It", "amount_field": "base_total"}
_EXPENSE_CHAIN = {"after_approval": "Only Allow It", "amount_field": "base_total_amount"}
#: What else a ready-made chain says.
CHAIN_VALUES = {
	"Write-Off Proposals": _WRITE_OFF_CHAIN,
	"Deal Expenses": _EXPENSE_CHAIN,
	"Expenses Over the Planned Cost": {**_EXPENSE_CHAIN, "priority": 10},
	# Of several chains that cover a document, the gravest reason is asked about.
	**{name: {"priority": 20} for name in HOLD_CHAINS},
	"Expected Credit Losses": {"amount_field": "total_loss"},
}

#: Categories to start from: name -> whether it comes after the deal is completed as well. Their accounts are the accountant's.
EXPENSE_CATEGORIES = {
	"Marketing": 0,
	"Transport": 0,
	"After-Sales Service": 1,
	"Commission": 1,
	"Travel": 0,
	"Other": 0,
}


def make_defaults() -> None:
	make_stages()
	make_expense_categories()
	make_plan_templates()
	make_approval_chains()
	make_dunning_policies()
	make_settings()
	make_kanban_board()


def make_stages() -> None:
	if frappe.db.count("Deal Stage"):
		return
	for name, sequence, probability, stage_type in DEAL_STAGES:
		frappe.get_doc(
			{
				"doctype": "Deal Stage",
				"stage_name": name,
				"sequence": sequence,
				"probability": probability,
				"stage_type": stage_type,
			}
		).insert(ignore_permissions=True)


def make_expense_categories() -> None:
	if frappe.db.count("Deal Expense Category"):
		return
	for name, after_completion in EXPENSE_CATEGORIES.items():
		frappe.get_doc(
			{
				"doctype": "Deal Expense Category",
				"category_name": name,
				"after_completion": after_completion,
			}
		).insert(ignore_permissions=True)


def make_plan_templates() -> None:
	if frappe.db.count("Deal Plan Template"):
		return
	# Invoices and prints show the rows' texts, so they are in the language of the site, not of each reader.
	clear_translations()
	for name, rows in plan_templates(frappe.db.get_default("lang") or "en").items():
		frappe.get_doc(
			{"doctype": "Deal Plan Template", "template_name": name, "company": "", "rows": rows}
		).insert(ignore_permissions=True)


def make_approval_chains() -> None:
	if frappe.db.count("Approval Chain"):
		return
	for name in APPROVAL_CHAINS:
		make_approval_chain(name)


def make_approval_chain(name: str) -> None:
	if frappe.db.exists("Approval Chain", name):
		return
	document_type, conditions, levels = APPROVAL_CHAINS[name]
	frappe.get_doc(
		{
			"doctype": "Approval Chain",
			"chain_name": name,
			"document_type": document_type,
			"company": "",  # of every company, not of the site's default one
			"active": 0,
			"conditions": [
				{"field": field, "operator": operator, "value": value}
				for field, operator, value in conditions
			],
			"levels": levels,
			"description": "Ready-made: set amounts and approvers, try it on last year, then switch it on.",
			**CHAIN_VALUES.get(name, {}),
		}
	).insert(ignore_permissions=True)


def make_dunning_policies() -> None:
	"""A ladder to start from for each company, switched off. A company that comes later takes it by the button of the form."""
	if frappe.db.count("Dunning Policy"):
		return
	for company in frappe.get_all("Company", fields=["name", "abbr"], order_by="name"):
		frappe.get_doc(
			{
				"doctype": "Dunning Policy",
				"policy_name": f"Standard Reminders - {company.abbr}",
				"company": company.name,
				"enabled": 0,
				**dunning_texts.ready_made(),
			}
		).insert(ignore_permissions=True)


def plan_templates(lang: str) -> dict[str, list[dict]]:
	"""Plans to start from, by name."""
	acceptance, completion = (
		_("Acceptance", lang, context="Deal Plan Template"),
		_("Completion", lang, context="Deal Plan Template"),
	)
	return {
		_("Pay in Full", lang): [_row(_("Full amount", lang), 100)],
		_("50% Deposit, 50% on Delivery", lang): [
			_row(_("Deposit", lang, context="Deal Plan Template"), 50, due_days=7),
			_row(_("On delivery", lang), trigger="On Delivery"),
		],
		"30-40-30": [
			_row(_("On signing", lang), 30, due_days=14),
			_row(_("On acceptance", lang), 40, "On Milestone", milestone=acceptance),
			_row(_("On completion", lang), trigger="On Milestone", milestone=completion),
		],
		_("Four Quarters", lang): [
			_row(
				_("Quarter {0}", lang).format(number + 1),
				25,
				"On Date",
				trigger_months=3 * number,
				due_rule="End of Month",
				due_days=0,
			)
			for number in range(4)
		],
		_("12 Monthly Installments", lang): [
			_row(
				_("Month {0}", lang).format(number + 1),
				8.333333 if number < 11 else 0,
				"On Date",
				trigger_months=number,
				due_days=14,
			)
			for number in range(12)
		],
	}


def _row(description: str, percent: float = 0, trigger: str = "On Winning", **values) -> dict:
	"""A plan row, due 30 days after its invoice where nothing else is said; without a percentage it takes the remainder."""
	return {
		"description": description,
		"basis": "Percent" if percent else "Remainder",
		"percent": percent,
		"billing_trigger": trigger,
		"due_rule": "Days After Invoice",
		"due_days": 30,
		**values,
	}


def make_settings() -> None:
	"""Give every setting that has never been saved the default of its field."""
	kept = frappe.db.get_singles_dict(SETTINGS)
	for field in frappe.get_meta(SETTINGS).fields:
		if field.default and (field.fieldname not in kept or _made_up(field, kept[field.fieldname])):
			frappe.db.set_single_value(SETTINGS, field.fieldname, field.default)


def _made_up(field, value) -> bool:
	"""A time of day that nobody chose: Frappe fills Time fields with the moment of the installation, whatever their default."""
	return field.fieldtype == "Time" and "." in str(value)


def make_kanban_board() -> None:
	if frappe.db.exists("Kanban Board", KANBAN_BOARD):
		return
	board = frappe.new_doc("Kanban Board")
	board.update(
		{
			"kanban_board_name": KANBAN_BOARD,
			"reference_doctype": "Deal",
			"field_name": "stage_column",
			"show_labels": 1,
			"filters": frappe.as_json([["Deal", "status", "!=", "Cancelled"]], indent=None),
			"fields": frappe.as_json(
				["customer_name", "net_total", "expected_close_date", "probability"], indent=None
			),
		}
	)
	board.insert(ignore_permissions=True)
	stages.sync_columns()

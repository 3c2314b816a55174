"""What a Deal computes and checks when it is saved: totals, plan, stage, costs."""

import frappe
from frappe import _
from frappe.utils import cint, flt, get_link_to_form, getdate, now_datetime, today

from sales_crm_accounts import erpnext_compat
from sales_crm_accounts.core import billing, pipeline
from sales_crm_accounts.core.money import split, to_decimal
from sales_crm_accounts.core.plan import PlanRow, amounts, check_one_invoice, check_rows
from sales_crm_accounts.core.problems import RuleError
from sales_crm_accounts.services import deal_checks, deal_rates, item_rounding, messages, policies
from sales_crm_accounts.services.figures_sql import DEAL_FIGURES

PLAN_FIELDS = (
	"description",
	"basis",
	"percent",
	"amount",
	"billing_trigger",
	"trigger_date",
	"trigger_months",
	"trigger_days",
	"milestone",
	"due_rule",
	"due_days",
	"due_months",
	"fixed_due_date",
)


# Items and totals


def set_totals(deal):
	"""Amounts of the items, the deal amount, and taxes as ERPNext computes them; each row checked."""
	_set_currency(deal)
	for row in deal.items:
		item_rounding.round_row(deal, row)
		deal_checks.check_item(deal, row)
	deal.total_qty = flt(sum(row.qty for row in deal.items), deal.precision("total_qty"))
	deal.total = flt(sum(row.amount for row in deal.items), deal.precision("total"))
	deal.discount_amount = flt(deal.discount_amount, deal.precision("discount_amount"))
	if deal.discount_amount < 0 or (deal.discount_amount and deal.discount_amount >= deal.total):
		frappe.throw(
			_("The discount must be at least 0 and less than the total {0}.").format(
				deal_checks.money(deal, deal.total)
			)
		)
	deal.net_total = flt(deal.total - deal.discount_amount, deal.precision("net_total"))
	deal_checks.check_amount(deal)
	_set_taxes(deal)
	deal_checks.check_amount(deal)
	rate = flt(deal.conversion_rate) or 1
	deal.base_net_total = flt(deal.net_total * rate, deal.precision("base_net_total"))
	deal.base_grand_total = flt(deal.grand_total * rate, deal.precision("base_grand_total"))


def _set_currency(deal):
	company_currency = frappe.get_cached_value("Company", deal.company, "default_currency")
	deal.currency = deal.currency or company_currency
	if not frappe.get_cached_value("Currency", deal.currency, "enabled"):
		frappe.throw(
			_("Currency {0} is disabled. Enable it or choose another.").format(
				get_link_to_form("Currency", deal.currency)
			)
		)
	deal_rates.set_rate(deal)
	if flt(deal.conversion_rate) < 0:
		frappe.throw(_("The exchange rate must be more than 0."))


def _set_taxes(deal):
	"""Totals with tax from ERPNext's own calculation on an unsaved invoice over the whole deal."""
	deal.total_taxes_and_charges = 0
	deal.grand_total = deal.net_total
	deal.flags.whole_invoice = None
	if not deal.net_total or not deal.customer:
		return
	from sales_crm_accounts.services.invoices import whole_deal_invoice

	with erpnext_compat.quiet_messages():
		invoice = deal.flags.whole_invoice = whole_deal_invoice(deal)
	deal.total_taxes_and_charges = flt(
		invoice.total_taxes_and_charges, deal.precision("total_taxes_and_charges")
	)
	deal.grand_total = flt(invoice.rounded_total or invoice.grand_total, deal.precision("grand_total"))


def set_costs(deal):
	deal_checks.check_costs(deal)
	deal.total_planned_cost = flt(
		sum(flt(row.amount) for row in deal.planned_costs), deal.precision("total_planned_cost")
	)
	deal.planned_margin = flt(deal.net_total - deal.total_planned_cost, deal.precision("planned_margin"))
	deal.planned_margin_percent = flt(deal.planned_margin / deal.net_total * 100, 2) if deal.net_total else 0


# Collection plan


def plan_row(row) -> PlanRow:
	"""The core's view of a row of Deal, Deal Plan Template or Deal Change."""
	date = lambda value: getdate(value) if value else None  # noqa: E731
	return PlanRow(
		description=row.description or "",
		basis=row.basis,
		percent=to_decimal(row.percent),
		amount=to_decimal(flt(row.get("amount"), 9)),
		trigger=row.billing_trigger,
		trigger_date=date(row.get("trigger_date")),
		trigger_months=cint(row.trigger_months),
		trigger_days=cint(row.trigger_days),
		milestone=row.milestone or "",
		due_rule=row.due_rule,
		due_days=cint(row.due_days),
		due_months=cint(row.due_months),
		fixed_due_date=date(row.get("fixed_due_date")),
	)


def rows_of_template(template: str) -> list[dict]:
	"""Plan rows of a template, ready to append."""
	return [
		{field: row.get(field) for field in PLAN_FIELDS if row.get(field) not in (None, "")}
		for row in frappe.get_cached_doc("Deal Plan Template", template).rows
	]


def _default_template(deal) -> str | None:
	"""The template of the settings, where it is in use and made for the deal's company or for all."""
	name = frappe.db.get_single_value("Sales CRM Accounts Settings", "default_plan_template", cache=True)
	if not name:
		return None
	disabled, company = frappe.get_cached_value("Deal Plan Template", name, ["disabled", "company"])
	return name if not disabled and company in (None, "", deal.company) else None


def set_plan(deal):
	"""Fill the plan where it is empty, share the deal amount over its rows exactly, and date them."""
	if not deal.plan:
		template = deal.plan_template or _default_template(deal)
		if template:
			deal.plan_template = template
			deal.extend("plan", rows_of_template(template))
		else:
			deal.append(
				"plan",
				{
					"description": _("Full amount"),
					"basis": "Percent",
					"percent": 100,
					"due_rule": "Days After Invoice",
					"billing_trigger": "On Winning",
				},
			)
	rows = [plan_row(row) for row in deal.plan]
	problems = check_rows(rows, getdate(deal.transaction_date))
	won_on = getdate(deal.won_on or today())
	if not problems:
		problems = _one_invoice_problems(deal, rows, won_on)
	if problems:
		messages.throw(problems, title=_("Collection Plan"))
	if not deal.net_total:
		for row in deal.plan:
			row.net_amount = 0
	else:
		precision = deal.precision("net_total")
		try:
			parts = amounts(to_decimal(deal.net_total), rows, precision)
		except RuleError as error:
			messages.throw(error, title=_("Collection Plan"))
		for row, part in zip(deal.plan, parts, strict=True):
			row.net_amount = float(part)
	expected = won_on if deal.won_on else max(won_on, getdate(deal.expected_close_date or won_on))
	for row, core_row in zip(deal.plan, rows, strict=True):
		row.invoice_date = core_row.planned_invoice_date(expected)
		row.due_date = core_row.due_date(row.invoice_date)
	_check_open_periods(deal)


def _one_invoice_problems(deal, rows, won_on):
	if policies.policy_of(deal).invoicing_method == billing.ONE_INVOICE:
		return check_one_invoice(rows, won_on)
	return []


def _check_open_periods(deal):
	dates = [row.invoice_date for row in deal.plan]
	closed = erpnext_compat.closed_days(deal.company, dates, "Sales Invoice")
	for row in deal.plan:
		if row.invoice_date and getdate(row.invoice_date) in closed:
			frappe.throw(
				_("Collection plan, row {0}: {1} is in a closed period ({2}). Choose a later date.").format(
					row.idx, frappe.format(row.invoice_date, "Date"), closed[getdate(row.invoice_date)]
				),
				title=_("Collection Plan"),
			)


def keep_derived(deal):
	"""What others write on the deal while it is open in a form stays as the database has it: money moves, and nobody types it.

	`modified` tells nothing of it: a payment must not make everybody's open deal outdated. The row of the deal is locked by now.
	"""
	before = deal.get_doc_before_save() or frappe._dict()
	for field in DEAL_FIGURES:
		if field != "status" or deal._action == "update_after_submit":
			deal.set(field, before.get(field))
	deal.set("stage_log", before.get("stage_log") or [])


def check_plan_kept(deal):
	"""The plan of a won deal is history: what became of it are its installments."""
	before = deal.get_doc_before_save()
	kept = {row.name: row for row in before.plan}
	for row in deal.plan:
		old = kept.pop(row.name, None)
		if not old or plan_row(row) != plan_row(old):
			_refuse_plan(row.idx)
	for row in kept.values():
		_refuse_plan(row.idx)


def _refuse_plan(idx: int):
	frappe.throw(
		_(
			"Collection plan, row {0}: the deal is won. What is not billed yet is changed by a Deal Change (Actions > Change the Plan)."
		).format(idx),
		title=_("Collection Plan"),
		exc=frappe.UpdateAfterSubmitError,
	)


def planned_amounts(deal, net_amounts) -> list:
	"""The deal's total with tax, shared like the amounts before tax; sums to it exactly."""
	return split(
		to_decimal(deal.grand_total),
		[to_decimal(part) for part in net_amounts],
		deal.precision("grand_total"),
	)


# Stage


def stage_of_type(stage_type: str) -> str | None:
	return frappe.db.get_value(
		"Deal Stage", {"stage_type": stage_type, "disabled": 0}, "name", order_by="sequence asc"
	)


def set_stage(deal):
	"""Keep stage, its kanban column, status and probability in step."""
	before = deal.get_doc_before_save()
	if not deal.stage and not deal.stage_column:
		deal.stage = stage_of_type("Open")
	column_moved = deal.stage_column and deal.stage_column != (before.stage_column if before else deal.stage)
	if column_moved and (not before or deal.stage == before.stage):
		deal.stage = deal.stage_column
	deal.stage_column = deal.stage
	if not deal.stage:
		frappe.throw(_("There is no open deal stage. Make one first."), title=_("Deal Stage"))
	stage = frappe.get_cached_doc("Deal Stage", deal.stage)
	moved = not before or before.stage != deal.stage
	if moved:
		_check_stage(deal, stage)
		typed = flt(deal.probability) != flt(before.probability if before else 0)
		if stage.stage_type != "Open" or not typed:
			deal.probability = stage.probability
	if not 0 <= flt(deal.probability) <= 100:
		frappe.throw(_("Probability must be between 0 and 100 percent."), title=_("Deal Stage"))
	deal.flags.stage_moved = moved
	if deal.docstatus == 0:
		deal.status = "Lost" if stage.stage_type == "Lost" else "Open"


def _check_stage(deal, stage):
	if stage.stage_type == "Won" and not deal.flags.winning:
		frappe.throw(
			_("A deal enters {0} when it is won. Use the button Win.").format(_(stage.name)),
			title=_("Deal Stage"),
		)
	if stage.stage_type == "Lost" and not deal.flags.losing:
		frappe.throw(
			_("A deal enters {0} when it is lost. Use the button Lost and give the reason.").format(
				_(stage.name)
			),
			title=_("Deal Stage"),
		)
	conditions = [
		pipeline.Condition(row.fieldname, row.operator, row.value or "", row.message or "")
		for row in stage.requirements
	]
	messages.throw(
		pipeline.missing(
			_(stage.name), conditions, deal.as_dict(), lambda field: _(deal.meta.get_label(field))
		),
		title=_("Not Ready for This Stage"),
	)


def lose(deal, reasons: list[str], detail: str = ""):
	"""A draft deal is lost, with the reasons ERPNext knows for lost opportunities."""
	stage = stage_of_type("Lost")
	if not stage:
		frappe.throw(_("There is no deal stage of the type Lost. Make one first."), title=_("Deal Stage"))
	if deal.docstatus != 0:
		frappe.throw(_("Only an open deal can be lost. A won deal is cancelled instead."))
	if not reasons and not (detail or "").strip():
		frappe.throw(
			_("Say why the deal is lost: choose a reason or describe it."), title=_("Reason Missing")
		)
	deal.set("lost_reasons", [{"lost_reason": reason} for reason in reasons])
	deal.lost_reason_detail = detail
	deal.lost_on = today()
	deal.stage = deal.stage_column = stage
	deal.flags.losing = True
	deal.save()


def reopen(deal):
	"""A lost deal goes back to the first open stage; its reasons stay in the timeline."""
	if deal.docstatus != 0 or deal.status != "Lost":
		frappe.throw(_("Only a lost deal can be reopened."))
	reasons = ", ".join(
		[row.lost_reason for row in deal.lost_reasons] + [deal.lost_reason_detail or ""]
	).strip(", ")
	deal.set("lost_reasons", [])
	deal.lost_reason_detail = deal.lost_on = None
	deal.stage = deal.stage_column = stage_of_type("Open")
	deal.save()
	deal.add_comment("Info", _("Reopened. It had been lost because of: {0}").format(reasons))


def log_stage(deal):
	"""Note how long the last stage lasted and that this one begins.

	Written beside the deal, after its version is: the timeline tells the move once, not again for each row of the log.
	"""
	now, user = now_datetime(), frappe.session.user
	if deal.stage_log and not deal.stage_log[-1].left_on:
		last = deal.stage_log[-1]
		seconds = pipeline.seconds_in_stage(frappe.utils.get_datetime(last.entered_on), now)
		last.db_set({"left_on": now, "duration": seconds}, update_modified=False)
	row = deal.append("stage_log", {"stage": deal.stage, "entered_on": now, "user": user})
	row.update({"owner": user, "modified_by": user, "creation": now, "modified": now})
	row.docstatus = deal.docstatus
	row.db_insert()
	frappe.clear_document_cache("Deal", deal.name)

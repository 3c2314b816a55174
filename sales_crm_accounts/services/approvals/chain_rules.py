"""What makes a chain usable, checked when it is saved; and what follows from saving it."""

import frappe
from frappe import _
from frappe.utils import flt, getdate, now_datetime

from sales_crm_accounts.core.approvals import conditions as rules
from sales_crm_accounts.services import messages
from sales_crm_accounts.services.approvals import chains, paths, requests

#: What the rules of conditions call the types of fields.
KINDS = {
	**dict.fromkeys(("Currency", "Float", "Int", "Percent", "Duration", "Rating"), rules.NUMBER),
	**dict.fromkeys(("Date", "Datetime"), rules.DATE),
	"Check": rules.CHECK,
}


def check(chain):
	_check_document_type(chain)
	_check_scope(chain)
	_check_conditions(chain)
	_check_amount_field(chain)
	_check_levels(chain)
	before = chain.get_doc_before_save()
	if chain.active and not (before and before.active):
		chain.active_since = now_datetime()
	if not chain.active:
		chain.active_since = None


def updated(chain):
	chains.forget()
	# Desks that are open learn it without being loaded again.
	frappe.publish_realtime("sca_approval_chains", after_commit=True)
	before = chain.get_doc_before_save()
	if before and before.active and (not chain.active or _route_changed(before, chain)):
		requests.chain_changed(chain.name)


def _route_changed(before, after) -> bool:
	shape = lambda chain: [  # noqa: E731
		{
			key: value
			for key, value in row.as_dict().items()
			if key not in ("modified", "modified_by", "docstatus")
		}
		for row in (*chain.conditions, *chain.levels)
	]
	return shape(before) != shape(after)


def _check_document_type(chain):
	meta = frappe.get_meta(chain.document_type)
	if not meta.is_submittable or meta.issingle or meta.istable:
		frappe.throw(
			_("{0} is not submitted, so there is nothing to approve. Choose a document type that is.").format(
				frappe.bold(_(chain.document_type))
			)
		)


def _check_scope(chain):
	if chain.valid_from and chain.valid_to and getdate(chain.valid_to) < getdate(chain.valid_from):
		frappe.throw(_("The chain ends on {0}, before it starts.").format(chain.get_formatted("valid_to")))
	if chain.company and not frappe.get_meta(chain.document_type).has_field("company"):
		frappe.throw(
			_("{0} has no company. Leave the company of the chain empty.").format(_(chain.document_type))
		)
	if chain.document_type != "Payment Entry":
		chain.include_receipts = 0


def _check_conditions(chain):
	for row in chain.conditions:
		fieldtype = _field(chain, row.field, _("Condition {0}").format(row.idx))
		kind = rules.TREE if paths.tree_of(chain.document_type, row.field) else KINDS.get(fieldtype, "Text")
		problems = rules.problems(rules.Condition(row.field, row.operator, row.value or ""), kind)
		if problems:
			frappe.throw(
				"<br>".join(
					_("Condition {0}: {1}").format(row.idx, messages.text(problem)) for problem in problems
				)
			)


def _check_amount_field(chain):
	if not chain.amount_field:
		if chains.asks_amount(chain) and not chains.amount_field(chain, chain.document_type):
			frappe.throw(
				_(
					"{0} has no amount that is known. Choose the amount field, since the levels compare amounts."
				).format(frappe.bold(_(chain.document_type)))
			)
		return
	fieldtype = _field(chain, chain.amount_field, _("Amount field"))
	if fieldtype not in ("Currency", "Float", "Int", "Percent"):
		frappe.throw(_("The amount field {0} holds no number.").format(frappe.bold(chain.amount_field)))


def _field(chain, path: str, what: str) -> str:
	try:
		return paths.field_at(chain.document_type, path)[2]
	except paths.UnknownField as error:
		frappe.throw(
			_("{0}: {1} has no field {2}.").format(what, _(error.args[1]), frappe.bold(path)),
			title=_("Field Not Found"),
		)


def _check_levels(chain):
	currency = (
		frappe.get_cached_value("Company", chain.company, "default_currency")
		if chain.company
		else frappe.db.get_default("currency")
	)
	for row in chain.levels:
		row.company_currency = currency
		where = _("Level row {0}").format(row.idx)
		if row.level < 1:
			frappe.throw(_("{0}: levels count from 1.").format(where))
		if flt(row.max_amount) and flt(row.max_amount) <= flt(row.min_amount):
			frappe.throw(
				_("{0}: no amount is from {1} and below {2}.").format(
					where, row.get_formatted("min_amount"), row.get_formatted("max_amount")
				)
			)
		source = {
			"User": "user",
			"Role": "role",
			"User Group": "user_group",
			"Document Field": "document_field",
		}
		field = source.get(row.approver_source)
		if field and not row.get(field):
			frappe.throw(_("{0}: say who approves ({1}).").format(where, _(row.meta.get_label(field))))
		for other in set(source.values()) - {field}:
			row.set(other, None)
		if row.approver_source == "Document Field":
			_check_leads_to_a_person(chain, row, where)
		if row.rule == "N of M":
			_check_count(row, where)
		if row.approver_source == "User" and row.rule != "Any One":
			row.rule = "Any One"
	chain.levels.sort(key=lambda row: (row.level, row.idx))
	for index, row in enumerate(chain.levels, 1):
		row.idx = index


def _check_count(row, where: str):
	if row.required_count < 2:
		frappe.throw(_("{0}: N of M asks for two approvals or more.").format(where))


def _check_leads_to_a_person(chain, row, where: str):
	_field(chain, row.document_field, where)
	doctype, fieldname, _fieldtype = paths.field_at(chain.document_type, row.document_field)
	field = frappe.get_meta(doctype).get_field(fieldname)
	target = field.options if field else ("User" if fieldname in ("owner", "modified_by") else None)
	if target not in ("User", "Employee", "Sales Person"):
		frappe.throw(
			_("{0}: {1} leads to no user, employee or sales person.").format(
				where, frappe.bold(row.document_field)
			)
		)

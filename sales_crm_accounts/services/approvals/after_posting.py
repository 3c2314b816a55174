"""What was approved stays what it was: ERPNext lets some fields of a posted document be changed, and posts them anew.

Accounts, cost centers and projects of a posted document can be edited and its ledger reposted, and an order's items can be updated.
Neither has a draft that somebody could approve, so where approval is needed they are stopped: cancel, amend, and ask again.
"""

import json

import frappe
from frappe import _

from sales_crm_accounts.services.approvals import SUBMIT, chains, content, gate

POSTED_AS = frozenset({"Account", "Cost Center", "Project"})
#: Orders whose items can be changed after they were submitted (Update Items).
ORDERS = frozenset({"Sales Order", "Purchase Order"})
ORDER_TOTALS = ("base_grand_total", "base_net_total", "total_qty")
ORDER_ROW = ("item_code", "qty", "rate", "uom", "conversion_factor")


def before_update_after_submit(doc):
	if not chains.gated(doc.doctype):
		return
	label = _changed_posting(doc) or (doc.doctype in ORDERS and _changed_order(doc))
	if not label or gate.judge(doc, SUBMIT).passes:
		return
	frappe.throw(
		_(
			"{0} {1} is posted as it was approved, and {2} would change. Cancel it and amend it; the new one is approved anew."
		).format(_(doc.doctype), doc.name, frappe.bold(label)),
		exc=gate.ApprovalRequired,
		title=_("Approval Needed"),
	)


def _changed_posting(doc) -> str | None:
	"""Label of an account, cost center or project that the save would change."""
	before = doc.get_doc_before_save()
	if not before:
		return None
	if label := _differs(doc, before):
		return label
	for field in doc.meta.get_table_fields():
		kept = {row.name: row for row in before.get(field.fieldname) or []}
		for row in doc.get(field.fieldname) or []:
			if row.name in kept and (label := _differs(row, kept[row.name])):
				return label
	return None


def _differs(now, before) -> str | None:
	for field in now.meta.fields:
		if field.fieldtype == "Link" and field.options in POSTED_AS and field.allow_on_submit:
			if (now.get(field.fieldname) or "") != (before.get(field.fieldname) or ""):
				return _(field.label)
	return None


def _changed_order(doc) -> str | None:
	before = doc.get_doc_before_save()
	for name in ORDER_TOTALS:
		if before and content.plain(before.get(name), "Float") != content.plain(doc.get(name), "Float"):
			return _(doc.meta.get_label(name))
	approved = frappe.db.get_value(
		"Approval Request",
		{"reference_doctype": doc.doctype, "reference_name": doc.name, "action": SUBMIT, "posted": 1},
		"content",
	)
	if not approved:
		return None
	rows = json.loads(approved)["rows"].get("items", [])
	now = json.loads(content.as_text(content.material(doc)))["rows"].get("items", [])
	shape = lambda lines: [[line.get(name) for name in ORDER_ROW] for line in lines]  # noqa: E731
	return _(doc.meta.get_label("items")) if shape(rows) != shape(now) else None

"""What was posted before a chain was switched on, written down at that moment, so that it is told apart from what comes past it.

The rule: of a document type that a chain is active for, every submitted document has a row in the Approval Gate Log, written by
the gate when it passed, or here when the gate was put up. One without a row came past the gate. No date of the document decides:
`creation` and `modified` can be set by whoever can set `docstatus`, and a draft of old that SQL submits today has old dates.
A row older than its document belongs to an earlier one of the same name, that was deleted, and does not count.

While several chains cover a document type, the first that is switched on puts the gate up, and with the last one it is gone;
before it goes, what has come past it until then is found. What is posted while no chain is active is nobody's to judge, and is
written down when the next chain is switched on. Cancelling has a gate of its own.
"""

import frappe
from frappe.utils import now_datetime

from sales_crm_accounts.services.approvals import CANCEL, SUBMIT

BEFORE = "Posted Before the Chain"
DOCSTATUS = {SUBMIT: 1, CANCEL: 2}


def chain_saved(chain):
	"""An Approval Chain was saved or deleted: put gates up, or look once more before they go."""
	before = chain.get_doc_before_save()
	had, has = gates_of(before), gates_of(chain)
	for doctype, action in sorted(has - had):
		if not others(chain.name, doctype, action):
			take(doctype, action)
	for doctype, action in sorted(had - has):
		leave(chain.name, doctype, action)


def chain_deleted(chain):
	for doctype, action in sorted(gates_of(chain)):
		leave(chain.name, doctype, action)


def gates_of(chain) -> set[tuple[str, str]]:
	"""(DocType, action) that the chain keeps."""
	if not chain or not chain.active:
		return set()
	return {
		(chain.document_type, action)
		for action in (SUBMIT, CANCEL)
		if chain.action in (action, "Submit and Cancel")
	}


def gates() -> list[tuple[str, str]]:
	"""Every (DocType, action) that an active chain keeps, as the database has it."""
	rows = frappe.get_all(
		"Approval Chain", filters={"active": 1}, fields=["document_type", "action", "active"], distinct=True
	)
	return sorted({gate for row in rows for gate in gates_of(row) if frappe.db.table_exists(gate[0])})


def others(chain: str, doctype: str, action: str) -> bool:
	"""Whether another active chain keeps the same gate."""
	return bool(
		frappe.db.exists(
			"Approval Chain",
			{
				"name": ("!=", chain),
				"document_type": doctype,
				"active": 1,
				"action": ("in", (action, "Submit and Cancel")),
			},
		)
	)


def take(doctype: str, action: str):
	"""Write a row for each document that is submitted (or cancelled) now and has none; one statement."""
	frappe.db.sql(
		f"""
		insert into `tabApproval Gate Log`
			(name, creation, modified, owner, modified_by, docstatus, idx, reference_doctype, reference_name, action, outcome, user)
		select
			left(sha2(concat_ws('|', %(doctype)s, doc.name, %(action)s, %(now)s), 256), 30),
			%(now)s, %(now)s, %(user)s, %(user)s, 0, 0, %(doctype)s, doc.name, %(action)s, %(outcome)s, %(user)s
		from `tab{doctype}` doc
		{JOIN_LOG}
		where doc.docstatus = %(docstatus)s and log.name is null
		""",
		{
			**gate_values(doctype, action),
			"now": now_datetime(),
			"user": frappe.session.user,
			"outcome": BEFORE,
		},
	)


def leave(chain: str, doctype: str, action: str):
	"""The chain lets go of a gate; where it is the last one, what came past until now is found first."""
	if others(chain, doctype, action):
		return
	from sales_crm_accounts.services.approvals import breaches

	breaches.search(doctype, action)


#: The gate's row of a document; for `search`, too.
JOIN_LOG = """
	left join `tabApproval Gate Log` log
		on log.reference_doctype = %(doctype)s and log.reference_name = doc.name
		and log.action = %(action)s and log.creation >= doc.creation
"""


def gate_values(doctype: str, action: str) -> dict:
	return {"doctype": doctype, "action": action, "docstatus": DOCSTATUS[action]}

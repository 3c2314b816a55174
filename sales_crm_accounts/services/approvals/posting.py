"""After the last approval: the document is posted for whoever asked, with their rights and under all of ERPNext's checks."""

import frappe
from frappe import _
from frappe.utils import strip_html

from sales_crm_accounts.services.approvals import SUBMIT, notify, requests, steps
from sales_crm_accounts.services.as_user import acting_as


def enqueue(request: str):
	frappe.enqueue(
		"sales_crm_accounts.services.approvals.posting.post",
		queue="default",
		job_id=f"sca-post-{request}",
		deduplicate=True,
		enqueue_after_commit=True,
		request=request,
	)


def post(request: str):
	"""Submit (or cancel) what was approved, as its requester; a failure stays on the request with its reason."""
	row = frappe.db.get_value(
		"Approval Request",
		request,
		["status", "posted", "requester", "submit_as", "reference_doctype", "reference_name", "action"],
		as_dict=True,
	)
	if not row or row.status != requests.APPROVED or row.posted:
		return
	user = row.submit_as or row.requester
	with acting_as(user):
		try:
			doc = frappe.get_doc(row.reference_doctype, row.reference_name, for_update=True)
			if row.action == SUBMIT and doc.docstatus == 0:
				doc.submit()
			elif row.action != SUBMIT and doc.docstatus == 1:
				doc.cancel()
			else:
				frappe.throw(_("It was posted, cancelled or discarded meanwhile."))
			frappe.db.commit()
		except (frappe.QueryDeadlockError, frappe.QueryTimeoutError):
			frappe.db.rollback()  # the next sweep tries again
		except Exception as error:
			frappe.db.rollback()
			_failed(request, user, error)


def _failed(name: str, user: str, error: Exception):
	request = requests.load(name)
	if request.status != requests.APPROVED or request.posted:
		return  # the document was changed or posted by somebody else meanwhile
	reason = strip_html(str(error)) or type(error).__name__
	steps.append(request, "Posting Failed", user, comment=reason[:1000], channel="System")
	request.posting_error = reason
	requests.save(request)
	frappe.db.commit()
	frappe.clear_messages()
	notify.posting_failed(name)


def post_pending():
	"""Post what was approved and lost its job. What failed waits for a person."""
	for name in frappe.get_all(
		"Approval Request",
		filters={
			"status": requests.APPROVED,
			"posted": 0,
			"after_approval": requests.POST,
			"posting_error": ("is", "not set"),
		},
		pluck="name",
	):
		post(name)

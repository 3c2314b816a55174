"""What the desk and other programs ask of approvals."""

import frappe
from frappe import _

from sales_crm_accounts.permissions.approval_access import can_see, is_manager
from sales_crm_accounts.services.approvals import (
	CANCEL,
	SUBMIT,
	attachments,
	chains,
	decisions,
	paths,
	requests,
	view,
)
from sales_crm_accounts.services.approvals import (
	briefing as briefing_service,
)
from sales_crm_accounts.services.approvals import (
	inbox as inbox_service,
)
from sales_crm_accounts.services.approvals import (
	what_if as what_if_service,
)


def _request(name: str):
	if not frappe.db.exists("Approval Request", name) or not can_see(name):
		frappe.throw(
			_("Approval request {0} does not exist, or you take no part in it.").format(name),
			frappe.PermissionError,
		)
	return frappe.get_doc("Approval Request", name)


@frappe.whitelist()
def gated_doctypes() -> list:
	"""DocTypes whose forms show approvals; forms of others ask nothing."""
	return chains.shown()


@frappe.whitelist()
def state(doctype: str, name: str) -> dict:
	"""Banner of a document: see services.approvals.view.state."""
	doc = frappe.get_doc(doctype, name)
	doc.check_permission("read")
	return view.state(doc)


@frappe.whitelist()
def request_state(request: str) -> dict:
	"""The same of one request."""
	return view.of_request(_request(request))


@frappe.whitelist(methods=["POST"])
def ask(doctype: str, name: str, action: str = SUBMIT, comment: str = "") -> str:
	"""Ask for the approval of a document as it is saved; returns the request's name."""
	doc = frappe.get_doc(doctype, name, for_update=True)
	if action not in (SUBMIT, CANCEL):
		frappe.throw(_("Approval is asked for posting or for cancelling."))
	if doc.docstatus != (0 if action == SUBMIT else 1):
		frappe.throw(_("Only a draft is asked approval for; only a posted document can be cancelled."))
	doc.check_permission("write" if action == SUBMIT else "cancel")
	return requests.open_request(doc, action, comment=comment).name


@frappe.whitelist(methods=["POST"])
def decide(
	request: str, decision: str, comment: str = "", attachment: str | None = None, channel: str = "Form"
) -> dict:
	"""Approve or reject for oneself, or for whom one stands in."""
	_request(request)
	channel = channel if channel in ("Form", "Inbox") else "Form"
	if attachment:
		attachments.claim(request, attachment)
	doc = decisions.decide(request, decision, comment, channel=channel, attachment=attachment)
	return {"status": doc.status, "current_level": doc.current_level}


@frappe.whitelist(methods=["POST"])
def decide_many(requests: list | str, decision: str, comment: str = "") -> list:
	"""The same for several; each by itself, with its own result."""
	names = [name for name in frappe.parse_json(requests) if can_see(name)]
	return decisions.decide_many(names, decision, comment)


@frappe.whitelist(methods=["POST"])
def send_back(request: str, to_level: int, comment: str) -> None:
	_request(request)
	decisions.send_back(request, int(to_level), comment)


@frappe.whitelist(methods=["POST"])
def ask_question(request: str, to_user: str, text: str) -> None:
	_request(request)
	decisions.ask(request, to_user, text)


@frappe.whitelist(methods=["POST"])
def answer(request: str, text: str) -> None:
	_request(request)
	decisions.answer(request, text)


@frappe.whitelist(methods=["POST"])
def add_approver(request: str, user: str, comment: str = "") -> None:
	_request(request)
	decisions.add_approver(request, user, comment)


@frappe.whitelist(methods=["POST"])
def reassign(request: str, from_user: str, to_user: str, comment: str) -> None:
	_request(request)
	decisions.reassign(request, from_user, to_user, comment)


@frappe.whitelist(methods=["POST"])
def withdraw(request: str, comment: str = "") -> None:
	_request(request)
	decisions.withdraw(request, comment)


@frappe.whitelist()
def inbox(filter: str = "mine", start: int = 0, page_length: int = 20, search: str = "") -> dict:
	"""See services.approvals.inbox.inbox."""
	return inbox_service.inbox(filter, int(start), min(int(page_length), 100), search)


@frappe.whitelist()
def waiting_for_me(filters: dict | str | None = None) -> dict:
	"""Number card: requests that wait for the user; it leads to the inbox."""
	return {
		"value": inbox_service.waiting(frappe.session.user),
		"fieldtype": "Int",
		"route": ["approvals"],
	}


@frappe.whitelist()
def briefing(request: str) -> dict:
	"""What an approver needs to see; see services.approvals.briefing.briefing."""
	return briefing_service.briefing(_request(request))


def _managers_only():
	if not is_manager():
		frappe.throw(_("Only an Approval Manager can do this."), frappe.PermissionError)


def _chain(chain: str):
	doc = frappe.get_doc("Approval Chain", chain)
	doc.check_permission("read")
	return doc


@frappe.whitelist()
def what_if(
	chain: str, name: str | None = None, amount: float | None = None, requester: str | None = None
) -> dict:
	"""Who would approve this document or this amount, and why."""
	_managers_only()
	doc = _chain(chain)
	document = frappe.get_doc(doc.document_type, name) if name else None
	if document is None and amount is None:
		frappe.throw(_("Choose a document, or give an amount."))
	return what_if_service.who(doc, document, amount, requester)


@frappe.whitelist()
def replay(chain: str, from_date: str, to_date: str) -> dict:
	"""How many documents of a time would have waited, and for whom."""
	_managers_only()
	return what_if_service.replay(_chain(chain), from_date, to_date)


@frappe.whitelist()
def field_paths(doctype: str) -> list:
	"""Fields that a chain's conditions, amount and approvers may name."""
	_managers_only()
	return paths.choices(doctype)


@frappe.whitelist()
def content_fields(doctype: str, table: str = "", tables_only: bool = False, txt: str = "") -> list:
	"""Fields of a DocType or of one of its tables, for the content rule's form; `txt` is what is typed."""
	_managers_only()
	return paths.fields_of(doctype, table, tables_only, txt)

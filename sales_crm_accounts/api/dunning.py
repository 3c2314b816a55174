"""Dunning: the buttons of policies, runs and messages."""

import frappe
from frappe import _

from sales_crm_accounts.services.receivables import (
	dunning_messages,
	dunning_policies,
	dunning_run,
	dunning_sending,
	dunning_texts,
	mail_bounces,
	thanks_texts,
)

MESSAGE = "Dunning Message"
#: So many are sent while the user waits; more go to the background.
AT_ONCE = 3


@frappe.whitelist(methods=["POST"])
def run_now(company: str) -> dict:
	"""Make today's reminders of a company. A second run on the day adds what is missing."""
	_check_company(company)
	if company not in dunning_policies.companies():
		frappe.throw(_("{0} has no Dunning Policy that is enabled.").format(company))
	name = dunning_run.run(company, "Manual")
	return frappe.db.get_value(
		"Dunning Run", name, ["name", "status", "message_count", "passed_count", "error"], as_dict=True
	)


@frappe.whitelist(methods=["POST"])
def release(names: str | list) -> dict:
	"""Send these drafts: a few at once, many in the background."""
	names = _checked(names)
	if len(names) == 1:
		_refuse_on_a_quiet_day(names[0])
	released = dunning_messages.release(names)
	frappe.db.commit()
	if len(released) > AT_ONCE:
		dunning_sending.later(released)
		return {"released": len(released), "queued": True}
	statuses = [dunning_sending.send(name) for name in released]
	return {"released": len(released), "queued": False, "statuses": statuses}


@frappe.whitelist(methods=["POST"])
def hold_back(names: str | list, reason: str):
	"""Keep drafts from going; their customers are passed over until the drafts are released or cancelled."""
	dunning_messages.hold_back(_checked(names), _reason(reason))


@frappe.whitelist(methods=["POST"])
def cancel(names: str | list, reason: str):
	"""Drop drafts; the next run decides anew."""
	dunning_messages.cancel(_checked(names), _reason(reason))


@frappe.whitelist(methods=["POST"])
def came_back(name: str, reason: str):
	"""The mail of a message that was sent came back; its address is left alone until it is changed."""
	mail_bounces.said_so(MESSAGE, *_checked(name), _reason(reason))


@frappe.whitelist()
def preview(policy: str) -> dict:
	"""What the policy would do today; nothing is written."""
	doc = frappe.get_doc("Dunning Policy", policy)
	doc.check_permission("read")
	return dunning_run.preview(policy)


@frappe.whitelist()
def ready_made() -> dict:
	"""Levels and texts to start from."""
	frappe.has_permission("Dunning Policy", "create", throw=True)
	return dunning_texts.ready_made()


@frappe.whitelist()
def words() -> dict:
	"""What texts can use."""
	frappe.has_permission("Dunning Policy", "read", throw=True)
	return {
		"words": dunning_texts.WORDS,
		"row_words": dunning_texts.ROW_WORDS,
		"thanks_words": thanks_texts.WORDS,
		"thanks_row_words": thanks_texts.ROW_WORDS,
	}


@frappe.whitelist()
def companies() -> list[str]:
	"""Companies that a run can be started for."""
	frappe.has_permission(MESSAGE, "write", throw=True)
	return [name for name in dunning_policies.companies() if frappe.has_permission("Company", "read", name)]


def _checked(names: str | list) -> list[str]:
	names = frappe.parse_json(names) if isinstance(names, str) and names.startswith("[") else names
	names = [names] if isinstance(names, str) else list(names)
	for name in names:
		frappe.get_doc(MESSAGE, name).check_permission("write")
	return names


def _check_company(company: str):
	frappe.has_permission(MESSAGE, "write", throw=True)
	frappe.has_permission("Company", "read", company, throw=True)


def _reason(reason: str) -> str:
	if not (reason or "").strip():
		frappe.throw(_("Please say why."))
	return reason.strip()


def _refuse_on_a_quiet_day(name: str):
	if dunning_sending.waits_for_a_quiet_day(name):
		frappe.throw(_("Today is a quiet day: nobody is written to. Release it tomorrow."))

"""Whitelisted functions of cash matching: run, apply, reject, undo, one or several."""

import frappe
from frappe import _

from sales_crm_accounts.services.matching import apply as applying
from sales_crm_accounts.services.matching import runs, statements


@frappe.whitelist(methods=["POST"])
def run(name: str) -> None:
	"""Queue a Cash Matching Run."""
	frappe.get_doc("Cash Matching Run", name).check_permission("write")
	runs.start(name)


@frappe.whitelist(methods=["POST"])
def apply(name: str) -> str:
	"""Book a proposal; returns its new status."""
	_may_post(name)
	return applying.apply(name)


@frappe.whitelist(methods=["POST"])
def apply_many(names: list | str) -> list[dict]:
	"""Book several proposals; of each its new status, or why it could not be."""
	return applying.each(_names(names), apply)


@frappe.whitelist(methods=["POST"])
def reject(name: str, reason: str = "") -> None:
	frappe.get_doc("Cash Match Proposal", name).check_permission("write")
	applying.reject(name, reason)


@frappe.whitelist(methods=["POST"])
def undo(name: str) -> None:
	_may_post(name)
	frappe.has_permission("Payment Entry", "cancel", throw=True)
	applying.undo(name)


@frappe.whitelist(methods=["POST"])
def undo_many(names: list | str) -> list[dict]:
	"""Take back several; of each its new status, or why it could not be."""
	return applying.each(_names(names), undo)


@frappe.whitelist(methods=["POST"])
def import_statement(bank_account: str, file: str) -> dict:
	"""Bring an uploaded camt.053 or MT940 file (name of the File) into Bank Transactions: {made, known, alike}."""
	frappe.get_doc("Bank Account", bank_account).check_permission("read")
	frappe.has_permission("Bank Transaction", "submit", throw=True)
	upload = frappe.get_doc("File", file)
	upload.check_permission("read")
	content = upload.get_content()
	return statements.bring_in(bank_account, content.encode() if isinstance(content, str) else content)


def _names(names: list | str) -> list[str]:
	names = frappe.parse_json(names)
	if len(names) > applying.AT_ONCE:
		frappe.throw(_("At most {0} at a time.").format(applying.AT_ONCE))
	return names


def _may_post(name: str) -> None:
	frappe.get_doc("Cash Match Proposal", name).check_permission("write")
	frappe.has_permission("Payment Entry", "submit", throw=True)

"""Files that approvers give with their decision: kept with the request, so that everybody who takes part can open them."""

import frappe
from frappe import _


def claim(request: str, file_url: str, user: str | None = None) -> None:
	"""Attach a file that the user has just uploaded to the request; a file that they cannot read is refused."""
	user = user or frappe.session.user
	files = [
		frappe.get_doc("File", name)
		for name in frappe.get_all(
			"File", filters={"file_url": file_url}, pluck="name", order_by="creation desc", limit=20
		)
	]
	readable = [file for file in files if file.has_permission("read", user=user)]
	if not readable:
		frappe.throw(
			_("The attachment {0} is not there. Attach it again.").format(frappe.bold(file_url)),
			title=_("Attachment"),
		)
	for file in readable:
		if file.owner == user and not file.attached_to_name:
			file.db_set({"attached_to_doctype": "Approval Request", "attached_to_name": request})
			return

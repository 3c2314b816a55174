"""Approval gate on every DocType. Documents that no chain and no open request speaks about leave at once."""

from frappe import _

from sales_crm_accounts.services.approvals import after_posting, chains, gate, newborn, requests, waiting


def before_validate(doc, method=None):
	gate.before_validate(doc)


def before_submit(doc, method=None):
	gate.before_submit(doc)


def on_submit(doc, method=None):
	gate.on_submit(doc)


def before_cancel(doc, method=None):
	gate.before_cancel(doc)


def on_cancel(doc, method=None):
	gate.on_cancel(doc)
	if waiting.concerns(doc.doctype):
		requests.document_gone(doc, _("The document was cancelled."))


def before_update_after_submit(doc, method=None):
	after_posting.before_update_after_submit(doc)


def on_update(doc, method=None):
	if chains.gated(doc.doctype):
		newborn.remember(doc)
	if waiting.concerns(doc.doctype):
		requests.document_changed(doc)


def on_trash(doc, method=None):
	if waiting.concerns(doc.doctype):
		requests.document_gone(doc, _("The document was deleted."))


def on_discard(doc, method=None):
	"""Since v16 a draft can be discarded."""
	if waiting.concerns(doc.doctype):
		requests.document_gone(doc, _("The document was discarded."))


def after_rename(doc, method=None, old=None, new=None, merge=False):
	if waiting.concerns(doc.doctype):
		requests.document_renamed(doc.doctype, old, new)

"""Where a deal comes from: Opportunity, Quotation, or Frappe CRM's CRM Deal; one live deal each.

One source has one deal at a time: `Deal.source_key` is unique, and given back when the deal is cancelled or deleted.
"""

import frappe
from frappe import _
from frappe.utils import cint, escape_html, get_link_to_form

from sales_crm_accounts.services import customers, mapping

#: Fields of a Deal that name its source, most exact first; an Opportunity may be sold by several Quotations.
SOURCES = {"quotation": "Quotation", "opportunity": "Opportunity", "crm_deal": "CRM Deal"}


# One deal a source


def deal_of(doctype: str, name: str) -> str | None:
	"""The deal made from this document that is not cancelled."""
	deal = frappe.db.get_value("Deal", {"source_key": _key(doctype, name)})
	if deal or doctype != "Quotation":
		return deal
	opportunity = mapping.opportunity_of(name)
	return (
		frappe.db.get_value("Deal", {"source_key": _key("Opportunity", opportunity)}) if opportunity else None
	)


def claim(deal):
	"""Take the source for this deal before it is inserted; another live deal of the same source is named."""
	if deal.amended_from:
		_take_over(deal, frappe.get_doc("Deal", deal.amended_from))
	doctype, name = _source_of(deal)
	if name and not deal.flags.ignore_permissions:
		frappe.has_permission(doctype, "read", name, throw=True)
	deal.source_key = _key(doctype, name) if name else None
	if name and (other := deal_of(doctype, name)):
		frappe.throw(
			_("{0} {1} already has the deal {2}. Open that deal, or cancel it first.").format(
				_(doctype), _link(doctype, name), get_link_to_form("Deal", other)
			),
			title=_("Deal Exists"),
		)
	if deal.crm_deal and not (deal.customer or deal.lead or deal.prospect):
		deal.customer = customers.of_crm_deal(deal.crm_deal, make=True)
		customers.take_along(deal)


def claimed(deal):
	"""Show the deal on its source, once it is inserted."""
	_point(deal, deal.name)


def release(deal):
	"""Give the source back when the deal is cancelled or deleted."""
	if deal.get("source_key"):
		deal.source_key = None
		frappe.db.set_value("Deal", deal.name, "source_key", None, update_modified=False)
	_point(deal, None)
	# Of a draft whose quotation was cancelled, the pointer stays for the amended one.
	frappe.db.set_value("Quotation", {"deal": deal.name, "docstatus": 2}, "deal", None, update_modified=False)


def _point(deal, target: str | None):
	for field, doctype in SOURCES.items():
		name = deal.get(field)
		if not name or not frappe.db.table_exists(doctype) or not frappe.get_meta(doctype).has_field("deal"):
			continue
		if target or frappe.db.get_value(doctype, name, "deal") == deal.name:
			frappe.db.set_value(doctype, name, "deal", target, update_modified=False)


def _take_over(deal, cancelled):
	for field in SOURCES:
		if not deal.get(field):
			deal.set(field, cancelled.get(field))
	leave_cancelled(deal)


# A quotation that is cancelled or amended


def leave_cancelled(deal):
	"""An amended deal does not begin with a quotation that was cancelled meanwhile; with the one that amends it, if there is one."""
	if deal.quotation and frappe.db.get_value("Quotation", deal.quotation, "docstatus") == 2:
		deal.quotation = frappe.db.get_value("Quotation", {"amended_from": deal.quotation, "docstatus": 1})


def quotation_cancelled(quotation):
	"""Draft deals of it go on without it, as nothing that names a cancelled document can be saved.

	Of a won deal Frappe does not let it be cancelled.
	"""
	for name in frappe.get_all("Deal", filters={"quotation": quotation.name, "docstatus": 0}, pluck="name"):
		deal = frappe.get_doc("Deal", name)
		deal.quotation = None
		doctype, source = _source_of(deal)
		free = source and not deal_of(doctype, source)
		# Written beside the form, which the user may be in: `modified` moves, so that an open form has to be loaded anew.
		deal.db_set({"quotation": None, "source_key": _key(doctype, source) if free else None}, notify=True)
		deal.add_comment(
			"Info",
			_("Quotation {0} was cancelled. The deal keeps what it has from it.").format(quotation.name),
		)


def quotation_amended(quotation):
	"""The draft deal of the quotation that this one amends becomes its deal; what was agreed meanwhile on the deal stays."""
	name = quotation.amended_from and frappe.db.get_value("Quotation", quotation.amended_from, "deal")
	if not name or deal_of("Quotation", quotation.name) not in (None, name):
		return
	deal = frappe.get_doc("Deal", name)
	if deal.docstatus != 0 or deal.quotation:
		return
	deal.db_set({"quotation": quotation.name, "source_key": _key("Quotation", quotation.name)}, notify=True)
	_point(deal, deal.name)
	quotation.deal = deal.name
	deal.add_comment(
		"Info",
		_("Quotation {0} replaces {1}. Compare its items and discount: the deal was not changed.").format(
			quotation.name, quotation.amended_from
		),
	)


def _source_of(deal) -> tuple[str | None, str | None]:
	return next(
		((doctype, deal.get(field)) for field, doctype in SOURCES.items() if deal.get(field)), (None, None)
	)


def _key(doctype: str, name: str) -> str:
	return f"{doctype}: {name}"


def existing(doctype: str, name: str):
	"""The deal that the source has, with a word to the user; None where there is none."""
	found = deal_of(doctype, name)
	if not found:
		return None
	deal = frappe.get_doc("Deal", found)
	text = _("{0} {1} already has the deal {2}.").format(
		_(doctype), _link(doctype, name), get_link_to_form("Deal", found)
	)
	if not deal.has_permission("read"):
		frappe.throw(
			text + " " + _("Ask {0}, who owns it.").format(frappe.utils.get_fullname(deal.deal_owner))
		)
	frappe.msgprint(text, alert=True)
	return deal


def _link(doctype: str, name: str) -> str:
	return name if doctype == mapping.CRM_DEAL else get_link_to_form(doctype, name)


def keep_pointer(source):
	"""A form that was opened before the deal was made does not wipe the deal from its source."""
	before = source.get_doc_before_save()
	if before and before.get("deal") and before.deal != source.get("deal"):
		source.deal = before.deal
		frappe.db.set_value(source.doctype, source.name, "deal", before.deal, update_modified=False)


# Deals that make themselves


def won_opportunity(opportunity):
	"""Make the deal of an Opportunity that has just become Converted, if the settings say so."""
	if opportunity.status == "Converted" and _has_become(opportunity, "Converted"):
		_make_by_itself("deal_from_won_opportunity", opportunity, mapping.from_opportunity)


def _has_become(doc, status: str) -> bool:
	before = doc.get_doc_before_save()
	return not before or before.status != status


def won_crm_deal(crm_deal):
	"""Make the deal of a CRM Deal whose status has just become one of the type Won, if the settings say so."""
	if crm_deal.has_value_changed("status") and _is_won_status(crm_deal.get("status")):
		_make_by_itself("deal_from_won_crm_deal", crm_deal, mapping.from_crm_deal)


def _is_won_status(status: str | None) -> bool:
	if not status:
		return False
	if frappe.db.table_exists("CRM Deal Status") and frappe.get_meta("CRM Deal Status").has_field("type"):
		return frappe.db.get_value("CRM Deal Status", status, "type") == "Won"
	return status == "Won"


def _make_by_itself(setting: str, source, make):
	"""Insert the deal of a won source in the source's own transaction; never in the way of saving the source.

	Its unique key keeps two from being made. A failure is logged, and told to the user and on the source's timeline.
	"""
	if not cint(frappe.db.get_single_value("Sales CRM Accounts Settings", setting, cache=True)):
		return
	field = next(field for field, doctype in SOURCES.items() if doctype == source.doctype)
	if frappe.db.exists("Deal", {field: source.name}):
		return
	savepoint, said = "sca_deal_of_source", len(frappe.local.message_log)
	frappe.db.savepoint(savepoint)
	try:
		deal = make(source.name)
		# The setting is the right to make it: whoever wins the opportunity need not be a deal user.
		deal.insert(ignore_permissions=True)
	except (frappe.QueryDeadlockError, frappe.QueryTimeoutError):
		# The database gave up the whole transaction, the source with it; the user has to save again.
		raise
	except Exception as error:
		frappe.db.rollback(save_point=savepoint)
		del frappe.local.message_log[said:]
		# Somebody else made it in this very moment: the unique key spoke, and there is nothing to tell.
		if not isinstance(error, frappe.UniqueValidationError | frappe.DuplicateEntryError):
			_tell_failure(source, error)
		return
	if source.meta.has_field("deal"):
		source.deal = deal.name
	frappe.msgprint(_("Deal {0} was made.").format(get_link_to_form("Deal", deal.name)), alert=True)


def _tell_failure(source, error: Exception):
	frappe.log_error(
		title=f"Deal from {source.doctype} {source.name}"[:140],
		reference_doctype=source.doctype,
		reference_name=source.name,
	)
	reason = frappe.utils.strip_html(str(error))
	if source.doctype == mapping.CRM_DEAL:
		text = _("No deal was made of it: {0} Make the deal with the button Create Deal.").format(reason)
	else:
		text = _("No deal was made of it: {0} Make the deal with the button Create > Deal.").format(reason)
	source.add_comment("Comment", text=escape_html(text))
	frappe.msgprint(text, title=_("Deal Not Made"), indicator="orange")

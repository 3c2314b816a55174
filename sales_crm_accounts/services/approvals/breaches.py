"""Finding what came past the gate, the same day: see `baseline` for the rule, `verification` for changed contents and steps.

Each finding is an Approval Breach, found once, that stays open until somebody explains it. Those who look into such things get
one mail with the list.
"""

import hashlib

import frappe
from frappe import _
from frappe.utils import cint, flt, now_datetime

from sales_crm_accounts.services.approvals import CANCEL, baseline, chains, mails, notify, paths, reading
from sales_crm_accounts.services.approvals.directory import SiteDirectory

POSTED, CHANGED, TAMPERED, UNUSABLE = (
	"Posted Without Approval",
	"Changed After Approval",
	"Steps Tampered With",
	"Chain Unusable",
)
SETTINGS = "Sales CRM Accounts Settings"
#: Documents that one look at a gate takes up; the next look takes the rest.
LIMIT = 500
TOLD = ("Approval Manager", "Auditor")


def sca_hourly_approval_check():
	"""Scheduler, hourly: what came past a gate, what was touched since the last look, unusable chains; then go on with the full check."""
	from sales_crm_accounts.services.approvals import verification

	since, now = frappe.db.get_single_value(SETTINGS, "last_breach_check", cache=False), now_datetime()
	found = []
	for doctype, action in baseline.gates():
		found += _committed(search, doctype, action)
	found += _committed(check_chains)
	found += _committed(verification.check_recent, since)
	found += _committed(verification.go_on)
	frappe.db.set_single_value(SETTINGS, "last_breach_check", now)
	frappe.db.commit()
	tell(found)


def sca_nightly_approval_verification():
	"""Scheduler, daily: start the check of every content and every step that the gate ever let through."""
	from sales_crm_accounts.services.approvals import verification

	verification.start()
	found = _committed(verification.go_on)
	tell(found)


def _committed(work, *args) -> list[str]:
	"""Findings of one part, committed; a part that fails is logged and does not keep the others."""
	try:
		found = work(*args)
		frappe.db.commit()
		return found
	except Exception:
		frappe.db.rollback()
		frappe.log_error(title=_("Approval check stopped: {0} {1}").format(work.__name__, args)[:140])
		frappe.db.commit()
		return []


# Posted without approval


def search(doctype: str, action: str) -> list[str]:
	"""Documents that are submitted (or cancelled) and that the gate has no row of; one statement, and one for each finding."""
	meta = frappe.get_meta(doctype)
	company = "doc.company" if meta.has_field("company") else "null"
	rows = frappe.db.sql(
		f"""
		select doc.name, doc.modified_by, {company} as company
		from `tab{doctype}` doc
		{baseline.JOIN_LOG}
		left join `tabApproval Breach` breach
			on breach.reference_doctype = %(doctype)s and breach.reference_name = doc.name
			and breach.kind = %(kind)s and breach.action = %(action)s and breach.creation >= doc.creation
		where doc.docstatus = %(docstatus)s and log.name is null and breach.name is null
		order by doc.modified
		limit {LIMIT}
		""",
		{**baseline.gate_values(doctype, action), "kind": POSTED},
		as_dict=True,
	)
	found = []
	for row in rows:
		detail = (
			_("Cancelled without passing the gate: by SQL, or by a program that writes the table directly.")
			if action == CANCEL
			else _(
				"Submitted without passing the gate: by SQL, or by a program that writes the table directly."
			)
		)
		found += record(
			POSTED,
			doctype,
			row.name,
			detail,
			action=action,
			company=row.company,
			document_user=row.modified_by,
			amount=amount_of(doctype, row.name),
		)
	return found


def amount_of(doctype: str, name: str) -> float:
	"""Amount in company currency; 0 where it cannot be told."""
	doc = frappe.get_doc(doctype, name)
	try:
		return flt(chains.amount_of(frappe._dict(name="", amount_field=None, levels=[]), doc)[0])
	except frappe.ValidationError:
		frappe.clear_last_message()
		return 0


# Chains that nothing can pass


def check_chains() -> list[str]:
	"""Active chains that ask for fields that are gone, or for people of whom there are none; found again each month."""
	found = []
	for of_doctype in chains.active().values():
		for chain in of_doctype:
			for problem in problems_of(chain):
				found += record(
					UNUSABLE,
					"Approval Chain",
					chain.name,
					problem,
					company=chain.company,
					key=(chain.name, problem, f"{now_datetime():%Y-%m}"),
				)
	return found


def problems_of(chain) -> list[str]:
	fields = [(row.field, _("Condition {0}").format(row.idx)) for row in chain.conditions]
	if chain.amount_field:
		fields.append((chain.amount_field, _("Amount field")))
	fields += [
		(row.document_field, _("Level row {0}").format(row.idx))
		for row in chain.levels
		if row.approver_source == "Document Field"
	]
	found = []
	for path, where in fields:
		try:
			paths.field_at(chain.document_type, path)
		except paths.UnknownField as error:
			found.append(_("{0}: {1} has no field {2}.").format(where, _(error.args[1]), path))
	directory = SiteDirectory(company=chain.company)
	for row in chain.levels:
		if (people := _people(directory, row)) is None:
			continue
		able = [user for user in people if directory.is_enabled(user)]
		needed = cint(row.required_count) if row.rule == "N of M" else 1
		if len(able) < needed:
			found.append(
				_("Level row {0} needs {1} approvers, and {2} can log in.").format(row.idx, needed, len(able))
			)
	return found


def _people(directory: SiteDirectory, row) -> list[str] | None:
	"""Whom the level names whatever the document; None where the document or the requester decides."""
	if row.approver_source == "User":
		return [row.user]
	if row.approver_source == "Role":
		return directory.users_with_role(row.role)
	if row.approver_source == "User Group":
		return directory.members_of(row.user_group)
	return None


# Writing down and telling


def record(
	kind: str,
	doctype: str,
	name: str,
	detail: str,
	*,
	action: str | None = None,
	company: str | None = None,
	document_user: str | None = None,
	amount: float = 0,
	key: tuple | None = None,
) -> list[str]:
	"""The finding as a document, unless it is known; [its name], or nothing."""
	breach = frappe.new_doc("Approval Breach")
	breach.update(
		{
			"kind": kind,
			"status": "Open",
			"reference_doctype": doctype,
			"reference_name": name,
			"action": action,
			"found_on": now_datetime(),
			"company": company,
			"amount": amount,
			"document_user": document_user,
			"detail": detail[:1000],
			"breach_key": key_of(kind, doctype, *(key or (name, action or "", _made_on(doctype, name)))),
		}
	)
	if frappe.db.exists("Approval Breach", {"breach_key": breach.breach_key}):
		return []
	# The document, its user or its company may be gone.
	breach.flags.ignore_links = True
	frappe.db.savepoint("sca_breach")
	try:
		breach.insert(ignore_permissions=True)
	except (frappe.UniqueValidationError, frappe.DuplicateEntryError):
		frappe.db.rollback(save_point="sca_breach")
		frappe.clear_last_message()
		return []
	return [breach.name]


def key_of(kind: str, doctype: str, *parts) -> str:
	return hashlib.sha256("|".join(map(str, (kind, doctype, *parts))).encode()).hexdigest()


def _made_on(doctype: str, name: str) -> str:
	"""Tells two documents apart that had the same name one after the other."""
	return str(frappe.db.get_value(doctype, name, "creation") or "")


def tell(names: list[str]):
	"""One line in the bell and one mail with the list, to each Approval Manager and Auditor. Commits."""
	if not names:
		return
	rows = frappe.get_all(
		"Approval Breach",
		filters={"name": ("in", names)},
		fields=["name", "kind", "reference_doctype", "reference_name", "company", "amount", "detail"],
		order_by="name",
	)
	for row in rows:
		row.currency = (
			frappe.get_cached_value("Company", row.company, "default_currency") if row.company else None
		)
	by_mail = cint(frappe.db.get_single_value(SETTINGS, "approval_mails"))
	for user in notify.managers(*TOLD):
		try:
			with reading.reading_as(user):
				message = mails.breaches(rows)
				message.reference = ("Approval Breach", rows[0].name)
				notify.ring(user, message)
				if by_mail:
					mails.send(user, message)
			frappe.db.commit()
		except Exception:
			frappe.db.rollback()
			frappe.log_error(title=_("Approval findings not sent to {0}").format(user))
			frappe.db.commit()

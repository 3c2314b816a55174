"""Handing deals over: a deal, won or not, belongs to somebody else from now on, and with it all that bears its owner's name.

Who sees a deal, who is told that an invoice failed, and in whose name invoices are asked approval for, all follow the owner. The
owner of a won deal cannot be edited like a field; this is the way, by whom it concerns, with a line on the timeline.
"""

from collections.abc import Iterable

import frappe
from frappe import _
from frappe.utils import get_fullname, get_link_to_form, strip_html

from sales_crm_accounts import erpnext_compat
from sales_crm_accounts.permissions.quiet import may
from sales_crm_accounts.services.derived import is_lock_error
from sales_crm_accounts.services.receivables import assignment
from sales_crm_accounts.services.receivables.notices import ring

ROLES = frozenset({"Deal Manager", "System Manager", "Administrator"})
#: Deals of one call; each is a document of its own.
MOST = 500


def allowed(deal, user: str | None = None) -> bool:
	"""Whether the user may hand over a deal that they see: a Deal Manager, the owner's manager, and of a draft who may edit it."""
	user = user or frappe.session.user
	if not ROLES.isdisjoint(frappe.get_roles(user)):
		return True
	if deal.docstatus == 0:
		return may(deal, "write")
	return user in managers_of(deal.deal_owner)


def managers_of(user: str) -> set[str]:
	"""Everybody above the user by Employee > Reports To, and in the tree of Sales Persons; also above somebody who has left."""
	employees = frappe.get_all("Employee", filters={"user_id": user}, pluck="name")
	seen, above = set(employees), employees
	while above:
		bosses = frappe.get_all(
			"Employee", filters={"name": ("in", above), "reports_to": ("is", "set")}, pluck="reports_to"
		)
		above = sorted(set(bosses) - seen)
		seen.update(above)
	below, top = frappe.qb.DocType("Sales Person").as_("below"), frappe.qb.DocType("Sales Person").as_("top")
	leads = (
		frappe.qb.from_(below)
		.join(top)
		.on((top.lft < below.lft) & (top.rgt > below.rgt))
		.where(below.employee.isin(employees or [""]) & (top.employee > ""))
		.select(top.employee)
		.distinct()
		.run(pluck=True)
	)
	managers = sorted((seen | set(leads)) - set(employees))
	users = frappe.get_all(
		"Employee", filters={"name": ("in", managers or [""]), "user_id": ("is", "set")}, pluck="user_id"
	)
	return set(users) - {user}


def hand_over(deals: Iterable[str], to: str, reason: str = "") -> dict:
	"""Give the deals to the user; `{"done": [names], "failed": [{"deal", "reason"}]}`. A single one that fails is raised."""
	names = list(dict.fromkeys(deals))
	if not names:
		frappe.throw(_("Choose the deals first."))
	if len(names) > MOST:
		frappe.throw(_("At most {0} deals at once.").format(MOST))
	check_new_owner(to)
	done, failed = [], []
	for name in names:
		frappe.db.savepoint("sca_hand_over")
		messages = len(frappe.local.message_log)
		try:
			with erpnext_compat.quiet_messages():
				done.append(_hand_over(name, to, reason))
		except Exception as error:
			if len(names) == 1 or is_lock_error(error):
				raise
			frappe.db.rollback(save_point="sca_hand_over")
			frappe.clear_document_cache("Deal", name)
			del frappe.local.message_log[messages:]  # told in the list of what failed
			if not isinstance(error, frappe.ValidationError | frappe.PermissionError):
				frappe.log_error(title=_("Deal {0} not handed over").format(name))
			failed.append({"deal": name, "reason": strip_html(str(error)) or type(error).__name__})
	if done and to != frappe.session.user:
		me = get_fullname(frappe.session.user)
		if len(done) == 1:
			ring(to, _("{0} handed the deal {1} over to you."), (me, done[0].title), done[0])
		else:
			ring(
				to,
				_("{0} handed {1} deals over to you, {2} among them."),
				(me, len(done), done[0].title),
				done[0],
			)
	return {"done": [deal.name for deal in done], "failed": failed}


def check_new_owner(user: str) -> None:
	"""The new owner can log in to the desk and has a role that opens deals."""
	if not frappe.db.exists("User", {"name": user, "enabled": 1, "user_type": "System User"}):
		frappe.throw(_("{0} is no enabled desk user.").format(user), title=_("Hand Over"))
	with erpnext_compat.quiet_messages():
		reads = frappe.has_permission("Deal", "read", user=user)
	if not reads:
		frappe.throw(
			_("{0} has no role for deals. Give them the role {1} first.").format(
				get_link_to_form("User", user, get_fullname(user)), _("Deal User")
			),
			title=_("Hand Over"),
		)


def search_owners(txt: str, start: int, page_length: int) -> list[tuple[str, str]]:
	"""(user, full name) of people who could own a deal, for a link field: enabled, with a role that opens deals, no machine."""
	billing_user = frappe.db.get_single_value("Sales CRM Accounts Settings", "billing_user", cache=True)
	found = assignment.search_people(
		txt,
		0,
		start + page_length + 1,
		{rule.role for rule in frappe.get_meta("Deal").permissions if rule.write and not rule.permlevel},
	)
	return [row for row in found if row[0] != billing_user][start : start + page_length]


def _hand_over(name: str, to: str, reason: str):
	deal = frappe.get_doc("Deal", name, for_update=True)
	deal.check_permission("read")
	before = deal.deal_owner
	if not allowed(deal):
		frappe.throw(
			_("Only a Deal Manager or a manager of {0} may hand over this deal.").format(
				get_fullname(before)
			),
			frappe.PermissionError,
		)
	if deal.docstatus == 2:
		frappe.throw(_("The deal is cancelled."))
	if before == to:
		frappe.throw(_("{0} owns this deal already.").format(get_fullname(to)))
	if deal.docstatus == 0:
		# As on the form: an approval that was asked for is asked for anew, for the owner is part of what was asked.
		deal.deal_owner = to
		deal.save()
	else:
		deal.db_set("deal_owner", to, notify=True)
	_give(deal.name, before, to)
	# As it is kept now: a User Permission may hide it from the new owner.
	with erpnext_compat.quiet_messages():
		sees = frappe.has_permission("Deal", "read", doc=frappe.get_doc("Deal", name), user=to)
	if not sees:
		frappe.throw(
			_("{0} would not see this deal: a User Permission is in the way.").format(get_fullname(to)),
			title=_("Hand Over"),
		)
	text = _("Handed over from {0} to {1}.").format(get_fullname(before), get_fullname(to))
	if reason := (reason or "").strip():
		text += " " + frappe.utils.escape_html(reason)
	deal.add_comment("Info", text)
	return deal


def _give(deal: str, before: str, to: str) -> None:
	"""What keeps the owner beside the deal: its installments, its open disputes, and tasks of reminders not handed out yet."""
	installments = frappe.get_all("Deal Installment", filters={"deal": deal}, pluck="name")
	if installments:
		row = frappe.qb.DocType("Deal Installment")
		frappe.qb.update(row).set(row.deal_owner, to).where(row.name.isin(installments)).run()
		for name in installments:
			frappe.clear_document_cache("Deal Installment", name)
	dispute = frappe.qb.DocType("Receivable Dispute")
	frappe.qb.update(dispute).set(dispute.dispute_owner, to).where(
		(dispute.deal == deal) & (dispute.status == "Open") & (dispute.dispute_owner == before)
	).run()
	tasks = frappe.get_all(
		"Dunning Message",
		filters=[
			["Dunning Message", "assigned_to", "=", before],
			["Dunning Message", "channel", "=", "Task"],
			["Dunning Message", "status", "in", ["Draft", "Held Back", "Queued"]],
			["Dunning Message Row", "deal", "=", deal],
		],
		pluck="name",
		distinct=True,
	)
	for name in tasks:
		frappe.db.set_value("Dunning Message", name, "assigned_to", to)

"""Roles of the app, and the user that automatic invoices are made by."""

import frappe

from sales_crm_accounts.permissions.approval_access import APPROVAL_MANAGER
from sales_crm_accounts.setup import SETTINGS

DEAL_USER = "Deal User"
DEAL_MANAGER = "Deal Manager"
COLLECTOR = "Collector"
COLLECTIONS_MANAGER = "Collections Manager"
ROLES = (DEAL_USER, DEAL_MANAGER, APPROVAL_MANAGER, COLLECTOR, COLLECTIONS_MANAGER)

# A top-level domain that is reserved for never existing (RFC 2606): no mail can reach or come from this user.
BILLING_USER = "deal-billing@sales-crm-accounts.invalid"
# What billing a deal needs: invoices and their ledger, orders, and the deal itself.
BILLING_USER_ROLES = ("Accounts User", "Sales User", DEAL_MANAGER)


def make_roles() -> None:
	for role in ROLES:
		if not frappe.db.exists("Role", role):
			frappe.get_doc({"doctype": "Role", "role_name": role, "desk_access": 1}).insert(
				ignore_permissions=True
			)


def make_billing_user() -> str:
	"""The user of automatic billing: cannot log in, has the rights of an ordinary bookkeeper.

	Administrator would pass by credit limits and due date limits, because it has every role.
	"""
	if frappe.db.exists("User", BILLING_USER):
		user = frappe.get_doc("User", BILLING_USER)
	else:
		user = frappe.new_doc("User")
		user.update(
			{
				"email": BILLING_USER,
				"first_name": "Deal Billing",
				"user_type": "System User",
				"send_welcome_email": 0,
				"thread_notify": 0,
				"bio": "Automatic invoices of won deals are made by this user. It has no password and cannot log in.",
			}
		)
	user.enabled = 1
	user.flags.no_welcome_mail = True
	present = {row.role for row in user.roles}
	for role in BILLING_USER_ROLES:
		if role not in present:
			user.append("roles", {"role": role})
	user.save(ignore_permissions=True)
	if frappe.db.exists("Notification Settings", user.name):
		frappe.db.set_value("Notification Settings", user.name, "enable_email_notifications", 0)
	return user.name


def set_billing_user() -> None:
	"""Name the billing user in the settings, unless somebody chose another one."""
	chosen = frappe.db.get_single_value(SETTINGS, "billing_user", cache=False)
	if not chosen or not frappe.db.exists("User", chosen):
		frappe.db.set_single_value(SETTINGS, "billing_user", make_billing_user())

"""Who stands where: roles, groups, managers, heads and limits, read for one route, each thing once."""

from decimal import Decimal
from functools import cached_property

import frappe
from frappe.utils import flt
from frappe.utils.nestedset import get_ancestors_of

from sales_crm_accounts.core.money import to_decimal
from sales_crm_accounts.services.approvals import paths

INFINITE = Decimal("Infinity")
#: Nobody is asked because of a role that these have.
NOBODY = ("Administrator", "Guest")
HEAD_FIELD = "approval_head"


class SiteDirectory:
	"""The core's `Directory` over a site's users, employees and limits, for one document (or none, in what-if)."""

	def __init__(self, doc=None, company: str | None = None):
		self.doc = doc
		self.company = company or (doc and doc.get("company")) or ""
		self._roles: dict[str, list[str]] = {}
		self._managers: dict[str, str | None] = {}
		self._limits: dict[str, Decimal | None] = {}

	def users_with_role(self, role: str) -> list[str]:
		if role not in self._roles:
			has_role, user = frappe.qb.DocType("Has Role"), frappe.qb.DocType("User")
			rows = (
				frappe.qb.from_(has_role)
				.join(user)
				.on((has_role.parent == user.name) & (has_role.parenttype == "User"))
				.where((has_role.role == role) & (user.enabled == 1) & user.name.notin(NOBODY))
				.where(user.user_type == "System User")
				.select(user.name)
				.distinct()
				.orderby(user.name)
				.run()
			)
			billing_user = frappe.db.get_single_value(
				"Sales CRM Accounts Settings", "billing_user", cache=True
			)
			self._roles[role] = [name for (name,) in rows if name != billing_user]
		return self._roles[role]

	def members_of(self, group: str) -> list[str]:
		return frappe.get_all(
			"User Group Member",
			filters={"parent": group, "parenttype": "User Group"},
			pluck="user",
			order_by="idx",
		)

	def manager_of(self, user: str) -> str | None:
		if user not in self._managers:
			employee, manager = frappe.qb.DocType("Employee"), frappe.qb.DocType("Employee").as_("manager")
			rows = (
				frappe.qb.from_(employee)
				.join(manager)
				.on(employee.reports_to == manager.name)
				.where((employee.user_id == user) & (employee.status == "Active"))
				.select(manager.user_id)
				.limit(1)
				.run()
			)
			self._managers[user] = rows[0][0] if rows else None
		return self._managers[user]

	def heads_of(self, kind: str, name: str) -> list[str]:
		"""Head of a cost center or department, else of the nearest one above it that has a head."""
		if not name:
			return []
		for unit in (name, *get_ancestors_of(kind, name)):
			if head := frappe.get_cached_value(kind, unit, HEAD_FIELD):
				return [head]
		return []

	def field_users(self, path: str) -> list[str]:
		"""Users that a field of the document leads to: a user itself, or an employee's."""
		if self.doc is None:
			return []
		try:
			doctype, fieldname, _fieldtype = paths.field_at(self.doc.doctype, path)
			found = [value for value in paths.plain(paths.values(self.doc, path)) if value]
		except paths.UnknownField:
			return []
		field = frappe.get_meta(doctype).get_field(fieldname)
		if field and field.options == "Employee":
			found = [frappe.get_cached_value("Employee", name, "user_id") for name in found]
		elif field and field.options == "Sales Person":
			employees = [frappe.get_cached_value("Sales Person", name, "employee") for name in found]
			found = [frappe.get_cached_value("Employee", name, "user_id") for name in employees if name]
		return list(
			dict.fromkeys(user for user in found if user and frappe.db.exists("User", user, cache=True))
		)

	def limit_of(self, user: str) -> Decimal | None:
		"""Highest limit of the user or one of their roles, in the company's currency; None where there is none."""
		if user not in self._limits:
			roles = set(frappe.get_roles(user))
			fitting = [
				limit
				for limit in self._all_limits
				if (limit.user == user if limit.limit_for == "User" else limit.role in roles)
			]
			own = [limit for limit in fitting if limit.limit_for == "User"]
			# What is set for the person counts, not what the role would allow.
			amounts = [self._in_company_currency(limit) for limit in own or fitting]
			self._limits[user] = max(amounts, default=None)
		return self._limits[user]

	def is_enabled(self, user: str) -> bool:
		return bool(frappe.get_cached_value("User", user, "enabled")) and user != "Guest"

	@cached_property
	def _all_limits(self) -> list:
		rows = frappe.get_all(
			"Approver Limit",
			fields=["limit_for", "user", "role", "company", "unlimited", "amount", "currency"],
		)
		return [row for row in rows if not row.company or row.company == self.company]

	def _in_company_currency(self, limit) -> Decimal:
		if limit.unlimited:
			return INFINITE
		currency = (
			frappe.get_cached_value("Company", self.company, "default_currency")
			if self.company
			else frappe.db.get_default("currency")
		)
		if not limit.currency or limit.currency == currency:
			return to_decimal(limit.amount)
		from erpnext.setup.utils import get_exchange_rate

		# Without a rate the limit covers nothing.
		rate = flt(get_exchange_rate(limit.currency, currency))
		return to_decimal(limit.amount) * to_decimal(rate)

"""The YAML files: company, accounts, calendar, billing policies."""

from __future__ import annotations

from typing import Any

from ..core import plan, policy
from ..core.billing import BY_QUANTITY, BY_RATE, INVOICE_PER_INSTALLMENT, ONE_INVOICE
from ..core.problems import _
from . import books
from .books import Policy
from .columns import CALENDAR_KEYS, COMPANY_KEYS, POLICY_KEYS

#: As on a site (doctype/billing_policy).
MOST_DAYS_AHEAD = 365


class SettingsFiles:
	"""Part of the Loader."""

	def read_company(self):
		company, name = self.company, "company.yaml"
		values = self.yaml(name, COMPANY_KEYS)
		company.name = self.text(name, values, "company", self.folder.resolve().name)
		company.currency = self.currency(name, values, company.currency)
		company.precision = self.whole(name, values, "precision", 2)
		if company.precision > 6:
			self.wrong_value(name, values, "precision", _("a currency has at most 6 decimals."))
			company.precision = 2
		company.rounding = self.choice(name, values, "rounding", tuple(books.ROUNDINGS), company.rounding)
		company.start = self.day(name, values, "start")
		company.end = self.day(name, values, "end")
		if company.start and company.end and company.end < company.start:
			self.wrong_value(
				name, values, "end", _("the last day is before the first. Correct start or end.")
			)
		elif company.start and company.end and company.end.year - company.start.year > plan.FURTHEST_YEARS:
			self.wrong_value(
				name,
				values,
				"end",
				_("{date} is more than {years} years after {day}. Check the year."),
				date=company.end,
				years=plan.FURTHEST_YEARS,
				day=company.start,
			)

	def read_accounts(self):
		name = "accounts.yaml"
		values = self.yaml(name, tuple(books.ROLES))
		accounts = self.company.accounts
		for role, usual in books.ROLES.items():
			account = accounts[role] = self.text(name, values, role, usual)
			other = self.roles.setdefault(account, role)
			if other != role:
				self.wrong_value(
					name,
					values,
					role if role in values else other,
					_("{word} stands for {first} and for {second}. Give each an account of its own."),
					word=account,
					first=other,
					second=role,
				)

	def check_account(self, name: str, row: int, column: str, account: str, role: str = ""):
		"""An account of its own is none of those in accounts.yaml, but for that of `role`."""
		other = self.roles.get(account, role)
		if other != role:
			self.problems.add(
				name,
				_("{word} is the account of {role} (accounts.yaml). Give one of the two another name."),
				row,
				column,
				word=account,
				role=other,
			)

	def read_calendar(self):
		name = "calendar.yaml"
		values = self.yaml(name, CALENDAR_KEYS)
		self.company.weekends_off = self.flag(name, values, "weekends_off")
		self.company.books_closed_until = self.day(name, values, "books_closed_until")
		self.company.days_off |= self.day_list(name, values, "days_off")

	def read_policies(self):
		name = "policy.yaml"
		values = self.yaml(name, ("policies",))
		entries = values.get("policies") or [{"name": "Standard"}]
		for number, entry in enumerate(entries if isinstance(entries, list) else [entries], 1):
			if isinstance(entry, dict):
				self.read_policy(name, entry, number)
			else:
				self.problems.add(name, _("policy {number} must hold 'name: value' lines."), number=number)

	def read_policy(self, name: str, entry: dict[str, Any], number: int):
		self.check_names(name, entry, POLICY_KEYS)
		scope = policy.PolicyScope(
			self.text(name, entry, "name", f"Policy {number}"),
			self.of_a_customer(name, entry, "customer_group", self.customer_groups()),
			self.of_a_customer(name, entry, "territory", self.territories()),
			self.money(name, entry, "min_amount"),
			self.money(name, entry, "max_amount"),
		)
		if 0 < scope.max_amount < scope.min_amount:
			self.wrong_value(
				name,
				entry,
				"max_amount",
				_("the largest amount {most} is below the smallest {least}. Correct one; 0 is no limit."),
				most=f"{scope.max_amount:f}",
				least=f"{scope.min_amount:f}",
			)
		for other in (one.scope for one in self.company.policies):
			if scope.name == other.name:
				self.wrong_value(name, entry, "name", _("the name stands twice. Give each policy its own."))
			elif _covers(scope) == _covers(other):
				self.wrong_value(
					name,
					entry,
					"name",
					_(
						"{word} covers the same deals as {other}: customer group, territory and amounts are equal. Change one, or remove it."
					),
					word=scope.name,
					other=other.name,
				)
		self.company.policies.append(
			Policy(
				scope,
				self.choice(
					name, entry, "method", (INVOICE_PER_INSTALLMENT, ONE_INVOICE), INVOICE_PER_INSTALLMENT
				),
				self.choice(name, entry, "split", (BY_RATE, BY_QUANTITY), BY_RATE),
				self.between(name, entry, "days_ahead", 0, 0, MOST_DAYS_AHEAD),
				self.flag(name, entry, "automatic", True),
			)
		)


def _covers(scope: policy.PolicyScope) -> tuple:
	return scope.customer_group, scope.territory, scope.min_amount, scope.max_amount

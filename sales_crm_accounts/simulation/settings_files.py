"""The YAML files: company, accounts, calendar, billing policies."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from ..core import policy
from ..core.billing import BY_QUANTITY, BY_RATE, INVOICE_PER_INSTALLMENT, ONE_INVOICE
from ..core.money import ZERO
from ..core.problems import _
from . import books, reader
from .books import Policy
from .columns import CALENDAR_KEYS, COMPANY_KEYS, POLICY_KEYS


class SettingsFiles:
	"""Part of the Loader."""

	def read_company(self):
		company, name = self.company, "company.yaml"
		values = reader.read_yaml(self.folder / name, self.problems, COMPANY_KEYS)
		company.name = str(values.get("company") or self.folder.resolve().name)
		company.currency = str(values.get("currency") or company.currency)
		company.precision = self.whole(name, values, "precision", 2)
		if company.precision > 6:
			self.problems.add(name, _("a currency has at most 6 decimals."), None, "precision")
			company.precision = 2
		company.rounding = str(values.get("rounding") or company.rounding)
		if company.rounding not in books.ROUNDINGS:
			self.problems.add(
				name,
				_("'{cell}' is not known here. Write one of: {choices}."),
				None,
				"rounding",
				cell=company.rounding,
				choices=", ".join(books.ROUNDINGS),
			)
			company.rounding = next(iter(books.ROUNDINGS))
		company.start = self.day(name, values, "start")
		company.end = self.day(name, values, "end")
		if company.start and company.end and company.end < company.start:
			self.problems.add(name, _("the last day is before the first. Correct start or end."), None, "end")

	def read_accounts(self):
		values = reader.read_yaml(self.folder / "accounts.yaml", self.problems, tuple(books.ROLES))
		self.company.accounts = {role: str(values.get(role) or name) for role, name in books.ROLES.items()}

	def read_calendar(self):
		name = "calendar.yaml"
		values = reader.read_yaml(self.folder / name, self.problems, CALENDAR_KEYS)
		self.company.weekends_off = bool(values.get("weekends_off"))
		self.company.books_closed_until = self.day(name, values, "books_closed_until")
		days = values.get("days_off") or []
		for value in days if isinstance(days, list) else [days]:
			day = self.day(name, {"days_off": value}, "days_off")
			if day:
				self.company.days_off.add(day)

	def read_policies(self):
		name = "policy.yaml"
		values = reader.read_yaml(self.folder / name, self.problems, ("policies",))
		entries = values.get("policies") or [{"name": "Standard"}]
		for number, entry in enumerate(entries if isinstance(entries, list) else [entries], 1):
			if not isinstance(entry, dict):
				self.problems.add(name, _("policy {number} must hold 'name: value' lines."), number=number)
				continue
			for key in entry:
				if key not in POLICY_KEYS:
					self.problems.add(
						name,
						_("unknown entry. Known ones are: {columns}."),
						None,
						str(key),
						columns=", ".join(POLICY_KEYS),
					)
			method = str(entry.get("method") or INVOICE_PER_INSTALLMENT)
			split = str(entry.get("split") or BY_RATE)
			for key, value, choices in (
				("method", method, (INVOICE_PER_INSTALLMENT, ONE_INVOICE)),
				("split", split, (BY_RATE, BY_QUANTITY)),
			):
				if value not in choices:
					self.problems.add(
						name,
						_("'{cell}' is not known here. Write one of: {choices}."),
						None,
						key,
						cell=value,
						choices=", ".join(choices),
					)
			scope = policy.PolicyScope(
				str(entry.get("name") or f"Policy {number}"),
				str(entry.get("customer_group") or ""),
				str(entry.get("territory") or ""),
				self.money(name, entry, "min_amount"),
				self.money(name, entry, "max_amount"),
			)
			if scope.name in {other.scope.name for other in self.company.policies}:
				self.problems.add(name, _("the name stands twice. Give each policy its own."), None, "name")
			self.company.policies.append(
				Policy(
					scope,
					method,
					split,
					self.whole(name, entry, "days_ahead", 0),
					bool(entry.get("automatic", True)),
				)
			)

	def day(self, name: str, values: dict, key: str) -> date | None:
		value = values.get(key)
		if isinstance(value, datetime):
			value = value.date()
		if value is None or isinstance(value, date):
			return self.days.same(value) if value else None
		try:
			return self.days(str(value).strip())
		except reader.CellError as error:
			self.problems.add(name, error.text, None, key, **error.values)
		return None

	def whole(self, name: str, values: dict, key: str, default: int) -> int:
		try:
			return reader.whole(str(values.get(key, default)))
		except reader.CellError as error:
			self.problems.add(name, error.text, None, key, **error.values)
		return default

	def money(self, name: str, values: dict, key: str) -> Decimal:
		try:
			return reader.amount(str(values.get(key) or 0))
		except reader.CellError as error:
			self.problems.add(name, error.text, None, key, **error.values)
		return ZERO

"""Working hours of a company: the working day of the settings, without the days off of its Holiday List."""

from datetime import datetime, time
from decimal import Decimal

import frappe
from frappe.utils import get_datetime, get_time

from sales_crm_accounts.core.approvals import calendar as rules
from sales_crm_accounts.core.money import to_decimal

DEFAULT_START, DEFAULT_END = time(9), time(18)


class WorkingTimes:
	"""Working time by company, each read once; one for each report or job."""

	def __init__(self):
		self._kept: dict[str, rules.WorkingTime] = {}

	def of(self, company: str | None) -> rules.WorkingTime:
		company = company or ""
		if company not in self._kept:
			self._kept[company] = _read(company)
		return self._kept[company]

	def hours(self, company: str | None, start, end) -> Decimal:
		"""Working hours between two moments; nothing where the second is not after the first."""
		start, end = get_datetime(start), get_datetime(end)
		if end <= start:
			return Decimal(0)
		return rules.hours_between(start, end, self.of(company))

	def after(self, company: str | None, start, hours) -> datetime:
		"""The moment when so many working hours have passed."""
		return rules.add_hours(get_datetime(start), to_decimal(hours), self.of(company))


def _read(company: str) -> rules.WorkingTime:
	settings = frappe.get_cached_doc("Sales CRM Accounts Settings")
	start, end = (
		get_time(settings.get("working_day_start") or DEFAULT_START),
		get_time(settings.get("working_day_end") or DEFAULT_END),
	)
	if end <= start:
		start, end = DEFAULT_START, DEFAULT_END
	holiday_list = company and frappe.get_cached_value("Company", company, "default_holiday_list")
	holidays = (
		frappe.get_all(
			"Holiday", filters={"parenttype": "Holiday List", "parent": holiday_list}, pluck="holiday_date"
		)
		if holiday_list
		else []
	)
	return rules.WorkingTime(start=start, end=end, holidays=frozenset(holidays))

"""When somebody who has not decided is reminded, and when the request goes further up."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from .calendar import WorkingTime, hours_between

REMIND, ESCALATE = "Remind", "Escalate"


def due(
	asked_on: datetime,
	remind_after: Decimal | int,
	escalate_after: Decimal | int,
	reminded_on: datetime | None,
	escalated: bool,
	now: datetime,
	working: WorkingTime,
) -> str | None:
	"""REMIND, ESCALATE or None. Hours are working hours; 0 means never.

	Escalation comes once and before a reminder. Reminders come again after as many hours; runs that were missed bring one, not
	one for each.
	"""
	if escalate_after and not escalated and hours_between(asked_on, now, working) >= escalate_after:
		return ESCALATE
	if remind_after and hours_between(reminded_on or asked_on, now, working) >= remind_after:
		return REMIND
	return None

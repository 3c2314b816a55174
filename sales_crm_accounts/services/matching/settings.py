"""What a company has set for cash matching; without a document of its own, the defaults."""

from dataclasses import dataclass

import frappe
from frappe.utils import cint, flt

from sales_crm_accounts.core.matching.rows import LEAST_THRESHOLD, Rules
from sales_crm_accounts.services.matching.units import units


@dataclass(frozen=True, slots=True)
class Settings:
	rules: Rules
	by_itself: bool = False
	fee_account: str | None = None
	discount_account: str | None = None


def settings_of(company: str) -> Settings:
	kept = frappe.db.get_value(
		"Company Receivables Settings",
		company,
		["match_by_itself", "match_threshold", "bank_fee_account", "bank_fee_limit"],
		as_dict=True,
	) or frappe._dict(match_threshold=99)
	fee = units(kept.bank_fee_limit) if kept.bank_fee_account else 0
	return Settings(
		Rules(fee_limit=fee, threshold=min(100.0, max(LEAST_THRESHOLD, flt(kept.match_threshold) or 99.0))),
		bool(cint(kept.match_by_itself)),
		kept.bank_fee_account,
		frappe.get_cached_value("Company", company, "default_discount_account"),
	)

# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe

from sales_crm_accounts.services import dashboard


@frappe.whitelist()
def get(
	chart_name: str | None = None,
	chart: dict | str | None = None,
	no_cache: int | None = None,
	filters: dict | str | None = None,
	from_date: str | None = None,
	to_date: str | None = None,
	timespan: str | None = None,
	time_interval: str | None = None,
	heatmap_year: str | int | None = None,
) -> dict:
	"""What is in the pipeline, stage by stage; never cached, because each user sees other deals."""
	frappe.has_permission("Deal", throw=True)
	filters = frappe.parse_json(filters) or {}
	return dashboard.open_deals_by_stage(filters.get("company"))

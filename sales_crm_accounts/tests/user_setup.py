"""What users set up around our records, and what must be left of it without the app. For the site tests and the installation cycle."""

import frappe
from frappe.custom.doctype.property_setter.property_setter import make_property_setter
from frappe.model.naming import NamingSeries
from frappe.utils import getdate, today

WORKSPACE, DASHBOARD, PROFILE, USER = "Sca Desk", "Sca Board", "Sca Profile", "sca.desk@sca.example.com"
REPORT, PAGE, CHART, CARD = "Deal Pipeline", "collections", "Deals Won", "Open Deals"
OURS, SHARED, BY_FIELD = "SCADEAL-.YYYY.-.MM.-", "SCABOTH-.YYYY.-", "SCA-.company.-"


def make(deal_of):
	"""`deal_of(naming_series)` makes a deal of that series."""
	for field, name in (("report", REPORT), ("page", PAGE)):
		frappe.get_doc({"doctype": "Custom Role", field: name, "roles": [{"role": "Sales Manager"}]}).insert()
	frappe.get_doc(
		{
			"doctype": "Module Profile",
			"module_profile_name": PROFILE,
			"block_modules": [{"module": "Sales CRM Accounts"}, {"module": "Support"}],
		}
	).insert()
	_workspace()
	frappe.get_doc(
		{"doctype": "Dashboard", "dashboard_name": DASHBOARD, "charts": [{"chart": CHART}]}
	).insert()
	frappe.get_doc(
		{
			"doctype": "User",
			"email": USER,
			"first_name": "Desk",
			"send_welcome_email": 0,
			"default_workspace": "Deals and Receivables",
			"block_modules": [{"module": "Sales CRM Accounts"}],
		}
	).insert()
	_series()
	for series in (OURS, SHARED, BY_FIELD):
		deal_of(series)


def _workspace():
	shortcuts = {
		REPORT: ("Report", REPORT),
		"Morning": ("Page", PAGE),
		"My Deals": ("DocType", "Deal"),
		"Customers": ("DocType", "Customer"),
	}
	blocks = [
		*(("shortcut", "shortcut_name", label) for label in shortcuts),
		("chart", "chart_name", CHART),
		("number_card", "number_card_name", CARD),
		("quick_list", "quick_list_name", "New Deals"),
		("header", "text", "Mine"),
	]
	frappe.get_doc(
		{
			"doctype": "Workspace",
			"label": WORKSPACE,
			"title": WORKSPACE,
			"public": 0,
			"for_user": "Administrator",
			"parent_page": "Deals and Receivables",
			"shortcuts": [
				{"label": label, "type": kind, "link_to": name} for label, (kind, name) in shortcuts.items()
			],
			"links": [
				{"type": "Card Break", "label": "Ways"},
				{
					"type": "Link",
					"label": REPORT,
					"link_type": "Report",
					"link_to": REPORT,
					"is_query_report": 1,
				},
				{"type": "Link", "label": "Deal", "link_type": "DocType", "link_to": "Deal"},
				{"type": "Link", "label": "Item", "link_type": "DocType", "link_to": "Item"},
			],
			"charts": [{"chart_name": CHART, "label": CHART}],
			"number_cards": [{"number_card_name": CARD, "label": CARD}],
			"quick_lists": [{"document_type": "Deal", "label": "New Deals"}],
			"content": frappe.as_json(
				[
					{"id": str(number), "type": kind, "data": {key: label, "col": 4}}
					for number, (kind, key, label) in enumerate(blocks)
				],
				indent=None,
			),
		}
	).insert()


def _series():
	for doctype, added in (("Deal", (OURS, SHARED, BY_FIELD)), ("Sales Invoice", (SHARED,))):
		options = frappe.get_meta(doctype).get_options("naming_series")
		make_property_setter(
			doctype,
			"naming_series",
			"options",
			"\n".join([options, *added]),
			"Text",
			validate_fields_for_doctype=False,
		)
		frappe.clear_cache(doctype=doctype)


def problems() -> list[str]:
	"""Asked without the app: what was left behind, and what was lost that is not ours."""
	wrong = []
	if frappe.get_all("Custom Role", or_filters={"report": REPORT, "page": PAGE}):
		wrong.append("a Custom Role of a report or page is left")
	blocked = frappe.get_all("Block Module", filters={"parent": ("in", (PROFILE, USER))}, pluck="module")
	if blocked != ["Support"]:
		wrong.append(f"blocked modules are {blocked}, not Support alone")
	wrong += [
		f"workspace has {table}: {left}"
		for table, field, right in (
			("Workspace Shortcut", "link_to", ["Customer"]),
			("Workspace Link", "link_to", [None, "Item"]),
			("Workspace Chart", "chart_name", []),
			("Workspace Number Card", "number_card_name", []),
			("Workspace Quick List", "document_type", []),
		)
		if (left := frappe.get_all(table, filters={"parent": WORKSPACE}, pluck=field, order_by="idx"))
		!= right
	]
	content, parent = frappe.db.get_value("Workspace", WORKSPACE, ("content", "parent_page"))
	blocks = [block["type"] for block in frappe.parse_json(content)]
	if blocks != ["shortcut", "header"] or parent:
		wrong.append(f"workspace shows {blocks} under {parent}")
	if frappe.get_all("Dashboard Chart Link", filters={"parent": DASHBOARD}):
		wrong.append("a dashboard has a chart of ours")
	if frappe.db.get_value("User", USER, "default_workspace"):
		wrong.append("a user starts in our workspace")
	counters = [
		name
		for name in frappe.db.sql("select name from tabSeries order by name", pluck=True)
		if name.startswith(tuple(series.split(".")[0] for series in (OURS, SHARED, BY_FIELD)))
	]
	if counters != [NamingSeries(SHARED).get_prefix()]:
		wrong.append(
			f"counters left: {counters}; that of the shared series {getdate(today()).year} should be"
		)
	return wrong

// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.query_reports["Approvals Waiting"] = {
	filters: [
		{
			fieldname: "view",
			label: __("Show"),
			fieldtype: "Select",
			options: [
				{ value: "Requests", label: __("Requests") },
				{ value: "People", label: __("People") },
			],
			default: "Requests",
		},
		{ fieldname: "company", label: __("Company"), fieldtype: "Link", options: "Company" },
		{ fieldname: "user", label: __("Approver"), fieldtype: "Link", options: "User" },
		{
			fieldname: "reference_doctype",
			label: __("Document Type"),
			fieldtype: "Link",
			options: "DocType",
			get_query: () => ({ filters: { is_submittable: 1 } }),
		},
		{
			fieldname: "chain",
			label: __("Approval Chain"),
			fieldtype: "Link",
			options: "Approval Chain",
		},
		{ fieldname: "requester", label: __("Requester"), fieldtype: "Link", options: "User" },
		{ fieldname: "range1", label: __("Age Up To (Hours)"), fieldtype: "Int", default: 4 },
		{ fieldname: "range2", label: __("Then Up To"), fieldtype: "Int", default: 8 },
		{ fieldname: "range3", label: __("And Up To"), fieldtype: "Int", default: 24 },
	],
};

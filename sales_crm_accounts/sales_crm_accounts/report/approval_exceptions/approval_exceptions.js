// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.query_reports["Approval Exceptions"] = {
	filters: [
		{
			fieldname: "from_date",
			label: __("From Date"),
			fieldtype: "Date",
			default: frappe.datetime.add_months(frappe.datetime.get_today(), -1),
		},
		{
			fieldname: "to_date",
			label: __("To Date"),
			fieldtype: "Date",
			default: frappe.datetime.get_today(),
		},
		{
			fieldname: "kind",
			label: __("Kind"),
			fieldtype: "MultiSelectList",
			get_data(text) {
				return [
					{ value: "Approver Added", label: __("Approver Added") },
					{ value: "Reassigned", label: __("Reassigned") },
					{ value: "Escalated", label: __("Escalated") },
					{ value: "Delegated Decision", label: __("Delegated Decision") },
					{ value: "Self-Approval Attempt", label: __("Self-Approval Attempt") },
					{ value: "Chain Switched Off", label: __("Chain Switched Off") },
					{ value: "Passed by Content", label: __("Passed by Content") },
				]
					.filter((kind) =>
						kind.label.toLowerCase().includes((text || "").toLowerCase())
					)
					.map((kind) => ({ ...kind, description: "" }));
			},
		},
		{ fieldname: "company", label: __("Company"), fieldtype: "Link", options: "Company" },
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
		{ fieldname: "user", label: __("User"), fieldtype: "Link", options: "User" },
	],
};

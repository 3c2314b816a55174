// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.listview_settings["Approval Request"] = {
	add_fields: ["status", "posted", "posting_error", "currency", "party_name", "title", "round"],

	onload(listview) {
		listview.page.add_inner_button(__("Inbox", null, "Approval Request"), () =>
			frappe.set_route("approvals")
		);
	},

	get_indicator(doc) {
		if (doc.status === "Approved" && doc.posting_error && !doc.posted) {
			return [__("Not Posted"), "red", "status,=,Approved|posted,=,0"];
		}
		const color = sales_crm_accounts.approvals.request_colors[doc.status];
		return [__(doc.status, null, "Approval Request"), color, `status,=,${doc.status}`];
	},
};

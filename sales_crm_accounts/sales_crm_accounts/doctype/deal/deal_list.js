// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.listview_settings["Deal"] = {
	add_fields: [
		"status",
		"stage",
		"currency",
		"net_total",
		"overdue_amount",
		"per_collected",
		"customer_name",
		"expected_close_date",
		"probability",
	],
	has_indicator_for_draft: true,
	has_indicator_for_cancelled: true,
	hide_name_column: true,

	onload(listview) {
		if (!frappe.model.can_write("Deal")) return;
		listview.page.add_actions_menu_item(
			__("Hand Over"),
			() =>
				sales_crm_accounts.deal.hand_over(listview.get_checked_items(true), () =>
					listview.refresh()
				),
			false
		);
	},

	get_indicator(doc) {
		if (doc.docstatus === 1 && flt(doc.overdue_amount) > 0) {
			return [__("Overdue"), "red", "overdue_amount,>,0"];
		}
		const color = sales_crm_accounts.deal.deal_colors[doc.status];
		return [__(doc.status), color, `status,=,${doc.status}`];
	},

	formatters: {
		customer(value, df, doc) {
			return frappe.utils.escape_html(doc.customer_name || value || "");
		},
	},
};

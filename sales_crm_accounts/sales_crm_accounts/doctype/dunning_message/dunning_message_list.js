// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.listview_settings["Dunning Message"] = {
	add_fields: ["status", "currency", "level"],
	hide_name_column: true,

	get_indicator(doc) {
		const color = {
			Draft: "orange",
			"Held Back": "yellow",
			Queued: "blue",
			Sent: "green",
			Failed: "red",
			Cancelled: "gray",
		};
		return [__(doc.status), color[doc.status], `status,=,${doc.status}`];
	},

	onload(list) {
		if (!frappe.model.can_write("Dunning Message")) return;
		list.page.add_actions_menu_item(
			__("Send"),
			() => {
				const names = list.get_checked_items(true);
				frappe.confirm(__("Send {0} reminders?", [names.length]), async () => {
					const result = await frappe.xcall("sales_crm_accounts.api.dunning.release", {
						names,
					});
					frappe.show_alert(
						result.queued
							? __("{0} reminders are being sent.", [result.released])
							: __("{0} reminders sent.", [result.released])
					);
					list.refresh();
				});
			},
			false
		);
	},
};

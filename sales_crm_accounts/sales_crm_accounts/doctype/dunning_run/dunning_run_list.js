// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.listview_settings["Dunning Run"] = {
	get_indicator(doc) {
		const color = { Running: "blue", Completed: "green", Failed: "red" };
		return [__(doc.status), color[doc.status], `status,=,${doc.status}`];
	},

	onload(list) {
		if (!frappe.model.can_write("Dunning Message")) return;
		list.page.add_inner_button(__("Run Now"), async () => {
			const companies = await frappe.xcall("sales_crm_accounts.api.dunning.companies");
			if (!companies.length) {
				frappe.msgprint(__("Enable a Dunning Policy first."));
				return;
			}
			frappe.prompt(
				{
					fieldname: "company",
					fieldtype: "Select",
					label: __("Company"),
					options: companies,
					default: companies[0],
					reqd: 1,
				},
				async ({ company }) => {
					const run = await frappe.xcall("sales_crm_accounts.api.dunning.run_now", {
						company,
					});
					frappe.set_route("Form", "Dunning Run", run.name);
				},
				__("Make Today's Reminders"),
				__("Run Now")
			);
		});
	},
};

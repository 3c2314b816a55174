// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

const AT_ONCE = 10;

frappe.listview_settings["Cash Match Proposal"] = {
	hide_name_column: true,
	add_fields: ["corrected"],

	get_indicator(doc) {
		const color = {
			Proposed: "blue",
			"Awaiting Approval": "orange",
			Applied: "green",
			Rejected: "gray",
			Undone: "gray",
		};
		return [__(doc.status), color[doc.status], `status,=,${doc.status}`];
	},

	formatters: {
		// Bars from 98 to 100 look the same; what a person has corrected has no score.
		score: (value, _df, doc) =>
			doc.corrected ? __("Corrected") : `${format_number(value || 0, null, 1)} %`,
	},

	onload(list) {
		if (!frappe.model.can_write("Cash Match Proposal")) return;
		const add = (label, method, question) =>
			list.page.add_actions_menu_item(
				label,
				() => {
					const names = list.get_checked_items(true);
					frappe.confirm(question(names.length), () =>
						decide(list, label, method, names)
					);
				},
				false
			);
		add(__("Apply"), "apply_many", (count) => __("Apply {0} proposals?", [count]));
		add(__("Undo"), "undo_many", (count) => __("Take back {0} matches?", [count]));
	},
};

// A few at a time, so that no request grows long, and the user sees how far it is.
async function decide(list, label, method, names) {
	const failed = [];
	let done = 0;
	try {
		for (let at = 0; at < names.length; at += AT_ONCE) {
			const results = await frappe.xcall(`sales_crm_accounts.api.matching.${method}`, {
				names: names.slice(at, at + AT_ONCE),
			});
			failed.push(...results.filter((one) => one.error));
			done += results.filter((one) => !one.error).length;
			if (names.length > AT_ONCE) {
				frappe.show_progress(
					label,
					Math.min(at + AT_ONCE, names.length),
					names.length,
					"",
					true
				);
			}
		}
	} finally {
		setTimeout(frappe.hide_progress, 500); // where a request failed, it would stand
		list.clear_checked_items();
		list.refresh();
	}
	const text = __("{0} of {1} are done.", [done, names.length]);
	if (!failed.length) {
		frappe.show_alert({ message: text, indicator: "green" });
		return;
	}
	const rows = failed.map(({ name, error }) => {
		const link = frappe.utils.get_form_link("Cash Match Proposal", name, true);
		return `<li>${link}: ${frappe.utils.escape_html(error)}</li>`;
	});
	frappe.msgprint({
		title: label,
		message: `${text}<ul>${rows.join("")}</ul>`,
		indicator: "orange",
	});
}

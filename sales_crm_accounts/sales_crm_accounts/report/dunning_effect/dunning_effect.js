// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.query_reports["Dunning Effect"] = {
	filters: [
		sales_crm_accounts.report_filters.company(),
		{
			fieldname: "from_date",
			label: __("From Date"),
			fieldtype: "Date",
			default: frappe.datetime.add_months(frappe.datetime.get_today(), -3),
			reqd: 1,
		},
		{
			fieldname: "to_date",
			label: __("To Date"),
			fieldtype: "Date",
			default: frappe.datetime.get_today(),
			reqd: 1,
		},
		{
			fieldname: "group_by",
			label: __("Group By"),
			fieldtype: "Select",
			options: [
				{ value: "Level", label: __("Level") },
				{ value: "Policy", label: __("Dunning Policy") },
				{ value: "Channel", label: __("Channel") },
				{ value: "Language", label: __("Language") },
			],
			default: "Level",
		},
		sales_crm_accounts.report_filters.link("policy", __("Dunning Policy"), "Dunning Policy"),
		{
			fieldname: "channel",
			label: __("Channel"),
			fieldtype: "Select",
			options: [
				"",
				{ value: "Mail", label: __("Mail") },
				{ value: "SMS", label: __("SMS") },
				{ value: "Task", label: __("Task") },
				{ value: "Letter", label: __("Letter") },
			],
		},
		sales_crm_accounts.report_filters.link("language", __("Language"), "Language"),
		...sales_crm_accounts.report_filters.customers(),
	],

	formatter(value, row, column, data) {
		let html = sales_crm_accounts.report_cells.unknown_as_dash(...arguments);
		const opens = ["group", "messages"].includes(column.fieldname) && value !== null;
		const route = data && opens && this.route(data);
		if (route) html = `<a href="${frappe.utils.escape_html(route)}">${html}</a>`;
		return data?.bold ? `<b>${html}</b>` : html;
	},

	BY: { Level: "level_title", Policy: "policy", Channel: "channel", Language: "language" },

	/** List of the messages of a row; before any reminder it is the installments that fell due. A list knows no customer groups. */
	route(data) {
		const chosen = frappe.query_report.get_filter_values();
		if (chosen.customer_group) return "";
		const period = JSON.stringify(["Between", [chosen.from_date, chosen.to_date]]);
		const query = { company: chosen.company };
		if (chosen.customer) query.customer = chosen.customer;
		if (data.before) {
			Object.assign(query, { due_date: period, is_return: 0 });
			return `/app/open-installment?${new URLSearchParams(query)}`;
		}
		Object.assign(query, {
			message_date: period,
			status: JSON.stringify(["in", ["Queued", "Sent"]]),
		});
		for (const field of ["policy", "channel", "language"]) {
			if (chosen[field]) query[field] = chosen[field];
		}
		if (data.key) query[this.BY[chosen.group_by]] = data.key;
		if (data.key && data.level_days !== null) query.level_days = data.level_days;
		return `/app/dunning-message?${new URLSearchParams(query)}`;
	},
};

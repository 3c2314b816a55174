// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

const GROUPS = [
	"Deal",
	"Deal Owner",
	"Customer",
	"Customer Group",
	"Item Group",
	"Territory",
	"Month",
];
// Groups that a click opens deal by deal: the filter that holds them.
const OPENED_BY = {
	"Deal Owner": "deal_owner",
	Customer: "customer",
	"Customer Group": "customer_group",
	Territory: "territory",
};

frappe.query_reports["Deal Profitability"] = {
	filters: [
		sales_crm_accounts.report_filters.company(),
		{
			fieldname: "group_by",
			label: __("Group By"),
			fieldtype: "Select",
			options: GROUPS.map((value) => ({ value, label: __(value) })),
			default: "Deal",
		},
		{
			fieldname: "from_date",
			label: __("From Date"),
			fieldtype: "Date",
			default:
				frappe.defaults.get_user_default("year_start_date") ||
				frappe.datetime.year_start(),
			reqd: 1,
		},
		{
			fieldname: "to_date",
			label: __("To Date"),
			fieldtype: "Date",
			default:
				frappe.defaults.get_user_default("year_end_date") || frappe.datetime.year_end(),
			reqd: 1,
		},
		sales_crm_accounts.report_filters.link("deal", __("Deal"), "Deal"),
		sales_crm_accounts.report_filters.deal_owner(),
		...sales_crm_accounts.report_filters.customers(),
		sales_crm_accounts.report_filters.link("territory", __("Territory"), "Territory"),
		sales_crm_accounts.report_filters.link("finance_book", __("Finance Book"), "Finance Book"),
		{
			fieldname: "include_default_book_entries",
			label: __("Include Default FB Entries"),
			fieldtype: "Check",
			default: 1,
		},
	],

	formatter(value, row, column, data, default_formatter) {
		const text = default_formatter(value, row, column, data);
		// The row of totals: a margin is no sum (it would say 0 %); the one of all is on the card above.
		if (!data) return column.fieldname === "margin" ? "" : text;
		const group_by = frappe.query_report.get_filter_value("group_by");
		if (column.fieldname === "group") return group_cell(text, data, group_by);
		// A deal's figure leads to its rows in the ledger; those of a group lead to its deals first.
		if (group_by !== "Deal" || !data.key || !column.accounts?.length || !value) return text;
		if (!frappe.model.can_read("GL Entry")) return text;
		return `<a data-sca-ledger="${frappe.utils.escape_html(data.key)}" data-sca-column="${
			column.fieldname
		}">${text}</a>`;
	},

	after_datatable_render(datatable) {
		$(datatable.wrapper)
			.off("click.sca")
			.on("click.sca", "[data-sca-ledger]", (event) =>
				open_ledger(event.currentTarget.dataset)
			)
			.on("click.sca", "[data-sca-group]", (event) =>
				open_group(event.currentTarget.dataset)
			);
	},
};

function group_cell(text, data, group_by) {
	if (data.without_deal) return `<b>${text}</b>`;
	if (!data.key) return text;
	const key = frappe.utils.escape_html(data.key);
	if (group_by === "Deal")
		return `<a href="${frappe.utils.get_form_link("Deal", data.key)}">${text}</a>`;
	if (group_by === "Month" || OPENED_BY[group_by])
		return `<a data-sca-group="${key}">${text}</a>`;
	return text;
}

function open_ledger({ scaLedger: deal, scaColumn: fieldname }) {
	const report = frappe.query_report;
	const column = report.columns.find((each) => each.fieldname === fieldname);
	const values = report.get_filter_values();
	frappe.route_options = {
		company: values.company,
		from_date: values.from_date,
		to_date: values.to_date,
		finance_book: values.finance_book || "",
		include_default_book_entries: values.include_default_book_entries,
		account: column.accounts,
		deal: [deal],
		include_dimensions: 1,
	};
	frappe.set_route("query-report", "General Ledger");
}

function open_group({ scaGroup: key }) {
	const report = frappe.query_report;
	const group_by = report.get_filter_value("group_by");
	if (group_by === "Month") {
		const first = `${key}-01`;
		const last = moment(first).endOf("month").format("YYYY-MM-DD");
		const { from_date, to_date } = report.get_filter_values();
		report.set_filter_value({
			group_by: "Deal",
			from_date: first > from_date ? first : from_date,
			to_date: last < to_date ? last : to_date,
		});
		return;
	}
	report.set_filter_value({ group_by: "Deal", [OPENED_BY[group_by]]: key });
}

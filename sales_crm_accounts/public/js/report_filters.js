frappe.provide("sales_crm_accounts.report_filters");

// Filters that several reports and charts over deals have; functions, because labels are translated when they are asked for.
Object.assign(sales_crm_accounts.report_filters, {
	company: () => ({
		fieldname: "company",
		label: __("Company"),
		fieldtype: "Link",
		options: "Company",
		default: frappe.defaults.get_user_default("Company"),
		reqd: 1,
	}),

	link: (fieldname, label, options) => ({ fieldname, label, fieldtype: "Link", options }),

	customer() {
		return this.link("customer", __("Customer"), "Customer");
	},

	/** One customer, or those of a group. */
	customers() {
		return [
			this.customer(),
			this.link("customer_group", __("Customer Group"), "Customer Group"),
		];
	},

	deal_owner() {
		return this.link("deal_owner", __("Deal Owner"), "User");
	},

	/** The day whose evening is shown. */
	as_of: () => ({
		fieldname: "as_of",
		label: __("As Of"),
		fieldtype: "Date",
		default: frappe.datetime.get_today(),
		reqd: 1,
	}),

	dates: (from = __("From Date"), to = __("To Date")) => [
		{ fieldname: "from_date", label: from, fieldtype: "Date" },
		{ fieldname: "to_date", label: to, fieldtype: "Date" },
	],

	/** By which of its dates an installment is reported. */
	date_based_on: () => ({
		fieldname: "date_based_on",
		label: __("Dates By"),
		fieldtype: "Select",
		options: [
			{ value: "Due Date", label: __("Due Date") },
			{ value: "Invoice Date", label: __("Planned Invoice Date") },
		],
		default: "Due Date",
	}),
});

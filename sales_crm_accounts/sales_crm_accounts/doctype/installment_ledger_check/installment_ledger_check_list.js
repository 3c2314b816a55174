// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.listview_settings["Installment Ledger Check"] = {
	get_indicator(doc) {
		const color = { Equal: "green", Repaired: "orange", Different: "red" };
		return [__(doc.status), color[doc.status], `status,=,${doc.status}`];
	},
};

// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.pages["collections"].on_page_load = function (wrapper) {
	frappe.ui.make_app_page({ parent: wrapper, title: __("Collections"), single_column: true });
	wrapper.disable_scroll_to_top = true;
};

frappe.pages["collections"].on_page_show = async function (wrapper) {
	await frappe.require(["worklist.bundle.css", "worklist.bundle.js"]);
	wrapper.worklist ??= new sales_crm_accounts.worklist.Worklist(wrapper);
	wrapper.worklist.show();
};

// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.pages["approvals"].on_page_load = function (wrapper) {
	frappe.ui.make_app_page({ parent: wrapper, title: __("Approvals"), single_column: true });
	wrapper.disable_scroll_to_top = true;
};

frappe.pages["approvals"].on_page_show = async function (wrapper) {
	await frappe.require("approval_inbox.bundle.js");
	wrapper.inbox ??= new sales_crm_accounts.approvals.Inbox(wrapper);
	wrapper.inbox.show();
};

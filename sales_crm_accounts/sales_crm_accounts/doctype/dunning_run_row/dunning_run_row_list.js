// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.listview_settings["Dunning Run Row"] = { hide_name_column: true };

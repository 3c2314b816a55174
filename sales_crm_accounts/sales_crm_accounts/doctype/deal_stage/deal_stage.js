// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.ui.form.on("Deal Stage", {
	setup(frm) {
		frappe.model.with_doctype("Deal", () => {
			const fields = frappe
				.get_meta("Deal")
				.fields.filter(
					(df) =>
						!df.hidden &&
						df.label &&
						(!frappe.model.no_value_type.includes(df.fieldtype) ||
							frappe.model.table_fields.includes(df.fieldtype))
				)
				.map((df) => ({ value: df.fieldname, label: __(df.label, null, df.parent) }))
				.sort((a, b) => a.label.localeCompare(b.label));
			frm.fields_dict.requirements.grid.update_docfield_property(
				"fieldname",
				"options",
				fields
			);
		});
	},

	refresh(frm) {
		if (frm.is_new()) return;
		frm.add_custom_button(__("Deals in This Stage"), () =>
			frappe.set_route("List", "Deal", { stage: frm.doc.name })
		);
	},
});

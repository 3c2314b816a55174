// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.ui.form.on("Approval Breach", {
	refresh(frm) {
		const { doc } = frm;
		if (doc.reference_name) {
			frm.add_custom_button(__("Open {0}", [__(doc.reference_doctype)]), () =>
				frappe.set_route("Form", doc.reference_doctype, doc.reference_name)
			);
		}
		// The explanation and the status are given together, in a dialog.
		frm.set_df_property("status", "read_only", 1);
		frm.set_df_property("explanation", "read_only", 1);
		if (!frm.perm[0]?.write) return;
		if (doc.status === "Open") {
			frm.add_custom_button(__("Explain"), () => explain(frm)).addClass("btn-primary");
		} else {
			frm.add_custom_button(__("Reopen"), () => {
				frm.set_value("status", "Open");
				frm.save();
			});
		}
	},
});

function explain(frm) {
	const dialog = new frappe.ui.Dialog({
		title: __("Explain the Finding"),
		fields: [
			{
				fieldtype: "Small Text",
				fieldname: "explanation",
				label: __("Explanation", null, "Approval Breach"),
				description: __("How it came about, and what was done."),
				default: frm.doc.explanation,
				reqd: 1,
			},
		],
		primary_action_label: __("Close the Finding"),
		async primary_action({ explanation }) {
			await frm.set_value({ explanation, status: "Explained" });
			await frm.save();
			dialog.hide();
		},
	});
	dialog.show();
}

frappe.provide("sales_crm_accounts.collections");

/** The button by which a collector says that the mail of a reminder or a statement came back. */
sales_crm_accounts.collections.add_came_back = (frm, method) => {
	if (!["Queued", "Sent"].includes(frm.doc.status)) return;
	// Whoever writes reminders may say it of statements as well.
	if (!frappe.model.can_write("Dunning Message")) return;
	frm.add_custom_button(__("The Mail Came Back"), () =>
		frappe.prompt(
			{
				fieldname: "reason",
				fieldtype: "Small Text",
				label: __("What Does It Say?"),
				reqd: 1,
				description: __(
					"No reminder and no statement is mailed to this address until it is changed at the customer or a contact."
				),
			},
			async ({ reason }) => {
				await frappe.xcall(method, { name: frm.doc.name, reason });
				await frm.reload_doc();
			},
			__("The Mail Came Back")
		)
	);
};

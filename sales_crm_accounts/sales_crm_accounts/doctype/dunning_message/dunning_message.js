// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.ui.form.on("Dunning Message", {
	setup(frm) {
		const of_customer = () => ({
			query: "frappe.contacts.doctype.contact.contact.contact_query",
			filters: { link_doctype: "Customer", link_name: frm.doc.customer },
		});
		frm.set_query("contact", of_customer);
		frm.set_query("address", () => ({
			query: "frappe.contacts.doctype.address.address.address_query",
			filters: { link_doctype: "Customer", link_name: frm.doc.customer },
		}));
		frm.set_query("assigned_to", () => ({
			filters: { enabled: 1, user_type: "System User" },
		}));
	},

	refresh(frm) {
		const { status } = frm.doc;
		const open = ["Draft", "Held Back", "Failed"].includes(status);
		if (!open) frm.disable_form();
		if (status === "Failed" && frm.doc.bounced_on) {
			frm.dashboard.clear_headline();
			frm.dashboard.set_headline_alert(
				__("The mail to {0} came back. Correct the address, then send it again.", [
					frappe.utils.escape_html(frm.doc.bounced_address),
				]),
				"red"
			);
		}
		if (frm.doc.channel === "Mail") {
			sales_crm_accounts.collections.add_came_back(
				frm,
				"sales_crm_accounts.api.dunning.came_back"
			);
		}
		if (!frappe.model.can_write("Dunning Message")) return;
		if (!open) return;
		frm.add_custom_button(__("Send"), () => release(frm)).addClass("btn-primary");
		if (status !== "Held Back") {
			frm.add_custom_button(__("Hold Back"), () =>
				with_reason(frm, "hold_back", __("Hold Back"))
			);
		}
		frm.add_custom_button(__("Drop"), () => with_reason(frm, "cancel", __("Drop")));
	},
});

async function release(frm) {
	if (frm.is_dirty()) await frm.save();
	await frappe.xcall("sales_crm_accounts.api.dunning.release", { names: [frm.doc.name] });
	await frm.reload_doc();
}

function with_reason(frm, method, title) {
	frappe.prompt(
		{ fieldname: "reason", fieldtype: "Small Text", label: __("Reason"), reqd: 1 },
		async ({ reason }) => {
			await frappe.xcall(`sales_crm_accounts.api.dunning.${method}`, {
				names: [frm.doc.name],
				reason,
			});
			await frm.reload_doc();
		},
		title
	);
}

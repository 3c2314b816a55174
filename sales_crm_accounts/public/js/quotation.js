frappe.ui.form.on("Quotation", {
	refresh(frm) {
		if (frm.is_new()) return;
		const open =
			frm.doc.docstatus === 1 && !["Lost", "Expired", "Cancelled"].includes(frm.doc.status);
		if (open && frappe.model.can_create("Deal")) {
			frm.add_custom_button(
				__("Deal"),
				() =>
					frappe.model.open_mapped_doc({
						method: "sales_crm_accounts.api.sources.make_deal_from_quotation",
						frm,
					}),
				__("Create")
			);
		}
		sales_crm_accounts.deal.show_deals_of(frm, "quotation");
		sales_crm_accounts.deal.show_credit(frm);
	},
});

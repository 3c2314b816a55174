frappe.ui.form.on("CRM Deal", {
	refresh(frm) {
		if (frm.is_new()) return;
		if (frappe.model.can_create("Deal")) {
			frm.add_custom_button(
				__("Deal"),
				() =>
					frappe.model.open_mapped_doc({
						method: "sales_crm_accounts.api.sources.make_deal_from_crm_deal",
						frm,
					}),
				__("Create")
			);
		}
		sales_crm_accounts.deal.show_deals_of(frm, "crm_deal");
	},
});

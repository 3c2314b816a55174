frappe.provide("sales_crm_accounts.posting");

// The status of documents that are posted through others (expenses, write-offs, credit losses), in the same colours on list and form.
const COLORS = {
	Draft: "gray",
	"Waiting for Approval": "orange",
	Posted: "green",
	Reversed: "blue",
	"Nothing to Post": "gray",
	Cancelled: "red",
};

Object.assign(sales_crm_accounts.posting, {
	indicator: (doctype, { status }) => [
		__(status, null, doctype),
		COLORS[status],
		`status,=,${status}`,
	],

	show(frm) {
		const { doctype, doc } = frm;
		if (doc.status && !frm.is_new()) {
			frm.page.set_indicator(
				...sales_crm_accounts.posting.indicator(doctype, doc).slice(0, 2)
			);
		}
	},
});

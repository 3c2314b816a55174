frappe.provide("sales_crm_accounts.deal");

const esc = (text) => frappe.utils.escape_html(String(text ?? ""));

/** Give deals to another owner: asks for whom and why, then `done` once the server has answered. */
sales_crm_accounts.deal.hand_over = (deals, done) => {
	if (!deals.length) return;
	const dialog = new frappe.ui.Dialog({
		title:
			deals.length === 1
				? __("Hand Over {0}", [deals[0]])
				: __("Hand Over {0} Deals", [deals.length]),
		fields: [
			{
				fieldtype: "Link",
				fieldname: "to",
				label: __("New Owner"),
				options: "User",
				reqd: 1,
				get_query: () => ({ query: "sales_crm_accounts.api.deal.owners" }),
				description: __(
					"Sees the deal from now on, and is told where an invoice fails. The deal's installments and open disputes go along."
				),
			},
			{ fieldtype: "Small Text", fieldname: "reason", label: __("Reason") },
		],
		primary_action_label: __("Hand Over"),
		async primary_action({ to, reason }) {
			dialog.disable_primary_action();
			try {
				const result = await frappe.xcall("sales_crm_accounts.api.deal.hand_over", {
					deals,
					to,
					reason: reason || "",
				});
				dialog.hide();
				show_result(result);
				done?.();
			} finally {
				dialog.enable_primary_action();
			}
		},
	});
	dialog.show();
};

function show_result({ done, failed }) {
	if (done.length) {
		frappe.show_alert({
			message:
				done.length === 1
					? __("The deal is handed over.")
					: __("{0} deals are handed over.", [done.length]),
			indicator: "green",
		});
	}
	if (!failed.length) return;
	frappe.msgprint({
		title: __("Not Every Deal Was Handed Over"),
		indicator: "orange",
		message: failed
			.map((row) => `<p><b>${esc(row.deal)}</b>: ${esc(row.reason)}</p>`)
			.join(""),
	});
}

// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.ui.form.on("Cash Matching Run", {
	setup(frm) {
		frm.set_query("bank_account", () => ({
			filters: { company: frm.doc.company, is_company_account: 1 },
		}));
	},

	refresh(frm) {
		// Not the status: it stays where a worker was killed.
		const is_at_work = frm.doc.__onload?.is_at_work;
		if (is_at_work) look_again(frm);
		if (frm.is_new() || !frm.perm[0]?.write) return;
		if (!is_at_work) {
			const again = frm.doc.status === "Completed";
			frm.add_custom_button(again ? __("Match Again") : __("Match"), () =>
				match(frm)
			).addClass(again ? "" : "btn-primary");
		}
		if (frm.doc.bank_account) {
			frm.add_custom_button(__("Import Bank Statement"), () => import_statement(frm));
		}
		if (frm.doc.status === "Completed") {
			frm.add_custom_button(__("Proposals"), () =>
				frappe.set_route("List", "Cash Match Proposal", {
					cash_matching_run: frm.doc.name,
				})
			);
		}
	},
});

// Where the server cannot tell the browser (no socketio), the page asks.
function look_again(frm) {
	clearTimeout(frm.look_again);
	frm.look_again = setTimeout(() => {
		const is_shown = frappe.get_route().join("/") === `Form/${frm.doctype}/${frm.docname}`;
		if (is_shown && !frm.is_dirty()) frm.reload_doc();
	}, 3000);
}

function import_statement(frm) {
	new frappe.ui.FileUploader({
		doctype: frm.doctype,
		docname: frm.docname,
		restrictions: {
			allowed_file_types: [".xml", ".sta", ".mt940", ".940", ".txt"],
			max_number_of_files: 1,
		},
		on_success: (file) =>
			frappe
				.call({
					method: "sales_crm_accounts.api.matching.import_statement",
					args: { bank_account: frm.doc.bank_account, file: file.name },
					freeze: true,
				})
				.then(({ message }) => frappe.msgprint(said(message))),
	});
}

function said({ made, known, alike }) {
	const text = __("{0} lines are new, {1} were there already.", [made, known]);
	if (!alike) return text;
	return `${text}<br>${__(
		"{0} of the new ones have the day and amount of a line that came another way. Look at them before you match.",
		[alike]
	)}`;
}

function match(frm) {
	return frappe
		.call({
			method: "sales_crm_accounts.api.matching.run",
			args: { name: frm.doc.name },
			freeze: true,
		})
		.then(() => {
			frappe.show_alert(__("Matching has started. The page shows when it is done."));
			frm.reload_doc();
		});
}

frappe.provide("sales_crm_accounts.approvals");

const approvals = sales_crm_accounts.approvals;
const COMMENT = { fieldtype: "Small Text", fieldname: "comment" };
const people = () => ({ filters: { enabled: 1, user_type: "System User" } });

// What somebody can do with a request. Each takes the answer of `state` or `briefing`, and resolves when the server has done it.
Object.assign(sales_crm_accounts.approvals, {
	/** Names and labels of what `can` allows, the usual ones first. */
	buttons(state) {
		const { can = {} } = state;
		return [
			["approve", __("Approve"), "btn-primary"],
			["reject", __("Reject"), "btn-danger"],
			["answer", __("Answer"), "btn-primary"],
			["request", __("Ask for Approval"), "btn-default"],
			["ask", __("Ask a Question"), "btn-default"],
			["send_back", __("Send Back"), "btn-default"],
			["add_approver", __("Add Approver"), "btn-default"],
			["reassign", __("Reassign"), "btn-default"],
			["withdraw", __("Withdraw"), "btn-default"],
		]
			.filter(([action]) => can[action])
			.map(([action, label, css]) => ({ action, label, css }));
	},

	/** Run one of them; `options`: doctype and name for asking, channel for deciding. */
	act(action, state, options = {}) {
		const run = {
			approve: () => decide("Approved", state, options),
			reject: () => decide("Rejected", state, options),
			request: () => request(state, options),
			ask,
			answer,
			send_back,
			add_approver,
			reassign,
			withdraw,
		}[action];
		return run(state, options);
	},

	/** Wait until the background has posted what was approved (`docstatus` 1, or 2 for cancelling); resolves to whether it has. */
	async wait_for_posting(doctype, name, docstatus, tries = 8) {
		for (let look = 0; look < tries; look++) {
			await new Promise((resolve) => setTimeout(resolve, 1200));
			const { message } = await frappe.db.get_value(doctype, name, "docstatus");
			if (cint(message?.docstatus) === docstatus) return true;
		}
		return false;
	},

	dialog: ask_user,
});

/** A dialog that stays open, with what was typed, when the server refuses. Resolves to its answer; never when it is closed. */
function ask_user({ title, fields, label, danger, run, done }) {
	return new Promise((resolve) => {
		const dialog = new frappe.ui.Dialog({
			title,
			fields,
			primary_action_label: label,
			async primary_action(values) {
				dialog.disable_primary_action();
				try {
					const answer = await run(values);
					dialog.hide();
					if (done) frappe.show_alert({ message: done, indicator: "green" });
					resolve(answer ?? true);
				} catch (error) {
					dialog.enable_primary_action(); // the server has said why
				}
			},
		});
		if (danger) dialog.get_primary_btn().removeClass("btn-primary").addClass("btn-danger");
		dialog.show();
	});
}

function decide(decision, state, { channel = "Form" }) {
	const { request, acting_for = [], can } = state;
	const approving = decision === "Approved";
	const own = request.levels.some((level) =>
		level.people.some(
			(person) => person.user === frappe.session.user && person.status === "Pending"
		)
	);
	const comment_needed = !approving || request.comment_required;
	const fields = [];
	if (acting_for.length && !own && can.approve) {
		fields.push({
			fieldtype: "HTML",
			options: `<p>${approvals.esc(
				__("You decide on behalf of {0}.", [acting_for[0].full_name])
			)}</p>`,
		});
	}
	fields.push({
		...COMMENT,
		label: approving ? __("Comment", null, "Approval Step") : __("Why it is rejected"),
		reqd: comment_needed ? 1 : 0,
		description: approving ? "" : __("The requester has to know what to change."),
	});
	if (approving) {
		fields.push({
			fieldtype: "Attach",
			fieldname: "attachment",
			label: __("Attachment"),
			reqd: request.attachment_required ? 1 : 0,
			hidden: request.attachment_required ? 0 : 1,
		});
	}
	return ask_user({
		title: approving
			? __("Approve {0}", [request.reference_name])
			: __("Reject {0}", [request.reference_name]),
		fields,
		label: approving ? __("Approve") : __("Reject"),
		danger: !approving,
		done: approving ? __("Approved") : __("Rejected"),
		run: ({ comment, attachment }) =>
			approvals.call("decide", {
				request: request.name,
				decision,
				comment: comment || "",
				attachment: attachment || null,
				channel,
			}),
	});
}

function request(state, { doctype, name }) {
	const rejected = state.request?.status === "Rejected" ? state.request : null;
	return ask_user({
		title: __("Ask for Approval"),
		fields: [
			{
				...COMMENT,
				label: __("Note to the Approvers"),
				description: rejected
					? __("Say what you changed since it was rejected.")
					: __("The document is asked about as it is saved."),
			},
		],
		label: __("Ask for Approval"),
		done: __("Asked for approval"),
		run: ({ comment }) =>
			approvals.call("ask", {
				doctype: doctype || state.request.reference_doctype,
				name: name || state.request.reference_name,
				action: state.action || state.request?.action || "Submit",
				comment: comment || "",
			}),
	});
}

function ask({ request }) {
	const options = new Map([[request.requester, request.requester_name]]);
	for (const level of request.levels) {
		for (const person of level.people) options.set(person.user, person.full_name);
	}
	options.delete(frappe.session.user);
	return ask_user({
		title: __("Ask a Question"),
		fields: [
			{
				fieldtype: "Select",
				fieldname: "to_user",
				label: __("To", null, "Approval Step"),
				options: [...options].map(([value, label]) => ({ value, label })),
				default: options.has(request.requester) ? request.requester : "",
				reqd: 1,
			},
			{ fieldtype: "Small Text", fieldname: "text", label: __("Question"), reqd: 1 },
		],
		label: __("Ask"),
		done: __("The question is sent"),
		run: ({ to_user, text }) =>
			approvals.call("ask_question", { request: request.name, to_user, text }),
	});
}

function answer({ request, questions }) {
	const mine = (questions || []).filter(
		(question) => question.open && question.to_user === frappe.session.user
	);
	return ask_user({
		title: __("Answer"),
		fields: [
			{ fieldtype: "HTML", options: approvals.questions_html(mine) },
			{ fieldtype: "Small Text", fieldname: "text", label: __("Answer"), reqd: 1 },
		],
		label: __("Answer"),
		done: __("The answer is sent"),
		run: ({ text }) => approvals.call("answer", { request: request.name, text }),
	});
}

function send_back({ request, earlier_levels }) {
	const titles = (number) =>
		request.levels
			.filter((level) => level.level === number)
			.map((level) => level.title)
			.join(", ");
	return ask_user({
		title: __("Send Back to an Earlier Level"),
		fields: [
			{
				fieldtype: "Select",
				fieldname: "to_level",
				label: __("Level"),
				options: earlier_levels.map((number) => ({
					value: String(number),
					label: `${number} · ${titles(number)}`,
				})),
				default: String(earlier_levels[earlier_levels.length - 1]),
				reqd: 1,
				description: __(
					"Approvals from this level on no longer count; its people are asked again."
				),
			},
			{ ...COMMENT, label: __("Why"), reqd: 1 },
		],
		label: __("Send Back"),
		done: __("Sent back"),
		run: ({ to_level, comment }) =>
			approvals.call("send_back", {
				request: request.name,
				to_level: cint(to_level),
				comment,
			}),
	});
}

function add_approver({ request }) {
	return ask_user({
		title: __("Add Approver"),
		fields: [
			{
				fieldtype: "Link",
				fieldname: "user",
				label: __("User"),
				options: "User",
				get_query: people,
				reqd: 1,
				description: __("They have to approve as well, at the level that is asked now."),
			},
			{ ...COMMENT, label: __("Why") },
		],
		label: __("Add Approver"),
		done: __("Approver added"),
		run: ({ user, comment }) =>
			approvals.call("add_approver", {
				request: request.name,
				user,
				comment: comment || "",
			}),
	});
}

function reassign({ request, can }) {
	const me = frappe.session.user;
	const waiting = new Map();
	for (const level of request.levels) {
		for (const person of level.people) {
			const open = ["Pending", "Waiting"].includes(person.status);
			if (open && (can.manage || person.user === me))
				waiting.set(person.user, person.full_name);
		}
	}
	return ask_user({
		title: __("Reassign"),
		fields: [
			{
				fieldtype: "Select",
				fieldname: "from_user",
				label: __("Instead Of", null, "Approval Request Approver"),
				options: [...waiting].map(([value, label]) => ({ value, label })),
				default: waiting.has(me) ? me : waiting.keys().next().value,
				reqd: 1,
				read_only: waiting.size === 1 ? 1 : 0,
			},
			{
				fieldtype: "Link",
				fieldname: "to_user",
				label: __("Approves Instead"),
				options: "User",
				get_query: people,
				reqd: 1,
			},
			{ ...COMMENT, label: __("Why"), reqd: 1 },
		],
		label: __("Reassign"),
		done: __("Reassigned"),
		run: (values) => approvals.call("reassign", { request: request.name, ...values }),
	});
}

function withdraw({ request }) {
	return ask_user({
		title: __("Withdraw the Request"),
		fields: [
			{
				fieldtype: "HTML",
				options: `<p>${__(
					"Nobody is asked any more, and approvals so far no longer count. The document stays as it is."
				)}</p>`,
			},
			{ ...COMMENT, label: __("Why") },
		],
		label: __("Withdraw"),
		danger: true,
		done: __("Withdrawn"),
		run: ({ comment }) =>
			approvals.call("withdraw", { request: request.name, comment: comment || "" }),
	});
}

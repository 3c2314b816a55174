frappe.provide("sales_crm_accounts.approvals");

const approvals = sales_crm_accounts.approvals;

/**
 * Over a document's form: which way its approval goes, where it stands, why, and what the user can do.
 * With `read` it shows another answer, and all of it: on the form of the request itself.
 */
approvals.Banner = class Banner {
	constructor(frm, { read } = {}) {
		this.frm = frm;
		this.whole = Boolean(read);
		this.read =
			read || (({ doctype, doc }) => approvals.call("state", { doctype, name: doc.name }));
		this.wrapper = $(
			`<section class="sca-approval" aria-label="${__("Approval")}"></section>`
		);
		this.wrapper.on("click", "[data-approval]", (event) =>
			this.act($(event.currentTarget).attr("data-approval"))
		);
		this.wrapper.on("click", ".sca-approval-toggle", () => {
			this.open = !this.open;
			this.render();
		});
		// `toggle` does not bubble.
		this.wrapper[0].addEventListener(
			"toggle",
			(event) => event.target.matches?.(".sca-since") && this.show_changes(event.target),
			true
		);
	}

	async refresh() {
		const { doc } = this.frm;
		if (doc.__islocal) return this.wrapper.detach();
		const state = await this.read(this.frm);
		// The user may have gone to another document while the answer was on its way.
		if (doc.name !== this.frm.doc.name) return;
		if (this.shown_for !== doc.name) this.open = undefined;
		this.shown_for = doc.name;
		this.state = state;
		this.render();
	}

	render() {
		const { state } = this;
		const speaks = state.request || state.needs_approval || state.history?.length;
		if (!speaks) return this.wrapper.detach();
		this.wrapper
			.attr("class", `sca-approval ${this.tone()}`)
			.html(this.head() + this.why() + (this.is_open() ? this.body() : ""));
		if (!this.wrapper.parent().length) {
			this.wrapper.prependTo(this.frm.layout.wrapper.find(".form-page").first());
		}
	}

	is_open() {
		if (this.open !== undefined) return this.open;
		if (this.whole) return true;
		const { request, needs_approval, action } = this.state;
		if (!request)
			return Boolean(needs_approval) && action !== "Cancel" && !this.hidden_request();
		return !request.posted;
	}

	/** A request that is open, and that the user takes no part in. */
	hidden_request() {
		return !this.state.request && this.state.history?.some((round) => round.status === "Open");
	}

	/** A request that was approved or rejected by others, and that the user takes no part in. */
	decided_by_others() {
		const { request, needs_approval, route, problems } = this.state;
		return !request && Boolean(needs_approval) && !route?.length && !problems?.length;
	}

	tone() {
		const { request, can, problems } = this.state;
		if (!request) return problems?.length ? "bad" : "";
		if (can?.approve || can?.answer) return "now";
		if (request.status === "Open") return "waits";
		if (request.status === "Rejected" || (request.posting_error && !request.posted))
			return "bad";
		return request.status === "Approved" ? "good" : "";
	}

	head() {
		const { request, chain, action } = this.state;
		const { esc } = approvals;
		const about = [];
		if (request) {
			if (request.round > 1) about.push(__("Round {0}", [request.round]));
			about.push(
				__("asked by {0}, {1}", [
					request.requester_name,
					approvals.time(request.requested_on),
				])
			);
		}
		if (chain) about.push(chain);
		const title =
			(request?.action || action) === "Cancel"
				? __("Approval of Cancelling")
				: __("Approval");
		return `
			<div class="sca-approval-head">
				<b>${title}</b>
				${request ? approvals.pill(request.status) : ""}
				${request?.amount ? approvals.money(request.amount, request.currency) : ""}
				<span class="sca-note">${about.map(esc).join(" · ")}</span>
				<button type="button" class="btn btn-xs btn-default sca-approval-toggle"
					aria-expanded="${this.is_open()}">${this.is_open() ? __("Less", null, "Approval Request") : __("More")}</button>
			</div>`;
	}

	why() {
		const { state } = this;
		let text = state.why || "";
		if (this.hidden_request()) {
			text = __("Approval is asked for already. You take no part in it.");
		} else if (this.decided_by_others()) {
			text = state.why;
		} else if (!state.request && state.needs_approval && !state.problems?.length) {
			text =
				state.action === "Cancel"
					? __("Cancelling it needs approval. {0}", [text])
					: __("Submitting it needs approval. {0}", [text]);
		} else if (!state.request && !state.needs_approval) {
			text = __("It needs no approval as it is now.");
		}
		const standing = (state.acting_for || []).map((person) => person.full_name).join(", ");
		return `
			<p class="sca-why">${approvals.esc(text)}</p>
			${standing && state.can?.approve ? `<p class="sca-note">${approvals.esc(__("You stand in for {0}.", [standing]))}</p>` : ""}
			${approvals.questions_html(state.questions)}
			${this.buttons()}`;
	}

	buttons() {
		if (this.hidden_request()) return "";
		const buttons = approvals.buttons(this.state);
		const main = buttons.filter(({ action }) =>
			["approve", "reject", "answer", "request"].includes(action)
		);
		const rest = buttons.filter((button) => !main.includes(button));
		if (!buttons.length) return "";
		return `
			<div class="sca-approval-actions">
				${main
					.map(
						({ action, label, css }) =>
							`<button type="button" class="btn btn-sm ${css}" data-approval="${action}">${label}</button>`
					)
					.join("")}
				${rest
					.map(
						({ action, label }) =>
							`<button type="button" class="btn btn-sm btn-default" data-approval="${action}">${label}</button>`
					)
					.join("")}
			</div>`;
	}

	body() {
		const { request, route, history } = this.state;
		const rounds = approvals.rounds_html(history, request?.name);
		const parts = [approvals.route_html(request?.levels || route)];
		if (request?.previous_request) {
			parts.push(
				`<details class="sca-more sca-since"><summary>${__(
					"What Changed Since the Last Round"
				)}</summary><div></div></details>`
			);
		}
		if (request?.steps?.length) {
			parts.push(
				`<details class="sca-more"><summary>${__("History ({0})", [
					request.steps.length,
				])}</summary>${approvals.steps_html(request.steps)}
				<a href="${frappe.utils.get_form_link("Approval Request", request.name)}">${approvals.esc(
					request.name
				)}</a></details>`
			);
		}
		if (rounds) {
			parts.push(
				`<details class="sca-more" ${request ? "" : "open"}><summary>${__(
					"Earlier Rounds"
				)}</summary>${rounds}</details>`
			);
		}
		return `<div class="sca-approval-body">${parts.join("")}</div>`;
	}

	async show_changes(details) {
		const target = $(details).children("div");
		if (!details.open || target.children().length) return;
		const { changes } = await approvals.call("briefing", { request: this.state.request.name });
		target.html(approvals.changes_html(changes));
	}

	async act(action) {
		const { frm, state } = this;
		const { doctype, docname } = frm;
		if (action === "request" && frm.is_dirty()) await frm.save();
		const result = await approvals.act(action, state, { doctype, name: docname });
		let posted = false;
		if (result?.status === "Approved" && state.request.after_approval !== "Only Allow It") {
			await this.refresh();
			const { reference_doctype, reference_name, action: wanted } = state.request;
			posted = await approvals.wait_for_posting(
				reference_doctype,
				reference_name,
				wanted === "Cancel" ? 2 : 1
			);
		}
		if (frm.docname !== docname) return;
		// What was typed meanwhile is kept, unless the document has been posted.
		if (posted || !frm.is_dirty()) await frm.reload_doc();
		else this.refresh();
	}
};

/** Banner of the form, made when it is first needed. */
approvals.banner = (frm) => (frm.sca_approval_banner ??= new approvals.Banner(frm));

const shown = new Map(); // DocType -> form that shows it
const doctypes = () => frappe.boot.sca_approvals?.doctypes || [];

function show(frm) {
	if (!doctypes().includes(frm.doctype)) return frm.sca_approval_banner?.wrapper.detach();
	shown.set(frm.doctype, frm);
	return approvals.banner(frm).refresh();
}

async function read_doctypes() {
	frappe.boot.sca_approvals = { doctypes: await approvals.call("gated_doctypes") };
}

$(document).on("form-refresh", (event, frm) => {
	show(frm);
});

// The gate stopped a submit: the request has been opened meanwhile.
frappe.request.on_error("ApprovalRequired", async ({ _server_messages }) => {
	// With a handler of its own the desk leaves the message to it.
	if (_server_messages) frappe.msgprint(JSON.parse(_server_messages));
	const frm = frappe.container.page?.frm || shown.get(frappe.get_route()[1]);
	if (!frm) return;
	if (!doctypes().includes(frm.doctype)) await read_doctypes();
	show(frm);
});

$(document).on("app_ready", () => {
	frappe.realtime.on("sca_approval", ({ doctype, name }) => {
		const frm = shown.get(doctype);
		if (frm?.docname === name && frm.$wrapper.is(":visible")) approvals.banner(frm).refresh();
		$(document).trigger("sca-approval", [{ doctype, name }]);
	});
	frappe.realtime.on("sca_approval_chains", read_doctypes);
});

frappe.provide("sales_crm_accounts.approvals");

const SHOWN = 3;
const CHANGES = 8;
const MARKS = {
	Approved: "✓",
	Rejected: "✕",
	Pending: "●",
	Skipped: "–",
	"Not Needed": "–",
	Waiting: "○",
};
const status_text = (status) => __(status, null, "Approval Request Approver");

// Pieces that show a request: its route, what was done, what changed. Each gives HTML, everything from outside escaped.
Object.assign(sales_crm_accounts.approvals, {
	/** Levels in their order, those that run at the same time beside each other. */
	route_html(levels) {
		if (!levels?.length) return "";
		const stages = new Map();
		for (const level of levels) {
			if (!stages.has(level.level)) stages.set(level.level, []);
			stages.get(level.level).push(level);
		}
		return `<ol class="sca-route" aria-label="${__("Route", null, "Approval Request")}">${[
			...stages,
		]
			.map(
				([number, groups]) => `
				<li class="sca-stage-of-route">
					${groups.map((group) => this.level_html(group, number)).join("")}
				</li>`
			)
			.join("")}</ol>`;
	},

	level_html(level, number) {
		const { esc } = this;
		const state = (level.status || "Waiting").toLowerCase();
		const words = [status_text(level.status || "Waiting"), this.rule_text(level)];
		if (level.needed > 1 && level.signed) words.push(__("{0} signed", [level.signed]));
		return `
			<div class="sca-level ${state}" ${state === "pending" ? `aria-current="step"` : ""}>
				<div class="sca-level-head">
					<span class="sca-level-no">${esc(number)}</span>
					<b>${esc(level.title)}</b>
				</div>
				<div class="sca-level-rule">${words.filter(Boolean).map(esc).join(" · ")}</div>
				${level.reason ? `<div class="sca-note">${esc(level.reason)}</div>` : ""}
				${this.people_html(level.people || [])}
			</div>`;
	},

	// Who signed or is waited for comes first; a role with many members is shortened.
	people_html(people) {
		const order = ["Rejected", "Approved", "Pending", "Waiting", "Skipped", "Not Needed"];
		const sorted = [...people].sort(
			(a, b) => order.indexOf(a.status) - order.indexOf(b.status)
		);
		const idle = (person) => ["Not Needed", "Skipped"].includes(person.status);
		const active = sorted.filter((person) => !idle(person)).length;
		const shown = sorted.length <= SHOWN + 1 && !active ? sorted.length : active;
		const visible = Math.min(shown, shown === SHOWN + 1 ? shown : SHOWN);
		const rest = sorted.slice(visible);
		const list = (rows) =>
			`<ul class="sca-people">${rows.map((person) => this.person_html(person)).join("")}</ul>`;
		return (
			list(sorted.slice(0, visible)) +
			(rest.length
				? `<details class="sca-more"><summary>${
						visible ? __("{0} more", [rest.length]) : __("{0} people", [rest.length])
					}</summary>${list(rest)}</details>`
				: "")
		);
	},

	person_html(person) {
		const { esc } = this;
		const status = person.status || "Waiting";
		const lines = [];
		if (person.signed_on) {
			lines.push(
				person.on_behalf_of
					? __("{0} for {1}, {2}", [
							person.signed_by_name || person.signed_by,
							person.full_name,
							this.time(person.signed_on),
						])
					: this.time(person.signed_on)
			);
		} else if (person.reason) lines.push(person.reason);
		return `
			<li class="sca-person ${status.toLowerCase().replace(" ", "-")}">
				<span class="sca-mark" aria-hidden="true">${MARKS[status] || "○"}</span>
				<div>
					<span title="${esc(person.reason)}">${esc(person.full_name || person.user)}</span>
					<span class="sr-only">${status_text(status)}</span>
					${lines.map((line) => `<div class="sca-note">${esc(line)}</div>`).join("")}
					${person.comment ? `<div class="sca-quote">${esc(person.comment)}</div>` : ""}
				</div>
			</li>`;
	},

	step_text(step) {
		const who = step.on_behalf_of
			? __(
					"{0} for {1}",
					[step.full_name, step.on_behalf_of_name || step.on_behalf_of],
					"Approval Step"
				)
			: step.full_name;
		const to = step.to_user_name || step.to_user;
		const texts = {
			Requested: () => __("{0} asked for approval", [who]),
			Approved: () => __("{0} approved level {1}", [who, step.level]),
			Rejected: () => __("{0} rejected at level {1}", [who, step.level]),
			"Sent Back": () => __("{0} sent it back to level {1}", [who, step.to_level]),
			Asked: () => __("{0} asked {1}", [who, to]),
			Answered: () => __("{0} answered", [who]),
			"Approver Added": () => __("{0} added {1}", [who, to]),
			Reassigned: () => __("{0} reassigned it to {1}", [who, to]),
			Withdrawn: () => __("{0} withdrew the request", [who]),
			Reminded: () => __("{0} was reminded", [to || who]),
			Escalated: () =>
				__("Escalated from {0} to {1}", [step.on_behalf_of_name || who, to || ""]),
			Posted: () => __("Posted", null, "Approval Step"),
			"Posting Failed": () => __("Could not be posted"),
			Refused: () => __("{0} tried to decide and was refused", [who]),
		};
		return texts[step.decision]?.() ?? __(step.decision, null, "Approval Step");
	},

	steps_html(steps) {
		const { esc } = this;
		const channels = { Mail: __("by mail"), Bulk: __("several at once"), Inbox: __("inbox") };
		return `<ol class="sca-steps">${(steps || [])
			.map(
				(step) => `
				<li class="${step.decision.toLowerCase().replace(/ /g, "-")}">
					<div>${esc(this.step_text(step))}
						<span class="sca-note">${[this.time(step.decided_on), channels[step.channel]]
							.filter(Boolean)
							.map(esc)
							.join(" · ")}</span>
					</div>
					${step.comment ? `<div class="sca-quote">${esc(step.comment)}</div>` : ""}
					${
						step.attachment
							? `<a href="${esc(encodeURI(step.attachment))}" target="_blank" rel="noopener">${esc(
									step.attachment.split("/").pop()
								)}</a>`
							: ""
					}
				</li>`
			)
			.join("")}</ol>`;
	},

	questions_html(questions) {
		const open = (questions || []).filter((question) => question.open);
		return open
			.map(
				(question) => `
				<div class="sca-question">
					<b>${this.esc(__("{0} asks {1}", [question.full_name, frappe.user.full_name(question.to_user)]))}</b>
					<div class="sca-quote">${this.esc(question.text)}</div>
				</div>`
			)
			.join("");
	},

	// What was entered comes first; figures that follow from it are folded away.
	changes_html(changes) {
		const { esc } = this;
		if (!changes?.length) {
			return `<div class="sca-note">${__("Nothing that counts was changed.")}</div>`;
		}
		const line = (change) => `<tr>
			<td>${esc(change.label)}${
				change.row ? ` <span class="text-muted">${__("row {0}", [change.row])}</span>` : ""
			}</td>
			<td class="sca-before">${esc(change.before) || "–"}</td>
			<td>${esc(change.after) || "–"}</td>
		</tr>`;
		const table = (rows) => `
			<table class="sca-lines sca-changes">
				<thead><tr>
					<th>${__("Field")}</th>
					<th>${__("Before", null, "Approval Request")}</th>
					<th>${__("Now", null, "Approval Request")}</th>
				</tr></thead>
				<tbody>${rows.map(line).join("")}</tbody>
			</table>`;
		const shown = changes.length > CHANGES + 1 ? CHANGES : changes.length;
		const rest = changes.slice(shown);
		return (
			table(changes.slice(0, shown)) +
			(rest.length
				? `<details class="sca-more"><summary>${__("{0} more changes", [
						rest.length,
					])}</summary>${table(rest)}</details>`
				: "")
		);
	},

	rounds_html(history, but) {
		const rows = (history || []).filter((round) => round.name !== but);
		if (!rows.length) return "";
		return `<ul class="sca-rounds">${rows
			.map(
				(round) => `<li>
					<a href="${frappe.utils.get_form_link("Approval Request", round.name)}">${__("Round {0}", [
						round.round,
					])}</a>
					${this.pill(round.status)}
					<span class="sca-note">${this.time(round.completed_on || round.requested_on)}</span>
					${round.closing_reason ? `<div class="sca-quote">${this.esc(round.closing_reason)}</div>` : ""}
				</li>`
			)
			.join("")}</ul>`;
	},
});

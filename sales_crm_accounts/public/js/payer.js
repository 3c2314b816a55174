frappe.provide("sales_crm_accounts.payer");

const COLORS = { A: "green", B: "green", C: "yellow", D: "orange", E: "red" };
const esc = (text) => frappe.utils.escape_html(String(text ?? ""));

// How a customer pays, as the form of a Customer, the call of a collector and the report show it.
Object.assign(sales_crm_accounts.payer, {
	grade_html(grade) {
		return grade
			? `<span class="indicator-pill no-indicator-dot ${COLORS[grade]}">${esc(grade)}</span>`
			: "";
	},

	/** Grade, score and each reason with its points; or why there is no score. */
	html({ score, grade, reasons, unknown }) {
		if (unknown) return `<div class="sca-note">${esc(unknown)}</div>`;
		const line = ({ points, most, text }) => `<li>
			<b title="${__("{0} of at most {1} points lost", [points, most])}">${points ? `−${points}` : "0"}</b>
			${esc(text)}</li>`;
		return `
			<div class="sca-payer">
				<div>${this.grade_html(grade)} ${__("Score {0} of 100", [score])}</div>
				<ul>${reasons.map(line).join("")}</ul>
			</div>`;
	},
});

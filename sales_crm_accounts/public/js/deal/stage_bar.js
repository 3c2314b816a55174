frappe.provide("sales_crm_accounts.deal");

/** The open stages in their order, over the form; a click moves an open deal (the server holds what a stage needs). */
sales_crm_accounts.deal.StageBar = class StageBar {
	constructor(frm) {
		this.frm = frm;
	}

	static async stages() {
		this._stages ??= frappe.db.get_list("Deal Stage", {
			fields: ["name", "probability", "stage_type"],
			filters: { disabled: 0, stage_type: "Open" },
			order_by: "sequence asc",
			limit: 50,
		});
		return this._stages;
	}

	async refresh() {
		const { frm } = this;
		this.bar ??= $(`<div class="sca-stages" role="list"></div>`).prependTo(
			frm.layout.wrapper.find(".form-page").first()
		);
		if (!this.bar.parent().length)
			this.bar.prependTo(frm.layout.wrapper.find(".form-page").first());
		const stages = await this.constructor.stages();
		const movable = frm.doc.docstatus === 0 && frm.doc.status === "Open" && frm.perm[0]?.write;
		const at = stages.findIndex((stage) => stage.name === frm.doc.stage);
		const closed = frm.doc.status !== "Open" && !frm.is_new();
		const steps = stages.map((stage, index) => {
			let state = "";
			if (closed && frm.doc.status !== "Lost") state = "past";
			else if (index < at) state = "past";
			else if (index === at) state = "now";
			return {
				label: __(stage.name),
				value: stage.name,
				state,
				note: `${stage.probability || 0}%`,
			};
		});
		if (closed) {
			steps.push({
				label: __(frm.doc.status),
				state: `end ${frm.doc.status.toLowerCase()}`,
				note:
					frm.doc.won_on || frm.doc.lost_on
						? sales_crm_accounts.deal.date(frm.doc.won_on || frm.doc.lost_on)
						: "",
			});
		}
		this.bar.empty();
		for (const step of steps) {
			const element = $(`<div class="sca-stage ${step.state}" role="listitem"></div>`)
				.append($("<span></span>").text(step.label))
				.append($("<small></small>").text(step.note))
				.appendTo(this.bar);
			if (step.state === "now") element.attr("aria-current", "step");
			if (movable && step.value && step.state !== "now") {
				element
					.addClass("clickable")
					.attr("title", __("Move to {0}", [step.label]))
					.on("click", () => this.move(step.value));
			}
		}
		this.show_present();
	}

	// On a phone the bar is wider than the screen.
	show_present() {
		const present = this.bar.find(".now, .end").last()[0];
		if (!present) return;
		const hidden =
			present.getBoundingClientRect().right - this.bar[0].getBoundingClientRect().right;
		if (hidden > 0) this.bar[0].scrollLeft += hidden;
	}

	async move(stage) {
		const before = this.frm.doc.stage;
		await this.frm.set_value("stage", stage);
		if (this.frm.is_new()) return this.refresh();
		this.frm.save().catch(async () => {
			await this.frm.set_value("stage", before);
			this.refresh();
		});
	}
};

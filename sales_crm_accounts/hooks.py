app_name = "sales_crm_accounts"
app_title = "Sales CRM Accounts"
app_publisher = "sales_crm_accounts contributors"
app_description = "From a won deal to money in the bank, with the books right every day, inside ERPNext"
app_email = "hello@sales-crm-accounts.example"
app_license = "GPL-3.0"
app_icon = "octicon octicon-briefcase"
required_apps = ["frappe/erpnext"]

before_install = "sales_crm_accounts.setup.install.before_install"
after_install = "sales_crm_accounts.setup.install.after_install"
before_uninstall = "sales_crm_accounts.setup.uninstall.before_uninstall"
after_uninstall = "sales_crm_accounts.setup.uninstall.after_uninstall"
after_app_install = "sales_crm_accounts.setup.install.after_app_install"
before_migrate = "sales_crm_accounts.setup.install.check_versions"
after_migrate = "sales_crm_accounts.setup.install.after_migrate"
before_tests = "sales_crm_accounts.setup.install.before_tests"

add_to_apps_screen = [
	{
		"name": "sales_crm_accounts",
		"logo": "/assets/sales_crm_accounts/images/logo.svg",
		"title": "Sales CRM Accounts",
		"route": "/app/deals-and-receivables",
	}
]

app_include_css = ["sales_crm_accounts.bundle.css", "approvals.bundle.css"]
app_include_js = "sales_crm_accounts.bundle.js"
extend_bootinfo = "sales_crm_accounts.boot.extend_bootinfo"

doctype_js = {
	"Opportunity": "public/js/opportunity.js",
	"Quotation": "public/js/quotation.js",
	"Sales Invoice": "public/js/sales_invoice.js",
	"Customer": "public/js/customer.js",
	"Sales Order": "public/js/sales_order.js",
	"Delivery Note": "public/js/delivery_note.js",
	"CRM Deal": "public/js/crm_deal.js",
}

jinja = {"methods": ["sales_crm_accounts.services.receivables.statement.sca_customer_statement_html"]}

calendars = ["Deal", "Deal Installment"]

global_search_doctypes = {"Default": [{"doctype": "Deal", "index": 1}]}

additional_timeline_content = {
	"Deal": [
		"sales_crm_accounts.services.timeline.money_events",
		"sales_crm_accounts.services.receivables.timeline.collection_events",
		"sales_crm_accounts.services.expenses.events.expense_events",
	],
	"Customer": ["sales_crm_accounts.services.receivables.timeline.collection_events"],
	"Sales Invoice": ["sales_crm_accounts.services.receivables.timeline.collection_events"],
}

doc_events = {
	# The gate of approval chains: every path into submit and cancel. A DocType without a chain leaves at the first line.
	"*": {
		"before_validate": "sales_crm_accounts.events.approvals.before_validate",
		"before_submit": "sales_crm_accounts.events.approvals.before_submit",
		"on_submit": "sales_crm_accounts.events.approvals.on_submit",
		"before_cancel": "sales_crm_accounts.events.approvals.before_cancel",
		"on_cancel": "sales_crm_accounts.events.approvals.on_cancel",
		"before_update_after_submit": "sales_crm_accounts.events.approvals.before_update_after_submit",
		"on_update": "sales_crm_accounts.events.approvals.on_update",
		"on_trash": "sales_crm_accounts.events.approvals.on_trash",
		"on_discard": "sales_crm_accounts.events.approvals.on_discard",
		"after_rename": "sales_crm_accounts.events.approvals.after_rename",
	},
	"Sales Invoice": {
		"before_insert": "sales_crm_accounts.events.sales_invoice.before_insert",
		"after_insert": "sales_crm_accounts.events.sales_invoice.after_insert",
		"before_validate": "sales_crm_accounts.events.sales_invoice.before_validate",
		"validate": "sales_crm_accounts.events.sales_invoice.validate",
		"before_update_after_submit": "sales_crm_accounts.events.sales_invoice.validate",
		"before_submit": "sales_crm_accounts.events.sales_invoice.before_submit",
		"on_submit": "sales_crm_accounts.events.sales_invoice.on_submit",
		"on_change": "sales_crm_accounts.events.sales_invoice.on_change",
		"before_cancel": [
			"sales_crm_accounts.events.sales_invoice.before_cancel",
			"sales_crm_accounts.events.dunning.before_invoice_cancel",
		],
		"on_cancel": "sales_crm_accounts.events.sales_invoice.on_cancel",
		"on_trash": "sales_crm_accounts.events.sales_invoice.on_trash",
	},
	"Deal": {"set_figures_of_today": "sales_crm_accounts.events.deal.set_figures_of_today"},
	"Accounting Dimension": {
		"on_update": "sales_crm_accounts.events.accounting_dimension.on_update",
		"after_delete": "sales_crm_accounts.events.accounting_dimension.after_delete",
	},
	"Quotation": {
		"validate": "sales_crm_accounts.events.credit_hold.validate",
		"set_figures_of_today": "sales_crm_accounts.events.credit_hold.validate",
		"before_submit": "sales_crm_accounts.events.credit_hold.before_submit",
		"on_submit": "sales_crm_accounts.events.quotation.on_submit",
		"on_cancel": "sales_crm_accounts.events.quotation.on_cancel",
	},
	"Sales Order": {
		"validate": "sales_crm_accounts.events.credit_hold.validate",
		"set_figures_of_today": "sales_crm_accounts.events.credit_hold.validate",
		"before_submit": "sales_crm_accounts.events.credit_hold.before_submit",
	},
	"Delivery Note": {
		"validate": "sales_crm_accounts.events.credit_hold.validate",
		"set_figures_of_today": "sales_crm_accounts.events.credit_hold.validate",
		"before_submit": "sales_crm_accounts.events.credit_hold.before_submit",
		"on_submit": "sales_crm_accounts.events.delivery_note.on_submit",
		"on_cancel": "sales_crm_accounts.events.delivery_note.on_cancel",
	},
	"Payment Entry": {
		"on_submit": [
			"sales_crm_accounts.events.money.payment_moved",
			"sales_crm_accounts.events.payment_entry.on_submit",
		],
		"on_cancel": [
			"sales_crm_accounts.events.money.payment_moved",
			"sales_crm_accounts.events.payment_entry.on_cancel",
		],
		"on_discard": "sales_crm_accounts.events.payment_entry.on_discard",
		"on_trash": "sales_crm_accounts.events.payment_entry.on_trash",
	},
	"Journal Entry": {
		"validate": [
			"sales_crm_accounts.events.expense_voucher.validate",
			"sales_crm_accounts.events.write_off.validate",
		],
		"before_cancel": [
			"sales_crm_accounts.events.expense_voucher.before_cancel",
			"sales_crm_accounts.events.write_off.before_cancel",
		],
		"on_submit": [
			"sales_crm_accounts.events.money.journal_moved",
			"sales_crm_accounts.events.credit_loss.journal_posted",
		],
		"on_cancel": "sales_crm_accounts.events.money.journal_moved",
	},
	"Payment Ledger Entry": {"before_insert": "sales_crm_accounts.events.dunning.before_ledger_entry"},
	"Unreconcile Payment": {"before_submit": "sales_crm_accounts.events.dunning.before_unreconcile"},
	"Opportunity": {"on_change": "sales_crm_accounts.events.opportunity.on_change"},
	"Purchase Invoice": {
		"validate": "sales_crm_accounts.events.expense_voucher.validate",
		"before_cancel": "sales_crm_accounts.events.expense_voucher.before_cancel",
	},
	"Approval Request": {"on_update": "sales_crm_accounts.events.approval_request.on_update"},
	"Communication": {"after_insert": "sales_crm_accounts.events.communication.after_insert"},
	"Expense Claim": {
		"validate": "sales_crm_accounts.events.expense_voucher.validate",
		"before_cancel": "sales_crm_accounts.events.expense_voucher.before_cancel",
	},
	"CRM Deal": {"on_update": "sales_crm_accounts.events.crm_deal.on_update"},
}

scheduler_events = {
	"daily_long": [
		"sales_crm_accounts.services.sweep.sca_daily_billing",
		"sales_crm_accounts.services.ledger_check.sca_nightly_ledger_check",
		"sales_crm_accounts.services.receivables.cash_forecast.sca_weekly_cash_forecast",
		"sales_crm_accounts.services.approvals.breaches.sca_nightly_approval_verification",
		"sales_crm_accounts.services.receivables.statement_mails.sca_daily_statements",
		"sales_crm_accounts.services.receivables.nightly.sca_nightly_collections",
		"sales_crm_accounts.services.receivables.charge_invoices.sca_daily_charge_invoices",
		"sales_crm_accounts.services.receivables.dunning_run.sca_daily_dunning",
		"sales_crm_accounts.services.receivables.write_off_night.sca_monthly_write_offs",
		"sales_crm_accounts.services.receivables.credit_loss_posting.sca_daily_credit_loss",
	],
	"hourly_long": [
		"sales_crm_accounts.services.sweep.sca_hourly_billing",
		"sales_crm_accounts.services.ledger_fill.sca_hourly_ledger_fill",
		"sales_crm_accounts.services.approvals.reminders.sca_hourly_approvals",
		"sales_crm_accounts.services.approvals.breaches.sca_hourly_approval_check",
		"sales_crm_accounts.services.receivables.dunning_run.sca_hourly_dunning",
		"sales_crm_accounts.services.receivables.digest.sca_hourly_collections_digest",
	],
}

override_doctype_dashboards = {
	"Deal": "sales_crm_accounts.sales_crm_accounts.doctype.deal.deal_dashboard.add_connections"
}

permission_query_conditions = {
	"Deal": "sales_crm_accounts.permissions.deal_access.deal_query",
	"Deal Installment": "sales_crm_accounts.permissions.deal_access.deal_installment_query",
	"Deal Change": "sales_crm_accounts.permissions.deal_access.deal_change_query",
	"Open Installment": "sales_crm_accounts.permissions.deal_access.open_installment_query",
	"Receivable Charge": "sales_crm_accounts.permissions.deal_access.receivable_charge_query",
	"Deal Expense": "sales_crm_accounts.permissions.expense_access.expense_query",
	"Approval Request": "sales_crm_accounts.permissions.approval_access.request_query",
	"Approval Step": "sales_crm_accounts.permissions.approval_access.step_query",
	"Approval Delegation": "sales_crm_accounts.permissions.approval_access.delegation_query",
	"Approval Preference": "sales_crm_accounts.permissions.approval_access.preference_query",
	"Promise to Pay": "sales_crm_accounts.permissions.collection_access.promise_query",
	"Receivable Dispute": "sales_crm_accounts.permissions.collection_access.dispute_query",
	"Collection Pause": "sales_crm_accounts.permissions.collection_access.pause_query",
	"Collection Note": "sales_crm_accounts.permissions.collection_access.note_query",
}

has_permission = {
	"Deal": "sales_crm_accounts.permissions.deal_access.has_deal_permission",
	"Deal Installment": "sales_crm_accounts.permissions.deal_access.has_deal_child_permission",
	"Deal Change": "sales_crm_accounts.permissions.deal_access.has_deal_child_permission",
	"Open Installment": "sales_crm_accounts.permissions.deal_access.has_deal_child_permission",
	"Receivable Charge": "sales_crm_accounts.permissions.deal_access.has_deal_child_permission",
	"Deal Expense": "sales_crm_accounts.permissions.expense_access.has_expense_permission",
	"Approval Request": "sales_crm_accounts.permissions.approval_access.has_request_permission",
	"Approval Step": "sales_crm_accounts.permissions.approval_access.has_step_permission",
	"Approval Delegation": "sales_crm_accounts.permissions.approval_access.has_delegation_permission",
	"Approval Preference": "sales_crm_accounts.permissions.approval_access.has_preference_permission",
	"Promise to Pay": "sales_crm_accounts.permissions.collection_access.has_collection_permission",
	"Receivable Dispute": "sales_crm_accounts.permissions.collection_access.has_collection_permission",
	"Collection Pause": "sales_crm_accounts.permissions.collection_access.has_collection_permission",
	"Collection Note": "sales_crm_accounts.permissions.collection_access.has_collection_permission",
}

# Cancelled with their expense, or left as they are with the deal: Frappe does not offer to cancel expenses along.
auto_cancel_exempted_doctypes = ["Deal Expense", "Expected Credit Loss"]

# The deal's records never keep ERPNext's documents from being deleted or cancelled; what may not happen is decided
# by live documents (services/obstacles.py), not by links.
ignore_links_on_delete = [
	"Deal Installment",
	"Open Installment",
	"Deal Billing Run",
	"Installment Ledger Check",
	"Approval Request",
	"Approval Step",
	"Approval Gate Log",
	"Approval Breach",
	"Approval Link",
	"Customer Collector",
	"Collections Digest",
	"Promise to Pay",
	"Receivable Dispute",
	"Collection Pause",
	"Collection Note",
	"Receivable Charge",
	"Dunning Message",
	"Dunning Run",
	"Dunning Run Row",
	"Customer Statement Mail",
	"Cash Match Proposal",
	"Payer Account",
	"Payment Thanks",
	"Credit Hold",
]

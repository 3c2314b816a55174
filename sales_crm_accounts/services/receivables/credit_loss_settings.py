"""Accounts of the provision, from Company Receivables Settings: there, of the company, and such that a journal can post to them."""

import frappe
from frappe import _
from frappe.utils import get_link_to_form

from sales_crm_accounts.services.receivables import write_offs

SETTINGS = "Company Receivables Settings"
#: Field -> roots that make sense.
ACCOUNTS = {"provision_account": ("Asset", "Liability"), "provision_expense_account": ("Expense",)}


def check(settings):
	"""Called when the settings are saved."""
	for field in ACCOUNTS:
		if settings.get(field):
			_check_account(settings, field)
	if center := settings.provision_cost_center:
		company, is_group = frappe.get_cached_value("Cost Center", center, ["company", "is_group"])
		if company != settings.company or is_group:
			_stop(settings, "provision_cost_center", center, _("It is a group, or of another company."))
	if settings.provision_expense_account in write_offs.accounts_of(settings.company, settings):
		_stop(
			settings,
			"provision_expense_account",
			settings.provision_expense_account,
			_(
				"It is a Write Off Account. Choose another one: provisions and write-offs are told apart by it."
			),
		)


def need(company: str):
	"""The settings, with both accounts. Raises a message that says where they are set."""
	if not frappe.db.exists(SETTINGS, company):
		frappe.throw(
			_("{0} has no {1} yet. Make one, with the accounts of the provision.").format(
				frappe.bold(company), _(SETTINGS)
			),
			title=_("Account Missing"),
		)
	settings = frappe.get_cached_doc(SETTINGS, company)
	missing = [_(settings.meta.get_label(field)) for field in ACCOUNTS if not settings.get(field)]
	if missing:
		frappe.throw(
			_("{0} has no {1}. Set it there.").format(
				get_link_to_form(SETTINGS, company, f"{_(SETTINGS)} {company}"),
				", ".join(frappe.bold(label) for label in missing),
			),
			title=_("Account Missing"),
		)
	check(settings)
	return settings


def loss_accounts(settings) -> list[str]:
	"""Accounts to which receivables are written off: what is booked there is lost, not paid."""
	own = {settings.provision_account, settings.provision_expense_account}
	return sorted((own | write_offs.accounts_of(settings.company, settings)) - {None, ""})


def _check_account(settings, field: str):
	name = settings.get(field)
	account = frappe.get_cached_value(
		"Account",
		name,
		["company", "is_group", "disabled", "root_type", "account_type", "account_currency"],
		as_dict=True,
	)
	own = frappe.get_cached_value("Company", settings.company, "default_currency")
	if account.company != settings.company:
		_stop(settings, field, name, _("It is of another company."))
	if account.is_group:
		_stop(settings, field, name, _("It is a group. Choose an account in it."))
	if account.disabled:
		_stop(settings, field, name, _("It is disabled."))
	if account.root_type not in ACCOUNTS[field]:
		_stop(
			settings,
			field,
			name,
			_("Choose an account under {0}.").format(", ".join(_(root) for root in ACCOUNTS[field])),
		)
	if account.account_type in ("Receivable", "Payable"):
		_stop(
			settings,
			field,
			name,
			_("An account of type {0} needs a party on every row.").format(_(account.account_type)),
		)
	if (account.account_currency or own) != own:
		_stop(settings, field, name, _("It is not in the company's currency {0}.").format(own))


def _stop(settings, field: str, name: str, reason: str):
	frappe.throw(
		_("{0}: {1} cannot be used. {2}").format(
			frappe.bold(_(settings.meta.get_label(field))), frappe.bold(name), reason
		)
	)

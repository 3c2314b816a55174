"""Sites that had the app before expected credit losses get their ready-made approval chain, switched off."""

from sales_crm_accounts.setup.defaults import make_approval_chain


def execute():
	make_approval_chain("Expected Credit Losses")

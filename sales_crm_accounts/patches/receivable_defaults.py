"""Sites that had the app before reminders get a ladder for each company and the chains of this part, all switched off."""

from sales_crm_accounts.setup.defaults import make_approval_chain, make_dunning_policies, make_settings

CHAINS = ("Waivers of Interest and Fees", "Deals above the Credit Limit")


def execute():
	make_dunning_policies()
	make_settings()
	for name in CHAINS:
		make_approval_chain(name)

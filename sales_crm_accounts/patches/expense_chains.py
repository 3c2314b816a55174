"""Sites that had the app before expenses get their ready-made approval chains (switched off) and the settings' defaults."""

from sales_crm_accounts.setup.defaults import make_approval_chain, make_settings


def execute():
	for name in ("Deal Expenses", "Expenses Over the Planned Cost"):
		make_approval_chain(name)
	make_settings()

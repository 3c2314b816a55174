"""Sites that had the app before approval chains get the ready-made ones (switched off) and the new settings' defaults."""

from sales_crm_accounts.setup.defaults import make_approval_chains, make_settings
from sales_crm_accounts.setup.roles import make_roles


def execute():
	make_roles()
	make_approval_chains()
	make_settings()

"""Sites that had the app before credit holds get the chains that ask about them, switched off."""

from sales_crm_accounts.setup.custom_fields import sync_custom_fields
from sales_crm_accounts.setup.defaults import HOLD_CHAINS, make_approval_chain


def execute():
	sync_custom_fields()  # the field that the chains ask for
	for name in HOLD_CHAINS:
		make_approval_chain(name)

"""Sites that had the app before expenses get the ready-made categories and the new settings' defaults."""

from sales_crm_accounts.setup.defaults import make_expense_categories, make_settings


def execute():
	make_expense_categories()
	make_settings()

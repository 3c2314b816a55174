# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

from frappe.model.document import Document


class CashForecast(Document):
	"""What was expected to come in, week by week, as it was expected then. Made by the weekly job alone."""

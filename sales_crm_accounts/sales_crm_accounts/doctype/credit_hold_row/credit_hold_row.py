# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

from frappe.model.document import Document


class CreditHoldRow(Document):
	"""An installment that a customer is on credit hold for."""

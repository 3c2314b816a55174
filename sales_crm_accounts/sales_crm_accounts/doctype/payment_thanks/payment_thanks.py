# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

from frappe.model.document import Document


class PaymentThanks(Document):
	"""One thank-you mail to a customer, and what it was for."""

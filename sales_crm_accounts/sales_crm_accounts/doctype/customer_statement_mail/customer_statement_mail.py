# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

from frappe.model.document import Document


class CustomerStatementMail(Document):
	"""A statement of account that was mailed, or why it was not; its key makes it the only one of its customer and day."""

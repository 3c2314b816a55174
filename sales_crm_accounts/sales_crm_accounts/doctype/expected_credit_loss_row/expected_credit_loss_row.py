# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

from frappe.model.document import Document


class ExpectedCreditLossRow(Document):
	"""One bucket of the matrix, perhaps of one customer group."""

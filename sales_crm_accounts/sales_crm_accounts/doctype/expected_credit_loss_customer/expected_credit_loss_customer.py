# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

from frappe.model.document import Document


class ExpectedCreditLossCustomer(Document):
	"""A customer that is judged apart from the matrix."""

# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

from frappe.model.document import Document


class WriteoffProposalRow(Document):
	"""An installment of a Write-off Proposal."""

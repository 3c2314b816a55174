# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

from frappe.model.document import Document


class CompanyReceivablesSettings(Document):
	"""How one company chases what is owed to it."""

# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

from frappe.model.document import Document


class DunningRunRow(Document):
	"""Somebody who was passed over by a dunning run, and the reason."""

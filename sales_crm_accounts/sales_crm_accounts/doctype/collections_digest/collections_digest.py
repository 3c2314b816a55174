# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe.model.document import Document


class CollectionsDigest(Document):
	"""What one person was told one morning. The unique index is what keeps anybody from being told twice."""


def on_doctype_update():
	frappe.db.add_unique("Collections Digest", ["recipient", "digest_date"], "sca_recipient_day")

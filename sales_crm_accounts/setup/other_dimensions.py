"""The site's other accounting dimensions (branch, department ...) on Deal and Deal Item, from where invoices take them."""

import frappe
from frappe.custom.doctype.custom_field.custom_field import create_custom_field

from sales_crm_accounts.setup import MODULE

#: Documents that get the fields, and the field they stand behind.
PLACES = {"Deal": "project", "Deal Item": "cost_center"}


def sync_other_dimensions() -> None:
	"""Make the fields of every dimension but the deal's own, hide those that are switched off, drop those that are gone."""
	dimensions = {
		row.fieldname: row
		for row in frappe.get_all(
			"Accounting Dimension",
			filters={"document_type": ("!=", "Deal")},
			fields=["fieldname", "label", "document_type", "disabled"],
		)
	}
	for doctype, insert_after in PLACES.items():
		kept = {
			row.fieldname: row
			for row in frappe.get_all(
				"Custom Field",
				filters={"dt": doctype, "module": MODULE},
				fields=["name", "fieldname", "hidden"],
			)
		}
		for fieldname, row in kept.items():
			if fieldname not in dimensions:
				frappe.delete_doc("Custom Field", row.name, force=True)
			elif row.hidden != dimensions[fieldname].disabled:
				frappe.db.set_value("Custom Field", row.name, "hidden", dimensions[fieldname].disabled)
				frappe.clear_cache(doctype=doctype)
		meta = frappe.get_meta(doctype, cached=False)
		for fieldname, row in dimensions.items():
			if not meta.has_field(fieldname):
				create_custom_field(
					doctype,
					{
						"fieldname": fieldname,
						"label": row.label,
						"fieldtype": "Link",
						"options": row.document_type,
						"insert_after": insert_after,
						"hidden": row.disabled,
						"module": MODULE,
					},
					ignore_validate=True,
				)

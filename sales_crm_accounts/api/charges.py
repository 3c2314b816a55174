"""Whitelisted functions of interest and fees: look, claim, invoice, cancel."""

import frappe
from frappe import _

from sales_crm_accounts.permissions.quiet import may
from sales_crm_accounts.services.receivables import charge_invoices, charges

#: Rows that a preview shows; the sums are over all of them.
SHOWN = 200
#: More claims than these are written by a background job.
AT_ONCE = 300


@frappe.whitelist()
def preview(company: str, as_of: str | None = None, customer: str | None = None) -> dict:
	"""What charging interest would claim: `rows` (the first of them), `count`, and `totals` by currency. Writes nothing."""
	_check(company, customer)
	proposals = charges.preview(company, as_of, [customer] if customer else None)
	totals = {}
	for one in proposals:
		currency = one.row.account_currency
		totals[currency] = totals.get(currency, 0) + one.claim.amount
	return {
		"count": len(proposals),
		"totals": [{"currency": key, "amount": float(value)} for key, value in sorted(totals.items())],
		"rows": [
			{
				"customer": one.row.customer,
				"sales_invoice": one.row.sales_invoice,
				"installment_no": one.row.installment_no,
				"due_date": one.row.due_date,
				"period_from": one.claim.first,
				"period_to": one.claim.last,
				"days": sum(piece.days for piece in one.claim.pieces),
				"currency": one.row.account_currency,
				"amount": float(one.claim.amount),
			}
			for one in proposals[:SHOWN]
		],
	}


@frappe.whitelist(methods=["POST"])
def charge(company: str, as_of: str | None = None, customer: str | None = None) -> dict:
	"""Claim the interest that is owed: `names` of the new charges, or in `queued` how many a background job writes."""
	_check(company, customer)
	values = {"company": company, "as_of": as_of, "customers": [customer] if customer else None}
	count = len(charges.preview(**values))
	if count <= AT_ONCE:
		return {"names": charges.charge(**values), "queued": 0}
	frappe.enqueue(
		"sales_crm_accounts.services.receivables.charges.charge",
		queue="long",
		job_id=f"sca-charge-{company}",
		deduplicate=True,
		**values,
	)
	return {"names": [], "queued": count}


@frappe.whitelist(methods=["POST"])
def make_invoices(names: list | str) -> list[dict]:
	"""Invoice these charges: one dict an invoice, with the reason where it could not be made."""
	frappe.has_permission("Sales Invoice", "create", throw=True)
	names = frappe.parse_json(names)
	for name in names:
		frappe.get_doc("Receivable Charge", name).check_permission("read")
	return charge_invoices.invoice(names)


@frappe.whitelist(methods=["POST"])
def cancel(name: str, reason: str | None = None) -> None:
	"""Take back a claim that was wrong."""
	frappe.get_doc("Receivable Charge", name).check_permission("write")
	charges.cancel(name, reason)


@frappe.whitelist()
def form_state(name: str) -> dict:
	"""What the user may do with the charge now; the buttons follow it, the server checks again when one is pressed."""
	doc = frappe.get_doc("Receivable Charge", name)
	doc.check_permission("read")
	claimed = doc.status in charge_invoices.OPEN and not doc.charge_invoice
	return {
		"can_invoice": claimed and may("Sales Invoice", "create"),
		"can_cancel": claimed and not doc.waived_amount and may(doc, "write"),
		"can_waive": doc.status not in (charges.CANCELLED, charges.WAIVED) and may("Charge Waiver", "create"),
	}


def _check(company: str, customer: str | None):
	if not frappe.db.exists("Company", company):
		frappe.throw(_("Company {0} does not exist.").format(company))
	# A collector need not have a right on companies; what User Permissions say of company and customer counts.
	charge = frappe.new_doc("Receivable Charge", company=company, customer=customer)
	charge.check_permission("create")

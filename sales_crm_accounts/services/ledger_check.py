"""The nightly proof: what is kept as money moves equals the payment ledger, invoice by invoice and in sum; else it is repaired.

Two independent looks, a fixed number of statements: bare sums of the Payment Ledger by invoice and by account, and every derived
column again; then every figure of the Deal Installments, and of the Deals. The record of each night is an Installment Ledger Check.
"""

from time import monotonic

import frappe
from frappe import _
from frappe.utils import cint, flt, getdate, today

from sales_crm_accounts.services import figures, ledger, ledger_sql
from sales_crm_accounts.services.derived import precision

#: Rows that one record lists; all are repaired.
LISTED = 200
EQUAL, REPAIRED, DIFFERENT = "Equal", "Repaired", "Different"


def sca_nightly_ledger_check() -> str:
	"""Scheduler: compare, repair what differs, compare again, and keep the record. Returns its name. Commits."""
	started = monotonic()
	found = differences()
	for start in range(0, len(found), ledger.CHUNK):
		# Each chunk in a transaction of its own, so that it sees what has been paid meanwhile.
		_commit()
		ledger.refresh([row.sales_invoice for row in found[start : start + ledger.CHUNK]])
	_commit()
	documents = _repair_documents()
	left = _left(found, documents)
	totals = totals_by_account()
	unequal = any(flt(row.ledger_outstanding - row.kept_outstanding, precision()) for row in totals)
	check = frappe.new_doc("Installment Ledger Check")
	check.update(
		{
			"check_date": getdate(today()),
			"status": DIFFERENT
			if left or unequal
			else REPAIRED
			if found or any(documents.values())
			else EQUAL,
			"invoices": frappe.db.count("Sales Invoice", {"docstatus": 1}),
			"differences": len(found),
			"installments_differed": len(documents["Deal Installment"]),
			"deals_differed": len(documents["Deal"]),
			"seconds": flt(monotonic() - started, 2),
			"rows": [
				*(_listed(row) for row in found[:LISTED]),
				*(_listed_document(*one) for one in _first(documents)),
			],
			"totals": totals,
		}
	)
	# A row that was left over names an invoice that is gone.
	check.flags.ignore_links = True
	check.insert(ignore_permissions=True)
	frappe.db.set_single_value("Sales CRM Accounts Settings", "last_ledger_check", getdate(today()))
	if check.status == DIFFERENT:
		frappe.log_error(
			title=_("Installment ledger differs from the Payment Ledger"),
			reference_doctype=check.doctype,
			reference_name=check.name,
		)
	_commit()
	return check.name


def _repair_documents() -> dict[str, list]:
	"""Deal Installments and Deals that differed from what they are derived from, but for what the new day changed. Commits."""
	day, documents = getdate(today()), {}
	for doctype in ("Deal Installment", "Deal"):
		documents[doctype] = figures.differing(doctype, day, by_time=False)
		_refresh(doctype, documents[doctype])
	figures.mark_overdue(day)
	_commit()
	for doctype, known in documents.items():
		more = figures.differing(doctype, day)
		_refresh(doctype, more)
		names = {row.name for row in known}
		known += [row for row in more if row.name not in names]
	return documents


def _refresh(doctype: str, rows: list) -> None:
	for start in range(0, len(rows), figures.CHUNK):
		figures.repair(doctype, [row.name for row in rows[start : start + figures.CHUNK]])
		_commit()


def _left(found: list, documents: dict[str, list]) -> bool:
	"""Whether anything differs still, after what was found is repaired."""
	if found and differences():
		return True
	return any(rows and figures.differing(doctype, getdate(today())) for doctype, rows in documents.items())


def _first(documents: dict[str, list]) -> list[tuple[str, frappe._dict]]:
	return [(doctype, row) for doctype, rows in documents.items() for row in rows[:LISTED]]


def differences() -> list[frappe._dict]:
	"""Invoices whose kept rows differ: sales_invoice, kept_outstanding, ledger_outstanding, facts, figures, rows (each 0 or 1)."""
	facts = " or ".join(f"not (derived.`{field}` <=> kept.`{field}`)" for field in ledger_sql.FACTS)
	# The kept columns have nine decimals; a share of company currency has no more than the ledger.
	money = " or ".join(f"round(derived.`{field}`, 9) <> kept.`{field}`" for field in ledger_sql.FIGURES)
	changed = frappe.db.sql(
		f"""
		select
			derived.sales_invoice,
			coalesce(sum(kept.outstanding_amount), 0) as kept_outstanding,
			sum(derived.outstanding_amount) as ledger_outstanding,
			max(kept.name is null) as `rows`,
			max(case when kept.name is not null and ({facts}) then 1 else 0 end) as facts,
			max(case when kept.name is not null and ({money}) then 1 else 0 end) as figures
		from ({ledger_sql.derive(precision())}) derived
		left join `tabOpen Installment` kept on kept.name = derived.name
		group by derived.sales_invoice
		having `rows` = 1 or facts = 1 or figures = 1
		""",
		as_dict=True,
	)
	known = {row.sales_invoice for row in changed}
	return changed + [row for row in _left_over() + _unequal_sums() if row.sales_invoice not in known]


def _left_over() -> list[frappe._dict]:
	"""Rows that are kept though their invoice does not stand, or beyond the rows of its schedule."""
	return frappe.db.sql(
		"""
		select
			kept.sales_invoice, sum(kept.outstanding_amount) as kept_outstanding, 0 as ledger_outstanding,
			1 as `rows`, 0 as facts, 0 as figures
		from `tabOpen Installment` kept
		left join `tabSales Invoice` invoice on invoice.name = kept.sales_invoice and invoice.docstatus = 1
		left join (
			select parent, count(*) as last from `tabPayment Schedule` where parenttype = 'Sales Invoice' group by parent
		) schedule on schedule.parent = kept.sales_invoice
		where
			invoice.name is null or kept.installment_no > coalesce(schedule.last, 1)
			or kept.name <> concat(kept.sales_invoice, '-', lpad(kept.installment_no, greatest(2, length(kept.installment_no)), '0'))
		group by kept.sales_invoice
		""",
		as_dict=True,
	)


def _unequal_sums() -> list[frappe._dict]:
	"""Invoices whose kept rows do not sum to the bare sum of the ledger; says the same as above by another way."""
	return frappe.db.sql(
		"""
		select
			ledger.sales_invoice, coalesce(kept.outstanding, 0) as kept_outstanding, ledger.outstanding as ledger_outstanding,
			0 as `rows`, 0 as facts, 1 as figures
		from (
			select against_voucher_no as sales_invoice, sum(amount_in_account_currency) as outstanding, sum(amount) as base
			from `tabPayment Ledger Entry`
			where delinked = 0 and against_voucher_type = 'Sales Invoice'
			group by against_voucher_no
		) ledger
		join `tabSales Invoice` invoice on invoice.name = ledger.sales_invoice and invoice.docstatus = 1
		left join (
			select sales_invoice, sum(outstanding_amount) as outstanding, sum(base_outstanding_amount) as base
			from `tabOpen Installment` group by sales_invoice
		) kept on kept.sales_invoice = ledger.sales_invoice
		where ledger.outstanding <> coalesce(kept.outstanding, 0) or ledger.base <> coalesce(kept.base, 0)
		""",
		as_dict=True,
	)


def totals_by_account() -> list[frappe._dict]:
	"""What customers owe by invoices: the ledger's own sums beside those of the installments, by company and account."""
	return frappe.db.sql(
		"""
		select
			ledger.company, ledger.account, max(ledger.account_currency) as account_currency,
			sum(ledger.outstanding) as ledger_outstanding, sum(ledger.kept) as kept_outstanding
		from (
			select
				entry.company, entry.account, max(entry.account_currency) as account_currency,
				sum(entry.amount_in_account_currency) as outstanding, 0 as kept
			from `tabPayment Ledger Entry` entry
			join `tabSales Invoice` invoice on invoice.name = entry.against_voucher_no and invoice.docstatus = 1
			where entry.delinked = 0 and entry.against_voucher_type = 'Sales Invoice'
			group by entry.company, entry.account
			union all
			select company, account, max(account_currency), 0, sum(outstanding_amount)
			from `tabOpen Installment` group by company, account
		) ledger
		group by ledger.company, ledger.account
		order by ledger.company, ledger.account
		""",
		as_dict=True,
	)


def _listed(row) -> dict:
	reasons = []
	if cint(row.rows):
		reasons.append(_("rows missing or left over"))
	if cint(row.figures):
		reasons.append(_("amounts"))
	if cint(row.facts):
		reasons.append(_("details of the invoice"))
	return {
		"sales_invoice": row.sales_invoice,
		"kept_outstanding": row.kept_outstanding,
		"ledger_outstanding": row.ledger_outstanding,
		"reason": ", ".join(reasons),
	}


def _listed_document(doctype: str, row) -> dict:
	meta = frappe.get_meta(doctype)
	labels = [_(meta.get_label(field)) for field in figures.what_differs(doctype, row)]
	return {
		"document_type": doctype,
		"document": row.name,
		"kept_outstanding": row.kept_outstanding_amount,
		"ledger_outstanding": row.outstanding_amount,
		"reason": ", ".join(labels)[:140],
	}


def _commit():
	from sales_crm_accounts.erpnext_compat import in_test

	if not in_test():
		frappe.db.commit()

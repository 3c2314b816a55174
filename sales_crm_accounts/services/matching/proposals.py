"""Proposals kept on the site: one for each receipt, the likeliest explanation with its rivals beside it."""

import json
from collections.abc import Iterable

import frappe
from frappe import _
from frappe.utils import flt

from sales_crm_accounts.core.matching.rows import Allocation, Proposal
from sales_crm_accounts.core.matching.run import Matched
from sales_crm_accounts.services import ledger
from sales_crm_accounts.services.matching import BANK, PAYMENT, PROPOSED
from sales_crm_accounts.services.matching.load import Loaded
from sales_crm_accounts.services.matching.units import amount, units
from sales_crm_accounts.services.matching.words import in_words, texts
from sales_crm_accounts.services.receivables.open_rows import open_rows

RIVALS = 3
#: What belongs to a proposal, and goes with it.
_WITH_IT = {"Cash Match Proposal Row": "parent", "Comment": "reference_name", "Version": "docname"}
_KIND = {"Comment": "reference_doctype", "Version": "ref_doctype"}
#: What people have hung on it; only Frappe's own deletion knows how each of them goes.
_HUNG_ON = {
	"ToDo": ("reference_type", "reference_name"),
	"DocShare": ("share_doctype", "share_name"),
	"Tag Link": ("document_type", "document_name"),
	"File": ("attached_to_doctype", "attached_to_name"),
	"Document Follow": ("ref_doctype", "ref_docname"),
	"Communication": ("reference_doctype", "reference_name"),
	"Notification Log": ("document_type", "document_name"),
}
_TAKEN = ("customer", "several_customers", "party_currency", "rows", "score", "reasons")


def keep(loaded: Loaded, found: Matched, company: str, run: str, words: dict[str, str] | None = None):
	"""Insert the proposal of a receipt."""
	source = loaded.sources[found.receipt.name]
	source_type, source_name = found.receipt.name.split(":", 1)
	if not found.proposals:
		return None
	words = words or texts()
	best = _as_kept(loaded, found.proposals[0], source_type)
	rivals = [_rival(loaded, one, source_type, words) for one in found.proposals[: RIVALS + 1]]
	doc = frappe.get_doc(
		{
			"doctype": "Cash Match Proposal",
			"status": PROPOSED,
			"company": company,
			"cash_matching_run": run,
			"source_type": source_type,
			"source_name": source_name,
			"posting_date": source.date,
			"amount": source.unallocated_amount,
			"currency": source.currency,
			"payer_name": (source.bank_party_name or "")[:140],
			"payer_account": found.receipt.account[:140],
			"bank_text": found.receipt.text,
			"party_amount": amount(best.received),
			"alternatives": json.dumps(rivals[1:]) if len(rivals) > 1 else None,
			**{key: rivals[0][key] for key in _TAKEN},
		}
	)
	doc.flags.by_service = True
	# Nobody may make proposals by hand; a run makes them with what it read.
	return doc.insert(ignore_permissions=True)


def drop(receipts: Iterable[str]) -> None:
	"""Proposals of these receipts that nobody has corrected make way for new ones; a fixed number of statements, but for those that
	people have hung something on.

	Locked before they go: one that somebody applies at this moment stays.
	"""
	proposal = frappe.qb.DocType("Cash Match Proposal")
	names = [
		name
		for (name,) in frappe.qb.from_(proposal)
		.where(proposal.source_name.isin([one.split(":", 1)[1] for one in receipts] or [""]))
		.where((proposal.status == PROPOSED) & (proposal.corrected == 0))
		.select(proposal.name)
		.for_update()
		.run()
	]
	if not names:
		return
	touched = _touched(names)
	for name in sorted(touched):
		# A run replaces what it proposed, whoever starts it and whatever points at it; people have no right to delete proposals.
		frappe.delete_doc("Cash Match Proposal", name, force=True, ignore_permissions=True)
	names = [name for name in names if name not in touched]
	if not names:
		return
	for doctype, field in _WITH_IT.items():
		filters = {field: ("in", names)}
		if field != "parent":
			filters[_KIND[doctype]] = "Cash Match Proposal"
		frappe.db.delete(doctype, filters)
	frappe.db.delete("Cash Match Proposal", {"name": ("in", names)})


def _touched(names: list[str]) -> set[str]:
	"""Those that were assigned, shared, tagged, followed, mailed, told of, or got a file."""
	return {
		name
		for doctype, (kind, field) in _HUNG_ON.items()
		for name in frappe.get_all(doctype, {kind: "Cash Match Proposal", field: ("in", names)}, pluck=field)
	}


def _rival(loaded: Loaded, one: Proposal, source_type: str, words) -> dict:
	kept = _as_kept(loaded, one, source_type)
	return {
		"customer": kept.customer,
		"customer_name": ", ".join(loaded.customer_names.get(name) or name for name in kept.customers),
		"several_customers": int(len(kept.customers) > 1),
		"party_currency": kept.currency,
		"score": flt(min(kept.score, 99.99), 2),
		"reasons": in_words(kept.reasons, kept.currency, words),
		"rows": [
			{
				"sales_invoice": row.sales_invoice,
				"installment_no": row.installment_no,
				"customer": loaded.rows[row.key].customer,
				"allocated_amount": amount(row.amount),
				"discount_amount": amount(row.discount),
				"fee_amount": amount(row.fee),
			}
			for row in kept.rows
		],
	}


def _as_kept(loaded: Loaded, one: Proposal, source_type: str) -> Proposal:
	"""The proposal as ERPNext can book it: where installments cannot be told apart by terms, the oldest of the invoice is paid."""
	rows: list[Allocation] = []
	for invoice in dict.fromkeys(row.sales_invoice for row in one.rows):
		chosen = [row for row in one.rows if row.sales_invoice == invoice]
		told = source_type == BANK and all(row.key in loaded.terms for row in chosen)
		rows += chosen if told or _deducts(chosen) or _nets(chosen) else _oldest(loaded, invoice, chosen)
	return Proposal(
		one.receipt,
		one.customer,
		one.currency,
		tuple(rows),
		one.on_account,
		one.score,
		one.weight,
		one.reasons,
		one.cut,
		one.customers,
	)


def _deducts(rows) -> bool:
	return any(row.discount or row.fee for row in rows)


def _nets(rows) -> bool:
	return any(row.amount < 0 for row in rows)


def _oldest(loaded: Loaded, invoice: str, chosen: list[Allocation]) -> list[Allocation]:
	left, rows = sum(row.amount for row in chosen), []
	for at in loaded.book.by_invoice[invoice]:
		item = loaded.book.items[at]
		part = min(left, item.open)
		if part > 0:
			rows.append(Allocation(invoice, item.installment_no, part))
			left -= part
	return rows


def _in_currency_of_rows(doc, kept) -> None:
	"""The receivable's currency is that of the first row; in another than the bank's, the rows say what the money is worth."""
	first = next(
		(kept[key] for row in doc.rows if (key := (row.sales_invoice, row.installment_no)) in kept), None
	)
	doc.party_currency = first.currency if first else doc.party_currency or doc.currency
	if doc.party_currency == doc.currency:
		doc.party_amount = doc.amount
	else:
		given = (
			units(row.allocated_amount) - units(row.discount_amount) - units(row.fee_amount)
			for row in doc.rows
		)
		doc.party_amount = amount(sum(given))


def check(doc) -> None:
	"""What a person has corrected must be possible: open installments of one customer (or of several, exactly), no more than came in."""
	ledger.flush()
	invoices = {row.sales_invoice for row in doc.rows}
	kept = {row.key: row for row in open_rows(doc.company, invoices=invoices, returns=True)}
	seen: set[tuple[str, int]] = set()
	given: dict[str, int] = {}
	_in_currency_of_rows(doc, kept)
	for row in doc.rows:
		one = kept.get((row.sales_invoice, row.installment_no))
		_check_row(doc, row, one, seen)
		received = units(row.allocated_amount) - units(row.discount_amount) - units(row.fee_amount)
		given[one.customer] = given.get(one.customer, 0) + received
		row.customer, row.due_date, row.open_amount, row.deal = (
			one.customer,
			one.due_date,
			one.outstanding,
			one.deal,
		)
	if any(part <= 0 for part in given.values()):
		frappe.throw(_("The credit notes are as large as the invoices that they are taken off, or larger."))
	left = units(doc.party_amount) - sum(given.values())
	if left < 0:
		frappe.throw(
			_("The rows take {0} more than came in.").format(
				frappe.format_value(amount(-left), "Currency", currency=doc.party_currency)
			)
		)
	doc.on_account = amount(left)
	if doc.several_customers:
		_check_several(doc, left)


def _check_row(doc, row, one, seen: set) -> None:
	if one is None:
		frappe.throw(
			_("Row {0}: nothing is open of installment {1} of {2}.").format(
				row.idx, row.installment_no, row.sales_invoice
			)
		)
	if one.key in seen:
		frappe.throw(
			_("Row {0}: installment {1} of {2} is there twice.").format(
				row.idx, row.installment_no, row.sales_invoice
			)
		)
	seen.add(one.key)
	if one.customer != doc.customer and not doc.several_customers:
		frappe.throw(
			_("Row {0}: {1} is an invoice of {2}, not of {3}.").format(
				row.idx, row.sales_invoice, one.customer, doc.customer
			)
		)
	if one.currency != doc.party_currency:
		frappe.throw(
			_("Row {0}: {1} is owed in {2}, and this is in {3}.").format(
				row.idx, row.sales_invoice, one.currency, doc.party_currency
			)
		)
	closed, open_units = units(row.allocated_amount), units(one.outstanding)
	within = 0 < closed <= open_units if open_units > 0 else open_units <= closed < 0
	if not within:
		frappe.throw(
			_("Row {0}: between 0 and {1} can be closed of installment {2} of {3}.").format(
				row.idx,
				frappe.format_value(amount(open_units), "Currency", currency=one.currency),
				row.installment_no,
				row.sales_invoice,
			)
		)
	if closed < 0 and doc.source_type == PAYMENT:
		frappe.throw(
			_(
				"Row {0}: a credit note can only be taken off a bank line. Use ERPNext's Payment Reconciliation."
			).format(row.idx)
		)
	less = units(row.discount_amount) + units(row.fee_amount)
	if less and less >= closed:
		frappe.throw(_("Row {0}: discount and fee are as large as what they close.").format(row.idx))
	if less and doc.source_type == PAYMENT:
		frappe.throw(
			_("Row {0}: the payment is booked already; discount or fee cannot be taken off it here.").format(
				row.idx
			)
		)


def _check_several(doc, left: int) -> None:
	if doc.source_type == PAYMENT:
		frappe.throw(_("The payment is booked for one customer already; it cannot pay for several."))
	if doc.party_currency != doc.currency:
		frappe.throw(
			_("Only invoices in the currency of the bank account can be paid for several customers at once.")
		)
	if left:
		frappe.throw(
			_("{0} are left. What pays for several customers must pay their rows exactly.").format(
				frappe.format_value(amount(left), "Currency", currency=doc.party_currency)
			)
		)

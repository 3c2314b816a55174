"""The installments that may owe interest, with what closed each of them by day: from Open Installment and the Payment Ledger."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import frappe
from frappe.query_builder.functions import Sum
from frappe.utils import getdate
from pypika.terms import ExistsCriterion

from sales_crm_accounts.core.installments import ScheduleRow
from sales_crm_accounts.core.money import ZERO, quantize, to_decimal
from sales_crm_accounts.core.receivables.interest import Claimed, Movement, movements_by_installment
from sales_crm_accounts.services import ledger_sql
from sales_crm_accounts.services.derived import precision
from sales_crm_accounts.services.receivables.receipts import named_dues

#: Invoices that are looked at together; the number of statements is fixed for each chunk.
CHUNK = 2000
_COLUMNS = (
	*("sales_invoice", "installment_no", "company", "customer", "posting_date", "due_date"),
	*("payment_term", "deal", "account", "account_currency", "amount", "outstanding_amount"),
)


@dataclass(frozen=True, slots=True)
class Late:
	"""An installment past its due date, what closed it, and the interest that is claimed of it already."""

	row: frappe._dict
	amount: Decimal
	due: date
	movements: tuple[Movement, ...]
	claimed: tuple[Claimed, ...]


def late_installments(
	company: str,
	as_of: date,
	since: date | None = None,
	customers: Iterable[str] | None = None,
	invoices: Iterable[str] | None = None,
) -> list[Late]:
	"""Installments that were due before `as_of` and are open, or were paid late and after `since`; oldest first.

	Invoices over charges are left out: interest bears no interest.
	"""
	names = _candidates(company, as_of, since, customers, invoices)
	found = []
	for start in range(0, len(names), CHUNK):
		found += _late(names[start : start + CHUNK], as_of)
	return sorted(
		found, key=lambda late: (late.row.customer, late.due, late.row.sales_invoice, late.row.installment_no)
	)


def _candidates(company, as_of, since, customers, invoices) -> list[str]:
	kept, ledger, charge = (
		frappe.qb.DocType("Open Installment"),
		frappe.qb.DocType("Payment Ledger Entry"),
		frappe.qb.DocType("Receivable Charge"),
	)
	paid_late = (
		frappe.qb.from_(ledger)
		.select(ledger.name)
		.where(ledger.against_voucher_no == kept.sales_invoice)
		.where(ledger.against_voucher_type == "Sales Invoice")
		.where((ledger.delinked == 0) & (ledger.posting_date > kept.due_date))
	)
	if since:
		paid_late = paid_late.where(ledger.posting_date >= since)
	charge_invoices = (
		frappe.qb.from_(charge).select(charge.charge_invoice).where(charge.charge_invoice.isnotnull())
	)
	query = (
		frappe.qb.from_(kept)
		.select(kept.sales_invoice)
		.distinct()
		.where((kept.company == company) & (kept.due_date < as_of))
		.where((kept.is_return == 0) & (kept.amount > 0))
		.where((kept.outstanding_amount > 0) | ExistsCriterion(paid_late))
		.where(kept.sales_invoice.notin(charge_invoices))
	)
	if customers is not None:
		query = query.where(kept.customer.isin(list(customers) or [""]))
	if invoices is not None:
		query = query.where(kept.sales_invoice.isin(list(invoices) or [""]))
	return [name for (name,) in query.run()]


def _late(names: list[str], as_of: date) -> list[Late]:
	rows, moves, claimed = _rows(names), _movements(names), _claimed(names)
	places = precision()
	found = []
	for name, parts in rows.items():
		schedule = [
			ScheduleRow(
				getdate(row.due_date), quantize(to_decimal(row.amount), places), row.payment_term or None
			)
			for row in parts
		]
		own, others = moves.get(name, (ZERO, []))
		# What the invoice's own voucher took in (point of sale, loyalty points) came on the day of the invoice.
		taken_in = sum((part.weight for part in schedule), ZERO) - own
		movements = [Movement(getdate(parts[0].posting_date), taken_in)] if taken_in else []
		by_row = movements_by_installment(schedule, movements + others, places)
		for row, part, closed in zip(parts, schedule, by_row, strict=True):
			if part.due_date < as_of and part.weight > 0:
				found.append(
					Late(
						row,
						part.weight,
						part.due_date,
						tuple(closed),
						tuple(claimed.get((name, row.installment_no), ())),
					)
				)
	return found


def _rows(names: list[str]) -> dict[str, list]:
	kept = frappe.qb.DocType("Open Installment")
	query = (
		frappe.qb.from_(kept)
		.select(*(kept[column] for column in _COLUMNS))
		.where(kept.sales_invoice.isin(names))
		.orderby(kept.sales_invoice, kept.installment_no)
	)
	found = defaultdict(list)
	for row in query.run(as_dict=True):
		found[row.sales_invoice].append(row)
	return found


def _movements(names: list[str]) -> dict[str, tuple[Decimal, list[Movement]]]:
	"""Invoice -> what its own voucher booked on it, and what others closed by day, with the payment term or due date that it names."""
	ledger = frappe.qb.DocType("Payment Ledger Entry")
	query = (
		frappe.qb.from_(ledger)
		.select(
			ledger.against_voucher_no,
			ledger.voucher_type,
			ledger.voucher_no,
			ledger.posting_date,
			Sum(ledger.amount_in_account_currency),
		)
		.where((ledger.against_voucher_type == "Sales Invoice") & ledger.against_voucher_no.isin(names))
		.where(ledger.delinked == 0)
		.groupby(ledger.against_voucher_no, ledger.voucher_type, ledger.voucher_no, ledger.posting_date)
		.orderby(ledger.against_voucher_no, ledger.posting_date, ledger.voucher_no)
	)
	rows, named, places = query.run(), _named(names), precision()
	dues = named_dues(names) if any(row[1] == "Journal Entry" for row in rows) else {}
	found: dict[str, tuple[Decimal, list[Movement]]] = {}
	for invoice, _type, voucher, day, amount in rows:
		own, moves = found.setdefault(invoice, (ZERO, []))
		amount = quantize(to_decimal(amount), places)
		if voucher == invoice:
			found[invoice] = (own + amount, moves)
			continue
		left = -amount
		for term, part in named.pop((invoice, voucher), {}).items():
			moves.append(Movement(getdate(day), part, term))
			left -= part
		for due, part in dues.pop((voucher, invoice), {}).items():
			moves.append(Movement(getdate(day), part, due=due))
			left -= part
		if left:
			moves.append(Movement(getdate(day), left))
	return found


def _named(names: list[str]) -> dict[tuple[str, str], dict[str, Decimal]]:
	"""(invoice, payment) -> payment term -> what the payment paid of it, without what it wrote off."""
	write_offs = ledger_sql._PAYMENT_WRITE_OFFS.format(
		precision=precision(),
		some_payments="""and payment.name in (
			select parent from `tabPayment Entry Reference`
			where reference_doctype = 'Sales Invoice' and reference_name in %(invoices)s and docstatus = 1
		)""",
	)
	rows = frappe.db.sql(
		f"""
		select reference.reference_name, reference.parent, reference.payment_term,
			sum(reference.allocated_amount - coalesce(write_offs.written_off, 0))
		from `tabPayment Entry Reference` reference
		left join ({write_offs}) write_offs on write_offs.name = reference.name
		where reference.docstatus = 1 and reference.parenttype = 'Payment Entry' and reference.payment_term > ''
			and reference.reference_doctype = 'Sales Invoice' and reference.reference_name in %(invoices)s
		group by reference.reference_name, reference.parent, reference.payment_term
		""",
		{"invoices": names},
	)
	found: dict[tuple[str, str], dict[str, Decimal]] = defaultdict(dict)
	for invoice, payment, term, amount in rows:
		found[invoice, payment][term] = quantize(to_decimal(amount), precision())
	return found


def _claimed(names: list[str]) -> dict[tuple[str, int], list[Claimed]]:
	charge = frappe.qb.DocType("Receivable Charge")
	query = (
		frappe.qb.from_(charge)
		.select(
			charge.sales_invoice,
			charge.installment_no,
			charge.period_from,
			charge.period_to,
			charge.amount,
			charge.exact_amount,
		)
		.where((charge.kind == "Interest") & (charge.status != "Cancelled"))
		.where(charge.sales_invoice.isin(names))
		.orderby(charge.period_from)
	)
	found = defaultdict(list)
	for invoice, number, first, last, amount, exact in query.run():
		found[invoice, number].append(
			Claimed(getdate(first), getdate(last), to_decimal(amount), to_decimal(exact))
		)
	return found

"""Rebuild the installment ledger of a large site: number of statements, and what its reading costs beside one bare aggregate.

    python benchmarks/generate.py --invoices 200000 && python benchmarks/rebuild.py

The bare aggregate is one statement over the same rows: invoices joined with their payment schedule, the sums of their payment
ledger and of what payments reference them with. It computes nothing of the installments. Both are read to the end in the database, in turns, in the same run.
"""

from __future__ import annotations

from site_tools import compare, connected, counted, parser

BARE = """
	select count(*), sum(schedule.payment_amount), sum(ledger.outstanding), sum(reference.allocated)
	from `tabSales Invoice` invoice
	join `tabPayment Schedule` schedule on schedule.parent = invoice.name and schedule.parenttype = 'Sales Invoice'
	left join (
		select against_voucher_no, sum(amount_in_account_currency) as outstanding, sum(amount) as base_outstanding
		from `tabPayment Ledger Entry`
		where delinked = 0 and against_voucher_type = 'Sales Invoice'
		group by against_voucher_no
	) ledger on ledger.against_voucher_no = invoice.name
	left join (
		select reference_name, sum(allocated_amount) as allocated
		from `tabPayment Entry Reference`
		where docstatus = 1 and reference_doctype = 'Sales Invoice'
		group by reference_name
	) reference on reference.reference_name = invoice.name
	where invoice.docstatus = 1
"""


def main():
	arguments = parser(__doc__.splitlines()[0])
	arguments.add_argument("--rounds", type=int, default=5)
	args = arguments.parse_args()
	with connected(args) as frappe:
		from sales_crm_accounts.services import ledger, ledger_check, ledger_sql
		from sales_crm_accounts.services.derived import precision

		sums = ", ".join(f"sum({field})" for field in ledger_sql.FIGURES)
		derive = f"select count(*), min(name), max(due_date), {sums} from ({ledger_sql.derive(precision())}) derived"
		frappe.db.sql(derive), frappe.db.sql(BARE)
		ours, bare, ratio = compare(lambda: frappe.db.sql(derive), lambda: frappe.db.sql(BARE), args.rounds)
		print(
			f"invoices {frappe.db.count('Sales Invoice', {'docstatus': 1})}, ledger rows {frappe.db.count('Payment Ledger Entry')}"
		)
		print(f"derive {ours:.2f} s, bare aggregate {bare:.2f} s, ratio {ratio:.2f}")
		ledger.rebuild("no such company")  # loads what the framework reads once per process
		counts: dict = {}
		with counted(frappe, counts):
			rows = ledger.rebuild()["rows"]
		print(
			f"rebuild: {rows} rows, {counts['statements']} statements with the transaction's own, {counts['seconds']:.1f} s"
		)
		with counted(frappe, counts):
			found = len(ledger_check.differences())
		print(
			f"nightly comparison: {found} differences, {counts['statements']} statements, {counts['seconds']:.1f} s"
		)


if __name__ == "__main__":
	main()

"""What applying a match costs beside ERPNext's own way: seconds and statements for one bank line.

    python benchmarks/matching_apply.py --lines 200

Three ways, in turns on the same machine, each line with its own new invoice and committed as a request would: applying a proposal; ERPNext's
Payment Entry for the invoice, inserted and submitted; and that with ERPNext's bank reconciliation, which is what applying does as well.
"""

from __future__ import annotations

from statistics import median

from site_tools import connected, counted, parser


def main():
	arguments = parser(__doc__.splitlines()[0])
	arguments.add_argument("--lines", type=int, default=20)
	args = arguments.parse_args()
	with connected(args) as frappe:
		from erpnext.accounts.doctype.payment_entry.payment_entry import get_payment_entry

		from sales_crm_accounts.services.matching import apply as applying
		from sales_crm_accounts.services.matching import payment, runs
		from sales_crm_accounts.tests import bank_factories as bank
		from sales_crm_accounts.tests import factories as make

		frappe.set_user("Administrator")
		make.make_company()
		bank.bank_account()
		frappe.db.commit()
		# A payer of its own for each run, so that what earlier runs left open is nobody's rival.
		payer = f"Benchmark {frappe.generate_hash(length=6)} Ltd"
		counts: dict[str, list[dict]] = {"applied": [], "payment alone": [], "payment and bank line": []}

		def made():
			invoice = bank.invoice(payer, [900])
			return invoice, bank.line(900, invoice.name, payer)

		def by_hand(invoice, line, tie: bool):
			entry = get_payment_entry("Sales Invoice", invoice.name)
			entry.reference_no, entry.reference_date = line.reference_number, line.date
			entry.insert()
			entry.submit()
			if tie:
				payment.link(entry, line.name)
			frappe.db.commit()

		def apply(name):
			applying.apply(name)
			frappe.db.commit()

		work = [made() for _ in range(3 * (args.lines + 1))]
		run = frappe.get_doc(
			{"doctype": "Cash Matching Run", "company": make.COMPANY, "source": "Bank Transactions"}
		).insert()
		runs.execute(run.name)
		for turn in range(args.lines + 1):
			ours, alone, tied = work[3 * turn : 3 * turn + 3]
			proposal = frappe.db.get_value(
				"Cash Match Proposal", {"source_name": ours[1].name, "status": "Proposed"}
			)
			for kind, does in (
				("applied", lambda name=proposal: apply(name)),
				("payment alone", lambda one=alone: by_hand(*one, False)),
				("payment and bank line", lambda one=tied: by_hand(*one, True)),
			):
				counted_here: dict = {}
				with counted(frappe, counted_here):
					does()
				if turn:  # the first of each warms the caches
					counts[kind].append(counted_here)
		for kind, rows in counts.items():
			print(
				f"{kind:<24}{median(row['seconds'] for row in rows):7.3f} s a line, "
				f"{median(row['statements'] for row in rows):5.0f} statements"
			)


if __name__ == "__main__":
	main()

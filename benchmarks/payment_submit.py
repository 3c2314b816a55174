"""What keeping the figures costs whoever submits a payment: Payment Entry submit with and without the installment ledger.

    python benchmarks/payment_submit.py --pairs 20

In pairs on the same machine in the same run, each with its own new invoice of three installments, committed as a request would.
"""

from __future__ import annotations

from contextlib import nullcontext
from statistics import median
from unittest.mock import patch

from site_tools import connected, parser, seconds


def main():
	arguments = parser(__doc__.splitlines()[0])
	arguments.add_argument("--pairs", type=int, default=20)
	args = arguments.parse_args()
	with connected(args) as frappe:
		from sales_crm_accounts.services import ledger
		from sales_crm_accounts.tests import factories as make

		make.make_company()
		frappe.db.commit()
		kept = []

		def payment():
			deal = make.make_deal([make.row("All", 100, due_days=30)], win=True)
			(invoice,) = make.bill_all(deal)
			entry = make.pay(invoice, 300, submit=False)
			frappe.db.commit()
			return entry

		def submit(entry, keep: bool):
			with nullcontext() if keep else patch.object(ledger.marks, "before_commit", ledger.marks.forget):
				entry.submit()
				frappe.db.commit()

		for turn in range(args.pairs + 1):
			with_figures, without = payment(), payment()
			first = seconds(submit, with_figures, True) if turn % 2 else None
			second = seconds(submit, without, False)
			first = first or seconds(submit, with_figures, True)
			ledger.refresh(row.reference_name for row in without.references)  # the site's figures stay right
			frappe.db.commit()
			if turn:
				kept.append((first, second))
		print(
			f"{len(kept)} pairs: submit {1000 * median(a for a, _b in kept):.0f} ms with the figures, "
			f"{1000 * median(b for _a, b in kept):.0f} ms without, ratio {median(a / b for a, b in kept):.2f}"
		)


if __name__ == "__main__":
	main()

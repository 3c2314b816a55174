"""The collectors' morning on a large site: the list, one call, the digest, promises, the forecast, statements; time and statements.

Fill the site with `generate.py` first. The list is put together twice, in turns: as it is, and from every single row; both must be
the same. A bare look (`select count(*), sum(...)` over the open installments) stands beside each, as a measure of the machine.

    python benchmarks/collectors.py --site bench.localhost
"""

from __future__ import annotations

import resource
from datetime import timedelta
from time import perf_counter, process_time

from site_tools import compare, connected, counted, parser


def main():
	arguments = parser(__doc__.splitlines()[0])
	arguments.add_argument("--company", default="Deals Test Ltd")
	arguments.add_argument("--rounds", type=int, default=3)
	arguments.add_argument("--customers", type=int, default=500, help="customers of one collector")
	arguments.add_argument("--only", default="", help="measure only what has this text in its name")
	args = arguments.parse_args()
	with connected(args) as frappe:
		from frappe.utils import getdate, today

		from sales_crm_accounts.services.receivables import (
			call,
			cash_forecast,
			digest,
			open_rows,
			payers,
			statement,
			worklist,
		)

		frappe.set_user("Administrator")
		company, day = args.company, getdate(today())
		names = frappe.get_all(
			"Open Installment",
			filters={"company": company, "outstanding_amount": ("!=", 0)},
			distinct=True,
			pluck="customer",
			order_by="customer",
		)
		few = names[: args.customers]

		def bare():
			return frappe.db.sql(
				"select count(*), sum(outstanding_amount) from `tabOpen Installment` where company = %s and outstanding_amount <> 0",
				company,
			)

		print(f"{bare()[0][0]} open installments of {len(names)} customers")
		if not args.only or args.only in "list":
			worklist.page(company)  # average days late are kept from here on, or go without
			for what, customers in ((f"{len(few)} customers", few), ("all", None)):
				known = lambda customers=customers, sums=True: worklist.Known(  # noqa: E731
					company, customers, in_sums=sums
				).entries()
				assert known() == known(sums=False)
				mine, each, ratio = compare(known, lambda: known(sums=False), args.rounds)  # noqa: B023
				print(f"list of {what}: {mine:.2f} s, from every row {each:.2f} s, ratio {ratio:.2f}")
		works = {
			"page of the list": lambda: worklist.page(company),
			"one call": lambda: call.briefing(company, names[0]),
			"digest: what happened": lambda: digest.events_of([company], day - timedelta(days=1), day),
			"every open row": lambda: open_rows.open_rows(company, returns=True),
			"statements of 50 customers": lambda: statement.data(company, names[:50]),
			"statements of all customers": lambda: statement.data(company, names),
			"how 500 customers pay": lambda: payers.behaviour(company, names[:500]),
			"forecast of 500 customers": lambda: cash_forecast.expected(company, customers=names[:500]),
			"how all customers pay": lambda: payers.behaviour(company),
			"forecast": lambda: cash_forecast.expected(company),
		}
		for what, work in works.items():
			if args.only not in what:
				continue
			counts: dict = {}
			with counted(frappe, counts):
				work()
			started, core, look = perf_counter(), process_time(), perf_counter()
			bare()
			look = perf_counter() - look
			started, core = perf_counter(), process_time()
			work()
			print(
				f"{what:<30}{counts['statements']:>4} statements {perf_counter() - started:8.2f} s, {process_time() - core:6.2f} s of "
				f"Python, bare look {look:.2f} s; memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB",
				flush=True,
			)


if __name__ == "__main__":
	main()

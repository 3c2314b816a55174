"""Ageing and statements beside ERPNext's own Accounts Receivable on a large site, in the same run, as ratios.

Fill the site with `generate.py` first. ERPNext's report is asked by payment terms, which is what shows installments. Totals are
compared to the cent.

    python benchmarks/receivables.py --site bench.localhost
"""

from __future__ import annotations

from datetime import timedelta

from site_tools import compare, connected, counted, parser


def accounts_receivable(company: str, on, customer: str | None = None) -> list:
	from erpnext.accounts.report.accounts_receivable.accounts_receivable import execute

	filters = {
		"company": company, "report_date": on, "ageing_based_on": "Due Date", "range": "30, 60, 90, 120", "party_type": "Customer",
		"party": [customer] if customer else [], "based_on_payment_terms": 1,
	}  # fmt: skip
	return [row for row in execute(filters)[1] if row.get("voucher_no")]


def show(what: str, ours: float, theirs: float, ratio: float, counts: dict, target: int | None):
	aim = f"  target {target}" if target else ""
	print(
		f"{what:<44} {ours:8.3f} s  ERPNext {theirs:8.3f} s  {1 / ratio:7.1f} times faster{aim}  ({counts['statements']} statements)"
	)


def main():
	arguments = parser(__doc__.splitlines()[0])
	arguments.add_argument("--company", default="Deals Test Ltd")
	arguments.add_argument("--rounds", type=int, default=3)
	arguments.add_argument("--customers", type=int, default=5, help="customers whose statements are made")
	arguments.add_argument("--only", default="", help="measure only what has this text in its name")
	arguments.add_argument(
		"--as-kept", action="store_true", help="read the figures as they are kept, without a rebuild"
	)
	args = arguments.parse_args()
	with connected(args) as frappe:
		from frappe.utils import getdate, today

		from sales_crm_accounts.services import ledger
		from sales_crm_accounts.services.receivables import ageing, indicators, payers, statement
		from sales_crm_accounts.services.receivables.ageing import Question

		frappe.set_user("Administrator")
		if not args.as_kept:
			print(f"{ledger.rebuild(args.company)['rows']} installments")
		now = getdate(today())
		works = {}
		totals = not args.only or any(
			args.only in what for what in ("ageing by customer", "every installment")
		)
		for day in (now, now - timedelta(days=30)) if totals else ():
			question = Question(args.company, day)
			theirs = round(sum(row.outstanding for row in accounts_receivable(args.company, day)), 2)
			summed = sum(float(sums.balance) for sums in ageing.summary(question).values())
			listed = sum(float(row.outstanding) for row in ageing.rows(question))
			assert theirs == round(summed, 2) == round(listed, 2), (day, theirs, summed, listed)
			print(f"{day}: the same total, {theirs:,.2f}")
			erpnext = lambda day=day: accounts_receivable(args.company, day)  # noqa: E731
			past = "" if day == now else ", 30 days ago"
			works[f"ageing by customer{past}"] = (
				lambda question=question: ageing.summary(question), erpnext, None if past else 40,
			)  # fmt: skip
			works[f"every installment{past}"] = (
				lambda question=question: ageing.rows(question), erpnext, None if past else 20,
			)  # fmt: skip
		question = Question(args.company, now)
		erpnext = lambda: accounts_receivable(args.company, now)  # noqa: E731
		works["indicators of 12 months (beside one report)"] = (
			lambda: indicators.by_month(question), erpnext, None,
		)  # fmt: skip
		works["behaviour of all payers (beside one report)"] = (
			lambda: payers.behaviour(args.company), erpnext, None,
		)  # fmt: skip
		names = [key for (key, _currency) in ageing.summary(question) if key][: args.customers]
		works[f"statements of {len(names)} customers"] = (
			lambda: statement.data(args.company, names),
			lambda: [accounts_receivable(args.company, now, name) for name in names],
			50,
		)
		for what, (ours, theirs, target) in works.items():
			if args.only not in what:
				continue
			counts: dict = {}
			with counted(frappe, counts):
				ours()
			show(what, *compare(ours, theirs, args.rounds), counts, target)


if __name__ == "__main__":
	main()

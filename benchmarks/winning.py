"""Raising the invoices of a won deal, beside ERPNext's plain `insert()` then `submit()` of the same invoices; and two workers.

    python benchmarks/winning.py --invoices 12

Both make the same N invoices (items, tax, dates, deal) and commit after each, in turns in the same run. For the workers, two deals'
invoices are raised by one process after the other, and by two at once.
"""

from __future__ import annotations

import subprocess
import sys
from statistics import median
from time import perf_counter

from site_tools import connected, parser, seconds


def make_deals(frappe, make, count: int, invoices: int):
	plan = [
		make.row(f"Part {n}", 100 / invoices if n < invoices else 0, due_days=30 + n)
		for n in range(1, invoices + 1)
	]
	deals = [
		make.make_deal(
			plan, items=[(make.SERVICE, 1, 100 * invoices)], win=True, taxes_and_charges=make.TAX_TEMPLATE
		)
		for _ in range(count)
	]
	frappe.db.commit()
	return deals


def plain(frappe, deal):
	"""The same invoices, built beforehand by the same builder, sent through ERPNext's two steps."""
	from sales_crm_accounts.services.invoices import build_invoice
	from sales_crm_accounts.tests import factories as make

	drafts = [build_invoice(deal, [row]) for row in make.installments(deal)]
	for draft in drafts:
		draft.deal_billing_key = None
	return drafts


def bill(billing, names):
	failed = [
		result.reason for result in billing.bill(names, force=True) if result.outcome != billing.INVOICED
	]
	if failed:
		sys.exit(f"not billed: {failed}")


def run_plain(frappe, drafts):
	for draft in drafts:
		draft.insert(ignore_permissions=True)
		draft.submit()
		frappe.db.commit()


def worker(args):
	"""Waits for a line on stdin, bills the installments of its deals, and prints the seconds."""
	with connected(args) as frappe:
		from sales_crm_accounts.services import billing

		names = args.installments.split(",")
		frappe.get_meta("Sales Invoice")
		print("ready", flush=True)
		sys.stdin.readline()
		started = perf_counter()
		failed = [
			result.reason for result in billing.bill(names, force=True) if result.outcome != billing.INVOICED
		]
		print(perf_counter() - started, failed, flush=True)


def workers(args, shares: list[list[str]]) -> float:
	"""Seconds until all of the shares are billed, each by a process of its own, started together."""
	base = [sys.executable, __file__, "--bench", args.bench, "--site", args.site, "--installments"]
	running = [
		subprocess.Popen([*base, ",".join(share)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
		for share in shares
	]
	for process in running:
		process.stdout.readline()
	started = perf_counter()
	for process in running:
		process.stdin.write("\n")
		process.stdin.flush()
	for process in running:
		answer = process.communicate()[0]
		if not answer.strip().endswith("[]"):
			sys.exit(f"a worker failed: {answer}")
	return perf_counter() - started


def main():
	arguments = parser(__doc__.splitlines()[0])
	arguments.add_argument("--invoices", type=int, default=12)
	arguments.add_argument("--rounds", type=int, default=5)
	arguments.add_argument("--installments", help="used by the workers")
	args = arguments.parse_args()
	if args.installments:
		return worker(args)
	with connected(args) as frappe:
		from sales_crm_accounts.services import billing
		from sales_crm_accounts.tests import factories as make

		make.make_company()
		frappe.db.set_single_value("Sales CRM Accounts Settings", "pause_billing", 1)
		frappe.db.commit()
		pairs, speedups = [], []
		for turn in range(args.rounds + 1):
			ours, theirs = make_deals(frappe, make, 2, args.invoices)
			names, drafts = [row.name for row in make.installments(ours)], plain(frappe, theirs)
			steps = [(bill, billing, names), (run_plain, frappe, drafts)]
			took = {}
			for step in (0, 1) if turn % 2 else (1, 0):
				took[step] = seconds(*steps[step])
			if turn:
				pairs.append((took[0], took[1]))
		print(
			f"winning with {args.invoices} invoices: ours {median(a for a, _b in pairs):.2f} s, insert + submit "
			f"{median(b for _a, b in pairs):.2f} s, ratio {median(a / b for a, b in pairs):.2f}"
		)
		for _turn in range(args.rounds):
			shares = [
				[row.name for row in make.installments(deal)]
				for deal in make_deals(frappe, make, 4, args.invoices)
			]
			one = workers(args, [shares[0] + shares[1]])
			speedups.append(one / workers(args, [shares[2], shares[3]]))
		print(f"two workers: {median(speedups):.2f} times one")
		frappe.db.set_single_value("Sales CRM Accounts Settings", "pause_billing", 0)
		frappe.db.commit()


if __name__ == "__main__":
	main()

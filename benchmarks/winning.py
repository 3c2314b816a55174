"""Raising the invoices of a won deal, beside ERPNext's plain `insert()` then `submit()` of the same invoices; and two workers.

    python benchmarks/winning.py --invoices 12 [--sales-update Daily] [--other-site other.localhost]

Both make the same N invoices (items, tax, dates, deal) and commit after each, in turns in the same run. For the workers, two deals'
invoices are raised by one process after the other, and by two at once. With `--other-site`, a second scratch site of the same bench,
the two also work on a site each: what they gain there, where they share no lock and no row, is what the machine has to give. `--sales-update` sets ERPNext's Sales Update Frequency for the run:
with "Each Transaction" ERPNext sums the company's month anew in every submit, ours and its own alike.
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


def workers(args, shares: list[tuple[str, list[str]]]) -> float:
	"""Seconds until all of the shares (site, installments) are billed, each by a process of its own, started together."""
	base = [sys.executable, __file__, "--bench", args.bench]
	running = [
		subprocess.Popen(
			[*base, "--site", site, "--installments", ",".join(names)],
			stdin=subprocess.PIPE,
			stdout=subprocess.PIPE,
			text=True,
		)
		for site, names in shares
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


def shares_of(frappe, make, site: str, count: int, invoices: int) -> list[tuple[str, list[str]]]:
	return [
		(site, [row.name for row in make.installments(deal)])
		for deal in make_deals(frappe, make, count, invoices)
	]


def speedup(args, frappe, make) -> float:
	"""How much sooner two workers are done than one, on this site."""
	(_site, first), (_, second), *both = shares_of(frappe, make, args.site, 4, args.invoices)
	return workers(args, [(args.site, first + second)]) / workers(args, both)


def ceiling(args) -> float:
	"""The same where the two share nothing but the machine: each works on a site of its own."""
	shares = []
	for site in (args.site, args.other_site):
		with connected(args, site) as frappe:
			from sales_crm_accounts.tests import factories as make

			make.make_company()
			frappe.db.set_single_value("Sales CRM Accounts Settings", "pause_billing", 1)
			shares += shares_of(frappe, make, site, 2, args.invoices)
	alone = workers(args, shares[:1]) + workers(args, shares[2:3])
	return alone / workers(args, [shares[1], shares[3]])


def main():
	arguments = parser(__doc__.splitlines()[0])
	arguments.add_argument("--invoices", type=int, default=12)
	arguments.add_argument("--rounds", type=int, default=5)
	arguments.add_argument("--other-site", help="a second scratch site, for what the machine has to give")
	arguments.add_argument("--sales-update", choices=("Each Transaction", "Daily", "Monthly"))
	arguments.add_argument("--installments", help="used by the workers")
	args = arguments.parse_args()
	if args.installments:
		return worker(args)
	with connected(args) as frappe:
		from sales_crm_accounts.services import billing
		from sales_crm_accounts.tests import factories as make

		make.make_company()
		frappe.db.set_single_value("Sales CRM Accounts Settings", "pause_billing", 1)
		frequency = frappe.db.get_single_value("Selling Settings", "sales_update_frequency")
		frappe.db.set_single_value(
			"Selling Settings", "sales_update_frequency", args.sales_update or frequency
		)
		frappe.db.commit()
		pairs = []
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
		gained = median(speedup(args, frappe, make) for _turn in range(args.rounds))
		print(f"two workers: {gained:.2f} times one")
		frappe.db.set_single_value("Sales CRM Accounts Settings", "pause_billing", 0)
		frappe.db.set_single_value("Selling Settings", "sales_update_frequency", frequency)
		frappe.db.commit()
	if args.other_site:
		most = median(ceiling(args) for _turn in range(args.rounds))
		print(f"two workers on a site each: {most:.2f} times one")


if __name__ == "__main__":
	main()

"""Winning a deal and raising its invoices, beside ERPNext's plain `insert()` then `submit()` of the same invoices; and two workers.

    python benchmarks/winning.py --invoices 12 [--sales-update Daily] [--other-site other.localhost]

Both make the same N invoices (items, tax, dates, deal) and commit after each, in turns in the same run; ours from the submit of the
deal on, ERPNext's without any of the app's handlers. For the workers, the invoices of two deals are raised as the queue does it, each
deal in a job of its own: one job after the other, and both at once. With `--other-site`, a second scratch site of the same bench, the
two also work on a site each: what they gain there, where they share no lock and no row, is what the machine has to give.
`--sales-update` sets ERPNext's Sales Update Frequency for the run: with "Each Transaction", its default, ERPNext sums the company's month
in every submit, and in ours once for the deal.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack, contextmanager
from statistics import median
from time import perf_counter

from site_tools import connected, parser, seconds


def make_deals(frappe, make, count: int, invoices: int, win: bool = True):
	plan = [
		make.row(f"Part {n}", 100 / invoices if n < invoices else 0, due_days=30 + n)
		for n in range(1, invoices + 1)
	]
	deals = [
		make.make_deal(
			plan, items=[(make.SERVICE, 1, 100 * invoices)], win=win, taxes_and_charges=make.TAX_TEMPLATE
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


def run_ours(frappe, make, billing, deal):
	"""The deal is won, its installments are made, and each is billed."""
	deal.submit()
	frappe.db.commit()
	names = frappe.get_all("Deal Installment", {"deal": deal.name}, pluck="name", order_by="name")
	results = billing.bill(names, force=True)
	failed = [result.reason for result in results if result.outcome != billing.INVOICED]
	if failed or not results:
		sys.exit(f"not billed: {failed}")


@contextmanager
def without_the_app(frappe):
	"""ERPNext as it is without the app's handlers of document events."""
	kept = frappe.get_doc_hooks()
	frappe.local.doc_events_hooks = {
		doctype: {
			event: [handler for handler in handlers if not handler.startswith("sales_crm_accounts.")]
			for event, handlers in events.items()
		}
		for doctype, events in kept.items()
	}
	try:
		yield
	finally:
		frappe.local.doc_events_hooks = kept


def run_plain(frappe, drafts):
	with without_the_app(frappe):
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


def speedup(args, sites: tuple[str, str]) -> float:
	"""How much sooner two jobs are done by two workers at once than one after the other, each on its site."""
	shares = []
	for site in sites:
		with connected(args, site) as frappe:
			from sales_crm_accounts.tests import factories as make

			shares.append(shares_of(frappe, make, site, 2, args.invoices))
	(first, third), (second, fourth) = shares
	one = workers(args, [first]) + workers(args, [second])
	return one / workers(args, [third, fourth])


def beside_plain(args) -> list[tuple[float, float]]:
	"""(seconds of ours, seconds of ERPNext's insert and submit), a pair a round; the first round warms both up."""
	pairs = []
	with connected(args) as frappe:
		from sales_crm_accounts.services import billing
		from sales_crm_accounts.tests import factories as make

		for turn in range(args.rounds + 1):
			(ours,) = make_deals(frappe, make, 1, args.invoices, win=False)
			(theirs,) = make_deals(frappe, make, 1, args.invoices)
			steps = [(run_ours, frappe, make, billing, ours), (run_plain, frappe, plain(frappe, theirs))]
			took = {}
			for step in (0, 1) if turn % 2 else (1, 0):
				took[step] = seconds(*steps[step])
			pairs.append((took[0], took[1]))
	return pairs[1:]


@contextmanager
def prepared(args, site: str):
	"""A company to sell for, no billing but ours, and ERPNext's Sales Update Frequency as asked for."""
	wanted = {("Sales CRM Accounts Settings", "pause_billing"): 1}
	if args.sales_update:
		wanted["Selling Settings", "sales_update_frequency"] = args.sales_update
	before = {}

	def put(values):
		with connected(args, site) as frappe:
			from sales_crm_accounts.tests import factories as make

			make.make_company()
			for (doctype, field), value in values.items():
				before.setdefault((doctype, field), frappe.db.get_single_value(doctype, field))
				frappe.db.set_single_value(doctype, field, value)
			frappe.db.commit()

	put(wanted)
	try:
		yield
	finally:
		put(before)


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
	with ExitStack() as sites:
		for site in filter(None, (args.site, args.other_site)):
			sites.enter_context(prepared(args, site))
		pairs = beside_plain(args)
		print(
			f"winning with {args.invoices} invoices: ours {median(a for a, _b in pairs):.2f} s, insert + submit "
			f"{median(b for _a, b in pairs):.2f} s, ratio {median(a / b for a, b in pairs):.2f}"
		)
		for other, where in ((args.site, ""), (args.other_site, " on a site each")):
			if other:
				gained = median(speedup(args, (args.site, other)) for _turn in range(args.rounds))
				print(f"two workers{where}: {gained:.2f} times one")


if __name__ == "__main__":
	main()

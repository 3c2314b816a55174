"""A Cash Matching Run on a large site: what reading, deciding and keeping cost, and the memory.

Fill the site with `generate.py` first. The bank lines are written in a transaction that is rolled back: half name their invoice, a
quarter only the payer, and a quarter neither; one in five pays two installments at once. `matching.py` says how right the rules are.

    python benchmarks/matching_site.py --site bench.localhost --lines 1000
"""

from __future__ import annotations

import resource
from datetime import date
from random import Random
from time import perf_counter, process_time

from site_tools import connected, counted, parser

PREFIX = "SCABM-L"


def memory() -> int:
	return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def bank_lines(frappe, company: str, count: int, seed: int):
	"""Deposits that pay open installments, as rows of Bank Transaction."""
	random = Random(seed)
	rows = frappe.db.sql(
		"""
		select sales_invoice, customer, outstanding_amount, account_currency from `tabOpen Installment`
		where company = %s and outstanding_amount > 0 order by sales_invoice, installment_no
		""",
		company,
	)
	stamp = "2026-11-27 12:00:00"
	columns = (
		*("name", "creation", "modified", "owner", "modified_by", "docstatus", "status", "company", "date"),
		*("currency", "deposit", "withdrawal", "unallocated_amount", "description", "bank_party_name"),
	)
	values = []
	for number in range(count):
		at = random.randrange(len(rows) - 1)
		invoice, customer, amount, currency = rows[at]
		if random.random() < 0.2 and rows[at + 1][1] == customer:
			amount += rows[at + 1][2]
		kind = random.random()
		values.append(
			(
				*(f"{PREFIX}{number:06}", stamp, stamp, "Administrator", "Administrator", 1, "Unreconciled"),
				*(company, date(2026, 11, 27), currency, amount, 0, amount),
				f"PAYMENT {invoice} THANK YOU" if kind < 0.5 else "TRANSFER",
				customer if kind < 0.75 else "",
			)
		)
	frappe.db.bulk_insert("Bank Transaction", columns, values)


def main():
	arguments = parser(__doc__.splitlines()[0])
	arguments.add_argument("--company", default="Deals Test Ltd")
	arguments.add_argument("--lines", type=int, default=1_000)
	arguments.add_argument("--keep", type=int, default=100, help="proposals that are kept as documents")
	args = arguments.parse_args()
	with connected(args) as frappe:
		from sales_crm_accounts.core.matching.run import match
		from sales_crm_accounts.services.matching import proposals, words
		from sales_crm_accounts.services.matching.load import load
		from sales_crm_accounts.services.matching.settings import settings_of

		frappe.set_user("Administrator")
		bank_lines(frappe, args.company, args.lines, 1)
		settings = settings_of(args.company)
		before, counts = memory(), {}
		started = process_time()
		with counted(frappe, counts):
			loaded = load(args.company, settings, payments=False)
		print(
			f"{len(loaded.rows)} open installments, {len(loaded.receipts)} bank lines: {counts['statements']} statements, "
			f"{counts['seconds']:.1f} s, {process_time() - started:.1f} s of one core, {memory() - before} MB"
		)
		started, core = perf_counter(), process_time()
		found = match(loaded.book, loaded.receipts, settings.rules)
		print(
			f"matching: {perf_counter() - started:.1f} s, {process_time() - core:.1f} s of one core, "
			f"{sum(one.sure for one in found)} sure, {sum(bool(one.proposals) for one in found)} with proposals, "
			f"{memory() - before} MB in all"
		)
		texts, some = words.texts(), [one for one in found if one.proposals][: args.keep]
		with counted(frappe, counts):
			for one in some:
				proposals.keep(loaded, one, args.company, "", texts)
		print(
			f"keeping {len(some)} proposals: {counts['seconds'] / max(1, len(some)) * 1000:.0f} ms and "
			f"{counts['statements'] / max(1, len(some)):.1f} statements each"
		)
		frappe.db.rollback()


if __name__ == "__main__":
	main()

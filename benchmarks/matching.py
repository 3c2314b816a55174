"""How right and how fast cash matching is: a noisy year (`matching_lines.py`) against the rules, figures for each class of noise.

    python benchmarks/matching.py --lines 10000 --installments 100000

Prints for each class how many lines reach the threshold (`applied`), how many of those are right to the cent in every installment,
how many first proposals are right and how many of the first three; then time of building the index and of matching, and memory of
the process. One core. Needs no site.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from matching_lines import CLASSES, Line, generate  # noqa: E402

from sales_crm_accounts.core.matching.book import Book  # noqa: E402
from sales_crm_accounts.core.matching.rows import Proposal, Rules  # noqa: E402
from sales_crm_accounts.core.matching.run import match  # noqa: E402


def right(line: Line, proposal: Proposal) -> bool:
	"""Every amount, discount and fee as the payer meant it.

	Where the line does not say which of an invoice's installments, equal ones are the same: the rule pays the oldest.
	"""
	if line.kind != "exchange" and proposal.on_account != line.on_account:
		return False
	if frozenset(proposal.rows) == line.rows:
		return True
	return line.kind != "installment" and _without_number(proposal.rows) == _without_number(line.rows)


def _without_number(rows) -> list[tuple]:
	return sorted((row.sales_invoice, row.amount, row.discount, row.fee) for row in rows)


def measure(
	lines: int, installments: int, seed: int = 11, threshold: float = Rules().threshold, show: str = ""
) -> dict:
	year = generate(lines, installments, seed)
	started = time.process_time()
	book = Book(year.items, year.names, year.accounts, year.habits, year.settled)
	built = time.process_time()
	found = match(book, [line.receipt for line in year.lines], Rules(fee_limit=3_000, threshold=threshold))
	matched = time.process_time()
	table = {
		kind: dict.fromkeys(("lines", "applied", "applied_right", "first", "three"), 0) for kind in CLASSES
	}
	for line, one in zip(year.lines, found, strict=True):
		row = table[line.kind]
		row["lines"] += 1
		row["applied"] += one.sure
		goods = [right(line, proposal) for proposal in one.proposals[:3]]
		if line.kind == "other" and not one.proposals:
			goods = [True]
		row["applied_right"] += one.sure and goods[0]
		row["first"] += any(goods[:1])
		row["three"] += any(goods)
		if (show == line.kind and not any(goods)) or (show == "applied" and one.sure and not goods[0]):
			print(line)
			for proposal in one.proposals[:3]:
				print(
					"   ",
					round(proposal.score, 2),
					proposal.customer,
					proposal.rows,
					proposal.on_account,
					[(r.code, r.weight) for r in proposal.reasons],
				)
	total = {key: sum(row[key] for row in table.values()) for key in next(iter(table.values()))}
	return {
		"classes": table,
		"total": total,
		"build_seconds": round(built - started, 2),
		"match_seconds": round(matched - built, 2),
		"memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
	}


def share(part: int, whole: int) -> str:
	return f"{100 * part / whole:6.2f} %" if whole else "      -"


def main() -> None:
	parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
	parser.add_argument("--lines", type=int, default=1_000)
	parser.add_argument("--installments", type=int, default=10_000)
	parser.add_argument("--seed", type=int, default=11)
	parser.add_argument("--threshold", type=float, default=Rules().threshold)
	parser.add_argument(
		"--show",
		default="",
		help="print lines of this class that are wrong in the first three; 'applied': applied wrongly",
	)
	parser.add_argument("--json", action="store_true")
	args = parser.parse_args()
	found = measure(args.lines, args.installments, args.seed, args.threshold, args.show)
	if args.json:
		print(json.dumps(found, indent=1))
		return
	print(f"{'class':<14}{'lines':>7}{'applied':>10}{'right':>10}{'first':>10}{'three':>10}")
	for kind, row in [*found["classes"].items(), ("all", found["total"])]:
		print(
			f"{kind:<14}{row['lines']:>7}{share(row['applied'], row['lines']):>10}{share(row['applied_right'], row['applied']):>10}"
			f"{share(row['first'], row['lines']):>10}{share(row['three'], row['lines']):>10}"
		)
	print(
		f"index {found['build_seconds']} s, matching {found['match_seconds']} s of one core, {found['memory_mb']} MB with the generator"
	)


if __name__ == "__main__":
	main()

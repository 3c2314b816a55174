"""What the site benchmarks share: connecting to a scratch site, counting statements, and ratios of medians."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter


def parser(description: str) -> argparse.ArgumentParser:
	found = argparse.ArgumentParser(description=description)
	found.add_argument(
		"--bench", default=os.environ.get("SCA_BENCH", "~/frappe-bench"), help="folder of the bench"
	)
	found.add_argument("--site", default=os.environ.get("SCA_BENCHMARK_SITE", "bench.localhost"))
	return found


@contextmanager
def connected(args, site: str | None = None):
	"""Connect to the site; refuses one that is not marked as scratch, because the generator writes rows without documents."""
	os.chdir(Path(args.bench).expanduser() / "sites")
	import frappe

	site = site or args.site
	frappe.init(site=site)
	frappe.connect()
	if not frappe.conf.get("sca_benchmark"):
		sys.exit(f"{site} is not a scratch site. Mark it: bench --site {site} set-config sca_benchmark 1")
	try:
		yield frappe
	finally:
		frappe.destroy()


@contextmanager
def counted(frappe, counts: dict):
	"""Count the statements and the seconds of the block into `counts`."""
	original, counts["statements"] = frappe.db.sql, 0

	def sql(*args, **kwargs):
		counts["statements"] += 1
		return original(*args, **kwargs)

	frappe.db.sql = sql
	started = perf_counter()
	try:
		yield
	finally:
		counts["seconds"] = perf_counter() - started
		frappe.db.sql = original


def seconds(work, *arguments) -> float:
	started = perf_counter()
	work(*arguments)
	return perf_counter() - started


def compare(ours, theirs, rounds: int) -> tuple[float, float, float]:
	"""Medians of both, taken in turns so that a busy machine slows both, and the median of the pairs' ratios."""
	pairs = []
	for turn in range(rounds):
		if turn % 2:
			second = seconds(theirs)
			pairs.append((seconds(ours), second))
		else:
			first = seconds(ours)
			pairs.append((first, seconds(theirs)))
	return (
		median(pair[0] for pair in pairs),
		median(pair[1] for pair in pairs),
		median(pair[0] / pair[1] for pair in pairs),
	)

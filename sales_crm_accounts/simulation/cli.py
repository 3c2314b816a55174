"""The command line: `python -m sales_crm_accounts simulate FOLDER --out FOLDER`."""

from __future__ import annotations

import argparse
import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from .. import __version__
from ..core.problems import _
from .approvals import write_csv
from .company import load
from .forecast import write_csv as write_forecasts
from .ladder import write_csv as write_reminders
from .ledger import Ledger
from .notes import write_csv as write_notes
from .play import Play
from .problems import InputError
from .report import write_report
from .results import Results, Summary
from .texts import LANGUAGES, translator


def main(arguments: Sequence[str] | None = None, keep: list | None = None) -> int:
	"""Exit code of the command. `keep` takes what was played, so that it is not freed here."""
	parser = argparse.ArgumentParser(prog="sales_crm_accounts", description=__doc__.splitlines()[0])
	parser.add_argument("--version", action="version", version=__version__)
	commands = parser.add_subparsers(dest="command", required=True)
	simulate_parser = commands.add_parser(
		"simulate", help="play a company's files and see what the app would have done with its year"
	)
	simulate_parser.add_argument("folder", type=Path, help="folder with deals.csv and its companions")
	simulate_parser.add_argument(
		"--out", type=Path, required=True, help="folder for ledger, CSV files and report.html"
	)
	simulate_parser.add_argument(
		"--lang", choices=LANGUAGES, default="en", help="language of report and messages"
	)
	simulate_parser.add_argument("--encoding", default="utf-8", help="encoding of the CSV files, as gb18030")
	simulate_parser.add_argument("--quiet", action="store_true", help="no progress bar")
	options = parser.parse_args(arguments)
	translate = translator(options.lang)
	try:
		"".encode(options.encoding)
	except LookupError:
		print(
			translate(_("There is no encoding {encoding}.")).format(encoding=options.encoding),
			file=sys.stderr,
		)
		return 2
	if options.out.resolve() == options.folder.resolve():
		print(
			translate(
				_(
					"{folder} holds the files that are read; deals.csv would be overwritten. Give --out another folder."
				)
			).format(folder=options.out),
			file=sys.stderr,
		)
		return 2
	try:
		summary = simulate(options.folder, options.out, options.lang, options.encoding, options.quiet, keep)
	except InputError as error:
		print(
			translate(_("The files cannot be played ({count} problems). Nothing was written.")).format(
				count=error.problems.count
			),
			file=sys.stderr,
		)
		for message in error.problems.messages(translate):
			print(f"  - {message}", file=sys.stderr)
		return 1
	except OSError as error:
		print(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "), file=sys.stderr)
		return 1
	print(
		translate(_("{installments} installments, {invoices} invoices. Open {report} in a browser.")).format(
			installments=summary.rows.get("installments", 0),
			invoices=summary.rows.get("invoices", 0),
			report=options.out / "report.html",
		)
	)
	return 0


def bar(text: str, quiet: bool) -> Callable:
	"""Wraps an iterable in a progress bar; without one where nobody looks, or tqdm is missing."""
	if quiet:
		return iter
	try:
		from tqdm import tqdm
	except ImportError:
		return iter
	return lambda items: tqdm(items, desc=text, disable=None, leave=False, mininterval=0.2)


def simulate(
	folder: Path,
	out: Path,
	language: str = "en",
	encoding: str = "utf-8",
	quiet: bool = True,
	keep: list | None = None,
) -> Summary:
	"""Read `folder`, play it and write everything into `out`; on broken input nothing is written.

	Raises InputError. The files appear in `out` together at the end, so a run that dies leaves the old ones.
	"""
	# Nothing here is freed by collecting cycles, and looking for them among millions of objects takes a third of the time.
	collecting = gc.isenabled()
	gc.disable()
	try:
		return _simulate(folder, out, language, encoding, quiet, keep)
	finally:
		if collecting:
			gc.enable()


def _simulate(
	folder: Path, out: Path, language: str, encoding: str, quiet: bool, keep: list | None
) -> Summary:
	translate = translator(language)
	company = load(folder, encoding, bar(translate(_("Reading")), quiet))
	created = not out.exists()
	out.mkdir(parents=True, exist_ok=True)
	work = Path(tempfile.mkdtemp(prefix=".simulation-", dir=out))
	try:
		with open(work / "general_ledger.csv", "w", encoding="utf-8", newline="", buffering=1 << 20) as text:
			text.write("\ufeff")
			ledger = Ledger(company, str(work / "ledger.sqlite"), text)
			play = Play(company, ledger)
			if keep is not None:
				keep.append(play)
			play.run(bar(translate(_("Playing")), quiet))
			summary = Results(company, play, work).write()
			if play.notes:
				write_notes(work / "not_played.csv", play.notes, translate)
			if company.approvers:
				write_csv(work / "approvals.csv", play.approvals.requests, translate)
			if play.ladder:
				write_reminders(work / "reminders.csv", play.ladder)
			if play.forecast:
				write_forecasts(work / "cash_forecast.csv", play.forecast)
			ledger.close(
				{
					"company": company.name,
					"currency": company.currency,
					"precision": str(company.precision),
					"start": company.start.isoformat(),
					"end": company.end.isoformat(),
					"version": __version__,
				}
			)
		write_report(work / "report.html", company, play, summary, language)
		for path in work.iterdir():
			os.replace(path, out / path.name)
	except BaseException:
		shutil.rmtree(work, ignore_errors=True)
		if created and not any(out.iterdir()):
			out.rmdir()
		raise
	shutil.rmtree(work, ignore_errors=True)
	return summary

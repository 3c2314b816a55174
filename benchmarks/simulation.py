"""How fast the simulation is: writes the files of a large company (seeded) and plays them in a process of its own.

    python benchmarks/simulation.py --installments 1000000

Prints installments a second and the most memory used. One core: the process is single-threaded. Nothing is asserted; a figure
depends on the machine.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sales_crm_accounts.core.plan import REMAINDER, PlanRow, amounts  # noqa: E402

START, END = date(2023, 1, 1), date(2025, 12, 31)
ROWS_PER_DEAL = 10


def generate(folder: Path, installments: int, seed: int = 7, forecasts: str = ""):
	"""Deals with 4, 12, 10 or 14 installments (10 on average), two currencies, tax, one in seven installments unpaid."""
	random_ = random.Random(seed)
	folder.mkdir(parents=True, exist_ok=True)
	deals = max(1, installments // ROWS_PER_DEAL)
	customers = max(10, deals // 20)
	(folder / "company.yaml").write_text(f"company: Large\ncurrency: EUR\nstart: {START}\nend: {END}\n")
	(folder / "policy.yaml").write_text(
		"policies:\n  - {name: Standard}\n  - {name: Big, method: One Invoice with Schedule, min_amount: 290000}\n"
	)
	if forecasts:
		(folder / "forecast.yaml").write_text(f"every: {forecasts}\n")
	(folder / "tax.csv").write_text("tax,account,rate\nVAT,VAT 19%,19\n")
	with open(folder / "customers.csv", "w") as file:
		file.write("customer,customer_group,territory\n")
		file.writelines(f"Customer {number},Commercial,World\n" for number in range(customers))
	plans = {"4": 4, "12": 12, "10": 10, "14": 14}
	with open(folder / "plans.csv", "w") as file:
		file.write("plan,description,basis,percent,billing_trigger,trigger_months,trigger_days,due_days\n")
		for name, count in plans.items():
			for number in range(count):
				percent = "" if number == count - 1 else f"{100 / count:.2f}"
				basis = "Remainder" if number == count - 1 else "Percent"
				file.write(f"{name},Part {number + 1},{basis},{percent},On Date,{number},{number % 5},30\n")
	with (
		open(folder / "deals.csv", "w") as deal_file,
		open(folder / "deal_items.csv", "w") as item_file,
		open(folder / "payments.csv", "w") as payment_file,
	):
		deal_file.write("deal,title,customer,currency,exchange_rate,opened_on,won_on,tax,plan\n")
		item_file.write("deal,item,quantity,rate\n")
		payment_file.write("date,kind,deal,installment,amount\n")
		names = list(plans)
		days = (date(2024, 12, 1) - START).days
		for number in range(deals):
			name = f"D-{number:06d}"
			opened = START + timedelta(days=random_.randrange(days))
			won = opened + timedelta(days=random_.randrange(5, 60))
			foreign = random_.random() < 0.1
			plan = names[number % 4]
			count = plans[plan]
			cents = random_.randrange(100_000, 30_000_000)
			deal_file.write(
				f"{name},Deal {number},Customer {random_.randrange(customers)},{'USD' if foreign else 'EUR'},"
				f"{'0.92' if foreign else ''},{opened},{won},{'' if foreign else 'VAT'},{plan}\n"
			)
			item_file.write(f"{name},Service,1,{cents // 100}.{cents % 100:02d}\n")
			total = cents
			if number % 3 == 0:
				licenses = random_.randrange(1, 20)
				total += licenses * 9990
				item_file.write(f"{name},License,{licenses},99.90\n")
			for part, net in enumerate(shares(total, count)):
				if random_.random() < 0.15:
					continue
				paid = won + timedelta(days=31 * part + random_.randrange(10, 75))
				gross = net if foreign else net + round(net * 19 / 100)
				# Every tenth pays a part only.
				amount = gross // 2 if random_.random() < 0.1 else gross
				payment_file.write(f"{paid},Payment,{name},{part + 1},{amount // 100}.{amount % 100:02d}\n")


def shares(total: int, count: int) -> list[int]:
	"""Cents that the plan of `count` rows bills, by the rule that the simulation uses."""
	percent = Decimal(f"{100 / count:.2f}")
	rows = [PlanRow("", percent=percent)] * (count - 1) + [PlanRow("", basis=REMAINDER)]
	return [int(part.scaleb(2)) for part in amounts(Decimal(total).scaleb(-2), rows, 2)]


def run(folder: Path, out: Path) -> tuple[float, float, int]:
	"""Wall seconds, processor seconds and peak memory in MB of one run, interpreter start included."""
	before = resource.getrusage(resource.RUSAGE_CHILDREN)
	started = time.perf_counter()
	subprocess.run(
		[sys.executable, "-m", "sales_crm_accounts", "simulate", str(folder), "--out", str(out), "--quiet"],
		cwd=ROOT,
		check=True,
		stdout=subprocess.DEVNULL,
	)
	seconds = time.perf_counter() - started
	after = resource.getrusage(resource.RUSAGE_CHILDREN)
	processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
	return seconds, processor, after.ru_maxrss // 1024


def main():
	parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
	parser.add_argument("--installments", type=int, default=1_000_000)
	parser.add_argument("--seed", type=int, default=7)
	parser.add_argument("--runs", type=int, default=1)
	parser.add_argument(
		"--forecasts", choices=("week", "month"), default="", help="take cash forecasts as well"
	)
	parser.add_argument("--folder", type=Path, help="keep the files here")
	options = parser.parse_args()
	folder = options.folder or Path(tempfile.mkdtemp(prefix="simulation-"))
	try:
		generate(folder / "in", options.installments, options.seed, options.forecasts)
		for _number in range(options.runs):
			seconds, processor, memory = run(folder / "in", folder / "out")
			with open(folder / "out" / "installments.csv", encoding="utf-8") as file:
				count = sum(1 for _line in file) - 1
			size = sum(path.stat().st_size for path in (folder / "out").iterdir()) // 1_000_000
			print(
				json.dumps(
					{
						"installments": count,
						"seconds": round(seconds, 1),
						"processor_seconds": round(processor, 1),
						"installments_per_second": round(count / seconds),
						"peak_memory_mb": memory,
						"written_mb": size,
					}
				)
			)
	finally:
		if not options.folder:
			shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
	main()

"""`python -m sales_crm_accounts simulate FOLDER --out FOLDER`"""

import os
import sys


def main() -> None:
	from sales_crm_accounts.simulation.cli import main as run

	kept: list = []
	code = run(keep=kept)
	sys.stdout.flush()
	sys.stderr.flush()
	# Everything is written and closed. To free millions of objects one by one takes seconds; with the process they go at once.
	os._exit(code)


if __name__ == "__main__":
	main()

"""`python -m sales_crm_accounts simulate FOLDER --out FOLDER`"""

import sys


def main() -> int:
	from sales_crm_accounts.simulation.cli import main as run

	return run()


if __name__ == "__main__":
	sys.exit(main())

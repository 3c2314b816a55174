"""Install, uninstall, install: does the app leave nothing behind, and does ERPNext lose nothing?

On a scratch site that it makes and drops again:

1. A company with a submitted invoice, as it was before the app.
2. Install (the invoice is in the installment ledger at once), uninstall (once as a dry run, which must change nothing): columns, indexes,
   rows and settings of the site are as before.
3. Install, win a deal, bill and pay it, put our reports and pages on workspaces and the like, uninstall: the schema is as before,
   every document of ERPNext, with those that the deal made, still says the same to the cent, and nothing leads to us any more.
4. Install again and migrate: nothing changes by the migrate; uninstall once more: as before.

	SCA_BENCH=~/frappe-bench .ci/install_cycle

MariaDB and Redis of the bench must be running. The database administrator is taken from SCA_DB_ROOT_USER and
SCA_DB_ROOT_PASSWORD, else from `root_login` and `root_password` in common_site_config.json. SCA_KEEP_SITE=1 leaves the site.
Ends with OK and 0, or FAIL and 1.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BENCH = Path(os.environ.get("SCA_BENCH") or Path.home() / "frappe-bench").expanduser()
SITES = BENCH / "sites"
PYTHON = BENCH / "env" / "bin" / "python"
SITE = "sca-cycle.localhost"
APP = "sales_crm_accounts"

# Logs of what was done; they grow with every install, uninstall and job of any app.
LOGS = {
	"tabAccess Log",
	"tabActivity Log",
	"tabDeleted Document",
	"tabError Log",
	"tabInstalled Application",
	"tabRoute History",
	"tabScheduled Job Log",
	"tabSessions",
	"__global_search",
}

# Frappe writes down every change of the list of apps, and that the billing user was disabled.
ROWS_OF = {
	"tabVersion": " where ref_doctype not in ('Installed Applications', 'Notification Settings', 'User')"
}

# ERPNext documents whose every value must survive.
DOCUMENTS = (
	"Customer",
	"Item",
	"Account",
	"Sales Invoice",
	"Sales Invoice Item",
	"Sales Taxes and Charges",
	"Payment Schedule",
	"Sales Order",
	"Sales Order Item",
	"Payment Entry",
	"Payment Entry Reference",
	"Journal Entry",
	"Journal Entry Account",
	"GL Entry",
	"Payment Ledger Entry",
	"Sales Team",
	"Contact",
	"User",
)

# What names a record, for tables whose records are compared one by one and not only counted.
RECORDS = {
	"DocType": ("name", "module", "custom"),
	"Module Def": ("name", "app_name"),
	"Custom Field": ("dt", "fieldname", "fieldtype", "options", "read_only"),
	"Property Setter": ("doc_type", "field_name", "property", "value"),
	"Role": ("name", "desk_access", "disabled"),
	"Has Role": ("parenttype", "parent", "role"),
	"User": ("name", "enabled", "user_type"),
	"DocPerm": ("parent", "role", "permlevel"),
	"Custom DocPerm": ("parent", "role", "permlevel"),
	"Accounting Dimension": ("name", "document_type", "disabled"),
	"Scheduled Job Type": ("name", "method", "frequency"),
	"Kanban Board": ("name",),
	"Workspace": ("name", "module"),
	"Number Card": ("name",),
	"Dashboard Chart": ("name",),
	"Dashboard": ("name",),
	"Report": ("name",),
	"Print Format": ("name",),
	"Notification": ("name",),
	"DefaultValue": ("parent", "defkey", "defvalue"),
	"Patch Log": ("patch",),
	"Series": ("name",),
	"Contact": ("name",),
}


def main() -> int:
	started = time.time()
	problems = []
	if not database_administrator():
		print(
			"NO DATABASE ADMINISTRATOR: install, uninstall, install did not run (set SCA_DB_ROOT_PASSWORD, or root_password "
			"in the bench's common_site_config.json)."
		)
		return 0
	try:
		make_site()
		step("prepare")
		before = step("fingerprint")
		say("install, uninstall")
		bench("install-app", APP)
		problems += step("check_installed")
		bench("uninstall-app", APP, "--yes", "--dry-run")
		problems += step("check_installed")
		bench("uninstall-app", APP, "--yes", "--no-backup")
		problems += compare(before, step("fingerprint"), "after install and uninstall")

		say("install, win a deal, bill and pay it, uninstall")
		bench("install-app", APP)
		step("use")
		used = step("documents", before["columns"])
		bench("uninstall-app", APP, "--yes", "--no-backup")
		problems += compare_documents(used, step("documents", before["columns"]))
		problems += step("check_invoices")
		problems += step("check_user_setup")
		rest = step("fingerprint")
		problems += compare(before, rest, "after use and uninstall", parts=("columns", "indexes", "settings"))

		say("install, migrate, uninstall")
		bench("install-app", APP)
		problems += step("check_installed")
		installed = step("fingerprint")
		bench("migrate", "--skip-search-index")
		problems += compare(installed, step("fingerprint"), "after migrate")
		bench("uninstall-app", APP, "--yes", "--no-backup")
		problems += compare(rest, step("fingerprint"), "after the last uninstall")
	finally:
		if not os.environ.get("SCA_KEEP_SITE"):
			drop_site()
	for problem in problems:
		print("  -", problem)
	print(
		f"{'FAIL' if problems else 'OK'}: install cycle, {len(problems)} differences, {time.time() - started:.0f} s"
	)
	return 1 if problems else 0


def say(text: str) -> None:
	print(f"== {text}", flush=True)


# The bench


def run(*command, check: bool = True, **options) -> subprocess.CompletedProcess:
	result = subprocess.run(
		[str(part) for part in command], cwd=SITES, capture_output=True, text=True, check=False, **options
	)
	if check and result.returncode:
		print(result.stdout[-4000:], result.stderr[-4000:], sep="\n")
		raise SystemExit(f"FAIL: {' '.join(str(c) for c in command if 'password' not in str(c))}")
	return result


def bench(*command, site: str | None = SITE, check: bool = True) -> None:
	run(
		PYTHON,
		"-m",
		"frappe.utils.bench_helper",
		"frappe",
		*(["--site", site] if site else []),
		*command,
		check=check,
	)


def database_administrator() -> list[str]:
	"""Options for the commands that make and drop a site; empty where no password is known, for which Frappe would ask."""
	config = json.loads((SITES / "common_site_config.json").read_text())
	user = os.environ.get("SCA_DB_ROOT_USER") or config.get("root_login") or "root"
	password = os.environ.get("SCA_DB_ROOT_PASSWORD") or config.get("root_password")
	if not password:
		return []
	return [f"--db-root-username={user}", f"--db-root-password={password}"]


def make_site() -> None:
	if (SITES / SITE).exists():
		drop_site()
	say(f"new site {SITE} with ERPNext")
	bench(
		"new-site",
		SITE,
		"--force",
		"--admin-password=admin",
		*database_administrator(),
		"--install-app=erpnext",
		site=None,
	)


def drop_site() -> None:
	with tempfile.TemporaryDirectory() as archive:
		where = f"--archived-sites-path={archive}"
		bench(
			"drop-site",
			SITE,
			"--force",
			"--no-backup",
			where,
			*database_administrator(),
			site=None,
			check=False,
		)


def step(name: str, argument=None):
	"""Run one of the functions below in a process of its own, on the site."""
	result = run(PYTHON, Path(__file__).resolve(), "--step", name, input=json.dumps(argument))
	return json.loads(result.stdout.rsplit("\n<<<", 1)[1])


# On the site


def on_site(name: str) -> None:
	import frappe

	argument = json.loads(sys.stdin.read() or "null")
	frappe.init(site=SITE, sites_path=str(SITES))
	frappe.connect()
	frappe.flags.mute_emails = True
	try:
		function = globals()[f"site_{name}"]
		answer = function(argument) if argument is not None else function()
		frappe.db.commit()
	finally:
		frappe.destroy()
	print("\n<<<" + json.dumps(answer, default=str))


def site_prepare():
	"""A company, and an invoice from before the app."""
	import frappe
	from erpnext.setup.utils import before_tests

	frappe.flags.in_test = True
	before_tests()
	company = frappe.get_all("Company", pluck="name")[0]
	customer = frappe.get_doc({"doctype": "Customer", "customer_name": "Cycle Customer"}).insert()
	item = frappe.get_doc(
		{"doctype": "Item", "item_code": "Cycle Item", "item_group": "All Item Groups", "is_stock_item": 0}
	).insert()
	frappe.get_doc(
		{
			"doctype": "Sales Invoice",
			"company": company,
			"customer": customer.name,
			"items": [{"item_code": item.name, "qty": 3, "rate": 41.5}],
		}
	).submit()
	# What Frappe does with every install or migrate of any app.
	from frappe.core.doctype.scheduled_job_type.scheduled_job_type import sync_jobs

	sync_jobs()
	frappe.get_single("Installed Applications").update_versions()


def site_fingerprint() -> dict:
	import frappe

	schema = {"schema": frappe.conf.db_name}
	tables = [
		row[0]
		for row in frappe.db.sql(
			"select table_name from information_schema.tables where table_schema=%(schema)s and table_type='BASE TABLE'",
			schema,
		)
	]
	return {
		"columns": sorted(
			"|".join(str(value) for value in row)
			for row in frappe.db.sql(
				"""select table_name, column_name, column_type, is_nullable, column_default
				from information_schema.columns where table_schema=%(schema)s""",
				schema,
			)
		),
		"indexes": sorted(
			"|".join(str(value) for value in row)
			for row in frappe.db.sql(
				"""select table_name, index_name, seq_in_index, column_name, non_unique
				from information_schema.statistics where table_schema=%(schema)s""",
				schema,
			)
			# Frappe adds this one to any table that it alters.
			if row[1] != "creation"
		),
		"rows": sorted(
			f"{table}: {frappe.db.sql(f'select count(*) from `{table}`' + ROWS_OF.get(table, ''))[0][0]} rows"
			for table in tables
			if table not in LOGS
		),
		"records": sorted(
			f"{doctype}|" + "|".join(str(value) for value in row)
			for doctype, fields in RECORDS.items()
			for row in frappe.db.sql(
				f"select {', '.join(f'`{field}`' for field in fields)} from `tab{doctype}`"
			)
		),
		"settings": sorted(
			"|".join(str(value) for value in row)
			for row in frappe.db.sql("select doctype, field, value from tabSingles")
			if row[1] not in ("modified", "modified_by", "creation", "owner", "idx", "docstatus")
		),
	}


def site_documents(columns: list[str]) -> dict:
	"""Every document of ERPNext with the values of the columns that it had before the app."""
	import frappe

	own: dict[str, list[str]] = {}
	for column in columns:
		table, name = column.split("|")[:2]
		# Who started in our workspace does not any more; check_user_setup looks at that.
		if (table, name) != ("tabUser", "default_workspace"):
			own.setdefault(table, []).append(name)
	found = {}
	for doctype in DOCUMENTS:
		names = ", ".join(f"`{name}`" for name in own[f"tab{doctype}"])
		for row in frappe.db.sql(f"select {names} from `tab{doctype}`", as_dict=True):
			values = json.dumps(row, sort_keys=True, default=str)
			found[f"{doctype} {row['name']}"] = hashlib.sha256(values.encode()).hexdigest()
	return found


def site_check_installed() -> list[str]:
	"""What the installation promises."""
	import frappe

	from sales_crm_accounts.setup import dimension
	from sales_crm_accounts.setup.custom_fields import CUSTOM_FIELDS

	problems = [
		f"custom field missing: {doctype}.{field['fieldname']}"
		for doctype, fields in CUSTOM_FIELDS.items()
		if frappe.db.exists("DocType", doctype)  # HRMS's Expense Claim is there only with HRMS
		for field in fields
		if not frappe.db.has_column(doctype, field["fieldname"])
	]
	if not dimension.dimension_name():
		problems.append("no accounting dimension for Deal")
	problems += [f"dimension field missing: {doctype}" for doctype in dimension.missing_fields()]
	for doctype in ("Deal Stage", "Deal Plan Template", "Kanban Board"):
		if not frappe.db.count(doctype):
			problems.append(f"no {doctype}")
	settings = "Sales CRM Accounts Settings"
	kept = frappe.db.get_singles_dict(settings)
	problems += [
		f"{settings}: {field.fieldname} is {kept.get(field.fieldname)}, not {field.default}"
		for field in frappe.get_meta(settings).fields
		if field.default and str(kept.get(field.fieldname)) != field.default
	]
	# What was sold before the app is in its ledger at once, not only after a night.
	problems += [
		f"{name}: {outstanding} open, {kept} in the installment ledger"
		for name, outstanding, kept in frappe.db.sql(
			"""select invoice.name, invoice.outstanding_amount, sum(kept.outstanding_amount)
			from `tabSales Invoice` invoice left join `tabOpen Installment` kept on kept.sales_invoice = invoice.name
			where invoice.docstatus = 1 group by invoice.name"""
		)
		if kept is None or round(outstanding - kept, 9)
	]
	if not frappe.db.count("Open Installment"):
		problems.append("the invoice from before the app is not in the installment ledger")
	return problems


def site_use() -> None:
	"""A deal is won, billed and paid; a salesperson has comments, a share and a file on it. Users set up their desks around ours."""
	import frappe
	from frappe.utils import today

	frappe.flags.in_test = True
	from sales_crm_accounts.tests import factories, user_setup

	factories.make_company()
	user_setup.make(lambda naming_series: factories.make_deal(naming_series=naming_series))
	deal = factories.make_deal(factories.thirds(), win=True)
	frappe.db.commit()
	invoices = factories.bill_all(deal)
	factories.pay(invoices[0])
	deal.add_comment("Comment", "Signed")
	frappe.share.add("Deal", deal.name, factories.OTHER_SELLER, read=1)
	frappe.get_doc(
		{
			"doctype": "File",
			"file_name": "contract.txt",
			"content": today(),
			"attached_to_doctype": "Deal",
			"attached_to_name": deal.name,
		}
	).insert()
	frappe.get_doc(
		{"doctype": "ToDo", "description": "Call", "reference_type": "Deal", "reference_name": deal.name}
	).insert()


def site_check_user_setup() -> list[str]:
	"""What users set up around our reports, pages and series is gone, and nothing else with it."""
	from sales_crm_accounts.tests import user_setup

	return [f"after use and uninstall: {problem}" for problem in user_setup.problems()]


def site_check_invoices() -> list[str]:
	"""The invoices of the deal are ordinary invoices that ERPNext can go on with."""
	import frappe

	problems = []
	invoices = frappe.get_all(
		"Sales Invoice", filters={"company": "Deals Test Ltd", "docstatus": 1}, fields=["name", "grand_total"]
	)
	if len(invoices) != 3:
		problems.append(f"{len(invoices)} invoices of the deal are left, not 3")
	if round(sum(row.grand_total for row in invoices), 2) != 900:
		problems.append("the invoices of the deal do not sum to 900.00 any more")
	unpaid = frappe.get_all(
		"Sales Invoice",
		filters={"company": "Deals Test Ltd", "docstatus": 1, "outstanding_amount": (">", 0)},
		pluck="name",
	)
	if len(unpaid) != 2:
		problems.append(f"{len(unpaid)} invoices are unpaid, not 2")
	elif unpaid:
		doc = frappe.get_doc("Sales Invoice", unpaid[0])
		doc.cancel()
		if frappe.db.get_value("Sales Invoice", doc.name, "docstatus") != 2:
			problems.append("an invoice of the deal cannot be cancelled")
	return problems


# Comparing


def compare(
	before: dict, after: dict, when: str, parts: tuple = ("columns", "indexes", "rows", "records", "settings")
):
	problems = []
	for part in parts:
		old, new = set(before[part]), set(after[part])
		problems += [f"{when}, {part}: left behind: {line}" for line in sorted(new - old)[:25]]
		problems += [f"{when}, {part}: lost: {line}" for line in sorted(old - new)[:25]]
	return problems


def compare_documents(before: dict, after: dict) -> list[str]:
	# The user of automatic billing is the app's own: it is removed or disabled.
	known = {
		key for key in before if "sales-crm-accounts.invalid" not in key and key != "Contact Deal Billing"
	}
	return [f"uninstall lost: {key}" for key in sorted(known - after.keys())] + [
		f"uninstall changed: {key}" for key in sorted(known & after.keys()) if before[key] != after[key]
	]


if __name__ == "__main__":
	if "--step" in sys.argv:
		on_site(sys.argv[sys.argv.index("--step") + 1])
	else:
		sys.exit(main())

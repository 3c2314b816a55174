"""Deciding a whole Dunning Run on a large site, beside one bare statement that derives what is overdue from the ledger.

Fill the site with `generate.py` first. Everything is written in one transaction that is rolled back: mail addresses, a policy with
the ready-made levels, promises of one customer in twenty, and (second day) what two in three customers were told a week ago.
The bare statement knows invoices, payment schedule and payment ledger; it reads every overdue row to the end in the database,
hands none of them over and decides nothing.

    python benchmarks/dunning.py --site bench.localhost
"""

from __future__ import annotations

import resource
from datetime import timedelta
from time import perf_counter

from site_tools import compare, connected, counted, parser

POLICY = "SCABM Reminders"
# What is left of an invoice lies on its last rows: each takes what the later ones leave.
BARE = """
	select count(*), count(distinct customer), sum(outstanding), min(due_date) from (
		select
			invoice.customer, schedule.due_date,
			least(schedule.payment_amount, ledger.outstanding - coalesce(sum(schedule.payment_amount) over (
				partition by invoice.name order by schedule.due_date desc, schedule.idx desc
				rows between unbounded preceding and 1 preceding
			), 0)) as outstanding
		from (
			select against_voucher_no, sum(amount_in_account_currency) as outstanding
			from `tabPayment Ledger Entry`
			where company = %(company)s and delinked = 0 and against_voucher_type = 'Sales Invoice'
			group by against_voucher_no
			having outstanding > 0
		) ledger
		join `tabSales Invoice` invoice on invoice.name = ledger.against_voucher_no and invoice.docstatus = 1
		join `tabPayment Schedule` schedule on schedule.parent = invoice.name and schedule.parenttype = 'Sales Invoice'
	) rows_
	where outstanding > 0 and due_date < %(day)s
"""
STAMP = "'2026-01-01', '2026-01-01', 'Administrator', 'Administrator'"
STAMPED = "creation, modified, owner, modified_by"


def prepare(frappe, company: str, day):
	"""Addresses, policy and promises, in the open transaction."""
	from sales_crm_accounts.services.receivables import dunning_texts

	frappe.db.sql(
		"update `tabCustomer` set email_id = concat(lower(name), '@customer.example.com') where name like 'SCABM-C%%'"
	)
	frappe.get_doc(
		{"doctype": "Dunning Policy", "policy_name": POLICY, "company": company, "enabled": 1, "min_gap_days": 5, **dunning_texts.ready_made()}
	).insert()  # fmt: skip
	frappe.db.sql(
		f"""
		insert into `tabPromise to Pay` (name, {STAMPED}, company, customer, status, amount, currency, promised_on, pay_by)
		select concat(name, '-P'), {STAMP}, %s, name, 'Open', 20000, 'USD', %s, %s
		from `tabCustomer` where name like 'SCABM-C%%' and crc32(name) %% 20 = 0
		""",
		(company, day - timedelta(days=3), day + timedelta(days=5)),
	)


def told(frappe, company: str, day):
	"""Two in three customers were told the first level of everything that is late, a week ago."""
	frappe.db.sql(
		f"""
		insert into `tabDunning Message` (name, {STAMPED}, company, customer, currency, status, channel, message_date, message_key)
		select distinct concat(customer, '-M'), {STAMP}, company, customer, 'USD', 'Sent', 'Mail', %(told)s, concat(customer, '-M')
		from `tabOpen Installment`
		where company = %(company)s and outstanding_amount > 0 and crc32(customer) %% 3
		""",
		{"company": company, "told": day - timedelta(days=7)},
	)
	frappe.db.sql(
		f"""
		insert into `tabDunning Message Row` (name, {STAMPED}, parent, parenttype, sales_invoice, installment_no, level, level_days)
		select concat(name, '-R'), {STAMP}, concat(customer, '-M'), 'Dunning Message', sales_invoice, installment_no, 2, 7
		from `tabOpen Installment`
		where company = %(company)s and outstanding_amount > 0 and due_date < %(told)s and crc32(customer) %% 3
		""",
		{"company": company, "told": day - timedelta(days=7)},
	)


def main():
	arguments = parser(__doc__.splitlines()[0])
	arguments.add_argument("--company", default="Deals Test Ltd")
	arguments.add_argument("--rounds", type=int, default=5)
	arguments.add_argument("--messages", type=int, default=50, help="reminders that are made as documents")
	arguments.add_argument(
		"--letter", action="store_true", help="render a letter; the site must be served for its style sheet"
	)
	arguments.add_argument("--only", default="", help="only the situation with this text in its name")
	args = arguments.parse_args()
	with connected(args) as frappe:
		from frappe.utils import getdate, today

		from sales_crm_accounts.services.receivables import dunning_run

		frappe.set_user("Administrator")
		day = getdate(today())
		values = {"company": args.company, "day": day}
		prepare(frappe, args.company, day)
		decide = lambda: dunning_run._decide(args.company, day, None)  # noqa: E731
		bare = lambda: frappe.db.sql(BARE, values)  # noqa: E731
		dunning_run._decide("no such company", day, None)  # loads what the framework reads once per process
		before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
		few = """
			update `tabOpen Installment` set outstanding_amount = 0
			where company = %(company)s and outstanding_amount <> 0 and crc32(reverse(customer)) %% 20
		"""
		for what, step in (
			("first day", lambda: None),
			("second day", lambda: told(frappe, args.company, day)),
			("one customer in twenty", lambda: frappe.db.sql(few, values)),
		):
			if args.only not in what:
				continue
			step()
			counts: dict = {}
			with counted(frappe, counts):
				found, decision = decide()
			grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
			lines = sum(len(one.lines) for one in decision.reminders)
			print(
				f"{what}: {len(found[1].situation.rows)} rows, {len(decision.reminders)} reminders with {lines} lines, "
				f"{len(decision.passed)} passed over; {counts['statements']} statements, {counts['seconds']:.2f} s, {grown} MB",
				flush=True,
			)
			if what == "first day":
				making(frappe, args, found, decision, day)
			del found, decision
			if args.rounds:
				mine, plain, ratio = compare(decide, bare, args.rounds)
				print(f"   {mine:.2f} s, bare {plain:.2f} s, ratio {ratio:.2f}", flush=True)
		frappe.db.rollback()


def making(frappe, args, found, decision, day):
	"""Reminders as documents, and one letter as PDF; a run commits every 50 of them and goes on with what is missing."""
	from sales_crm_accounts.services.receivables import dunning_run, dunning_sending

	policies, facts = found
	run = frappe.new_doc("Dunning Run")
	run.update({"company": args.company, "run_date": day, "run_key": "SCABM", "status": "Running"})
	run.insert()
	some, counts = decision.reminders[: args.messages + 1], {}
	dunning_run._make(some[0], run, facts, policies, day)
	with counted(frappe, counts):
		for reminder in some[1:]:
			dunning_run._make(reminder, run, facts, policies, day)
	lines = sum(len(one.lines) for one in some[1:]) / len(some[1:])
	each = counts["seconds"] / len(some[1:])
	print(
		f"   making a reminder of {lines:.0f} rows: {each * 1000:.0f} ms, {counts['statements'] / len(some[1:]):.1f} statements"
	)
	if args.letter:
		name = frappe.db.get_value("Dunning Message", {"dunning_run": run.name})
		started = perf_counter()
		frappe.attach_print("Dunning Message", name, file_name="x", print_format=dunning_sending.PRINT_FORMAT)
		print(f"   its letter as PDF: {perf_counter() - started:.2f} s")


if __name__ == "__main__":
	main()

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
	arguments.add_argument("--profile", action="store_true")
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
		before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
		for what, step in (
			("first day", lambda: None),
			("second day", lambda: told(frappe, args.company, day)),
			("second day, one customer in twenty", lambda: frappe.db.sql(
				"update `tabOpen Installment` set outstanding_amount = 0 where crc32(reverse(customer)) %% 20", ()
			)),
		):  # fmt: skip
			step()
			counts: dict = {}
			with counted(frappe, counts):
				(_policies, facts), decision = decide()
			rows, reminders, passed = len(facts.situation.rows), len(decision.reminders), len(decision.passed)
			lines = sum(len(one.lines) for one in decision.reminders)
			del facts, decision
			mine, plain, ratio = compare(decide, bare, args.rounds)
			print(
				f"{what}: {rows} rows, {reminders} reminders with {lines} lines, {passed} passed over; "
				f"{counts['statements']} statements, {mine:.2f} s, bare {plain:.2f} s, ratio {ratio:.2f}"
			)
			if args.profile:
				import cProfile
				import pstats

				with cProfile.Profile() as profile:
					decide()
				pstats.Stats(profile).sort_stats("tottime").print_stats(25)
		grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
		print(f"memory above the start: {grown} MB")
		frappe.db.rollback()


if __name__ == "__main__":
	main()

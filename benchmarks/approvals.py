"""What approval chains cost: the gate on a document without a chain, a route with many chains and levels, the inbox.

    python benchmarks/approvals.py
    python benchmarks/approvals.py --requests 1000 --requests 100000

Says whether the limits hold: gate at most 0.3 ms and no SQL when warm; route at most 15 ms with 100 chains and 10 levels; inbox with
the same number of statements whatever number of requests there is. Times are CPU time, medians. Everything made is taken away.
"""

from __future__ import annotations

import sys
from statistics import median
from time import process_time

from site_tools import connected, counted, parser

MARK = "SCA Bench"
GATE_LIMIT, ROUTE_LIMIT = 0.3, 15.0
EVENTS = ("before_validate", "before_submit", "on_update", "on_submit", "on_trash")


def cpu_ms(work, times: int) -> float:
	"""Median CPU milliseconds of one call."""
	taken = []
	for _turn in range(times):
		started = process_time()
		work()
		taken.append(1000 * (process_time() - started))
	return median(taken)


def gate_cost(frappe, people) -> tuple[float, int]:
	"""(milliseconds, statements) of all the gate's events on a document whose DocType no chain speaks about."""
	from sales_crm_accounts.events import approvals

	doc = frappe.new_doc("Sales Order")
	doc.name, doc._action = "SO-BENCH", "submit"
	many = 200

	def submit():
		for _turn in range(many):
			for event in EVENTS:
				getattr(approvals, event)(doc)

	submit()
	counts: dict = {}
	with counted(frappe, counts):
		submit()
	return cpu_ms(submit, 15) / many, counts["statements"]


def route_cost(frappe, people, make) -> tuple[float, int]:
	"""(milliseconds, statements) of judging a document under the last of 100 chains, ten levels deep."""
	from sales_crm_accounts.services.approvals import gate

	levels = [people.level(number) for number in range(1, 4)]
	levels += [
		people.by(user, 4 + number) for number, user in enumerate((people.FIRST, people.SECOND, people.THIRD))
	]
	levels += [
		people.level(number, approver_source="Manager of Requester", role=None, skip_if_approved=1)
		for number in range(7, 10)
	]
	levels.append(people.level(10, rule="N of M", required_count=2, skip_if_approved=1))
	for number in range(100):
		people.make_chain(
			f"{MARK} {number:03}",
			levels=levels,
			priority=100 - number,
			conditions=[
				{
					"field": "voucher_type",
					"operator": "=" if number == 99 else "!=",
					"value": "Journal Entry",
				},
				{"field": "total_debit", "operator": ">", "value": "0"},
			],
		)
	doc = people.draft()
	frappe.db.commit()
	with people.as_user(people.REQUESTER):
		doc = frappe.get_doc("Journal Entry", doc.name)
		verdict = gate.judge(doc, "Submit")
		assert verdict.chain.name.endswith("099") and len(verdict.route.groups) == 10, verdict
		counts: dict = {}
		with counted(frappe, counts):
			gate.judge(doc, "Submit")
		return cpu_ms(lambda: gate.judge(doc, "Submit"), 30), counts["statements"]


def insert_requests(frappe, people, wanted: int):
	"""Rows as a company of some years has them: nine of ten are old, the rest waits for three people."""
	there = frappe.db.count("Approval Request", {"chain": MARK})
	now = frappe.utils.now()
	requests, rows = [], []
	for number in range(there, wanted):
		name = f"BENCH-APR-{number:07}"
		open_ = number % 10 == 0
		user = (people.FIRST, people.SECOND, people.THIRD)[number % 3]
		requests.append(
			(
				*(
					name,
					now,
					now,
					"Administrator",
					"Administrator",
					"Journal Entry",
					f"BENCH-{number}",
					"Submit",
				),
				*(
					"Open" if open_ else "Approved",
					MARK,
					people.REQUESTER,
					now,
					100,
					"USD",
					1,
					int(not open_),
				),
			)
		)
		rows.append(
			(
				*(f"{name}-1", name, "Approval Request", "approvers", 1, user),
				*("Pending" if open_ else "Approved", 1, "Level 1", "row-1", now),
			)
		)
	frappe.db.bulk_insert(
		"Approval Request",
		"name creation modified owner modified_by reference_doctype reference_name action status chain requester requested_on amount currency round posted".split(),
		requests,
		chunk_size=5000,
	)
	frappe.db.bulk_insert(
		"Approval Request Approver",
		"name parent parenttype parentfield idx user status level level_title level_row asked_on".split(),
		rows,
		chunk_size=5000,
	)
	frappe.db.commit()


def inbox_cost(frappe, people) -> tuple[float, int]:
	from sales_crm_accounts.services.approvals import inbox

	with people.as_user(people.FIRST):
		inbox.inbox()
		counts: dict = {}
		with counted(frappe, counts):
			page = inbox.inbox()
		assert page["rows"], "the inbox is empty"
		return 1000 * counts["seconds"], counts["statements"]


def clean(frappe, people):
	frappe.db.rollback()
	for name in frappe.get_all("Approval Chain", {"name": ("like", f"{MARK}%")}, pluck="name"):
		people.remove_chain(name)
	frappe.db.sql("delete from `tabApproval Request Approver` where parent like 'BENCH-APR-%'")
	frappe.db.sql("delete from `tabApproval Request` where name like 'BENCH-APR-%'")
	frappe.db.commit()


def main():
	arguments = parser(__doc__.splitlines()[0])
	arguments.add_argument(
		"--requests", type=int, action="append", help="sizes of the inbox (1000 and 100000)"
	)
	args = arguments.parse_args()
	with connected(args) as frappe:
		from sales_crm_accounts.tests import approval_factories as people
		from sales_crm_accounts.tests import factories as make

		frappe.set_user("Administrator")
		people.make_people()
		people.make_chain(MARK)
		frappe.db.commit()
		try:
			gate, gate_statements = gate_cost(frappe, people)
			print(f"gate without a chain: {gate:.3f} ms CPU a submit, {gate_statements} statements")
			route, route_statements = route_cost(frappe, people, make)
			print(f"route, 100 chains, 10 levels: {route:.1f} ms CPU, {route_statements} statements")
			statements = {}
			for size in args.requests or [1_000, 100_000]:
				insert_requests(frappe, people, size)
				taken, statements[size] = inbox_cost(frappe, people)
				print(f"inbox with {size:,} requests: {statements[size]} statements, {taken:.0f} ms")
		finally:
			clean(frappe, people)
	holds = (
		gate <= GATE_LIMIT
		and not gate_statements
		and route <= ROUTE_LIMIT
		and len(set(statements.values())) == 1
	)
	print("holds" if holds else "DOES NOT HOLD")
	sys.exit(0 if holds else 1)


if __name__ == "__main__":
	main()

# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe.utils import add_days, today

from sales_crm_accounts.sales_crm_accounts.report.approval_exceptions import approval_exceptions as report
from sales_crm_accounts.services.approvals import decisions
from sales_crm_accounts.tests import approval_factories as af
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.approval_mail_case import ApprovalTestCase

CHAIN = "SCA Exceptions Chain"


class TestApprovalExceptions(ApprovalTestCase):
	def run_report(self, **filters):
		return report.execute({"chain": CHAIN, "from_date": today(), "to_date": today(), **filters})

	def row(self, request, kind, user, other, detail):
		return {
			"kind": kind, "user": user, "other_user": other, "document_type": "Journal Entry",
			"document_name": request.reference_name, "request": request.name, "chain": CHAIN, "company": make.COMPANY,
			"amount": 500, "currency": "USD", "detail": detail,
		}  # fmt: skip

	def test_whole_rows(self):
		"""One request with every exception: reassigned, added, tried by its author, decided by a stand-in, chain switched off."""
		frappe.get_doc(
			{"doctype": "Approval Delegation", "delegator": af.BOSS, "delegate": af.STAND_IN, "from_date": today(),
			"to_date": add_days(today(), 3)}
		).insert()  # fmt: skip
		self.addCleanup(frappe.db.delete, "Approval Delegation", {"delegator": af.BOSS})
		chain = af.make_chain(CHAIN, levels=[af.by(af.BOSS, 1), af.by(af.FIRST, 2)])
		request = self.ask(af.draft(500))
		with af.as_user(af.REQUESTER), self.assertRaises(decisions.NotYours):
			decisions.decide(request.name, "Approved", user=af.REQUESTER)
		frappe.db.rollback()
		frappe.db.commit()
		decisions.reassign(request.name, af.FIRST, af.SECOND, "On leave", user=af.FIRST)
		decisions.add_approver(request.name, af.THIRD, "Look, too", user=af.APPROVAL_MANAGER)
		decisions.decide(request.name, "Approved", "For the boss", user=af.STAND_IN)
		frappe.set_user(af.APPROVAL_MANAGER)
		chain.reload()
		chain.active = 0
		chain.save()
		frappe.set_user("Administrator")
		columns, rows, _message, chart, _summary = self.run_report()
		moments = [row.pop("happened_on") for row in rows]
		self.assertEqual(moments, sorted(moments, reverse=True))
		refused = frappe.db.get_value(
			"Approval Step", {"request": request.name, "decision": "Refused"}, "comment"
		)
		expected = [
			self.row(request, "Self-Approval Attempt", af.REQUESTER, None, refused),
			self.row(request, "Reassigned", af.FIRST, af.SECOND, "On leave"),
			self.row(request, "Approver Added", af.APPROVAL_MANAGER, af.THIRD, "Look, too"),
			self.row(request, "Delegated Decision", af.STAND_IN, af.BOSS, "Approved: For the boss"),
			self.row(
				request,
				"Chain Switched Off",
				af.APPROVAL_MANAGER,
				None,
				"The request was open and kept its route.",
			),
		]
		by_kind = lambda row: row["kind"]  # noqa: E731
		self.assertEqual(sorted(rows, key=by_kind), sorted(expected, key=by_kind))
		self.assertEqual({column["fieldname"] for column in columns}, {"happened_on", *expected[0]})
		self.assertEqual(sum(chart["data"]["datasets"][0]["values"]), 5)
		_columns, rows, *_rest = self.run_report(kind=["Reassigned", "Approver Added"])
		self.assertEqual(sorted(row["kind"] for row in rows), ["Approver Added", "Reassigned"])
		_columns, rows, *_rest = self.run_report(user=af.SECOND)
		self.assertEqual([row["kind"] for row in rows], ["Reassigned"])
		with af.as_user(af.COLLEAGUE):
			self.assertEqual(self.run_report()[1], [])

	def test_passed_by_content(self):
		"""A receipt where a chain covers payments: listed with what it is, for those who may read the gate's log."""
		af.make_chain(CHAIN, document_type="Payment Entry")
		invoice = make.bill_all(make.make_deal(win=True))[0]
		entry = make.pay(invoice)
		frappe.db.commit()
		filters = {
			"chain": None,
			"kind": "Passed by Content",
			"reference_doctype": "Payment Entry",
			"company": make.COMPANY,
		}
		rows = [row for row in self.run_report(**filters)[1] if row["document_name"] == entry.name]
		self.assertEqual(
			[(row["kind"], row["user"], row["detail"]) for row in rows],
			[("Passed by Content", "Administrator", "Receipt")],
		)
		with af.as_user(af.REQUESTER):
			self.assertEqual(self.run_report(**filters)[1], [])

"""Levels, rules, sources, delegates and what people do with a request, on the real site."""

import frappe
from frappe.utils import add_days, today

from sales_crm_accounts.api import approvals as api
from sales_crm_accounts.services.approvals import decisions, gate, inbox, posting, requests, steps
from sales_crm_accounts.tests import approval_factories as people
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.approval_case import ApprovalCase
from sales_crm_accounts.tests.test_exactly_once import in_process

MANAGER = {"approver_source": "Manager of Requester", "role": None}


def fresh(doc):
	return frappe.get_doc(doc.doctype, doc.name)


class TestApprovalDecisions(ApprovalCase):
	def asked(self, *levels, amount: float = 500, user: str = people.REQUESTER, **values):
		people.make_chain(levels=list(levels), **values)
		frappe.db.commit()
		return people.ask(people.draft(amount, user), user)

	def pending(self, request) -> set[str]:
		return {row.user for row in fresh(request).approvers if row.status == "Pending"}

	def status(self, request) -> str:
		return frappe.db.get_value("Approval Request", request.name, "status")

	def refused(self, request, user: str, error=decisions.NotYours):
		with people.as_user(user), self.assertRaises(error):
			decisions.decide(request.name, "Approved")
		frappe.db.rollback()

	def delegate(self, delegator: str, to: str, **values):
		with people.as_user(delegator):
			doc = frappe.get_doc(
				{
					"doctype": "Approval Delegation",
					"delegator": delegator,
					"delegate": to,
					"from_date": today(),
					"to_date": today(),
					**values,
				}
			).insert()
		frappe.db.commit()

		def drop():
			frappe.db.rollback()
			frappe.delete_doc("Approval Delegation", doc.name, force=True, ignore_permissions=True)
			frappe.db.commit()

		self.addCleanup(drop)
		return doc

	# Rules

	def test_two_of_three(self):
		request = self.asked(people.level(rule="N of M", required_count=2))
		people.approve(request, people.FIRST)
		self.assertEqual(self.status(request), "Open")
		self.refused(request, people.FIRST)
		people.approve(request, people.THIRD)
		self.assertEqual(self.status(request), "Approved")

	def test_all(self):
		request = self.asked(people.level(rule="All"))
		people.approve(request, people.THIRD, people.FIRST)
		self.assertEqual((self.status(request), self.pending(request)), ("Open", {people.SECOND}))
		people.approve(request, people.SECOND)
		self.assertEqual(self.status(request), "Approved")

	def test_parallel_then_next_level(self):
		request = self.asked(
			people.by(people.BOSS, 1), people.by(people.FIRST, 1), people.by(people.SECOND, 2)
		)
		self.assertEqual(self.pending(request), {people.BOSS, people.FIRST})
		self.refused(request, people.SECOND)
		people.approve(request, people.FIRST, people.BOSS)
		self.assertEqual(self.pending(request), {people.SECOND})
		people.approve(request, people.SECOND)
		self.assertEqual(self.status(request), "Approved")

	def test_one_person_counts_once(self):
		"""With skip, who signed is not asked again; without, somebody else signs."""
		request = self.asked(people.by(people.FIRST, 1), people.by(people.FIRST, 2, skip_if_approved=1))
		people.approve(request, people.FIRST)
		self.assertEqual(self.status(request), "Approved")
		request = self.asked(people.by(people.FIRST, 1), people.level(2, skip_if_approved=0))
		people.approve(request, people.FIRST)
		self.assertEqual(self.pending(request), {people.SECOND, people.THIRD})
		self.refused(request, people.FIRST)

	# Sources

	def limit(self, user: str, amount: float):
		for name in frappe.get_all("Approver Limit", {"user": user}, pluck="name"):
			frappe.delete_doc("Approver Limit", name, force=True)
		if amount:
			frappe.get_doc(
				{
					"doctype": "Approver Limit",
					"limit_for": "User",
					"user": user,
					"company": make.COMPANY,
					"amount": amount,
					"currency": "USD",
				}
			).insert()
		frappe.db.commit()

	def test_manager_who_may_sign_the_amount(self):
		self.limit(people.BOSS, 1000)
		self.limit(people.BIG_BOSS, 50000)
		self.addCleanup(self.limit, people.BOSS, 0)
		self.addCleanup(self.limit, people.BIG_BOSS, 0)
		climbing = people.level(climb_to_limit=1, **MANAGER)
		self.assertEqual(self.pending(self.asked(climbing, amount=1000)), {people.BOSS})
		self.assertEqual(self.pending(self.asked(climbing, amount=1000.01)), {people.BIG_BOSS})
		with self.assertRaises(gate.ApprovalRequired) as stop:
			self.asked(climbing, amount=50001)
		self.assertIn("nobody can approve it", str(stop.exception))

	def test_heads_group_and_document_field(self):
		department = frappe.db.get_value("Department", {"company": make.COMPANY, "is_group": 0})
		for doctype, name in (("Cost Center", make.COST_CENTER), ("Department", department)):
			frappe.db.set_value(doctype, name, "approval_head", people.BOSS)
			frappe.clear_document_cache(doctype, name)
			self.addCleanup(frappe.clear_document_cache, doctype, name)
			self.addCleanup(frappe.db.set_value, doctype, name, "approval_head", None)
		employee = frappe.db.get_value("Employee", {"user_id": people.REQUESTER})
		frappe.db.set_value("Employee", employee, "department", department)
		make.ensure(
			"User Group",
			"SCA Group",
			__newname="SCA Group",
			user_group_members=[{"user": people.SECOND}, {"user": people.THIRD}],
		)
		for source, values, expected in (
			("Head of Cost Center", {}, {people.BOSS}),
			("Head of Department", {}, {people.BOSS}),
			("User Group", {"user_group": "SCA Group"}, {people.SECOND, people.THIRD}),
			("Manager of Requester", {}, {people.BOSS}),
		):
			with self.subTest(source):
				request = self.asked(people.level(approver_source=source, role=None, **values))
				self.assertEqual(self.pending(request), expected)
		with self.subTest("Document Field"):
			field = people.level(approver_source="Document Field", role=None, document_field="owner")
			people.make_chain(levels=[field])
			entry = people.draft(user=people.COLLEAGUE)
			# The owner is an author: nobody is left, and the gate says so.
			with self.assertRaises(gate.ApprovalRequired):
				people.ask(entry)
			field["requester_may_approve"] = 1
			people.make_chain(levels=[field])
			self.assertEqual(self.pending(people.ask(entry)), {people.COLLEAGUE})

	# Who may not

	def test_authors_never_approve(self):
		"""Requester, owner and last editor; each attempt is kept."""
		for user in (people.REQUESTER, people.COLLEAGUE):
			frappe.get_doc("User", user).add_roles(people.ROLE)
			self.addCleanup(lambda user=user: frappe.get_doc("User", user).remove_roles(people.ROLE))
		people.make_chain(levels=[people.level(rule="Any One")])
		entry = people.draft(user=people.COLLEAGUE)  # owner
		entry = fresh(entry)
		with people.as_user(people.REQUESTER):
			entry.user_remark = "edited"
			entry.save()
			frappe.db.commit()
		frappe.get_doc("User", people.FIRST).add_roles(*people.ACCOUNTS)
		self.addCleanup(lambda: frappe.get_doc("User", people.FIRST).remove_roles(*people.ACCOUNTS))
		request = people.ask(entry, people.FIRST)
		self.assertEqual(self.pending(request), {people.SECOND, people.THIRD})
		for user in (people.FIRST, people.REQUESTER, people.COLLEAGUE):
			self.refused(request, user)
		refused = frappe.get_all(
			"Approval Step", {"request": request.name, "decision": "Refused"}, pluck="user"
		)
		self.assertEqual(set(refused), {people.FIRST, people.REQUESTER, people.COLLEAGUE})
		self.assertEqual(steps.verify(request.name), [])

	def test_requester_may_where_the_level_says_so(self):
		frappe.get_doc("User", people.REQUESTER).add_roles(people.ROLE)
		self.addCleanup(lambda: frappe.get_doc("User", people.REQUESTER).remove_roles(people.ROLE))
		request = self.asked(people.level(requester_may_approve=1))
		people.approve(request, people.REQUESTER)
		self.assertEqual(self.status(request), "Approved")

	def test_users_without_part_see_nothing(self):
		request = self.asked(people.by(people.FIRST))
		with people.as_user(people.SECOND):
			self.assertEqual(frappe.get_list("Approval Request", pluck="name"), [])
			self.assertEqual(frappe.get_list("Approval Step", {"request": request.name}), [])
			for call in (api.request_state, api.briefing):
				self.assertRaises(frappe.PermissionError, call, request.name)
			self.assertRaises(frappe.PermissionError, api.decide, request.name, "Approved")
			self.assertRaises(frappe.PermissionError, fresh(request).check_permission, "read")
			self.assertEqual(inbox.inbox()["total"], 0)
		with people.as_user(people.FIRST):
			self.assertIn(request.name, [row["request"] for row in inbox.inbox()["rows"]])

	def test_approver_who_cannot_read_the_document_decides(self):
		request = self.asked(people.by(people.STAND_IN))
		with people.as_user(people.STAND_IN):
			self.assertFalse(frappe.has_permission("Journal Entry", "read", request.reference_name))
			api.decide(request.name, "Approved")
			frappe.db.commit()
		self.assertEqual(self.status(request), "Approved")

	# Delegates

	def test_delegate_and_delegate_of_the_delegate(self):
		self.delegate(people.FIRST, people.SECOND)
		self.delegate(people.SECOND, people.STAND_IN)
		request = self.asked(people.by(people.FIRST, 1), people.by(people.SECOND, 2, skip_if_approved=0))
		people.approve(request, people.STAND_IN)
		step = frappe.get_last_doc("Approval Step", {"request": request.name, "decision": "Approved"})
		self.assertEqual((step.user, step.on_behalf_of), (people.STAND_IN, people.FIRST))
		self.assertTrue(step.delegation)
		# Both are used up: the delegate signs no second time for the second level's person.
		self.refused(request, people.STAND_IN)
		people.approve(request, people.SECOND)
		self.assertEqual(self.status(request), "Approved")

	def test_delegate_of_an_author_and_author_as_delegate(self):
		self.delegate(people.FIRST, people.REQUESTER)
		request = self.asked(people.by(people.FIRST))
		self.refused(request, people.REQUESTER)

	def test_delegation_out_of_time_amount_or_kind(self):
		for values in (
			{"from_date": add_days(today(), 1), "to_date": add_days(today(), 2)},
			{"max_amount": 499, "currency": "USD"},
			{"document_types": [{"document_type": "Sales Invoice"}]},
			{"disabled": 1},
		):
			with self.subTest(values):
				delegation = self.delegate(people.FIRST, people.STAND_IN, **values)
				self.refused(self.asked(people.by(people.FIRST)), people.STAND_IN)
				frappe.delete_doc("Approval Delegation", delegation.name, force=True)
				frappe.db.commit()
				self._cleanups.pop()

	# What people do

	def test_send_back_reject_and_ask_again(self):
		request = self.asked(
			people.by(people.FIRST, 1), people.by(people.SECOND, 2), people.by(people.THIRD, 3)
		)
		people.approve(request, people.FIRST, people.SECOND)
		with people.as_user(people.THIRD):
			decisions.send_back(request.name, 1, "Look again")
			frappe.db.commit()
		self.assertEqual(self.pending(request), {people.FIRST})
		self.refused(request, people.SECOND)
		people.approve(request, people.FIRST, people.SECOND)
		with people.as_user(people.THIRD):
			self.assertRaises(frappe.ValidationError, decisions.decide, request.name, "Rejected", "")
			decisions.decide(request.name, "Rejected", "No")
			frappe.db.commit()
		self.assertEqual(self.status(request), "Rejected")
		entry = frappe.get_doc("Journal Entry", request.reference_name)
		again = self.assertStopped(entry, lambda: fresh(entry).submit())
		self.assertEqual(again.round, 2)

	def test_questions_added_approver_reassigned_withdrawn(self):
		request = self.asked(people.by(people.FIRST))
		with people.as_user(people.FIRST):
			decisions.ask(request.name, people.REQUESTER, "Why?")
			self.told["question"].assert_called_once()
			decisions.add_approver(request.name, people.THIRD, "You know it")
		with people.as_user(people.REQUESTER):
			decisions.answer(request.name, "Because.")
			self.assertRaises(frappe.ValidationError, decisions.answer, request.name, "Again")
			self.assertRaises(
				decisions.NotYours, decisions.reassign, request.name, people.FIRST, people.BOSS, "x"
			)
		frappe.db.commit()
		self.assertEqual(self.pending(request), {people.FIRST, people.THIRD})
		with people.as_user(people.FIRST):
			decisions.reassign(request.name, people.FIRST, people.SECOND, "On leave")
			frappe.db.commit()
		self.refused(request, people.FIRST)
		people.approve(request, people.SECOND)
		self.assertEqual(self.status(request), "Open")
		with people.as_user(people.COLLEAGUE):
			self.assertRaises(decisions.NotYours, decisions.withdraw, request.name)
		with people.as_user(people.REQUESTER):
			decisions.withdraw(request.name)
			frappe.db.commit()
		self.refused(request, people.THIRD, frappe.ValidationError)
		self.assertEqual((self.status(request), steps.verify(request.name)), ("Withdrawn", []))

	def test_many_at_once_each_by_itself(self):
		people.make_chain(levels=[people.by(people.FIRST)])
		mine = [people.ask(people.draft(100 + number)) for number in range(3)]
		people.approve(mine[1])
		with people.as_user(people.FIRST):
			results = api.decide_many([request.name for request in mine], "Approved")
		frappe.db.commit()
		self.assertEqual([result["done"] for result in results], [True, False, True])
		self.assertEqual({self.status(request) for request in mine}, {"Approved"})

	# The same moment

	def test_two_people_at_the_same_moment(self):
		"""Two processes decide on a level that one may decide: one signs, the other hears that nothing is left."""
		request = self.asked(people.level(rule="Any One"))

		def decide(user, decision):
			frappe.set_user(user)
			decisions.decide(request.name, decision, "at once")
			frappe.db.commit()

		processes = [
			in_process(decide, people.FIRST, "Approved"),
			in_process(decide, people.SECOND, "Rejected"),
		]
		for process in processes:
			process.join(120)
		frappe.db.rollback()
		decided = frappe.get_all(
			"Approval Step",
			{"request": request.name, "decision": ("in", ["Approved", "Rejected"])},
			pluck="decision",
		)
		self.assertEqual(len(decided), 1)
		self.assertEqual(self.status(request), decided[0])
		self.assertEqual(steps.verify(request.name), [])

	def test_two_workers_post_once(self):
		request = people.approve(self.asked(people.by(people.FIRST)))
		workers = [in_process(posting.post, request.name) for _worker in range(2)]
		for worker in workers:
			worker.join(120)
		entry = frappe.get_doc("Journal Entry", request.reference_name)
		self.assertPosted(entry)
		self.assertEqual(people.ledger(entry), 2)
		found = frappe.get_all("Approval Step", {"request": request.name}, pluck="decision")
		self.assertEqual([word for word in found if word.startswith("Post")], ["Posted"])

	# After the last approval

	def test_posted_for_the_requester(self):
		request = people.approve(self.asked(people.by(people.FIRST)))
		self.posting_jobs.assert_called_once_with(request.name)
		posting.post(request.name)
		self.assertEqual(
			frappe.db.get_value("Journal Entry", request.reference_name, ["docstatus", "modified_by"]),
			(1, people.REQUESTER),
		)

	def test_only_allowed_is_not_posted_by_itself(self):
		request = people.approve(self.asked(people.by(people.FIRST), after_approval="Only Allow It"))
		self.posting_jobs.assert_not_called()
		posting.post_pending()
		entry = frappe.get_doc("Journal Entry", request.reference_name)
		self.assertNotPosted(entry)
		with people.as_user(people.COLLEAGUE):
			entry.submit()
			frappe.db.commit()
		self.assertPosted(entry)

	def test_requester_without_the_right_to_submit(self):
		request = people.approve(self.asked(people.by(people.FIRST)))
		user = frappe.get_doc("User", people.REQUESTER)
		user.remove_roles("Accounts User", "Accounts Manager")
		frappe.db.commit()
		self.addCleanup(lambda: frappe.get_doc("User", people.REQUESTER).add_roles(*people.ACCOUNTS))
		posting.post(request.name)
		entry = frappe.get_doc("Journal Entry", request.reference_name)
		self.assertNotPosted(entry)
		request = fresh(request)
		self.assertEqual((request.status, request.posted), ("Approved", 0))
		self.assertTrue(request.posting_error)
		self.told["posting_failed"].assert_called_once_with(request.name)
		# It waits for a person, and whoever has the right posts it with the approval that stands.
		posting.post_pending()
		with people.as_user(people.COLLEAGUE):
			fresh(entry).submit()
			frappe.db.commit()
		self.assertPosted(entry)
		self.assertEqual(requests.latest_of("Journal Entry", entry.name, "Submit").status, "Approved")

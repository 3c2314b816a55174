"""What can go wrong around a request has one explained outcome each; none of them is a silent pass."""

import frappe
from frappe.utils import strip_html, today

from sales_crm_accounts.events import approvals as events
from sales_crm_accounts.services.approvals import chains, decisions, gate, requests, waiting
from sales_crm_accounts.tests import approval_factories as people
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.approval_case import ApprovalCase


def fresh(doc):
	return frappe.get_doc(doc.doctype, doc.name)


class TestApprovalBadInput(ApprovalCase):
	def stopped(self, doc, error=gate.ApprovalRequired) -> str:
		with people.as_user(people.REQUESTER), self.assertRaises(error) as stop:
			fresh(doc).submit()
		self.assertNotPosted(doc)
		return strip_html(str(stop.exception))

	# Nobody resolves

	def test_nobody_can_approve(self):
		make.ensure("Role", "SCA Nobody", role_name="SCA Nobody", desk_access=1)
		employee = frappe.db.get_value("Employee", {"user_id": people.REQUESTER})
		manager = {"approver_source": "Manager of Requester", "role": None}

		def no_manager():
			frappe.db.set_value("Employee", employee, "reports_to", None)

		def cycle():
			boss = frappe.db.get_value("Employee", {"user_id": people.BOSS})
			frappe.db.set_value("Employee", employee, "reports_to", boss)
			frappe.db.set_value("Employee", boss, "reports_to", employee)

		def disabled():
			frappe.db.set_value("User", people.FIRST, "enabled", 0)
			frappe.clear_document_cache("User", people.FIRST)

		self.addCleanup(lambda: (people.make_people(), frappe.clear_cache(), frappe.db.commit()))
		for prepare, level in (
			(None, people.level(role="SCA Nobody")),
			(no_manager, people.level(**manager)),
			(cycle, people.level(climb_to_limit=1, **manager)),
			(None, people.level(rule="N of M", required_count=9)),
			(None, people.level(approver_source="Head of Cost Center", role=None)),
			(disabled, people.by(people.FIRST)),
		):
			with self.subTest(level):
				people.make_chain(levels=[level])
				entry = people.draft()
				if prepare:
					prepare()
				frappe.db.commit()
				text = self.stopped(entry)
				self.assertIn("nobody can approve it", text)
				self.assertIn("Approval Manager has to correct", text)
				self.assertIsNone(people.request_of(entry))

	def test_approver_disabled_between_levels(self):
		people.make_chain(levels=[people.by(people.FIRST, 1), people.by(people.SECOND, 2)])
		request = people.ask(people.draft())
		frappe.db.set_value("User", people.SECOND, "enabled", 0)
		frappe.clear_document_cache("User", people.SECOND)
		self.addCleanup(
			lambda: (
				frappe.db.set_value("User", people.SECOND, "enabled", 1),
				frappe.clear_document_cache("User", people.SECOND),
				frappe.db.commit(),
			)
		)
		frappe.db.commit()
		people.approve(request, people.FIRST)
		self.assertEqual(fresh(request).status, "Open")
		with self.assertRaises(decisions.NotYours):
			decisions.decide(request.name, "Approved", user=people.SECOND)
		frappe.db.rollback()
		# An Approval Manager puts somebody else in their place.
		with people.as_user(people.APPROVAL_MANAGER):
			decisions.reassign(request.name, people.SECOND, people.THIRD, "Left the company")
			frappe.db.commit()
		people.approve(request, people.THIRD)
		self.assertEqual(fresh(request).status, "Approved")

	# The chain changes

	def test_chain_edited_with_requests_open(self):
		"""The round keeps its route; the next one takes the new."""
		chain = people.make_chain(levels=[people.by(people.FIRST, 1), people.by(people.SECOND, 2)])
		request = people.ask(people.draft())
		chain.reload()
		chain.levels = chain.levels[:1]
		chain.save()
		frappe.db.commit()
		people.approve(request, people.FIRST)
		self.assertEqual(fresh(request).status, "Open")
		people.approve(request, people.SECOND)
		self.assertEqual(fresh(request).status, "Approved")

	def test_chain_that_was_rolled_back_stops_nothing(self):
		people.make_chain("SCA Rolled Back")
		self.assertTrue(chains.gated("Journal Entry"))  # read, and so cached, before the transaction ends
		frappe.db.rollback()
		entry = people.draft()
		with people.as_user(people.REQUESTER):
			fresh(entry).submit()
			frappe.db.commit()
		self.assertPosted(entry)

	def test_chain_switched_off_or_deleted_with_requests_open(self):
		"""Nothing needs approval any more; the request can still be decided, and is closed as posted without it."""
		for remove in (False, True):
			with self.subTest(deleted=remove):
				chain = people.make_chain(levels=[people.by(people.FIRST)])
				entry = people.draft()
				request = people.ask(entry)
				if remove:
					frappe.delete_doc("Approval Chain", chain.name)
				else:
					chain.reload()
					chain.active = 0
					chain.save()
				frappe.db.commit()
				self.assertEqual(fresh(request).status, "Open")
				people.approve(request, people.FIRST)
				with people.as_user(people.REQUESTER):
					fresh(entry).submit()
					frappe.db.commit()
				self.assertPosted(entry)
				self.assertEqual(fresh(request).status, "Approved")
				people.drop_requests([request.name])

	# The document goes away

	def test_document_deleted_under_a_request(self):
		people.make_chain(levels=[people.by(people.FIRST)])
		entry = people.draft()
		request = people.ask(entry)
		frappe.delete_doc("Journal Entry", entry.name)
		frappe.db.commit()
		self.assertEqual(fresh(request).status, "Closed")
		with people.as_user(people.FIRST), self.assertRaises(frappe.ValidationError):
			decisions.decide(request.name, "Approved")

	def test_document_gone_or_changed_after_the_chain_was_switched_off(self):
		"""An open request follows its document without a chain as well. Documents of DocTypes without requests cost no SQL."""
		chain = people.make_chain(levels=[people.by(people.FIRST)])
		deleted, changed = people.draft(), people.draft()
		of_deleted, of_changed = people.ask(deleted), people.ask(changed)
		chain.reload()
		chain.active = 0
		chain.save()
		frappe.db.commit()
		frappe.delete_doc("Journal Entry", deleted.name)
		self.assertEqual(
			(fresh(of_deleted).status, fresh(of_deleted).closing_reason),
			("Closed", "The document was deleted."),
		)
		frappe.db.rollback()
		self.assertEqual(fresh(of_deleted).status, "Open")
		self.assertIn("Journal Entry", waiting.doctypes())
		frappe.delete_doc("Journal Entry", deleted.name)
		frappe.db.commit()
		self.assertEqual(fresh(of_deleted).status, "Closed")
		changed = fresh(changed)
		for row in changed.accounts:
			row.debit_in_account_currency *= 2
			row.credit_in_account_currency *= 2
		changed.save()
		frappe.db.commit()
		self.assertEqual(fresh(of_changed).status, "Superseded")
		other = frappe.get_doc({"doctype": "ToDo", "description": "Nobody approves it"})
		waiting.concerns("ToDo")
		with self.assertQueryCount(0):
			for happens in (events.on_update, events.on_trash, events.on_cancel):
				happens(other)

	def test_document_posted_otherwise_under_a_request(self):
		"""By SQL, say: approving it says so."""
		people.make_chain(levels=[people.by(people.FIRST)])
		entry = people.draft()
		request = people.ask(entry)
		frappe.db.set_value("Journal Entry", entry.name, "docstatus", 1)
		frappe.db.commit()
		self.addCleanup(frappe.db.set_value, "Journal Entry", entry.name, "docstatus", 0)
		with (
			people.as_user(people.FIRST),
			self.assertRaisesRegex(frappe.ValidationError, "not waiting any more"),
		):
			decisions.decide(request.name, "Approved")

	# The chain cannot be judged

	def test_condition_on_a_field_that_is_gone(self):
		chain = people.make_chain(
			conditions=[{"field": "voucher_type", "operator": "=", "value": "Journal Entry"}]
		)
		entry = people.draft()
		frappe.db.set_value("Approval Chain Condition", {"parent": chain.name}, "field", "no_such_field")
		chains.forget()
		frappe.db.commit()
		text = self.stopped(entry, chains.ChainUnusable)
		self.assertIn("no_such_field", text)
		self.assertIn("until an Approval Manager corrects", text)
		with self.assertRaisesRegex(frappe.ValidationError, "has no field"):
			chain.reload()
			chain.save()

	def test_amount_field_that_is_gone_or_was_never_there(self):
		chain = people.make_chain(levels=[people.level(min_amount=100)], amount_field="total_debit")
		entry = people.draft()
		frappe.db.set_value("Approval Chain", chain.name, "amount_field", "no_such_field")
		chains.forget()
		frappe.db.commit()
		self.assertIn("no_such_field", self.stopped(entry, chains.ChainUnusable))
		people.remove_chain(chain.name)
		with self.assertRaisesRegex(frappe.ValidationError, "Choose the amount field"):
			people.make_chain("SCA Assets", "Asset", levels=[people.level(min_amount=100)])

	def test_currency_without_a_rate(self):
		from unittest.mock import patch

		make.ensure("Currency", "XTS", currency_name="XTS", enabled=1)
		account = make.account("SCA Bank XTS", "Bank Accounts", "Bank", "XTS")
		people.make_chain(levels=[people.level(min_amount=100)])
		entry = people.draft(
			multi_currency=1,
			accounts=[
				{
					"account": account,
					"debit_in_account_currency": 100000,
					"exchange_rate": 0.0005,
					"cost_center": make.COST_CENTER,
				},
				{"account": make.BANK, "credit_in_account_currency": 50, "cost_center": make.COST_CENTER},
			],
		)
		with patch("erpnext.setup.utils.get_exchange_rate", return_value=0.0):
			text = self.stopped(entry, chains.ChainUnusable)
		self.assertIn("There is no exchange rate from XTS to USD", text)
		self.assertIn("Add a Currency Exchange record", text)

	def test_rate_that_makes_an_amount_small(self):
		"""Typed into the document, a tiny rate puts nothing below a band."""
		people.make_chain(levels=[people.level(min_amount=1000)])
		entry = people.draft(
			multi_currency=1,
			accounts=[
				{
					"account": make.EUR_BANK,
					"debit_in_account_currency": 100000,
					"exchange_rate": 0.005,
					"cost_center": make.COST_CENTER,
				},
				{"account": make.BANK, "credit_in_account_currency": 500, "cost_center": make.COST_CENTER},
			],
		)
		self.assertIn("needs approval", self.stopped(entry))
		self.assertEqual(people.request_of(entry).amount, 125000)

	def test_receipt_and_its_deductions_count_together(self):
		people.make_chain("SCA Payments", "Payment Entry", levels=[people.level(min_amount=1000)])
		entry = people.payment(
			1,
			payment_type="Receive",
			deductions=[{"account": make.WRITE_OFF, "cost_center": make.COST_CENTER, "amount": 999}],
		)
		self.stopped(entry)
		self.assertEqual(people.request_of(entry).amount, 1000)

	# Delegations

	def test_cycle_of_delegations(self):
		made = []
		self.addCleanup(
			lambda: (
				[frappe.delete_doc("Approval Delegation", name, force=True) for name in made],
				frappe.db.commit(),
			)
		)
		for delegator, delegate, error in (
			(people.FIRST, people.SECOND, None),
			(people.SECOND, people.FIRST, frappe.ValidationError),
			(people.THIRD, people.THIRD, frappe.ValidationError),
		):
			with people.as_user(delegator):
				doc = frappe.get_doc(
					{
						"doctype": "Approval Delegation",
						"delegator": delegator,
						"delegate": delegate,
						"from_date": today(),
						"to_date": today(),
					}
				)
				if error:
					self.assertRaises(error, doc.insert)
				else:
					made.append(doc.insert().name)
					frappe.db.commit()

	def test_asked_twice_is_one_request(self):
		people.make_chain(levels=[people.by(people.FIRST)])
		entry = people.draft()
		first, second = people.ask(entry), people.ask(entry, people.COLLEAGUE)
		self.assertEqual(first.name, second.name)
		self.assertEqual(frappe.db.count("Approval Request", {"reference_name": entry.name}), 1)
		self.assertEqual(requests.open_of("Journal Entry", entry.name).requester, people.REQUESTER)

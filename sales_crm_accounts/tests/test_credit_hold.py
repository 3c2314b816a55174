"""Credit hold by a level: what it stops and what it never does, approval, and how it ends."""

import frappe
from frappe.utils import add_days, today

from sales_crm_accounts.api import credit as credit_api
from sales_crm_accounts.api import credit_hold as api
from sales_crm_accounts.api import dunning as dunning_api
from sales_crm_accounts.services import billing
from sales_crm_accounts.services.approvals import gate, posting
from sales_crm_accounts.services.receivables import credit_holds, dunning_run, worklist
from sales_crm_accounts.setup.defaults import APPROVAL_CHAINS
from sales_crm_accounts.tests import approval_factories as people
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.approval_case import ApprovalCase
from sales_crm_accounts.tests.dunning_case import COLLECTOR, COVERED, MAIL, DunningCase
from sales_crm_accounts.tests.receivable_case import credit

MANAGER = "ladder.manager@sca.example.com"
CHAIN = "Quotations to Customers on Credit Hold"


class TestCreditHold(DunningCase, ApprovalCase):
	@classmethod
	def setUpClass(cls):
		super().setUpClass()
		make.make_user(MANAGER, ["Collections Manager"])
		frappe.db.commit()

	def setUp(self):
		super().setUp()
		make.receivables_settings(credit_hold_action="Warn")
		frappe.db.commit()

	def tearDown(self):
		frappe.set_user("Administrator")
		frappe.db.rollback()
		make.receivables_settings(credit_hold_action="Warn")
		frappe.db.commit()
		super().tearDown()

	def document(self, doctype: str, **values):
		"""A draft that sells something to A; committed, as the gate rolls back."""
		doc = frappe.get_doc(
			{
				"doctype": doctype,
				"company": make.COMPANY,
				"currency": "USD",
				"items": [{"item_code": make.SERVICE, "qty": 1, "rate": 70, "cost_center": make.COST_CENTER}],
				**(
					{"quotation_to": "Customer", "party_name": MAIL}
					if doctype == "Quotation"
					else {"customer": MAIL}
				),
				**({"delivery_date": add_days(today(), 5)} if doctype == "Sales Order" else {}),
				**values,
			}
		).insert()
		frappe.db.commit()
		return doc

	def on_hold(self, amount: float = 100):
		"""A is 10 days late with an invoice; the reminder of the level that says so is sent."""
		self.policy.attach_letter = 0
		self.policy.levels[0].credit_hold = 1
		self.policy.save()
		invoice = self.invoice(MAIL, amount, 10)
		dunning_run.run(make.COMPANY)
		(message,) = self.messages()
		frappe.set_user(COLLECTOR)
		dunning_api.release([message.name])
		frappe.set_user("Administrator")
		return invoice, frappe.get_last_doc("Credit Hold", {"customer": MAIL})

	def test_from_the_level_to_the_payment(self):
		"""A deal of 900.00 is won before; then A owes 100.00 too long. Nothing new is sold; the won deal is billed, money is taken.

		30.00 are paid; an open credit note of 20.00 and 50.00 on account cover the other 70.00, so the hold ends, by the run of the day.
		"""
		won = make.make_deal(customer=MAIL, win=True)
		invoice, hold = self.on_hold()
		self.assertEqual((hold.status, hold.by_hand, hold.reason), ("On Hold", 0, "Reminder: First"))
		self.assertEqual([(row.sales_invoice, row.amount) for row in hold.rows], [(invoice.name, 100)])
		self.assertTrue(
			frappe.db.exists(
				"Comment", {"reference_name": MAIL, "content": ("like", "%On credit hold%First%")}
			)
		)
		deal, quotation = make.make_deal(customer=MAIL), self.document("Quotation")
		self.assertEqual((deal.customer_on_hold, quotation.customer_on_hold), (1, 1))
		shown = credit_api.of_document("Quotation", quotation.name)
		self.assertEqual((shown["hold"]["action"], shown.get("limit")), ("Warn", None))
		self.assertEqual(worklist.Known(make.COMPANY, [MAIL]).customers[MAIL].credit_hold, hold.name)
		self.document("Quotation").submit()  # warned only

		make.receivables_settings(credit_hold_action="Stop")
		frappe.db.commit()
		orders = [self.document("Sales Order"), self.document("Delivery Note")]
		for doc in (deal, quotation, *orders):
			self.assertMessage("on credit hold since", frappe.get_doc(doc.doctype, doc.name).submit)
			frappe.db.rollback()
		other = make.make_deal(customer=COVERED)
		other.submit()
		frappe.db.commit()
		self.assertEqual(other.customer_on_hold, 0)
		# Never: the billing of what is won, its order, payments, credit notes.
		results = billing.bill([make.installments(won)[0].name], force=True)
		self.assertNotIn(billing.FAILED, [result.outcome for result in results])
		order = self.document("Sales Order", deal=won.name)
		self.assertMessage("on credit hold since", frappe.get_doc("Sales Order", order.name).submit)
		frappe.db.rollback()
		won.db_set("sales_order", order.name)  # the one that winning makes, not any that names the deal
		frappe.db.commit()
		frappe.get_doc("Sales Order", order.name).submit()
		make.pay(invoice, 30)
		credit(invoice, 20, 0)
		frappe.db.commit()
		self.assertEqual(credit_holds.judge(make.COMPANY), 0)
		self.receive(MAIL, 50)
		self.assertIsNone(credit_holds.hold_of(make.COMPANY, MAIL), "at once, though no job has run")
		dunning_run.run(make.COMPANY)
		hold.reload()
		self.assertEqual((hold.status, hold.lift_reason, hold.hold_key), ("Lifted", "Paid", None))
		frappe.get_doc("Deal", deal.name).submit()
		self.assertEqual(frappe.db.get_value("Deal", deal.name, ["docstatus", "customer_on_hold"]), (1, 0))
		self.policy.reload()
		self.policy.levels[0].days = -1
		self.assertMessage("nobody goes on credit hold before the due date", self.policy.save)

	def test_approval_and_people(self):
		"""Ask for Approval without a chain stops; with one the quotation waits, and is submitted when approved.

		Only a Collections Manager (or who has their rights) sets a hold by hand and lifts one, with a reason; nobody edits it.
		"""
		_invoice, hold = self.on_hold()
		make.receivables_settings(credit_hold_action="Ask for Approval")
		with people.as_user(people.REQUESTER):
			quotation = self.document("Quotation")
			self.assertMessage("no active approval chain", frappe.get_doc("Quotation", quotation.name).submit)
			frappe.db.rollback()
		_doctype, conditions, _levels = APPROVAL_CHAINS[CHAIN]
		people.make_chain(
			"SCA Hold",
			"Quotation",
			levels=[people.by(people.FIRST)],
			conditions=[
				{"field": field, "operator": operator, "value": value}
				for field, operator, value in conditions
			],
		)
		frappe.db.commit()
		with people.as_user(people.REQUESTER):
			with self.assertRaises(gate.ApprovalRequired):
				frappe.get_doc("Quotation", quotation.name).submit()
			frappe.db.rollback()
		request = self.assertAsked(quotation)
		people.approve(request)
		posting.post(request.name)
		frappe.db.rollback()
		self.assertEqual(frappe.db.get_value("Quotation", quotation.name, "docstatus"), 1)

		by_hand = {"doctype": "Credit Hold", "company": make.COMPANY, "customer": MAIL, "reason": "Bad news"}
		frappe.set_user(COLLECTOR)
		self.assertRaises(frappe.PermissionError, frappe.get_doc(by_hand).insert)
		self.assertRaises(frappe.PermissionError, api.lift, hold.name, "Friends")
		self.assertEqual([row["can_lift"] for row in credit_holds.of_customer(MAIL)], [False])
		frappe.set_user(MANAGER)
		self.assertMessage("already", frappe.get_doc(by_hand).insert)
		self.assertMessage("say why", api.lift, hold.name, " ")
		api.lift(hold.name, "They pay on Friday")
		hold.reload()
		self.assertEqual((hold.status, hold.lifted_by), ("Lifted", MANAGER))
		mine = frappe.get_doc(by_hand).insert()
		mine.update({"status": "Lifted", "by_hand": 0, "hold_key": None})
		mine.save()
		self.assertEqual(frappe.db.get_value("Credit Hold", mine.name, ["status", "by_hand"]), ("On Hold", 1))
		frappe.set_user("Administrator")
		self.assertMessage("Lift the hold instead", mine.delete)
		self.assertEqual(credit_holds.judge(make.COMPANY), 0, "a person set it, a person ends it")
		self.assertEqual(credit_holds.hold_of(make.COMPANY, MAIL).reason, "Bad news")
		credit_holds.lift(mine.name, "They have paid")
		frappe.db.commit()
		self.approved_before_the_hold(by_hand)

	def approved_before_the_hold(self, by_hand: dict):
		"""What somebody approved when the customer was not on hold is asked for again, by the chain of holds."""
		frappe.db.set_value("Approval Chain", "SCA Hold", "priority", 20)
		people.make_chain("SCA Quotations", "Quotation", levels=[people.by(people.FIRST)])
		with people.as_user(people.REQUESTER):
			quotation = self.document("Quotation")
			with self.assertRaises(gate.ApprovalRequired):
				frappe.get_doc("Quotation", quotation.name).submit()
			frappe.db.rollback()
		approved = self.assertAsked(quotation)
		people.approve(approved)
		frappe.get_doc(by_hand).insert()
		frappe.db.commit()
		with people.as_user(people.REQUESTER):
			with self.assertRaises(gate.ApprovalRequired):
				frappe.get_doc("Quotation", quotation.name).submit()
			frappe.db.rollback()
		again = self.assertAsked(quotation)
		self.assertEqual((approved.chain, again.chain), ("SCA Quotations", "SCA Hold"))

"""Write-off proposals on documents of ERPNext: posted once, on the chosen installment, with tax, approval, recovery and cancel."""

from contextlib import contextmanager

import frappe
from frappe.utils import add_days, add_months, flt, strip_html, today

from sales_crm_accounts.api import write_offs as api
from sales_crm_accounts.services import ledger, profit_panel
from sales_crm_accounts.services.approvals import gate
from sales_crm_accounts.services.approvals import requests as approval_requests
from sales_crm_accounts.services.receivables import timeline, write_off_drafts, write_off_night
from sales_crm_accounts.services.timeline import money_events
from sales_crm_accounts.tests import approval_factories as people
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.approval_case import ApprovalCase
from sales_crm_accounts.tests.receivable_case import credit, day, invoice, new_customer

ONLY_COLLECTOR = "only.collects@sca.example.com"
COLLECTOR, MANAGER = "writes.off@sca.example.com", "head.of.collections@sca.example.com"
VAT = f"SCA VAT - {make.ABBR}"
SETTINGS = {
	"write_off_account": None, "write_off_cost_center": None, "write_off_tax_relief": 0, "write_off_after_days": 150,
	"write_off_most": 0, "write_off_after_last_level": 0, "propose_write_offs": 0, "write_offs_proposed_on": None,
}  # fmt: skip


def taxed(customer: str, posted: int = -230, dues=(-200, -170, -20)):
	"""900.00 and 10 % VAT: 990.00 in three installments of 330.00."""
	rows = frappe.get_doc("Sales Taxes and Charges Template", make.TAX_TEMPLATE).taxes
	parts = [330] * 3
	doc = invoice(
		customer, posted, parts, dues, submit=False, payment_schedule=[],
		items=[{"item_code": make.SERVICE, "qty": 1, "rate": 900, "cost_center": make.COST_CENTER}],
		taxes=[
			{field: row.get(field) for field in ("charge_type", "account_head", "description", "rate", "cost_center")}
			for row in rows
		],
	)  # fmt: skip
	doc.submit()
	ledger.flush()
	return doc


def installments(doc) -> list[tuple]:
	"""(open, written off, paid) of each."""
	ledger.flush()
	return [
		(row.outstanding_amount, row.written_off_amount, row.paid_amount)
		for row in frappe.get_all(
			"Open Installment",
			filters={"sales_invoice": doc.name},
			fields=["outstanding_amount", "written_off_amount", "paid_amount"],
			order_by="installment_no",
		)
	]


def proposal(rows, submit=False, **values):
	"""Rows are (invoice, installment) or (invoice, installment, amount)."""
	doc = frappe.get_doc(
		{
			"doctype": "Write-off Proposal",
			"company": make.COMPANY,
			"posting_date": today(),
			"reason": "Insolvency",
			"installments": [
				{
					"sales_invoice": row[0].name,
					"installment_no": row[1],
					"amount": row[2] if len(row) > 2 else 0,
				}
				for row in rows
			],
			**values,
		}
	).insert()
	if submit:
		doc.submit()
	return doc


def booked(doc, cancelled=0) -> list[tuple]:
	"""(account, debit, credit, deal) of what the proposal posted, of both its vouchers."""
	names = frappe.get_all("Journal Entry", filters={"write_off_proposal": doc.name}, pluck="name")
	rows = frappe.get_all(
		"GL Entry",
		filters={"voucher_no": ("in", names), "is_cancelled": cancelled},
		fields=["account", "debit", "credit", "deal", "cost_center"],
	)
	assert {row.cost_center for row in rows} <= {make.COST_CENTER}
	return sorted((row.account, row.debit, row.credit, row.deal or "") for row in rows)


class WriteOffCase(ApprovalCase):
	@classmethod
	def setUpClass(cls):
		super().setUpClass()
		make.make_user(COLLECTOR, ["Collector", "Accounts User"])
		make.make_user(ONLY_COLLECTOR, ["Collector"])
		make.make_user(MANAGER, ["Collections Manager"])
		frappe.db.commit()

	def setUp(self):
		super().setUp()
		self.addCleanup(self.restore, bool(frappe.db.exists("Company Receivables Settings", make.COMPANY)))
		make.receivables_settings(**SETTINGS)
		self.customer = new_customer()

	def restore(self, existed: bool):
		"""What the test has set is gone, also where an approval committed it."""
		if existed:
			make.receivables_settings(**SETTINGS)
		else:
			frappe.delete_doc("Company Receivables Settings", make.COMPANY, force=True, ignore_missing=True)
		frappe.db.commit()

	@contextmanager
	def refused(self, *texts, exc=frappe.ValidationError):
		"""The block fails with all these texts, and leaves nothing behind."""
		frappe.db.savepoint("sca_refused")
		frappe.clear_messages()
		with self.assertRaises(exc) as caught:
			yield
		said = strip_html(" ".join([str(caught.exception), *(str(row) for row in frappe.get_message_log())]))
		for text in texts:
			self.assertIn(text, said)
		frappe.db.rollback(save_point="sca_refused")
		ledger.flush()


class TestWriteOffs(WriteOffCase):
	def test_the_whole_story(self):
		"""The second of three installments, a deal's second invoice and 100.00 EUR at 1.30: proposed, approved, posted, recovered.

		990.00 with 90.00 VAT: of 330.00 the tax is 30.00, 300.00 are lost. The deal's part has no tax: 299.97. The euros are
		written off at the rate of their invoice, 130.00, whatever the rate of today (1.25), so no difference is left.
		Loss 300.00 + 299.97 + 130.00 = 729.97, tax 30.00, together 759.97.
		"""
		make.receivables_settings(write_off_tax_relief=1)
		own = taxed(self.customer)
		euros = invoice(
			new_customer(make.FOREIGN_CUSTOMER), -200, [100], [-170], currency="EUR", conversion_rate=1.3, debit_to=make.EUR_DEBTORS
		)  # fmt: skip
		deal = make.make_deal(make.thirds(), win=True)
		bills = make.bill_all(deal)
		people.make_chain(
			"SCA Write-Offs", "Write-off Proposal", levels=[people.by(people.FIRST)], after_approval="Only Allow It",
			amount_field="base_total",
		)  # fmt: skip
		people.make_chain("SCA Write-Off Journals", "Journal Entry", levels=[people.by(people.SECOND)])

		with people.as_user(COLLECTOR):
			doc = proposal([(own, 2), (bills[1], 1), (euros, 1)], relieve_tax=1)
			self.assertEqual((doc.base_total, doc.base_tax, doc.base_cost), (759.97, 30, 729.97))
			self.assertEqual([row.days_overdue for row in doc.installments], [170, 0, 170])
			with self.refused(exc=frappe.PermissionError):
				doc.submit()
			doc.reload()
			request = approval_requests.open_request(doc)
		self.assertEqual(frappe.db.get_value(doc.doctype, doc.name, "status"), "Waiting for Approval")
		with people.as_user(make.ACCOUNTANT), self.refused(exc=gate.ApprovalRequired):
			frappe.get_doc(doc.doctype, doc.name).submit()
		people.approve(request)
		# What is open besides changes nothing of what was approved.
		make.pay(own, 100)
		with people.as_user(make.ACCOUNTANT):
			doc = frappe.get_doc(doc.doctype, doc.name)
			doc.submit()
		self.assertEqual(doc.status, "Posted")
		self.assertEqual(
			booked(doc),
			[
				(make.DEBTORS, 0, 299.97, deal.name),
				(make.DEBTORS, 0, 330, ""),
				(make.EUR_DEBTORS, 0, 130, ""),
				(VAT, 30, 0, ""),
				(make.WRITE_OFF, 130, 0, ""),
				(make.WRITE_OFF, 299.97, 0, deal.name),
				(make.WRITE_OFF, 300, 0, ""),
			],
		)
		self.assertEqual(installments(own), [(230, 0, 100), (0, 330, 0), (330, 0, 0)])
		self.assertEqual(installments(euros), [(0, 100, 0)])
		self.assertEqual(
			frappe.db.get_value("Open Installment", {"sales_invoice": euros.name}, "base_outstanding_amount"),
			0,
		)
		self.assertEqual([row.status for row in make.installments(deal)], ["Billed", "Written Off", "Billed"])
		self.assertEqual(profit_panel.panel(deal)["write_offs"], 299.97)
		told = " ".join(event["content"] for event in money_events("Deal", deal.name))
		self.assertIn("wrote off", told)  # and brought nothing
		self.assertNotIn("brought", told)
		# Money that comes later goes where it belongs, and the chosen installment stays written off.
		make.pay(own, 300)
		self.assertEqual(installments(own), [(0, 0, 330), (0, 330, 0), (260, 0, 70)])

		entry = frappe.get_doc("Journal Entry", {"write_off_proposal": doc.name, "multi_currency": 0})
		with self.refused("is the posting of Write-off Proposal"):
			entry.cancel()
		self._recover(doc, own, euros)

		people.remove_chains()
		with people.as_user(make.ACCOUNTANT):
			frappe.get_doc(doc.doctype, doc.name).cancel()
		self.assertEqual(booked(doc), [])
		self.assertEqual(installments(own), [(0, 0, 330), (260, 0, 70), (330, 0, 0)])
		self.assertEqual(installments(euros), [(100, 0, 0)])
		self.assertEqual([row.status for row in make.installments(deal)], ["Billed"] * 3)
		self.assertEqual(frappe.db.get_value(doc.doctype, doc.name, "status"), "Cancelled")

	def _recover(self, doc, own, euros):
		"""110.00 of the 330.00 and 40.00 EUR come after all: 100.00 and 52.00 of the loss are gone, and 10.00 tax is owed again.

		The 70.00 that were too much for the first installment close the oldest that is open, now the second: 40.00 are left of it.
		"""
		people.remove_chains()
		with people.as_user(make.ACCOUNTANT):
			back = frappe.get_doc(doc.doctype, api.recover(doc.name))
			with self.refused("goes back to the account of"):
				back.write_off_account = f"Administrative Expenses - {make.ABBR}"
				back.save()
			back.reload()
			self.assertEqual([row.amount for row in back.installments], [330, 299.97, 100])
			wrong = frappe.get_doc(doc.doctype, back.name)
			wrong.installments[2].amount = 100.01
			with self.refused("Row 3: of", "100.00", "is written off still"):
				wrong.save()
			back.remove(back.installments[1])
			back.installments[0].amount, back.installments[1].amount = 110, 40
			back.save()
			back.submit()
		self.assertEqual(
			booked(back),
			[
				(make.DEBTORS, 110, 0, ""),
				(make.EUR_DEBTORS, 52, 0, ""),
				(VAT, 0, 10, ""),
				(make.WRITE_OFF, 0, 52, ""),
				(make.WRITE_OFF, 0, 100, ""),
			],
		)
		self.assertEqual(installments(own), [(0, 0, 330), (40, 220, 70), (330, 0, 0)])
		self.assertEqual(installments(euros), [(40, 60, 0)])
		make.pay(euros, bank=make.EUR_BANK)
		self.assertEqual(installments(euros), [(0, 60, 40)])
		with self.refused("was recovered by"):
			frappe.get_doc(doc.doctype, doc.name).cancel()
		again = frappe.get_doc(doc.doctype, api.recover(doc.name))
		self.assertEqual([row.amount for row in again.installments], [220, 299.97, 60])
		again.delete()
		# It came by mistake: the payment goes first, as the money is on the invoice.
		payment = frappe.db.get_value("Payment Entry Reference", {"reference_name": euros.name}, "parent")
		frappe.get_doc("Payment Entry", payment).cancel()
		frappe.get_doc(back.doctype, back.name).cancel()
		self.assertEqual(installments(own), [(0, 0, 330), (0, 330, 0), (260, 0, 70)])
		self.assertEqual(installments(euros), [(0, 100, 0)])

	def test_the_tax_of_an_invoice_goes_back_to_the_cent_in_however_many_steps(self):
		"""990.00 with 90.00 tax written off as 100.00, 333.33 and 556.67: 9.09 + 30.30 + 50.61 = 90.00.

		On the running total: 9.0909 = 9.09; 39.3936 = 39.39, so 30.30; 90.00, so 50.61.
		"""
		make.receivables_settings(write_off_tax_relief=1)
		doc = taxed(self.customer)
		first = proposal([(doc, 1, 100)], submit=True, relieve_tax=1)
		second = proposal([(doc, 1, 230), (doc, 2, 103.33)], submit=True, relieve_tax=1)
		third = proposal([(doc, 2), (doc, 3)], submit=True, relieve_tax=1)
		self.assertEqual([one.base_tax for one in (first, second, third)], [9.09, 30.3, 50.61])
		self.assertEqual(installments(doc), [(0, 330, 0)] * 3)
		self.assertEqual(
			frappe.db.get_value("Sales Invoice", doc.name, ["outstanding_amount", "status"]), (0, "Paid")
		)

	def test_what_is_refused(self):
		"""Every wrong row is named at once, with what is open now; nothing is posted and no row shrinks by itself."""
		doc = taxed(self.customer)
		note = credit(doc, 50, -1)
		with self.refused(
			"Row 1: of", "330.00", "is open now", "Row 2: enter an amount above 0", "Row 3:", "is a credit note",
			"Row 4:", "has no installment 4", "Rows 1 and 5 are about the same installment", "is in the future",
			"is another account", "does not relieve the tax",
		):  # fmt: skip
			proposal(
				[(doc, 1, 330.01), (doc, 2, -1), (note, 1), (doc, 4), (doc, 1, 5)],
				posting_date=add_days(today(), 1), write_off_account=f"Administrative Expenses - {make.ABBR}", relieve_tax=1,
			)  # fmt: skip
		for values, text in (
			({"reason": ""}, "Choose a reason"),
			({"reason": "Other"}, "Explain the reason"),
			({"posting_date": day(-231)}, "Nothing of it can be written off before"),
			(
				{"cost_center": frappe.db.get_value("Cost Center", {"company": make.COMPANY, "is_group": 1})},
				"takes no bookings",
			),
		):
			with self.refused(text):
				proposal([(doc, 1)], **values)
		with self.refused("There is nothing to write off"):
			proposal([], submit=True)

		first = proposal([(doc, 1)])
		with self.refused("is in " + first.name + " as well"):
			proposal([(doc, 2), (doc, 1, 10)])
		# The customer pays 100.00 while the draft waits.
		make.pay(doc, 100)
		with self.refused("Row 1: of", "230.00", "is open now", "instead of", "330.00"):
			frappe.get_doc(first.doctype, first.name).submit()
		make.pay(doc, 230)
		with self.refused("Row 1: nothing of", "is open any more. Remove the row."):
			frappe.get_doc(first.doctype, first.name).submit()
		self.assertEqual(booked(first), [])
		first.delete()

	def test_periods_accounts_and_promises(self):
		"""A closed period and a disabled account stop it; a dispute is only told."""
		doc = taxed(self.customer)
		frappe.get_doc(
			{
				"doctype": "Receivable Dispute",
				"sales_invoice": doc.name,
				"installment_no": 1,
				"disputed_amount": 50,
				"reason": "Quality",
			}
		).insert()
		frappe.clear_messages()
		first = proposal([(doc, 1), (doc, 3)])
		self.assertIn("Dispute", first.installments[0].held_by)
		self.assertFalse(first.installments[1].held_by)
		self.assertIn("is held by", str(frappe.get_message_log()))
		frappe.db.set_value("Account", make.WRITE_OFF, "disabled", 1)
		frappe.clear_document_cache("Account", make.WRITE_OFF)
		with self.refused("is disabled"):
			first.reload().submit()
		frappe.db.set_value("Account", make.WRITE_OFF, "disabled", 0)
		frappe.clear_document_cache("Account", make.WRITE_OFF)
		period = frappe.get_doc(
			{
				"doctype": "Accounting Period",
				"period_name": "SCA Closed",
				"company": make.COMPANY,
				"start_date": today(),
				"end_date": today(),
				"closed_documents": [{"document_type": "Journal Entry", "closed": 1}],
			}
		).insert()
		with self.refused("SCA Closed", exc=Exception):
			first.reload().submit()
		period.delete()
		self.assertEqual(booked(first), [])

	def test_who_may_what(self):
		doc = taxed(self.customer)
		first = proposal([(doc, 1)])
		can = lambda user, right: frappe.has_permission(first.doctype, right, first, user=user)  # noqa: E731
		make.make_user("auditor@sca.example.com", ["Auditor"])
		rights = ("read", "write", "submit", "cancel")
		self.assertEqual([can(COLLECTOR, right) for right in rights], [True, True, False, False])
		self.assertEqual([can(MANAGER, right) for right in rights], [True, True, False, False])
		self.assertEqual([can(make.ACCOUNTANT, right) for right in rights], [True, True, True, True])
		self.assertEqual(
			[can("auditor@sca.example.com", right) for right in rights], [True, False, False, False]
		)
		self.assertEqual([can(make.SELLER, right) for right in rights], [False, False, False, False])
		with people.as_user(make.SELLER), self.refused(exc=frappe.PermissionError):
			api.make_draft(sales_invoice=doc.name, reason="Too Old")


class TestProposing(WriteOffCase):
	def test_the_rule_fills_a_draft_once(self):
		"""Overdue for more than 150 days: the first two installments; the third is 20 days late. The first is promised."""
		doc = taxed(self.customer)
		rich = new_customer()
		big = invoice(rich, -230, [5000], [-200])
		frappe.get_doc(
			{
				"doctype": "Promise to Pay",
				"sales_invoice": doc.name,
				"installment_no": 1,
				"amount": 10,
				"promised_on": today(),
				"pay_by": add_days(today(), 5),
			}
		).insert()
		make.receivables_settings(write_off_most=700)
		keys = self.proposed()
		self.assertEqual(keys, {(doc.name, 2)})
		make.receivables_settings(write_off_most=0)
		self.assertEqual(self.proposed(), {(doc.name, 2), (big.name, 1)})
		make.receivables_settings(write_off_after_last_level=1)
		self.assertEqual(self.proposed(), set())
		make.receivables_settings(write_off_after_last_level=0)
		credit(big, 100, -1)  # matched with its invoice first
		self.assertEqual(self.proposed(), {(doc.name, 2)})

		empty = proposal([])
		with people.as_user(COLLECTOR):
			self.assertGreaterEqual(api.propose(empty.name), 1)
		empty.reload()
		row = next(row for row in empty.installments if row.sales_invoice == doc.name)
		self.assertEqual((row.amount, row.why_proposed), (330, "170 days overdue"))
		self.assertEqual(self.proposed(), set())
		self.assertEqual(api.propose(empty.name), 0)

	def proposed(self) -> set:
		mine = {
			self.customer,
			*frappe.get_all("Customer", filters={"creation": (">", self.started)}, pluck="name"),
		}
		return {
			row.key for row in write_off_drafts.proposed_rows(make.COMPANY, day(0)) if row.customer in mine
		}

	def setUp(self):
		self.started = frappe.utils.now()
		super().setUp()

	def test_each_month_a_draft_of_what_no_month_proposed_before(self):
		doc = taxed(self.customer)
		make.receivables_settings(propose_write_offs=1)
		names = write_off_night.propose_for(make.COMPANY)
		mine = frappe.get_all(
			"Write-off Proposal Row",
			filters={"parent": ("in", names), "customer": self.customer},
			pluck="parent",
		)
		name = mine[0]
		draft = frappe.get_doc("Write-off Proposal", name)
		self.assertEqual(draft.docstatus, 0)
		mine = [
			(row.sales_invoice, row.installment_no)
			for row in draft.installments
			if row.customer == self.customer
		]
		self.assertEqual(mine, [(doc.name, 1), (doc.name, 2)])
		self.assertTrue(frappe.db.exists("Notification Log", {"for_user": MANAGER, "document_name": name}))
		self.assertEqual(write_off_night.propose_for(make.COMPANY), [])
		# Next month, with the draft posted and cancelled: these are not proposed again, but by hand they can be.
		draft.installments = [row for row in draft.installments if row.customer == self.customer]
		draft.submit()
		self.assertEqual(installments(doc)[0], (0, 330, 0))
		told = timeline.collection_events("Customer", self.customer)
		self.assertEqual(sum("wrote off" in event["content"] for event in told), 2)
		self.assertEqual(len(timeline.collection_events("Sales Invoice", doc.name)), 2)
		draft.cancel()
		ledger.flush()
		frappe.db.set_value(
			"Company Receivables Settings", make.COMPANY, "write_offs_proposed_on", add_months(today(), -1)
		)
		again = write_off_night.propose_for(make.COMPANY)
		rows = frappe.get_all(
			"Write-off Proposal Row", filters={"parent": ("in", again or [""]), "customer": self.customer}
		)
		self.assertFalse(rows)
		self.assertIn(
			(doc.name, 1), {row.key for row in write_off_drafts.proposed_rows(make.COMPANY, day(0))}
		)

	def test_from_an_invoice_and_from_a_dispute(self):
		"""A dispute over 400.00 of the invoice takes 330.00 of the first installment and 70.00 of the second."""
		doc = taxed(self.customer)
		dispute = frappe.get_doc(
			{
				"doctype": "Receivable Dispute",
				"sales_invoice": doc.name,
				"disputed_amount": 400,
				"reason": "Price",
			}
		).insert()
		with people.as_user(ONLY_COLLECTOR):
			self.assertEqual(api.defaults(make.COMPANY)["write_off_account"], make.WRITE_OFF)
			draft = frappe.get_doc("Write-off Proposal", api.make_draft(dispute=dispute.name))
			self.assertEqual([row.amount for row in draft.installments], [330, 70])
			self.assertEqual((draft.reason, dispute.name in draft.explanation), ("Dispute Settled", True))
			with self.refused("is in", draft.name):
				api.make_draft(sales_invoice=doc.name, installment_no=1, reason="Too Old")
			draft.delete()
			draft = frappe.get_doc(
				"Write-off Proposal",
				api.make_draft(customer=self.customer, company=make.COMPANY, reason="Too Old"),
			)
		self.assertEqual([flt(row.amount) for row in draft.installments], [330, 330, 330])

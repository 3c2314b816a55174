"""Cash matching: real bank lines and payments against real invoices, applied, corrected and undone; the ledger after each step."""

from unittest.mock import patch

import frappe
from frappe.utils import add_days, getdate, today

from sales_crm_accounts.api import matching as api
from sales_crm_accounts.services.matching import payment, statements
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import approval_factories as approvals
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.bank_factories import (
	FEES,
	IBAN,
	bank_account,
	booked,
	camt,
	customer,
	invoice,
	line,
	matched,
	open_of,
)


class TestCashMatching(SiteTestCase):
	@classmethod
	def setUpClass(cls):
		super().setUpClass()
		make.account("SCA Bank Fees", "Indirect Expenses", "Expense Account")
		bank_account()
		frappe.db.commit()

	def tearDown(self):
		frappe.set_user("Administrator")
		frappe.db.rollback()
		frappe.db.delete("Company Receivables Settings", {"name": make.COMPANY})
		frappe.db.set_single_value("Accounts Settings", "acc_frozen_upto", None)
		frappe.db.commit()
		super().tearDown()

	def settings(self, **values):
		frappe.get_doc(
			{"doctype": "Company Receivables Settings", "company": make.COMPANY, **values}
		).insert()

	def invoices(self, name: str, plan=None, **values):
		deal = make.make_deal(plan, win=True, customer=customer(name), **values)
		return make.bill_all(deal)

	def test_bank_line_applied_once_undone_corrected_and_applied_again(self):
		"""Deal of 900.00 in thirds: 299.97, 299.97, 300.06. The line pays the third and says so."""
		first, _second, third = self.invoices("Cash Story Ltd", make.thirds())
		source = line(300.06, f"invoice {third.name}", "CASH STORY", bank_party_iban=IBAN)
		(proposal,) = matched(source)
		self.assertEqual((proposal.status, proposal.customer), ("Proposed", "Cash Story Ltd"))
		self.assertGreater(proposal.score, 99)
		self.assertEqual(
			[(r.sales_invoice, r.allocated_amount) for r in proposal.rows], [(third.name, 300.06)]
		)
		self.assertIn(f"The text names it: {third.name}.", proposal.reasons)
		self.assertEqual(open_of(third), [(1, 300.06)])

		frappe.set_user(make.ACCOUNTANT)
		self.assertEqual(api.apply(proposal.name), "Applied")
		proposal.reload()
		paid = proposal.payment_entry
		self.assertEqual(booked(paid), {make.BANK: 300.06, make.DEBTORS: -300.06})
		self.assertEqual(open_of(third), [(1, 0)])
		source.reload()
		self.assertEqual((source.status, source.unallocated_amount), ("Reconciled", 0))
		self.assertEqual(
			frappe.db.get_value("Payment Entry", proposal.payment_entry, "clearance_date"), getdate(today())
		)
		self.assertEqual(proposal.decided_by, make.ACCOUNTANT)
		self.assertTrue(frappe.db.exists("Payer Account", {"learnt_from": proposal.name}))
		self.assertMessage("already", api.apply, proposal.name)

		api.undo(proposal.name)
		proposal.reload()
		source.reload()
		self.assertEqual((proposal.status, source.unallocated_amount), ("Undone", 300.06))
		self.assertEqual(booked(proposal.payment_entry), {})
		self.assertEqual(open_of(third), [(1, 300.06)])
		self.assertFalse(frappe.db.exists("Payer Account", {"learnt_from": proposal.name}))
		frappe.set_user("Administrator")

		(again,) = matched(source)
		frappe.set_user(make.ACCOUNTANT)
		again.status = "Applied"  # nobody can set what only the service decides
		again.set(
			"rows",
			[
				{
					"sales_invoice": first.name,
					"installment_no": 1,
					"allocated_amount": 299.97,
					"payment_entry": paid,
				}
			],
		)
		again.payment_entry = paid
		again.save()
		self.assertEqual((again.payment_entry, again.rows[0].payment_entry), (None, None))
		self.assertEqual((again.status, again.corrected, again.on_account), ("Proposed", 1, 0.09))
		frappe.set_user("Administrator")
		self.assertEqual(matched(source), [None])  # a run leaves what a person works on
		frappe.set_user(make.ACCOUNTANT)
		api.apply(again.name)
		again.reload()
		self.assertEqual((open_of(first), open_of(third)), ([(1, 0)], [(1, 300.06)]))
		self.assertIn("0.09", again.message)
		self.assertEqual(
			frappe.db.get_value("Payment Entry", again.payment_entry, "unallocated_amount"), 0.09
		)
		# Cancelled from the payment itself: the match is undone with it.
		frappe.get_doc("Payment Entry", again.payment_entry).cancel()
		self.assertEqual(frappe.db.get_value("Cash Match Proposal", again.name, "status"), "Undone")

	def test_camt_file_is_brought_in_once_and_matched(self):
		"""Twenty lines, one of them money out; three pay invoices of 900.00; a second import finds all of them."""
		invoices = [self.invoices(f"Cash Camt {letter} Ltd")[0] for letter in "ABC"]
		entries = [(900, f"Rechnung {one.name}", one.customer) for one in invoices]
		entries += [(-25.5, "fees", "")] + [
			(number + 0.37, "other", "Nobody &amp; Sons") for number in range(1, 17)
		]
		content, account = camt(entries), bank_account()
		for wrong, text in (
			(content[:-200], "cannot be read"),
			(b"<a/>", "no camt.053"),
			(camt(entries, closing=5), "do not lead"),
			(camt(entries, currency="EUR"), "in EUR"),
		):
			self.assertMessage(text, statements.bring_in, account, wrong)
		upload = frappe.get_doc(
			{"doctype": "File", "file_name": "camt.xml", "content": content, "is_private": 1}
		).insert()
		found = [api.import_statement(account, upload.name) for _time in range(2)]
		self.assertEqual([(one["made"], one["known"]) for one in found], [(20, 0), (0, 20)])
		lines = [
			frappe.get_doc("Bank Transaction", {"description": f"Rechnung {one.name}", "docstatus": 1})
			for one in invoices
		]
		self.assertEqual(lines[0].bank_party_iban, "DE89370400440532013000")
		self.assertEqual(
			frappe.db.get_value("Bank Transaction", {"description": "fees", "docstatus": 1}, "withdrawal"),
			25.5,
		)
		found = matched(*lines)
		self.assertEqual([one.rows[0].sales_invoice for one in found], [one.name for one in invoices])
		for one in found:
			self.assertEqual(api.apply(one.name), "Applied")
		self.assertEqual([open_of(one) for one in invoices], [[(1, 0)]] * 3)

	def test_what_cannot_be_is_refused(self):
		first, second, third = self.invoices("Cash Refused Ltd", make.thirds())
		(other,) = self.invoices("Cash Other Ltd")
		source = line(299.97, first.name, "Cash Refused Ltd")
		(proposal,) = matched(source)
		row = {"sales_invoice": first.name, "installment_no": 1, "allocated_amount": 299.97}
		for rows, text in (
			([row, row], "twice"),
			([{**row, "allocated_amount": 300}], "between 0 and"),
			([row, {**row, "sales_invoice": second.name}], "more than came in"),
			([{**row, "sales_invoice": other.name}], "not of"),
			([{**row, "installment_no": 7}], "nothing is open"),
			([{**row, "fee_amount": 299.97}], "as large as"),
		):
			proposal.reload()
			proposal.set("rows", rows)
			self.assertMessage(text, proposal.save)
		frappe.set_user(make.SELLER)
		self.assertRaises(frappe.PermissionError, api.apply, proposal.name)
		frappe.set_user("Administrator")
		# The invoice was paid meanwhile.
		make.pay(first)
		self.assertMessage("nothing is open", api.apply, proposal.name)
		api.reject(proposal.name, "paid twice")
		self.assertMessage("already", api.apply, proposal.name)
		# Closed books: neither applied nor undone.
		source = line(300.06, third.name, "Cash Refused Ltd")
		refused = proposal.name
		(proposal,) = matched(source)
		# Several at once: one that cannot be costs the other nothing.
		results = api.apply_many([refused, proposal.name])
		self.assertEqual([one["status"] for one in results], ["Rejected", "Applied"])
		self.assertIn("already", results[0]["error"])
		self.assertIsNone(results[1]["error"])
		self.assertMessage("At most", api.undo_many, [proposal.name] * 21)
		frappe.db.set_single_value("Accounts Settings", "acc_frozen_upto", today())
		self.assertMessage("closed period", api.undo, proposal.name)
		self.assertEqual(open_of(third), [(1, 0)])

	def test_payment_on_account_is_reconciled_and_taken_back(self):
		"""600.03 on account; its reference names the first and the third invoice, 299.97 + 300.06."""
		first, second, third = self.invoices("Cash Account Ltd", make.thirds())
		entry = frappe.get_doc(
			{
				"doctype": "Payment Entry",
				"payment_type": "Receive",
				"company": make.COMPANY,
				"posting_date": today(),
				"party_type": "Customer",
				"party": "Cash Account Ltd",
				"paid_from": make.DEBTORS,
				"paid_to": make.BANK,
				"paid_amount": 600.03,
				"received_amount": 600.03,
				"reference_no": f"{first.name}, {third.name}",
				"reference_date": today(),
			}
		).insert()
		entry.submit()
		(proposal,) = matched(entry)
		self.assertEqual({row.sales_invoice for row in proposal.rows}, {first.name, third.name})
		frappe.set_user(make.ACCOUNTANT)
		api.apply(proposal.name)
		self.assertEqual([open_of(one)[0][1] for one in (first, second, third)], [0, 299.97, 0])
		entry.reload()
		self.assertEqual(entry.unallocated_amount, 0)
		self.assertEqual(booked(entry.name), {make.BANK: 600.03, make.DEBTORS: -600.03})
		api.undo(proposal.name)
		entry.reload()
		self.assertEqual((entry.docstatus, entry.unallocated_amount), (1, 600.03))
		self.assertEqual([open_of(one)[0][1] for one in (first, second, third)], [299.97, 299.97, 300.06])
		frappe.set_user("Administrator")
		self.assertEqual(matched(entry)[0].status, "Proposed")

	def test_sure_ones_apply_themselves_with_fee_and_over_payment(self):
		"""900.00 less a fee of 15.00, and 900.00 with 100.00 too much, in one run; a stranger's money is left alone."""
		self.settings(match_by_itself=1, bank_fee_account=FEES, bank_fee_limit=20)
		(fee,) = self.invoices("Cash Fee Ltd")
		(over,) = self.invoices("Cash Over Ltd")
		lines = line(885, fee.name, "Cash Fee Ltd"), line(1000, over.name, "Cash Over Ltd")
		stranger = line(77.77, "tax refund", "Treasury of Nowhere")
		one, two, nobody = matched(*lines, stranger)
		self.assertIsNone(nobody)
		self.assertEqual((one.status, one.automatic, two.status), ("Applied", 1, "Applied"))
		self.assertEqual(booked(one.payment_entry), {make.BANK: 885, FEES: 15, make.DEBTORS: -900})
		self.assertEqual(booked(two.payment_entry), {make.BANK: 1000, make.DEBTORS: -1000})
		self.assertEqual((open_of(fee), open_of(over)), ([(1, 0)], [(1, 0)]))
		self.assertEqual((two.on_account, one.on_account), (100, 0))
		self.assertIn("100.00", two.message)
		# The same receipts once more: nothing is left to match.
		self.assertEqual(matched(*lines), [None, None])

	def test_gated_payment_waits_for_its_approval(self):
		self.addCleanup(approvals.remove_chains)
		approvals.make_people()
		approvals.make_chain("SCA Receipts", "Payment Entry", include_receipts=1)
		(invoice,) = self.invoices("Cash Gate Ltd")
		source = line(900, invoice.name, "Cash Gate Ltd")
		(proposal,) = matched(source)
		frappe.set_user(make.ACCOUNTANT)
		self.assertEqual(api.apply(proposal.name), "Awaiting Approval")
		proposal.reload()
		entry = frappe.get_doc("Payment Entry", proposal.payment_entry)
		self.assertEqual((entry.docstatus, open_of(invoice)), (0, [(1, 900)]))
		self.assertIn("approval", proposal.message)
		self.assertTrue(frappe.db.exists("Approval Request", {"reference_name": entry.name}))
		frappe.set_user("Administrator")
		self.assertEqual(matched(source), [None])
		approvals.remove_chains()
		entry.reload()
		entry.submit()
		proposal.reload()
		source.reload()
		self.assertEqual((proposal.status, source.status), ("Applied", "Reconciled"))
		self.assertEqual(open_of(invoice), [(1, 0)])

	def awaiting_for_two(self, name: str):
		"""(invoices, bank line, proposal) of 900.00 and 450.00 of two customers in one line, applied and waiting for approval."""
		self.addCleanup(approvals.remove_chains)
		approvals.make_people()
		approvals.make_chain("SCA Receipts", "Payment Entry", include_receipts=1)
		invoices = [invoice(f"{name} Mother Ltd", [900]), invoice(f"{name} Daughter Ltd", [450])]
		source = line(1350, " ".join(one.name for one in invoices), f"{name} Mother Ltd")
		(proposal,) = matched(source)
		frappe.set_user(make.ACCOUNTANT)
		self.assertEqual(api.apply(proposal.name), "Awaiting Approval")
		proposal.reload()
		return invoices, source, proposal

	def test_gated_payments_of_several_customers_wait_for_the_last_of_them(self):
		"""900.00 and 450.00 in one line of 1,350.00: posted one after the other."""
		invoices, source, proposal = self.awaiting_for_two("Cash Gate")
		first, second = (row.payment_entry for row in proposal.rows)
		self.assertIn(first, proposal.message)
		self.assertIn(second, proposal.message)
		frappe.set_user("Administrator")
		approvals.remove_chains()
		frappe.get_doc("Payment Entry", first).submit()
		proposal.reload()
		self.assertEqual(proposal.status, "Awaiting Approval")
		self.assertNotIn(first, proposal.message)
		frappe.get_doc("Payment Entry", second).submit()
		proposal.reload()
		source.reload()
		self.assertEqual((proposal.status, source.status), ("Applied", "Reconciled"))
		self.assertEqual([open_of(one) for one in invoices], [[(1, 0)]] * 2)

	def test_what_waits_goes_with_the_part_that_is_cancelled(self):
		"""900.00 posted and 450.00 waiting, of one line of 1,350.00: the first is cancelled, and the second is never posted without a line."""
		invoices, source, proposal = self.awaiting_for_two("Cash Part")
		posted, waiting = (row.payment_entry for row in proposal.rows)
		asked = [
			frappe.db.get_value("Approval Request", {"reference_name": one}) for one in (posted, waiting)
		]
		approvals.approve(asked[0])
		frappe.get_doc("Payment Entry", posted).submit()
		proposal.reload()
		self.assertEqual((proposal.status, open_of(invoices[0])), ("Awaiting Approval", [(1, 0)]))
		frappe.get_doc("Payment Entry", posted).cancel()
		proposal.reload()
		source.reload()
		self.assertFalse(frappe.db.exists("Payment Entry", waiting))
		self.assertEqual(frappe.db.get_value("Approval Request", asked[1], "status"), "Closed")
		self.assertEqual((proposal.status, source.unallocated_amount), ("Undone", 1350))
		self.assertEqual([row.payment_entry for row in proposal.rows], [None, None])
		self.assertIn(waiting, proposal.message)
		self.assertEqual([open_of(one) for one in invoices], [[(1, 900)], [(1, 450)]])
		frappe.set_user("Administrator")
		self.assertEqual(matched(source)[0].status, "Proposed")

	def test_what_breaks_over_one_of_several_costs_the_others_nothing(self):
		"""900.00 each; over the first of three the booking itself breaks, after it was half done."""
		invoices = [invoice(f"Cash Broken {letter} Ltd", [900]) for letter in "ABC"]
		found = matched(*(line(900, one.name, one.customer) for one in invoices))
		made = payment.for_bank_line

		def broken(proposal, *args):
			entry = made(proposal, *args)
			if proposal.name == found[0].name:
				entry.insert()
				raise KeyError("cost_center")
			return entry

		with patch.object(payment, "for_bank_line", broken):
			results = api.apply_many([one.name for one in found])
		self.assertEqual([one["status"] for one in results], ["Proposed", "Applied", "Applied"])
		self.assertIn("cost_center", results[0]["error"])
		self.assertEqual([open_of(one) for one in invoices], [[(1, 900)], [(1, 0)], [(1, 0)]])
		self.assertFalse(frappe.db.exists("Payment Entry", {"party": invoices[0].customer, "docstatus": 0}))
		self.assertTrue(frappe.db.exists("Error Log", {"method": ("like", f"%{found[0].name}%")}))

	def test_several_installments_of_one_invoice_by_their_terms(self):
		"""One invoice with three installments of 300.00; the second is named, and paid before the first."""
		terms = [f"SCA Part {number}" for number in (1, 2, 3)]
		for term in terms:
			if not frappe.db.exists("Payment Term", term):
				frappe.get_doc({"doctype": "Payment Term", "payment_term_name": term}).insert()
		invoice = frappe.get_doc(
			{
				"doctype": "Sales Invoice",
				"company": make.COMPANY,
				"customer": customer("Cash Terms Ltd"),
				"cost_center": make.COST_CENTER,
				"items": [
					{"item_code": make.SERVICE, "qty": 1, "rate": 900, "cost_center": make.COST_CENTER}
				],
				"payment_schedule": [
					{
						"payment_term": term,
						"due_date": add_days(today(), 30 * number),
						"invoice_portion": portion,
						"payment_amount": 9 * portion,
					}
					for number, (term, portion) in enumerate(
						zip(terms, (33.333333, 33.333333, 33.333334), strict=True), 1
					)
				],
			}
		).insert()
		invoice.submit()
		self.assertEqual(open_of(invoice), [(1, 300), (2, 300), (3, 300)])
		source = line(300, f"{invoice.name} installment 2", "Cash Terms Ltd")
		(proposal,) = matched(source)
		self.assertEqual([row.installment_no for row in proposal.rows], [2])
		api.apply(proposal.name)
		self.assertEqual(open_of(invoice), [(1, 300), (2, 0), (3, 300)])
		api.undo(proposal.name)
		self.assertEqual(open_of(invoice), [(1, 300), (2, 300), (3, 300)])

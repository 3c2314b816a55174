"""What was approved is what is posted: every material field counts, harmless ones do not, and saving alone changes nothing."""

from datetime import datetime, timedelta

import frappe
from frappe.utils import add_days, flt, nowdate, today

from sales_crm_accounts.services.approvals import content, gate, requests
from sales_crm_accounts.tests import approval_factories as people
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.approval_case import ApprovalCase
from sales_crm_accounts.tests.approval_documents import Documents

OTHER = {
	"Date": add_days(today(), 17),
	"Datetime": add_days(today(), 17) + " 10:00:00",
	"Time": "03:04:05",
}


def fresh(doc):
	return frappe.get_doc(doc.doctype, doc.name)


def other(value, fieldtype: str):
	"""A value that differs from the field's."""
	if fieldtype in ("Currency", "Float", "Percent"):
		return flt(value) + 0.01
	if fieldtype == "Check":
		return 0 if value else 1
	if fieldtype == "Int":
		return (value or 0) + 1
	return OTHER.get(fieldtype, f"{value or ''}x")


class TestApprovalContent(Documents, ApprovalCase):
	def test_saving_submitting_and_the_next_day_change_nothing(self):
		"""Approved on the saved draft, posted a day later with every computation of ERPNext: never asked again."""
		for title, maker in self.makers():
			with self.subTest(title):
				people.remove_chains()
				doc = maker()
				people.make_chain("SCA Stable", doc.doctype)
				doc = fresh(doc)
				request = people.ask(doc, "Administrator")
				before = content.material(fresh(doc))
				fresh(doc).save()
				frappe.db.commit()
				self.assertEqual(content.changed(content.as_text(before), content.material(fresh(doc))), [])
				self.assertEqual(fresh(request).status, "Open")
				people.approve(request)
				# Documents that take the day of their posting by themselves may be posted on another one.
				own_day = doc.meta.has_field("set_posting_time") and not doc.get("set_posting_time")
				with self.freeze_time(
					f"{add_days(nowdate(), 1)} 12:00:00" if own_day else frappe.utils.now()
				):
					try:
						fresh(doc).submit()
					except gate.ApprovalRequired as stop:
						frappe.db.rollback()
						found = content.changed(content.as_text(before), content.material(fresh(doc)))
						self.fail(f"{title} asked again: {stop} {found}")
				frappe.db.commit()
				self.assertEqual(frappe.db.get_value(doc.doctype, doc.name, "docstatus"), 1)
				self.assertEqual(fresh(request).posted, 1)

	def test_every_material_field_counts(self):
		"""Each field of the document and of its rows, one by one; and rows added, taken away or put in another order."""
		for title, maker in self.makers():
			doc = fresh(maker())
			before = content.fingerprint_of(doc)
			header, tables = content._material_fields(doc.doctype)
			skipped = content._own_day(doc)
			with self.subTest(title):
				self.assertGreater(len(header), 5)
				self.assertFound(doc, doc, header, skipped, before)
				for table, fields in tables.items():
					if doc.get(table) and not content._filled_by_erpnext(doc, table):
						self.assertFound(doc, doc.get(table)[0], fields, (), before)
						rows = list(doc.get(table))
						doc.set(table, rows[1:])
						self.assertNotEqual(content.fingerprint_of(doc), before, table)
						doc.set(table, [*rows, rows[0]])
						self.assertNotEqual(content.fingerprint_of(doc), before, table)
						doc.set(table, rows)
			self.assertEqual(content.fingerprint_of(doc), before)

	def test_times_are_the_same_in_memory_and_in_the_database(self):
		self.assertEqual(
			content.plain("01:50:21.300000", "Time"),
			content.plain(timedelta(hours=1, minutes=50, seconds=21.3), "Time"),
		)
		self.assertEqual(
			content.plain("2026-01-02 03:04:05", "Datetime"),
			content.plain(datetime(2026, 1, 2, 3, 4, 5), "Datetime"),
		)

	def assertFound(self, doc, holder, fields, skipped, before: str):
		for name, fieldtype in fields:
			if name in skipped:
				continue
			value = holder.get(name)
			holder.set(name, other(value, fieldtype))
			self.assertNotEqual(content.fingerprint_of(doc), before, f"{holder.doctype}.{name}")
			holder.set(name, value)

	def test_all_fields_that_post_are_material(self):
		"""Whatever goes into the ledger stands in the material fields of what is approved."""
		posted = {
			"Sales Invoice": "customer debit_to currency conversion_rate base_grand_total base_rounding_adjustment write_off_amount write_off_account is_return return_against cost_center update_stock discount_amount apply_discount_on is_pos change_amount loyalty_amount is_opening",
			"Sales Invoice Item": "item_code qty rate amount income_account cost_center warehouse deferred_revenue_account enable_deferred_revenue service_start_date service_end_date expense_account serial_no batch_no conversion_factor",
			"Sales Taxes and Charges": "account_head rate tax_amount charge_type cost_center included_in_print_rate add_deduct_tax",
			"Payment Schedule": "due_date payment_amount discount discount_date",
			"Purchase Invoice": "supplier credit_to bill_no bill_date tax_withholding_category is_paid paid_amount cash_bank_account on_hold",
			"Payment Entry": "payment_type party_type party paid_from paid_to paid_amount received_amount source_exchange_rate target_exchange_rate posting_date bank_account party_bank_account mode_of_payment reference_no",
			"Payment Entry Reference": "reference_doctype reference_name allocated_amount",
			"Payment Entry Deduction": "account amount cost_center",
			"Journal Entry": "voucher_type posting_date company finance_book multi_currency is_opening reversal_of",
			"Journal Entry Account": "account party_type party debit_in_account_currency credit_in_account_currency exchange_rate cost_center project reference_type reference_name is_advance",
			"Stock Entry": "purpose posting_date from_warehouse to_warehouse",
			"Stock Entry Detail": "item_code qty basic_rate s_warehouse t_warehouse expense_account set_basic_rate_manually allow_zero_valuation_rate",
			"Stock Reconciliation Item": "item_code warehouse qty valuation_rate",
			"Sales Order": "customer delivery_date base_grand_total selling_price_list",
			"Purchase Order": "supplier schedule_date base_grand_total",
			"Asset": "gross_purchase_amount asset_category location available_for_use_date company item_code",
			"Deal": "customer currency expected_close_date net_total",
			"Deal Plan Row": "basis percent amount billing_trigger due_rule",
		}
		for doctype, names in posted.items():
			material = {name for name, _type in content._find_fields(doctype, "", None)}
			meta = frappe.get_meta(doctype)
			with self.subTest(doctype):
				there = {
					name
					for name in names.split()
					if meta.has_field(name) and not meta.get_field(name).is_virtual
				}
				self.assertEqual(there - material, set())

	def test_changed_after_approval_asks_again(self):
		"""Header, row, tax row, added row: the old round is over, nothing is posted, and the next round says what changed."""
		people.make_chain("SCA Invoices", "Sales Invoice")

		def header(doc):
			doc.po_no = "PO-7"

		def row(doc):
			doc.items[0].rate = 101

		def tax(doc):
			doc.taxes[0].rate = 11

		def added(doc):
			doc.append(
				"items", {"item_code": make.HOURS, "qty": 1, "rate": 1, "cost_center": make.COST_CENTER}
			)

		for change in (header, row, tax, added):
			with self.subTest(change.__name__):
				invoice = people.invoice()
				request = people.approve(people.ask(invoice))
				with people.as_user(people.REQUESTER):
					doc = fresh(invoice)
					change(doc)
					doc.save()
					frappe.db.commit()
				self.assertEqual(fresh(request).status, "Superseded")
				again = self.assertStopped(invoice, lambda: fresh(invoice).submit())  # noqa: B023
				self.assertEqual((again.round, again.previous_request), (2, request.name))
				self.assertTrue(content.changed(request.content, content.material(fresh(invoice))))

	def test_changed_and_submitted_in_one_go(self):
		people.make_chain("SCA Invoices", "Sales Invoice")
		invoice = people.invoice()
		request = people.approve(people.ask(invoice))
		with people.as_user(people.REQUESTER):
			doc = fresh(invoice)
			doc.items[0].qty = 50
			with self.assertRaises(gate.ApprovalRequired):
				doc.submit()
			frappe.db.rollback()
		self.assertNotPosted(invoice)
		# What stands in the database is still what was approved.
		self.assertEqual((fresh(request).status, fresh(request).posted), ("Approved", 0))

	def test_changed_by_another_connection_before_it_is_posted(self):
		from sales_crm_accounts.services.approvals import posting
		from sales_crm_accounts.tests.test_exactly_once import in_process

		people.make_chain("SCA Invoices", "Sales Invoice")
		invoice = people.invoice()
		request = people.approve(people.ask(invoice))

		def change(name):
			frappe.set_user(people.COLLEAGUE)
			doc = frappe.get_doc("Sales Invoice", name)
			doc.items[0].rate = 999
			doc.save()
			frappe.db.commit()

		other_connection = in_process(change, invoice.name)
		other_connection.join(120)
		posting.post(request.name)
		self.assertNotPosted(invoice)
		self.assertEqual(fresh(request).status, "Superseded")

	def test_harmless_edits_do_not_ask_again(self):
		people.make_chain("SCA Invoices", "Sales Invoice")
		make.ensure("Letter Head", "SCA Letter", letter_head_name="SCA Letter", content="SCA")
		contact = make.ensure(
			"Contact",
			f"SCA Contact-{make.CUSTOMER}",
			first_name="SCA Contact",
			links=[{"link_doctype": "Customer", "link_name": make.CUSTOMER}],
		)
		invoice = people.invoice()
		request = people.approve(people.ask(invoice))
		with people.as_user(people.REQUESTER):
			doc = fresh(invoice)
			doc.remarks, doc.letter_head, doc.contact_person = "Another word", "SCA Letter", contact
			doc.items[0].description = "Another description"
			doc.save()
			frappe.db.commit()
			self.assertEqual(fresh(request).status, "Approved")
			fresh(invoice).submit()
			frappe.db.commit()
		self.assertPosted(invoice)

	def test_posted_order_keeps_what_was_approved(self):
		"""Update Items changes a posted order; with a chain over orders, an amendment is asked for instead."""
		import json

		from erpnext.controllers.accounts_controller import update_child_qty_rate

		people.make_chain("SCA Orders", "Sales Order")
		order = self.selling("Sales Order", delivery_date=add_days(today(), 9))
		people.approve(people.ask(order, "Administrator"))
		fresh(order).submit()
		frappe.db.commit()
		row = fresh(order).items[0]
		lines = [
			{
				"docname": row.name,
				"item_code": row.item_code,
				"qty": 300,
				"rate": row.rate,
				"delivery_date": str(row.delivery_date),
			}
		]
		with self.assertRaises(gate.ApprovalRequired):
			update_child_qty_rate("Sales Order", json.dumps(lines), order.name)
		frappe.db.rollback()
		self.assertEqual(fresh(order).items[0].qty, 3)

	def test_posted_invoice_keeps_its_accounts(self):
		people.make_chain("SCA Invoices", "Sales Invoice")
		invoice = people.invoice()
		people.approve(people.ask(invoice))
		fresh(invoice).submit()
		frappe.db.commit()
		doc = fresh(invoice)
		doc.items[0].income_account = f"Service - {make.ABBR}"
		with self.assertRaises(gate.ApprovalRequired):
			doc.save()
		frappe.db.rollback()
		self.assertEqual(requests.latest_of("Sales Invoice", invoice.name, "Submit").status, "Approved")

"""Vouchers that ERPNext posts by itself pass a chain over journals; what only looks like one does not."""

import frappe
from frappe.utils import add_months, get_first_day, get_last_day, today

from sales_crm_accounts.services.approvals import gate
from sales_crm_accounts.tests import approval_factories as people
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.approval_case import ApprovalCase

JOURNAL = "Journal Entry"
GAIN = f"Exchange Gain/Loss - {make.ABBR}"
SALES = f"Sales - {make.ABBR}"


def outcome(name: str):
	return frappe.db.get_value("Approval Gate Log", {"reference_name": name}, ["outcome", "reason"])


class TestApprovalSystemVouchers(ApprovalCase):
	def setUp(self):
		super().setUp()
		frappe.set_user("Administrator")
		frappe.db.set_value("Company", make.COMPANY, "exchange_gain_loss_account", GAIN)
		frappe.clear_document_cache("Company", make.COMPANY)
		frappe.db.commit()

	def chain(self):
		people.make_chain()
		frappe.db.commit()

	def posted(self, doc):
		frappe.get_doc(doc.doctype, doc.name).submit()
		frappe.db.commit()
		return frappe.get_doc(doc.doctype, doc.name)

	def journals_of(self, doctype: str, name: str, voucher_type: str) -> list:
		rows = frappe.get_all(
			"Journal Entry Account",
			filters={"reference_type": doctype, "reference_name": name, "docstatus": 1},
			pluck="parent",
			distinct=True,
		)
		return frappe.get_all(
			JOURNAL,
			filters={"name": ("in", rows or [""]), "voucher_type": voucher_type, "docstatus": 1},
			pluck="name",
		)

	def assertCraftedIsStopped(self, rows: list[dict], voucher_type: str, **values):
		"""The same kind and flag on a journal that does something else: it needs approval like any other."""
		with people.as_user(people.REQUESTER):
			entry = frappe.get_doc(
				{
					"doctype": JOURNAL,
					"voucher_type": voucher_type,
					"company": make.COMPANY,
					"posting_date": today(),
					"cheque_no": "X",
					"cheque_date": today(),
					"is_system_generated": 1,
					"accounts": [{"cost_center": make.COST_CENTER, **row} for row in rows],
					**values,
				}
			)
			entry.insert()
			frappe.db.commit()
			with self.assertRaises(gate.ApprovalRequired):
				frappe.get_doc(JOURNAL, entry.name).submit()
			frappe.db.rollback()
		self.assertNotPosted(entry)

	# Exchange gain or loss

	def eur_invoice(self):
		invoice = people.invoice(
			user="Administrator",
			customer=make.FOREIGN_CUSTOMER,
			currency="EUR",
			conversion_rate=make.EUR_RATE,
			debit_to=make.EUR_DEBTORS,
		)
		return self.posted(invoice)

	def eur_payment(self, invoice=None, rate: float = 1.5):
		payment = people.payment(
			110,
			user="Administrator",
			payment_type="Receive",
			party=make.FOREIGN_CUSTOMER,
			paid_from=make.EUR_DEBTORS,
			paid_to=make.EUR_BANK,
			source_exchange_rate=rate,
			target_exchange_rate=rate,
			references=[
				{
					"reference_doctype": "Sales Invoice",
					"reference_name": invoice.name,
					"allocated_amount": 110,
				}
			]
			if invoice
			else [],
		)
		return self.posted(payment)

	def test_exchange_gain_on_paying_at_another_rate(self):
		self.chain()
		invoice = self.eur_invoice()
		payment = self.eur_payment(invoice)
		self.assertPosted(payment)
		(journal,) = self.journals_of("Sales Invoice", invoice.name, "Exchange Gain Or Loss")
		self.assertEqual(outcome(journal), ("System Voucher", "Exchange Gain Or Loss"))
		self.assertEqual(frappe.db.get_value(JOURNAL, journal, "total_debit"), 27.5)
		# The same gain a second time is nobody's.
		self.assertCraftedIsStopped(
			[
				self.party_row(invoice, debit=27.5),
				{
					"account": GAIN,
					"credit": 27.5,
					"reference_type": "Payment Entry",
					"reference_name": payment.name,
				},
			],
			"Exchange Gain Or Loss",
			multi_currency=1,
		)

	def party_row(self, invoice, **values) -> dict:
		return {
			"account": make.EUR_DEBTORS,
			"party_type": "Customer",
			"party": make.FOREIGN_CUSTOMER,
			"exchange_rate": 0,
			"reference_type": "Sales Invoice",
			"reference_name": invoice.name,
			"debit_in_account_currency": 0,
			"credit_in_account_currency": 0,
			**values,
		}

	def test_exchange_gain_that_nothing_made(self):
		invoice = self.eur_invoice()
		payment = self.eur_payment(rate=make.EUR_RATE)
		self.chain()
		self.assertCraftedIsStopped(
			[
				self.party_row(invoice, debit=100000),
				{
					"account": GAIN,
					"credit": 100000,
					"reference_type": "Payment Entry",
					"reference_name": payment.name,
				},
			],
			"Exchange Gain Or Loss",
			multi_currency=1,
		)

	def test_exchange_gain_to_another_account(self):
		self.chain()
		self.assertCraftedIsStopped(
			[
				{"account": make.BANK, "credit_in_account_currency": 900},
				{"account": GAIN, "debit_in_account_currency": 900},
			],
			"Exchange Gain Or Loss",
		)

	# Reconciliation

	def reconcile(self, customer: str, account: str, invoice: str, payment: str):
		tool = frappe.get_doc("Payment Reconciliation")
		tool.update({"company": make.COMPANY, "party_type": "Customer", "party": customer})
		tool.receivable_payable_account = account
		tool.invoice_limit = tool.payment_limit = 0  # the site may hold many others
		tool.get_unreconciled_entries()
		tool.allocate_entries(
			frappe._dict(
				invoices=[row.as_dict() for row in tool.invoices if row.invoice_number == invoice],
				payments=[row.as_dict() for row in tool.payments if row.reference_name == payment],
			)
		)
		for row in tool.allocation:
			row.difference_account = GAIN
		tool.reconcile()
		frappe.db.commit()

	def test_credit_note_is_reconciled(self):
		first, second = (self.posted(people.invoice(user="Administrator")) for _time in range(2))
		note = make.credit_note(first, for_self=1)
		frappe.db.commit()
		self.chain()
		self.reconcile(make.CUSTOMER, make.DEBTORS, second.name, note.name)
		(journal,) = self.journals_of("Sales Invoice", second.name, "Credit Note")
		self.assertEqual(outcome(journal), ("System Voucher", "Reconciliation"))
		self.assertEqual(frappe.db.get_value("Sales Invoice", second.name, "outstanding_amount"), 0)

	def test_payment_at_another_rate_is_reconciled(self):
		"""The gain is posted while the payment's own lines are being written anew."""
		invoice, payment = self.eur_invoice(), self.eur_payment()
		self.chain()
		self.reconcile(make.FOREIGN_CUSTOMER, make.EUR_DEBTORS, invoice.name, payment.name)
		(journal,) = self.journals_of("Sales Invoice", invoice.name, "Exchange Gain Or Loss")
		self.assertEqual(outcome(journal), ("System Voucher", "Exchange Gain Or Loss"))
		self.assertEqual(frappe.db.get_value("Sales Invoice", invoice.name, "outstanding_amount"), 0)

	def test_credit_note_that_is_an_ordinary_journal(self):
		self.chain()
		self.assertCraftedIsStopped(
			[
				{
					"account": make.DEBTORS,
					"party_type": "Customer",
					"party": make.CUSTOMER,
					"credit_in_account_currency": 500,
				},
				{"account": SALES, "debit_in_account_currency": 500},
			],
			"Credit Note",
		)

	# Common party

	def test_common_party(self):
		settings = frappe.get_doc("Accounts Settings")
		settings.db_set("enable_common_party_accounting", 1)
		frappe.clear_document_cache("Accounts Settings")
		self.addCleanup(frappe.db.set_single_value, "Accounts Settings", "enable_common_party_accounting", 0)
		if not frappe.db.exists("Party Link", {"primary_party": people.supplier()}):
			frappe.get_doc(
				{
					"doctype": "Party Link",
					"primary_role": "Supplier",
					"primary_party": people.supplier(),
					"secondary_role": "Customer",
					"secondary_party": make.CUSTOMER,
				}
			).insert(ignore_permissions=True)
		self.addCleanup(frappe.db.delete, "Party Link", {"primary_party": people.supplier()})
		frappe.db.commit()
		self.chain()
		invoice = self.posted(people.invoice(user="Administrator"))
		(journal,) = self.journals_of("Sales Invoice", invoice.name, "Journal Entry")
		self.assertEqual(outcome(journal), ("System Voucher", "Common Party"))
		# The other direction makes a debt to the supplier out of nothing.
		other = frappe.get_doc(JOURNAL, journal)
		open_ = people.invoice(user="Administrator")
		frappe.db.set_value(
			"Party Link", {"primary_party": people.supplier()}, "secondary_party", make.FOREIGN_CUSTOMER
		)
		open_ = self.posted(open_)
		frappe.db.set_value(
			"Party Link", {"primary_party": people.supplier()}, "secondary_party", make.CUSTOMER
		)
		frappe.db.commit()
		customer_row = next(row for row in other.accounts if row.party_type == "Customer")
		self.assertCraftedIsStopped(
			[
				{
					"account": customer_row.account,
					"party_type": "Customer",
					"party": make.CUSTOMER,
					"debit_in_account_currency": 110,
					"reference_type": "Sales Invoice",
					"reference_name": open_.name,
				},
				{
					"account": f"Creditors - {make.ABBR}",
					"party_type": "Supplier",
					"party": people.supplier(),
					"credit_in_account_currency": 110,
					"is_advance": "No",
				},
			],
			"Journal Entry",
		)

	# Deferred revenue

	def test_deferred_revenue(self):
		for field in ("book_deferred_entries_via_journal_entry", "submit_journal_entries"):
			frappe.db.set_single_value("Accounts Settings", field, 1)
			self.addCleanup(frappe.db.set_single_value, "Accounts Settings", field, 0)
		deferred = make.account("SCA Deferred", "Current Liabilities", "")
		start = get_first_day(add_months(today(), -2))
		invoice = people.invoice(
			user="Administrator",
			set_posting_time=1,
			posting_date=start,
			due_date=start,
			taxes_and_charges=None,
			items=[
				{
					"item_code": make.SERVICE,
					"qty": 1,
					"rate": 1200,
					"cost_center": make.COST_CENTER,
					"enable_deferred_revenue": 1,
					"deferred_revenue_account": deferred,
					"service_start_date": start,
					"service_end_date": get_last_day(add_months(start, 11)),
				}
			],
		)
		invoice = self.posted(invoice)
		self.chain()
		frappe.get_doc(
			{
				"doctype": "Process Deferred Accounting",
				"company": make.COMPANY,
				"posting_date": today(),
				"start_date": start,
				"end_date": get_last_day(add_months(start, 1)),
				"type": "Income",
			}
		).insert().submit()
		frappe.db.commit()
		journals = self.journals_of("Sales Invoice", invoice.name, "Deferred Revenue")
		self.assertEqual(len(journals), 2)
		for journal in journals:
			self.assertEqual(outcome(journal), ("System Voucher", "Deferred"))
		line = {
			"reference_type": "Sales Invoice",
			"reference_name": invoice.name,
			"reference_detail_no": invoice.items[0].name,
		}
		# The whole year at once.
		self.assertCraftedIsStopped(
			[
				{"account": deferred, "debit_in_account_currency": 900, **line},
				{"account": SALES, "credit_in_account_currency": 900, **line},
			],
			"Deferred Revenue",
		)

	# Depreciation

	def test_depreciation(self):
		from erpnext.assets.doctype.asset.depreciation import make_depreciation_entry

		asset, accounts = people.asset()
		asset.submit()
		frappe.db.commit()
		self.chain()
		schedule = frappe.db.get_value("Asset Depreciation Schedule", {"asset": asset.name, "docstatus": 1})
		make_depreciation_entry(schedule)
		frappe.db.commit()
		journals = self.journals_of("Asset", asset.name, "Depreciation Entry")
		self.assertTrue(journals)
		for journal in journals:
			self.assertEqual(outcome(journal), ("System Voucher", "Depreciation"))
		line = {"reference_type": "Asset", "reference_name": asset.name}
		self.assertCraftedIsStopped(
			[
				{
					"account": accounts["accumulated_depreciation_account"],
					"credit_in_account_currency": 77,
					**line,
				},
				{
					"account": accounts["depreciation_expense_account"],
					"debit_in_account_currency": 77,
					**line,
				},
			],
			"Depreciation Entry",
		)

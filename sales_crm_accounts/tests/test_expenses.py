"""Expenses of deals: entered by salespeople, posted by accountants as one document of ERPNext, taken back with it."""

import frappe
from frappe.utils import add_days, add_months, getdate, today

from sales_crm_accounts.api import expenses as api
from sales_crm_accounts.api import profit as profit_api
from sales_crm_accounts.services.expenses import budget, events
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import approval_factories as people
from sales_crm_accounts.tests import expense_factories as spend
from sales_crm_accounts.tests import factories as make

as_user = people.as_user


class ExpenseCase(SiteTestCase):
	@classmethod
	def setUpClass(cls):
		super().setUpClass()
		people.employee(make.SELLER)
		spend.setup()
		frappe.db.commit()


class TestPosting(ExpenseCase):
	def test_a_salesperson_enters_it_and_the_accountant_posts_it(self):
		"""110.00 with 10 % of tax included: 100.00 cost on the deal, 10.00 tax, 110.00 from the bank."""
		number = frappe.generate_hash(length=8)
		with as_user(make.SELLER):
			deal = make.make_deal()
			doc = spend.expense(deal, 110, tax_template=spend.VAT_10, bill_no=number)
			self.assertEqual(
				(doc.company, doc.currency, doc.expense_account, doc.status, doc.owner),
				(make.COMPANY, "USD", spend.TRAVEL_ACCOUNT, "Draft", make.SELLER),
			)
			self.assertEqual((doc.net_amount, doc.tax_amount, doc.total_amount), (100, 10, 110))
			self.assertRaises(frappe.PermissionError, doc.submit)
		frappe.db.commit()
		with as_user(make.ACCOUNTANT):
			doc = frappe.get_doc("Deal Expense", doc.name)
			doc.submit()
		doc.reload()
		self.assertEqual((doc.status, doc.voucher_type), ("Posted", "Journal Entry"))
		self.assertEqual(
			spend.ledger(doc),
			sorted(
				[
					(make.BANK, deal.name, -110.0),
					(spend.INPUT_VAT, deal.name, 10.0),
					(spend.TRAVEL_ACCOUNT, deal.name, 100.0),
				]
			),
		)
		journal = frappe.get_doc("Journal Entry", doc.voucher_no)
		self.assertEqual((journal.docstatus, journal.deal_expense, journal.cheque_no), (1, doc.name, number))
		told = events.expense_events("Deal", deal.name)
		self.assertIn(doc.name, told[0]["content"])
		self.assertIn("100.00", told[0]["content"])
		frappe.db.commit()
		with as_user(make.ACCOUNTANT):
			self.assertMessage("is the posting of Deal Expense", journal.cancel)
			frappe.db.rollback()
			# A copy of the journal is nobody's posting.
			copied = frappe.copy_doc(frappe.get_doc("Journal Entry", doc.voucher_no), ignore_no_copy=True)
			copied.deal_expense = doc.name
			copied.insert()
			self.assertIsNone(copied.deal_expense)
			doc = frappe.get_doc("Deal Expense", doc.name)
			doc.cancel()
		doc.reload()
		self.assertEqual(doc.status, "Cancelled")
		self.assertEqual(frappe.db.get_value("Journal Entry", doc.voucher_no, "docstatus"), 2)
		self.assertEqual(spend.ledger(doc), [])
		self.assertMessage("cannot be deleted", frappe.delete_doc, "Deal Expense", doc.name)
		with as_user(make.ACCOUNTANT):
			amended = frappe.copy_doc(doc, ignore_no_copy=True)
			amended.amended_from, amended.docstatus = doc.name, 0
			amended.insert().submit()
		amended.reload()
		self.assertEqual((amended.status, len(spend.ledger(amended))), ("Posted", 3))
		self.assertNotEqual(amended.voucher_no, doc.voucher_no)

	def test_an_employee_is_owed_what_they_paid(self):
		"""25.50 paid by the salesperson: cost against what is owed to the employee, who comes from the user."""
		employee = frappe.db.get_value("Employee", {"user_id": make.SELLER})
		deal = make.make_deal(deal_owner=make.SELLER)
		with as_user(make.SELLER):
			doc = spend.expense(deal, 25.50, paid_by="Employee")
			self.assertEqual(doc.employee, employee)
		with as_user(make.ACCOUNTANT):
			frappe.get_doc("Deal Expense", doc.name).submit()
		self.assertEqual(
			spend.ledger(doc),
			sorted([(spend.OWED, deal.name, -25.5), (spend.TRAVEL_ACCOUNT, deal.name, 25.5)]),
		)
		self.assertEqual(
			frappe.db.get_value("GL Entry", {"voucher_no": doc.voucher_no, "account": spend.OWED}, "party"),
			employee,
		)

	def test_a_supplier_s_bill_over_three_deals_with_tax_on_top(self):
		"""100.00 plus 10 % over three deals by revenue 900 : 900 : 900 is 33.34 + 33.33 + 33.33, and 110.00 is owed."""
		deals = [make.make_deal() for _n in range(3)]
		with as_user(make.ACCOUNTANT):
			doc = spend.expense(
				None,
				100,
				spend.TRANSPORT,
				paid_by="Supplier",
				supplier=spend.SUPPLIER,
				bill_no=frappe.generate_hash(length=8),
				tax_template=spend.VAT_10,
				tax_included=0,
				split_by="Revenue",
				shares=[{"deal": deal.name} for deal in deals],
				submit=True,
			)
		doc.reload()
		self.assertEqual(
			(doc.voucher_type, doc.deal, doc.total_amount), ("Purchase Invoice", deals[0].name, 110)
		)
		found = spend.ledger(doc)
		self.assertEqual(
			[row for row in found if row[0] == spend.TRANSPORT_ACCOUNT],
			sorted(
				(spend.TRANSPORT_ACCOUNT, deal.name, cost)
				for deal, cost in zip(deals, (33.34, 33.33, 33.33), strict=True)
			),
		)
		self.assertEqual(sum(row[2] for row in found if row[0] == spend.INPUT_VAT), 10)
		self.assertEqual(sum(row[2] for row in found if row[0] == spend.CREDITORS), -110)
		# Another category by the same account comes first by name; the expense counts under its own.
		panel = profit_api.deal_profit(deals[0].name)
		self.assertEqual(
			[(row["category"], row["actual"], row["accounts"]) for row in panel["categories"]],
			[(spend.TRANSPORT, 33.34, [spend.TRANSPORT_ACCOUNT])],
		)
		bill = frappe.get_doc("Purchase Invoice", doc.voucher_no)
		self.assertEqual((bill.outstanding_amount, bill.taxes[0].rate), (110, 10))
		doc.cancel()
		self.assertEqual(frappe.db.get_value("Purchase Invoice", bill.name, "docstatus"), 2)

	def test_a_tax_that_is_lost_is_cost_of_each_deal(self):
		"""110.00 including 10 % that cannot be claimed back, 70 : 30: 70.00 + 7.00 and 30.00 + 3.00."""
		one, two = make.make_deal(), make.make_deal()
		for payer in (
			{"paid_by": "Company Account"},
			{"paid_by": "Supplier", "supplier": spend.SUPPLIER, "bill_no": frappe.generate_hash(length=8)},
		):
			doc = spend.expense(
				one,
				110,
				tax_template=spend.LOST_VAT_10,
				split_by="Percent",
				shares=[{"deal": one.name, "percent": 70}, {"deal": two.name, "percent": 30}],
				submit=True,
				**payer,
			)
			costs = [row for row in spend.ledger(doc) if row[0] in (spend.TRAVEL_ACCOUNT, spend.LOST_VAT)]
			self.assertEqual(
				costs,
				sorted(
					[
						(spend.TRAVEL_ACCOUNT, one.name, 70.0),
						(spend.TRAVEL_ACCOUNT, two.name, 30.0),
						(spend.LOST_VAT, one.name, 7.0),
						(spend.LOST_VAT, two.name, 3.0),
					]
				),
				payer,
			)
			self.assertEqual(flt_sum(spend.ledger(doc)), 0)

	def test_euro_from_a_euro_account_from_a_dollar_account_and_billed_in_euro(self):
		"""99.99 EUR at 1.25 are 124.99 USD (124.9875), over two deals by amount 33.33 and 66.66: 41.66 + 83.33."""
		one, two = make.make_deal(), make.make_deal()
		shares = [{"deal": one.name, "amount": 33.33}, {"deal": two.name, "amount": 66.66}]
		for payer, account in (
			({"paid_from": make.EUR_BANK}, make.EUR_BANK),
			({"paid_from": make.BANK}, make.BANK),
			({"paid_by": "Supplier", "supplier": spend.EUR_SUPPLIER}, spend.EUR_CREDITORS),
		):
			doc = spend.expense(
				one,
				99.99,
				currency="EUR",
				conversion_rate=make.EUR_RATE,
				shares=[dict(row) for row in shares],
				submit=True,
				**payer,
			)
			found = spend.ledger(doc)
			if doc.voucher_type == "Journal Entry":
				self.assertEqual(
					found,
					sorted(
						[
							(account, "", -124.99),
							(spend.TRAVEL_ACCOUNT, one.name, 41.66),
							(spend.TRAVEL_ACCOUNT, two.name, 83.33),
						]
					),
				)
			self.assertEqual(flt_sum(found), 0)
			paid = frappe.get_all(
				"GL Entry",
				filters={"voucher_no": doc.voucher_no, "account": account},
				fields=["credit_in_account_currency"],
			)
			wanted = 124.99 if account == make.BANK else 99.99
			self.assertAlmostEqual(sum(row.credit_in_account_currency for row in paid), wanted, 2)

	def test_the_next_one_of_an_auto_repeat(self):
		"""Dated its own day, with the rate of that day, without receipt and number; posted on its own, or a draft of the same owner."""
		deal = make.make_deal(deal_owner=make.SELLER)
		with as_user(make.SELLER):
			first = spend.expense(deal, 40, spend.MARKETING, bill_no=frappe.generate_hash(length=8))
		first.submit()
		repeat = frappe.get_doc(
			{
				"doctype": "Auto Repeat",
				"reference_doctype": "Deal Expense",
				"reference_document": first.name,
				"frequency": "Monthly",
				"start_date": today(),
				"submit_on_creation": 1,
			}
		).insert()
		self.addCleanup(frappe.delete_doc, "Auto Repeat", repeat.name, force=True)
		repeat.next_schedule_date = getdate(today())
		second = repeat.make_new_document()
		second.reload()
		self.assertEqual(
			(second.docstatus, second.status, second.amount, second.bill_no, second.auto_repeat),
			(1, "Posted", 40, None, repeat.name),
		)
		self.assertNotEqual(second.voucher_no, first.reload().voucher_no)
		self.assertEqual(getdate(second.posting_date), getdate(today()))
		repeat.submit_on_creation = 0
		repeat.save()
		repeat.next_schedule_date = getdate(today())
		draft = repeat.make_new_document().reload()
		self.assertEqual((draft.docstatus, draft.owner, draft.voucher_no), (0, make.SELLER, None))
		bell = frappe.get_all(
			"Notification Log",
			filters={"document_name": ("in", [second.name, draft.name])},
			fields=["for_user", "document_name"],
		)
		self.assertEqual([(row.for_user, row.document_name) for row in bell], [(make.SELLER, draft.name)])
		frappe.db.set_value("Deal Expense", {"auto_repeat": repeat.name}, "auto_repeat", None)


def flt_sum(rows) -> float:
	return round(sum(row[2] for row in rows), 2)


class TestBadInput(ExpenseCase):
	def test_deals_that_take_no_expenses(self):
		deal = make.make_deal()
		draft = spend.expense(deal, 10)
		for status, text in (
			("Cancelled", "is cancelled"),
			("Lost", "is lost"),
			("Completed", "is completed"),
		):
			frappe.db.set_value("Deal", deal.name, "status", status)
			self.assertMessage(text, spend.expense, deal, 10)
			# One that was entered before is stopped when it is posted.
			self.assertMessage(text, frappe.get_doc("Deal Expense", draft.name).submit)
		self.assertEqual(spend.expense(deal, 10, spend.SERVICE).docstatus, 0)

	def test_what_is_missing_is_said(self):
		deal = make.make_deal()
		self.assertMessage("Choose the deal", spend.expense, None, 10)
		self.assertMessage("must be more than 0", spend.expense, deal, 0)
		self.assertMessage("no expense account for company", spend.expense(deal, 10, spend.BARE).submit)
		self.assertMessage(
			"Choose the employee", spend.expense(deal, 10, paid_by="Employee", employee=None).submit
		)
		self.assertMessage("Choose the supplier", spend.expense(deal, 10, paid_by="Supplier").submit)
		self.assertMessage("in the future", spend.expense, deal, 10, posting_date=add_days(today(), 1))
		self.assertMessage("Nothing can be paid from", spend.expense, deal, 10, paid_from=make.DEBTORS)
		self.assertMessage("Account SCA Bank EUR", _plain(spend.expense), deal, 10, paid_from=make.EUR_BANK)
		frappe.db.set_value("Currency", "JPY", "enabled", 1)
		self.assertMessage("no exchange rate from JPY to USD", spend.expense, deal, 1000, currency="JPY")
		category = frappe.get_doc("Deal Expense Category", spend.BARE)
		category.append("accounts", {"company": make.COMPANY, "expense_account": f"Sales - {make.ABBR}"})
		self.assertMessage("is no expense account", category.save)

	def test_shares(self):
		one, two = make.make_deal(), make.make_deal()

		def shared(*rows, **values):
			return spend.expense(one, 100, shares=list(rows), **values)

		self.assertMessage(
			"Share the difference of 0.01",
			shared,
			{"deal": one.name, "amount": 40},
			{"deal": two.name, "amount": 59.99},
		)
		self.assertMessage(
			"must sum to 100",
			shared,
			{"deal": one.name, "percent": 40},
			{"deal": two.name, "percent": 59},
			split_by="Percent",
		)
		self.assertMessage("is not among the shares", shared, {"deal": two.name, "amount": 100})
		self.assertMessage(
			"is there twice",
			shared,
			{"deal": one.name, "amount": 50},
			{"deal": one.name, "amount": 50},
		)

	def test_a_closed_period_stops_the_posting_whole(self):
		"""ERPNext's own check; neither voucher nor expense is left posted."""
		deal = make.make_deal()
		day = add_months(today(), -2)
		period = frappe.get_doc(
			{
				"doctype": "Accounting Period",
				"period_name": f"SCA {frappe.generate_hash(length=6)}",
				"company": make.COMPANY,
				"start_date": day,
				"end_date": day,
				"closed_documents": [{"document_type": "Journal Entry", "closed": 1}],
			}
		).insert()
		doc = spend.expense(deal, 10, posting_date=day)
		frappe.db.commit()
		try:
			with as_user(make.ACCOUNTANT):
				self.assertMessage(period.name, frappe.get_doc("Deal Expense", doc.name).submit)
			frappe.db.rollback()
			self.assertEqual(
				frappe.db.get_value("Deal Expense", doc.name, ["docstatus", "status"]), (0, "Draft")
			)
			self.assertFalse(frappe.db.exists("Journal Entry", {"deal_expense": doc.name}))
		finally:
			frappe.delete_doc("Accounting Period", period.name, force=True)
			frappe.db.commit()

	def test_the_same_receipt_twice(self):
		"""By the file, whatever it is called; by supplier, number, day and amount; not for a second taxi ride."""
		deal = make.make_deal(deal_owner=make.SELLER)
		photo = frappe.generate_hash().encode()
		with as_user(make.SELLER):
			first = spend.expense(deal, 20, receipt=spend.receipt(photo, "one.png"))
			self.assertTrue(first.receipt_hash)
			again = spend.receipt(photo, "two.png")
			self.assertMessage("The same file", spend.expense, deal, 21, receipt=again)
			self.assertEqual(spend.expense(deal, 20).docstatus, 0)
			number = frappe.generate_hash(length=8)
			bill = {"paid_by": "Supplier", "supplier": spend.SUPPLIER, "bill_no": number}
			spend.expense(deal, 30, **bill)
			bill["bill_no"] = f" {number[:4]}-{number[4:].upper()}"
			self.assertMessage("supplier and number", spend.expense, deal, 30, **bill)
			self.assertEqual(spend.expense(deal, 30.01, **bill).docstatus, 0)
			self.assertRaises(
				frappe.PermissionError, spend.expense, deal, 21, receipt=again, not_a_duplicate=1
			)
		with as_user(make.ACCOUNTANT):
			other = spend.expense(deal, 21, receipt=again, not_a_duplicate=1)
			other.submit()
		self.assertEqual(other.docstatus, 1)
		# A file that was attached beside the receipt counts as well.
		plain = spend.expense(deal, 22)
		frappe.get_doc(
			{
				"doctype": "File",
				"file_name": "x.txt",
				"content": "twice " + number,
				"attached_to_doctype": "Deal Expense",
				"attached_to_name": plain.name,
			}
		).insert()
		second = spend.expense(deal, 23)
		frappe.get_doc(
			{
				"doctype": "File",
				"file_name": "y.txt",
				"content": "twice " + number,
				"attached_to_doctype": "Deal Expense",
				"attached_to_name": second.name,
			}
		).insert()
		self.assertMessage("The same file", second.submit)


def _plain(function):
	"""The same with its message free of markup."""

	def call(*args, **kwargs):
		try:
			return function(*args, **kwargs)
		except frappe.ValidationError as error:
			raise type(error)(frappe.utils.strip_html(str(error))) from error

	return call


class TestAccess(ExpenseCase):
	def test_who_sees_and_changes_what(self):
		with as_user(make.OTHER_SELLER):
			theirs = make.make_deal()
		with as_user(make.SELLER):
			mine = make.make_deal()
			doc = spend.expense(mine, 10)
			self.assertIn(doc.name, frappe.get_list("Deal Expense", pluck="name", limit_page_length=0))
			self.assertRaises(frappe.PermissionError, spend.expense, theirs, 10)
			doc.deal = theirs.name
			self.assertRaises(frappe.PermissionError, doc.save)
			doc.reload()
			self.assertRaises(frappe.PermissionError, api.deal_costs, theirs.name)
		with as_user(make.OTHER_SELLER):
			self.assertNotIn(doc.name, frappe.get_list("Deal Expense", pluck="name", limit_page_length=0))
			self.assertFalse(frappe.get_doc("Deal Expense", doc.name).has_permission("read"))
		# Part of the cost falls on the other's deal: they see it, and leave it as it is.
		doc.update({"shares": [{"deal": mine.name, "amount": 4}, {"deal": theirs.name, "amount": 6}]})
		doc.save()
		with as_user(make.OTHER_SELLER):
			shown = frappe.get_doc("Deal Expense", doc.name)
			self.assertIn(doc.name, frappe.get_list("Deal Expense", pluck="name", limit_page_length=0))
			self.assertTrue(shown.has_permission("read"))
			self.assertFalse(shown.has_permission("write"))
			self.assertFalse(shown.has_permission("delete"))
		auditor = make.make_user("auditor@sca.example.com", ["Auditor"])
		with as_user(auditor):
			shown = frappe.get_doc("Deal Expense", doc.name)
			self.assertTrue(shown.has_permission("read"))
			self.assertFalse(shown.has_permission("write"))
			self.assertFalse(shown.has_permission("submit"))


class TestBudget(ExpenseCase):
	def setUp(self):
		super().setUp()
		self.addCleanup(self.set_action, "")
		self.addCleanup(people.remove_chains)

	def set_action(self, action: str):
		category = frappe.get_doc("Deal Expense Category", spend.MARKETING)
		category.budget_action = action
		category.save()
		frappe.db.commit()

	def test_spent_counts_what_others_booked_once_and_what_happens_when_it_is_passed(self):
		"""Planned 500; an expense of 200 and a journal of 150 by the accountant leave 150; one of 150.01 is a cent too much."""
		deal = make.make_deal()
		spend.plan_cost(deal, spend.MARKETING, 500)
		spend.expense(deal, 200, spend.MARKETING, submit=True)
		make.journal(
			[
				{
					"account": spend.MARKETING_ACCOUNT,
					"debit_in_account_currency": 150,
					"deal": deal.name,
				},
				{"account": make.BANK, "credit_in_account_currency": 150, "deal": deal.name},
			]
		)
		row = next(row for row in api.deal_costs(deal.name) if row["category"] == spend.MARKETING)
		self.assertEqual((row["planned"], row["spent"], row["left"]), (500, 350, 150))
		fits = spend.expense(deal, 150, spend.MARKETING)
		self.assertEqual((fits.over_budget, api.budgets(fits.name)[0]["left"]), (0, 0))
		fits.delete()
		self.assertEqual(
			spend.expense(deal, 1000, spend.TRANSPORT).over_budget, 0
		)  # nothing planned, nothing passed

		frappe.local.message_log = []
		passed = spend.expense(deal, 150.01, spend.MARKETING)
		self.assertEqual((passed.over_budget, passed.budget_action), (1, "Warn"))
		self.assertIn("0.01 too much", frappe.utils.strip_html(str(frappe.local.message_log)))
		frappe.db.commit()
		self.set_action("Stop")
		self.assertMessage("Raise the planned cost", frappe.get_doc("Deal Expense", passed.name).submit)
		frappe.db.rollback()
		self.set_action("Ask for Approval")
		with as_user(make.ACCOUNTANT):
			self.assertMessage(
				"no active approval chain covers", frappe.get_doc("Deal Expense", passed.name).submit
			)
		frappe.db.rollback()
		self.set_action("Warn")
		frappe.get_doc("Deal Expense", passed.name).submit()
		self.assertEqual(float(budget.spent(make.COMPANY, [deal.name])[deal.name, spend.MARKETING]), 500.01)

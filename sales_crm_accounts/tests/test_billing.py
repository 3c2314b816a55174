"""Billing: which invoices are raised, with what on them, and each exactly once."""

from unittest.mock import patch

import frappe
from frappe.utils import add_days, add_months, flt, getdate, today

from sales_crm_accounts.api import deal as api
from sales_crm_accounts.api import desk as desk_api
from sales_crm_accounts.services import billing, ledger, sweep
from sales_crm_accounts.services.timeline import money_events
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import factories as make


class TestBilling(SiteTestCase):
	def tearDown(self):
		super().tearDown()
		make.drop_policies()

	def test_only_what_is_due_is_billed_and_once(self):
		deal = make.make_deal(make.thirds(), win=True, taxes_and_charges=make.TAX_TEMPLATE)
		for _run in range(2):
			sweep.bill_deal(deal.name)
		(invoice,) = make.invoices_of(deal)
		rows = make.installments(deal)
		self.assertEqual([row.status for row in rows], ["Billed", "Planned", "Planned"])
		self.assertEqual(rows[0].sales_invoice, invoice.name)
		self.assertEqual((invoice.docstatus, invoice.net_total, invoice.grand_total), (1, 299.97, 329.97))
		self.assertEqual(invoice.outstanding_amount, 329.97)
		self.assertEqual(getdate(invoice.due_date), getdate(add_days(today(), 30)))
		self.assertEqual((invoice.deal, invoice.deal_installment), (deal.name, rows[0].name))
		self.assertEqual(invoice.items[0].deal, deal.name)

	def test_winning_starts_the_job(self):
		deal = make.make_deal(win=True)
		self.billing_jobs.assert_called_once_with(deal.name, "Deal Won")

	def test_ledger_entries_carry_the_deal(self):
		deal = make.make_deal(win=True)
		(invoice,) = make.bill_all(deal)
		entries = frappe.get_all(
			"GL Entry", filters={"voucher_no": invoice.name}, fields=["account", "debit", "credit", "deal"]
		)
		self.assertEqual({entry.deal for entry in entries}, {deal.name})
		self.assertEqual(sum(entry.debit for entry in entries), 900)
		self.assertEqual(
			frappe.get_all("Payment Ledger Entry", filters={"voucher_no": invoice.name}, pluck="deal"),
			[deal.name],
		)

	def test_lines_come_to_the_deal_exactly(self):
		"""7 pieces at 14.29 = 100.03 and 2.5 h x 33.34 = 83.35 in sevenths: every line ends at its own amount."""
		for split in ("Rate", "Quantity"):
			with self.subTest(split=split):
				make.make_policy(line_split=split, invoicing_method="Invoice per Installment")
				plan = [make.row(f"P{n}", 14.28) for n in range(6)] + [make.row("Last")]
				deal = make.make_deal(
					plan, items=[(make.SERVICE, 7, 14.29), (make.HOURS, 2.5, 33.34)], win=True
				)
				invoices = make.bill_all(deal)
				self.assertEqual(
					[invoice.net_total for invoice in invoices],
					[row.net_amount for row in make.installments(deal)],
				)
				self.assertAlmostEqual(sum(invoice.net_total for invoice in invoices), 183.38, places=6)
				for item, amount in zip(deal.items, (100.03, 83.35), strict=True):
					billed = sum(
						row.amount
						for invoice in invoices
						for row in invoice.items
						if row.deal_item == item.name
					)
					self.assertAlmostEqual(billed, amount, places=6)

	def test_discount_is_shared(self):
		"""1,000.00 less 100.00 in halves: each invoice 500.00 less 50.00."""
		deal = make.make_deal(
			[make.row("A", 50), make.row("B", 50)],
			items=[(make.SERVICE, 1, 1000)],
			discount_amount=100,
			win=True,
		)
		for invoice in make.bill_all(deal):
			self.assertEqual((invoice.total, invoice.discount_amount, invoice.net_total), (500, 50, 450))

	def test_one_invoice_with_schedule(self):
		make.make_policy(invoicing_method="One Invoice with Schedule")
		deal = make.make_deal(make.thirds(), win=True, taxes_and_charges=make.TAX_TEMPLATE)
		sweep.bill_deal(deal.name)
		(invoice,) = make.invoices_of(deal)
		self.assertEqual(invoice.grand_total, 990)
		self.assertEqual([row.payment_amount for row in invoice.payment_schedule], [329.97, 329.97, 330.06])
		self.assertEqual([row.outstanding for row in invoice.payment_schedule], [329.97, 329.97, 330.06])
		self.assertEqual(
			[getdate(row.due_date) for row in invoice.payment_schedule],
			[getdate(add_days(day, 30)) for day in (today(), add_months(today(), 1), add_months(today(), 2))],
		)
		self.assertEqual({row.sales_invoice for row in make.installments(deal)}, {invoice.name})
		self.assertEqual([row.status for row in make.installments(deal)], ["Billed"] * 3)

	def test_one_invoice_refuses_equal_due_dates_and_unknown_ones(self):
		make.make_policy(invoicing_method="One Invoice with Schedule")
		with self.assertRaises(frappe.ValidationError) as caught:
			make.make_deal([make.row("A", 50), make.row("B", 50)])
		self.assertIn("rows 1 and 2 are both due", str(caught.exception))
		with self.assertRaises(frappe.ValidationError) as caught:
			make.make_deal(
				[make.row("A", 50), make.row("B", 50, billing_trigger="On Milestone", milestone="Go-live")]
			)
		self.assertIn("has no date yet", str(caught.exception))

	def test_one_invoice_leaves_what_waits_for_its_milestone(self):
		"""900.00 on one invoice; a change adds 100.00 now and 100.00 on go-live, which are 900 + 100 and, once confirmed, 100."""
		make.make_policy(invoicing_method="One Invoice with Schedule")
		deal = make.make_deal(win=True)
		sweep.bill_deal(deal.name)
		make.make_change(
			deal,
			[
				make.row("Extra", amount=100),
				make.row("Live", billing_trigger="On Milestone", milestone="Go-live"),
			],
			amount_change=200,
			submit=True,
		)
		frappe.db.commit()
		sweep.bill_deal(deal.name)
		self.assertEqual([invoice.net_total for invoice in make.invoices_of(deal)], [900, 100])
		waiting = make.installments(deal)[2]
		self.assertFalse(waiting.sales_invoice)
		(result,) = api.bill(deal.name, waiting.name)
		self.assertEqual(result.reason, "Waits for Go-live.")
		api.confirm(waiting.name)
		sweep.bill_deal(deal.name)
		self.assertEqual([invoice.net_total for invoice in make.invoices_of(deal)], [900, 100, 100])

	def test_one_invoice_and_what_is_on_hold(self):
		"""300.00 a month: the held one that is asked for comes with the others; another held one stays behind."""
		make.make_policy(invoicing_method="One Invoice with Schedule")
		for held, taken, total in ((0, [0, 1, 2], 900), (1, [0, 2], 600.03)):
			with self.subTest(held=held):
				deal = make.make_deal(make.thirds(), win=True)
				rows = make.installments(deal)
				api.hold(rows[held].name, "Asked by the customer")
				api.bill(deal.name, rows[0].name)
				(invoice,) = make.invoices_of(deal)
				self.assertEqual(invoice.net_total, total)
				rows = make.installments(deal)
				self.assertEqual([index for index, row in enumerate(rows) if row.sales_invoice], taken)
		api.release(rows[1].name)
		api.bill(deal.name, rows[1].name)
		self.assertEqual([invoice.net_total for invoice in make.invoices_of(deal)], [600.03, 299.97])

	def test_policy_is_obeyed(self):
		income = make.account("SCA Projects", "Direct Income", "Income Account")
		cost_center = make.ensure(
			"Cost Center",
			f"SCA Projects - {make.ABBR}",
			cost_center_name="SCA Projects",
			company=make.COMPANY,
			parent_cost_center=f"{make.COMPANY} - {make.ABBR}",
		)
		letter_head = make.ensure(
			"Letter Head", "SCA Head", letter_head_name="SCA Head", source="HTML", content="SCA", disabled=1
		)
		# Enabled only now: Frappe makes the first one of a site its default.
		frappe.db.set_value("Letter Head", letter_head, "disabled", 0)
		terms = make.ensure(
			"Terms and Conditions", "SCA Terms", title="SCA Terms", terms="Pay in time.", selling=1
		)
		person = make.ensure("Sales Person", "SCA Policy Seller", sales_person_name="SCA Policy Seller")
		make.make_policy(
			submit_invoices=0,
			income_account=income,
			cost_center=cost_center,
			letter_head=letter_head,
			tc_name=terms,
			naming_series="ACC-SINV-.YYYY.-",
			days_ahead=40,
			taxes_and_charges=make.TAX_TEMPLATE,
		)
		deal = make.make_deal(
			make.thirds(),
			win=True,
			cost_center=None,
			sales_team=[{"sales_person": person, "allocated_percentage": 100, "commission_rate": 5}],
		)
		sweep.bill_deal(deal.name)
		invoices = make.invoices_of(deal)
		self.assertEqual(
			[invoice.docstatus for invoice in invoices], [0, 0]
		)  # now, and 40 days ahead of one month
		self.assertEqual({row.income_account for invoice in invoices for row in invoice.items}, {income})
		self.assertEqual({row.cost_center for invoice in invoices for row in invoice.items}, {cost_center})
		for invoice in invoices:
			self.assertEqual(
				(invoice.cost_center, invoice.letter_head, invoice.tc_name, invoice.terms),
				(cost_center, letter_head, terms, "Pay in time."),
			)
			(seller,) = invoice.sales_team
			# 5 % of 299.97 is 14.9985.
			self.assertEqual(
				(seller.sales_person, seller.allocated_percentage, flt(seller.commission_rate)),
				(person, 100, 5),
			)
			self.assertEqual((seller.allocated_amount, seller.incentives), (299.97, 15))
		self.assertEqual(invoices[0].grand_total, 329.97)
		# The due date still counts from the planned day.
		self.assertEqual(getdate(invoices[1].due_date), getdate(add_days(add_months(today(), 1), 30)))
		# A draft is not billed yet; submitting it is.
		self.assertEqual([row.status for row in make.installments(deal)], ["Ready", "Ready", "Planned"])
		invoices[0].submit()
		ledger.flush()
		self.assertEqual([row.status for row in make.installments(deal)], ["Billed", "Ready", "Planned"])

	def test_sales_order(self):
		"""900.00 in halves on one order; 5 % of it for the seller, typed on the deal, is 45.00, whatever rate the seller has."""
		make.make_policy(create_sales_order=1)
		person = make.ensure(
			"Sales Person", "SCA Order Seller", sales_person_name="SCA Order Seller", commission_rate=2
		)
		deal = make.make_deal(
			[make.row("A", 50), make.row("B", 50)],
			delivery_date=add_days(today(), 10),
			win=True,
			sales_team=[{"sales_person": person, "allocated_percentage": 100, "commission_rate": 5}],
		)
		order = frappe.get_doc("Sales Order", deal.sales_order)
		self.assertEqual((order.docstatus, order.net_total, order.deal), (1, 900, deal.name))
		(seller,) = order.sales_team
		self.assertEqual((flt(seller.commission_rate), seller.incentives), (5, 45))
		make.bill_all(deal)
		order.reload()
		self.assertEqual(order.per_billed, 100)

	def test_missed_days_are_caught_up(self):
		deal = make.make_deal(make.thirds(), win=True)
		for row in make.installments(deal):
			frappe.db.set_value("Deal Installment", row.name, "planned_invoice_date", add_days(today(), -20))
		frappe.db.commit()
		sweep.sca_daily_billing()
		invoices = make.invoices_of(deal)
		self.assertEqual(len(invoices), 3)
		self.assertEqual({str(invoice.posting_date) for invoice in invoices}, {today()})
		self.assertEqual(
			{getdate(invoice.due_date) for invoice in invoices}, {getdate(add_days(today(), 30))}
		)

	def test_pause_and_manual_policy(self):
		frappe.db.set_single_value("Sales CRM Accounts Settings", "pause_billing", 1)
		deal = make.make_deal(win=True)
		sweep.sca_daily_billing()
		self.assertFalse(make.invoices_of(deal))
		frappe.db.set_single_value("Sales CRM Accounts Settings", "pause_billing", 0)
		make.make_policy(automatic_billing=0)
		other = make.make_deal(win=True)
		frappe.db.commit()
		sweep.sca_daily_billing()
		self.assertEqual((len(make.invoices_of(deal)), len(make.invoices_of(other))), (1, 0))
		api.bill(other.name)
		self.assertEqual(len(make.invoices_of(other)), 1)

	def test_a_pause_stops_what_is_queued_but_nobodys_own_click(self):
		deals = [make.make_deal(win=True) for _number in range(3)]
		names = sorted(make.installments(deal)[0].name for deal in deals)
		pause = lambda on: frappe.db.set_single_value("Sales CRM Accounts Settings", "pause_billing", on)  # noqa: E731
		self.addCleanup(pause, 0)

		def pause_after_the_first(*args, **kwargs):
			result = bill_unit(*args, **kwargs)
			pause(1)
			return result

		bill_unit = billing._bill_unit
		with patch.object(billing, "_bill_unit", pause_after_the_first):
			sweep.bill_chunk(names, "Daily Sweep")
		billed = lambda: [len(make.invoices_of(deal)) for deal in deals]  # noqa: E731
		self.assertEqual(sorted(billed()), [0, 0, 1])
		sweep.bill_chunk(names, "Daily Sweep")
		for deal in deals:
			sweep.bill_deal(deal.name, "Deal Won")
			sweep.bill_after_event(deal.name, "Manual")
		with patch.object(frappe, "enqueue") as enqueue:
			self.assertIn("paused", desk_api.run_billing()["message"])
		enqueue.assert_not_called()
		self.assertEqual(sorted(billed()), [0, 0, 1])
		for deal in deals:
			api.bill(deal.name)
		self.assertEqual(billed(), [1, 1, 1])

	def test_customers_own_terms_do_not_replace_the_plan(self):
		term = make.ensure(
			"Payment Term",
			"SCA Net 5",
			payment_term_name="SCA Net 5",
			invoice_portion=100,
			credit_days=5,
			due_date_based_on="Day(s) after invoice date",
		)
		template = make.ensure(
			"Payment Terms Template",
			"SCA Net 5",
			template_name="SCA Net 5",
			terms=[
				{
					"payment_term": term,
					"invoice_portion": 100,
					"credit_days": 5,
					"due_date_based_on": "Day(s) after invoice date",
				}
			],
		)
		frappe.db.set_value("Customer", make.CUSTOMER, "payment_terms", template)
		try:
			deal = make.make_deal([make.row("All", 100, due_days=60)], win=True)
			(invoice,) = make.bill_all(deal)
			self.assertEqual(getdate(invoice.due_date), getdate(add_days(today(), 60)))
		finally:
			frappe.db.set_value("Customer", make.CUSTOMER, "payment_terms", None)

	def test_mail_goes_once_with_the_invoice(self):
		frappe.db.set_value("Customer", make.CUSTOMER, "email_id", "buyer@sca.example.com")
		make.ensure(
			"Email Template",
			"SCA Invoice",
			__newname="SCA Invoice",
			subject="Invoice {{ doc.name }}",
			response="Dear {{ doc.customer }}",
		)
		make.make_policy(email_invoice=1, email_template="SCA Invoice")
		deal = make.make_deal(win=True)
		with patch("frappe.sendmail", side_effect=frappe.OutgoingEmailError("no account")):
			sweep.bill_deal(deal.name)
		(invoice,) = make.invoices_of(deal)
		self.assertTrue(
			frappe.db.exists("Comment", {"reference_name": invoice.name, "content": ("like", "%no account%")})
		)
		make.mail_account()
		deal = make.make_deal(win=True)
		for _run in range(2):
			sweep.bill_deal(deal.name)
		(invoice,) = make.invoices_of(deal)
		mails = frappe.get_all(
			"Email Queue", filters={"reference_name": invoice.name}, fields=["name", "message"]
		)
		self.assertEqual(len(mails), 1)
		self.assertIn(invoice.name, mails[0].message)
		self.assertEqual(
			frappe.parse_json(frappe.db.get_value("Email Queue", mails[0].name, "attachments"))[0]["name"],
			invoice.name,
		)


class TestSweep(SiteTestCase):
	def test_large_sweeps_are_shared_by_deal(self):
		names = [f"D{deal}-{row:02d}" for row in range(1, 4) for deal in range(90)]
		chunks = sweep._chunks(names)
		self.assertEqual(sorted(name for chunk in chunks for name in chunk), sorted(names))
		self.assertEqual([len(chunk) for chunk in chunks], [102, 102, 66])
		deals = [{name.rsplit("-", 1)[0] for name in chunk} for chunk in chunks]
		self.assertFalse(deals[0] & deals[1] or deals[1] & deals[2] or deals[0] & deals[2])

	def test_money_stands_on_the_timeline(self):
		deal = make.make_deal(win=True)
		(invoice,) = make.bill_all(deal)
		entry = make.pay(invoice, 400)
		events = money_events("Deal", deal.name)
		self.assertEqual(len(events), 2)
		self.assertIn(entry.name, events[0]["content"])
		self.assertIn("400.00", events[0]["content"])
		self.assertIn(invoice.name, events[1]["content"])
		self.assertIn("900.00", events[1]["content"])

"""Interest and fees on a real site: invoices, part payments, taxes, credit notes, and the people who may do what.

Interest is 10 % a year, Actual/365, so a day on 365.00 costs 0.10.
"""

from types import SimpleNamespace
from unittest.mock import patch

import frappe
from frappe.utils import flt, today

from sales_crm_accounts.api import charges as api
from sales_crm_accounts.services.receivables import charge_invoices, charges
from sales_crm_accounts.tests import approval_factories as people
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.charge_case import (
	COLLECTOR,
	HEAD,
	TABLE,
	TERMS,
	ChargeCase,
	charge,
	day,
	late_invoice,
	lines,
	state,
	waiver,
)


class TestCharges(ChargeCase):
	def test_from_late_money_to_the_books_and_back(self):
		"""730.00 due 40 days ago, 365.00 due 10 days ago; 365.00 came 20 days ago.

		First: 20 days on 730.00 are 4.00, 20 days on 365.00 are 2.00 = 6.00. Second: 10 days on 365.00 are 1.00.
		Invoice: 7.00 + 0.70 tax. 2.00 of the first are waived: 2.20 credited, 5.50 open; then the other 4.00: 4.40, 1.10 open.
		"""
		invoice = late_invoice((730, -40), (365, -10))
		make.pay(invoice, 365, day(-20))
		entries = frappe.db.count("GL Entry")
		with people.as_user(COLLECTOR):
			with patch.object(api, "AT_ONCE", 1), patch("frappe.enqueue") as job:
				answer = api.charge(make.COMPANY, customer=make.CUSTOMER)
			self.assertEqual((answer["names"], job.call_count), ([], 1))
			self.assertGreater(answer["queued"], 1)
			names = set(api.charge(make.COMPANY, customer=make.CUSTOMER)["names"])
		first, second = (
			frappe.get_doc("Receivable Charge", {"sales_invoice": invoice.name, "installment_no": number})
			for number in (1, 2)
		)
		self.assertTrue({first.name, second.name} <= names)
		self.assertEqual(
			[(row.day_count, row.balance, row.annual_rate, row.amount) for row in first.rows],
			[(20, 730, 10, 4), (20, 365, 10, 2)],
		)
		self.assertEqual((first.period_from, first.period_to), (day(-39), day(0)))
		self.assertEqual((state(first), state(second)), (("Claimed", 6, 0, 6), ("Claimed", 1, 0, 1)))
		self.assertEqual(frappe.db.count("GL Entry"), entries, "a claim posts nothing")
		self.assertEqual(charge(invoice), [], "the same days are charged once")

		with people.as_user(COLLECTOR), self.assertRaises(frappe.PermissionError):
			api.make_invoices([first.name, second.name])
		with people.as_user(make.ACCOUNTANT):
			(result,) = api.make_invoices([first.name, second.name])
			self.assertEqual(result.reason, "")
			self.assertEqual(api.make_invoices([first.name, second.name]), [], "invoiced once")
		bill = frappe.get_doc("Sales Invoice", result.invoice)
		self.assertEqual((bill.docstatus, bill.net_total, bill.grand_total), (1, 7, 7.7))
		self.assertEqual(
			lines(bill.name),
			[(make.DEBTORS, 7.7, 0), (f"Sales - {make.ABBR}", 0, 7), (f"SCA VAT - {make.ABBR}", 0, 0.7)],
		)
		self.assertIn(invoice.name, bill.items[0].description)
		self.assertEqual((state(first)[0], state(second)[0]), ("Invoiced", "Invoiced"))

		part = waiver(first, 2)
		self.assertEqual(
			lines(part.credit_note),
			[(f"Sales - {make.ABBR}", 2, 0), (f"SCA VAT - {make.ABBR}", 0.2, 0), (make.DEBTORS, 0, 2.2)],
		)
		bill.reload()
		self.assertEqual((bill.outstanding_amount, state(first)), (5.5, ("Partly Waived", 6, 2, 4)))
		rows = {row.charge: row for row in self.report()}
		sums = ("amount", "waived_amount", "claimed_only", "invoiced", "paid")
		self.assertEqual([rows[first.name][field] for field in sums], [6, 2, 0, 4, 0])
		self.assertEqual([rows[second.name][field] for field in sums], [1, 0, 0, 1, 0])
		rest = waiver(first)
		bill.reload()
		self.assertEqual((rest.amount, bill.outstanding_amount), (4, 1.1))
		self.assertEqual(state(first), ("Waived", 6, 6, 0))
		self.assertMessage("Nothing of charge", waiver, first)
		note = frappe.get_doc("Sales Invoice", rest.credit_note)
		self.assertMessage("belongs to waiver", note.cancel)
		frappe.db.rollback()
		payment = make.pay(bill, 1.1)
		self.assertEqual((state(second)[0], state(first)[0]), ("Paid", "Waived"))
		payment.cancel()
		self.assertEqual(state(second)[0], "Invoiced")
		with people.as_user(HEAD):
			rest.reload()
			rest.cancel()
		bill.reload()
		self.assertEqual((bill.outstanding_amount, state(first)), (5.5, ("Partly Waived", 6, 2, 4)))
		self.assertEqual(frappe.db.get_value("Sales Invoice", note.name, "docstatus"), 2)

	def message(self, *invoices):
		"""A reminder with a fee of 10.00 over these invoices; only the level of 30 days charges interest."""
		policy = make.ensure(
			"Dunning Policy",
			"SCA Charging",
			policy_name="SCA Charging",
			company=make.COMPANY,
			enabled=0,
			levels=[
				{"title": "Friendly", "days": 7, "channel": "Letter"},
				{"title": "Firm", "days": 30, "channel": "Letter", "fee": 10, "charge_interest": 1},
			],
			texts=[
				{"level_title": title, "language": "en", "subject": title, "body": title}
				for title in ("Friendly", "Firm")
			],
		)
		message = frappe.get_doc(
			{
				"doctype": "Dunning Message",
				"company": make.COMPANY,
				"customer": make.CUSTOMER,
				"currency": "USD",
				"message_date": today(),
				"policy": policy,
				"level": 2,
				"channel": "Letter",
				"subject": "Firm",
				"body": "Firm",
				"fee": 10,
				"rows": [
					{"sales_invoice": invoice.name, "installment_no": 1, "level": level, "level_days": days}
					for invoice, (level, days) in zip(invoices, ((2, 30), (1, 7)), strict=True)
				],
			}
		)
		message.flags.sca_dunning = True
		return message.insert(ignore_permissions=True)

	def report(self):
		from sales_crm_accounts.sales_crm_accounts.report.receivable_charges import receivable_charges

		filters = frappe._dict(company=make.COMPANY, customer=make.CUSTOMER)
		with self.assertQueryCount(1):
			receivable_charges.get_rows(filters)
		columns, rows, *_rest = receivable_charges.execute(filters)
		self.assertTrue({column["fieldname"] for column in columns} <= set(rows[0]))
		return rows

	def test_the_number_of_statements_does_not_grow(self):
		"""Five invoices are looked at with as many statements as one."""
		names = [late_invoice((365, -40), (365, -20)).name for _number in range(5)]
		charges.preview(make.COMPANY, invoices=names)  # what is cached is cached
		with self.assertQueryCount(8):
			self.assertEqual(len(charges.preview(make.COMPANY, invoices=names[:1])), 2)
		with self.assertQueryCount(8):
			self.assertEqual(len(charges.preview(make.COMPANY, invoices=names)), 10)

	def test_the_next_charge_begins_where_the_last_ended(self):
		"""365.00 due 40 days ago: 10 days are 1.00, then 30 are 3.00; a cancelled claim's days are claimed again."""
		invoice = late_invoice((365, -40))
		(first,) = charge(invoice, as_of=day(-30))
		(second,) = charge(invoice)
		self.assertEqual((first.amount, second.amount, second.period_from), (1, 3, day(-29)))
		charges.cancel(first.name)
		(again,) = charge(invoice)
		self.assertEqual((again.period_from, again.period_to, again.amount), (day(-39), day(-30), 1))
		proposals = [
			SimpleNamespace(
				row=frappe._dict(
					company=make.COMPANY, customer=make.CUSTOMER, sales_invoice=invoice.name, installment_no=1,
					account_currency="USD", account=make.DEBTORS,
				),
				claim=SimpleNamespace(first=day(-39)),
				key=again.charge_key,
			)
		]  # fmt: skip
		exists = frappe.db.exists
		with patch.object(charges, "_new", lambda kind, key, source, **values: _twin(again)):
			# Another worker that did not see the claim when it looked: the unique key stops it.
			proposals[0].claim = SimpleNamespace(
				first=day(-39), last=day(-30), amount=1, exact=1, capped=False, pieces=(), amounts=()
			)
			proposals[0].rate_table, proposals[0].day_count = TABLE, "Actual/365"
			with patch.object(
				frappe.db, "exists", lambda *a, **k: None if "charge_key" in str(a) else exists(*a, **k)
			):
				self.assertEqual(charges.claim(proposals), [])
		self.assertEqual(frappe.db.count("Receivable Charge", {"charge_key": again.charge_key}), 1)
		self.assertMessage("today at the latest", charges.preview, make.COMPANY, day(1))

	def test_part_payments_by_term_by_journal_and_paid_late(self):
		"""A and B of 365.00, due 40 and 30 days ago. 365.00 for B 20 days ago, 182.50 by journal 10 days ago (A).

		A: 30 days on 365.00 = 3.00 and 10 days on 182.50 = 0.50. B: closed, 10 days on 365.00 = 1.00.
		"""
		invoice = late_invoice((365, -40), (365, -30), terms=TERMS)
		make.pay(invoice, 365, day(-20), term=TERMS[1])
		party = {"party_type": "Customer", "party": make.CUSTOMER, "account": make.DEBTORS}
		reference = {"reference_type": "Sales Invoice", "reference_name": invoice.name}
		make.journal(
			[
				{"account": make.BANK, "debit_in_account_currency": 182.5},
				{**party, **reference, "credit_in_account_currency": 182.5},
			],
			"Bank Entry",
			day(-10),
		)
		first, second = charge(invoice)
		self.assertEqual((first.amount, second.amount), (3.5, 1))
		self.assertEqual(second.period_to, day(-20))
		make.pay(invoice)
		self.assertEqual(charge(invoice), [])

	def test_grace_cap_minimum_and_start(self):
		"""365.00 due 40 days ago would cost 4.00."""
		invoice = late_invoice((365, -40))

		def amounts():
			proposals = charges.preview(make.COMPANY, invoices=[invoice.name])
			return [float(one.claim.amount) for one in proposals]

		for values, expected in (
			({}, [4]),
			({"interest_grace_days": 40}, []),
			({"interest_grace_days": 39}, [4]),
			({"interest_cap": 3}, [3]),
			({"interest_cap": 3, "interest_cap_percent": 0.5}, [1.83]),  # 1.825
			({"interest_minimum": 4.01}, []),
			({"charges_from": day(-9)}, [1]),
			({"interest_day_count": "Actual/360"}, [4.06]),  # 365 * 0.1 * 40 / 360 = 4.0556
			({"interest_rate_table": None}, []),
		):
			with self.subTest(**values):
				self.use(**values)
				self.assertEqual(amounts(), expected)

	def test_foreign_currency(self):
		"""365.00 EUR on an account in EUR: interest of 4.00 EUR, invoiced on that account. The cap of 2.50 USD is 2.00 EUR."""
		make.exchange_rate("EUR", "USD", make.EUR_RATE, day(-90))
		make.exchange_rate("USD", "EUR", 0.8)
		values = {"customer": make.FOREIGN_CUSTOMER, "currency": "EUR", "debit_to": make.EUR_DEBTORS}
		invoice = late_invoice((365, -40), **values)
		self.use(interest_cap=2.5)
		(one,) = charges.preview(make.COMPANY, invoices=[invoice.name])
		self.assertEqual((one.row.account_currency, float(one.claim.amount)), ("EUR", 2))
		self.use()
		(claim,) = charge(invoice)
		self.assertEqual((claim.currency, claim.amount), ("EUR", 4))
		(result,) = charge_invoices.invoice([claim.name])
		self.assertEqual(result.reason, "")
		bill = frappe.get_doc("Sales Invoice", result.invoice)
		self.assertEqual((bill.currency, bill.grand_total, bill.debit_to), ("EUR", 4.4, make.EUR_DEBTORS))
		self.assertEqual(charge(bill), [], "interest bears no interest")

	def test_settings_are_checked_when_they_are_saved(self):
		other = frappe.db.get_value("Sales Taxes and Charges Template", {"company": ("!=", make.COMPANY)})
		for values, text in (
			({"interest_item": make.MACHINE}, "is a stock item"),
			({"charge_taxes_template": other}, "belongs to another company"),
			({"interest_cap_percent": 101}, "more than the installment itself"),
		):
			with self.subTest(text=text):
				if None not in values.values():
					self.assertMessage(text, self.use, **values)
		rows = [{"from_date": "2000-01-01", "annual_rate": 1}] * 2
		table = {"doctype": "Interest Rate Table", "table_name": "SCA Twice", "rows": rows}
		self.assertMessage("begin on the same day", frappe.get_doc(table).insert)

	def test_mode_invoice_and_what_fails(self):
		"""Without an item the claim stands with the reason; the daily job invoices it once the item is there."""
		self.use(charge_mode="Invoice", interest_item=None)
		(claim,) = charge(late_invoice((365, -40)))
		self.assertEqual(state(claim)[0], "Claimed")
		self.assertIn("no item", claim.last_error)
		# Its deal is cancelled meanwhile: no invoice may name that.
		deal = make.make_deal(win=True)
		deal.cancel()
		frappe.db.set_value("Receivable Charge", claim.name, "deal", deal.name)
		self.use(charge_mode="Invoice")
		others = frappe.get_all(
			"Receivable Charge", {"company": make.COMPANY, "name": ("!=", claim.name)}, pluck="name"
		)
		with patch.object(charge_invoices, "invoice", lambda names: _only(names, others)):
			charge_invoices.sca_daily_charge_invoices()
		self.assertEqual((state(claim)[0], claim.last_error), ("Invoiced", None))

	def test_fees(self):
		"""By hand and by a message: once a message; a wrong invoice, interest by hand and changes are refused."""
		invoice = late_invoice((365, -40))
		fee = {
			"doctype": "Receivable Charge", "kind": "Fee", "company": make.COMPANY, "customer": make.CUSTOMER, "currency": "USD",
			"amount": 15, "reason": "Returned cheque", "sales_invoice": invoice.name, "status": "Paid",
		}  # fmt: skip
		with people.as_user(COLLECTOR):
			doc = frappe.get_doc(fee).insert()
			self.assertEqual((doc.status, doc.claimed_amount, doc.account), ("Claimed", 15, make.DEBTORS))
			self.assertMessage("By hand only fees", frappe.get_doc({**fee, "kind": "Interest"}).insert)
			self.assertMessage("more than 0", frappe.get_doc({**fee, "amount": -1}).insert)
			self.assertMessage("is owed in USD", frappe.get_doc({**fee, "currency": "EUR"}).insert)
			self.assertMessage("is of", frappe.get_doc({**fee, "customer": make.FOREIGN_CUSTOMER}).insert)
		with people.as_user(HEAD):
			doc.reload()
			doc.status, doc.waived_amount = "Paid", 15
			doc.save()
			self.assertEqual(state(doc), ("Claimed", 15, 0, 15))
			doc.amount = 20
			self.assertRaises(frappe.CannotChangeConstantError, doc.save)
		self.assertMessage("part of the customer's history", doc.delete)

		message = self.message(invoice, late_invoice((365, -10)))
		names = charges.claim_for_message(message)
		self.assertEqual(charges.claim_for_message(message), names)
		self.assertEqual(
			frappe.get_all(
				"Receivable Charge",
				{"source_name": message.name},
				["kind", "amount", "sales_invoice"],
				order_by="kind",
				as_list=True,
			),
			(("Fee", 10, None), ("Interest", 4, invoice.name)),
		)
		(result,) = charge_invoices.invoice([doc.name, *names])
		bill = frappe.get_doc("Sales Invoice", result.invoice)
		self.assertEqual(
			[(row.item_code, row.amount) for row in bill.items],
			[("SCA Fee", 15), ("SCA Fee", 10), ("SCA Interest", 4)],
		)
		self.assertIn("Returned cheque", bill.items[0].description)

	def test_the_invoice_itself_is_cancelled(self):
		invoice = late_invoice((365, -40))
		(claim,) = charge(invoice)
		invoice.reload()
		invoice.cancel()
		self.assertEqual((state(claim)[0], claim.charge_key), ("Cancelled", None))

	def test_who_sees_what(self):
		"""A salesperson sees the charges of own deals only, and charges nothing."""
		deal = make.make_deal(win=True, deal_owner=make.SELLER)
		(bill,) = make.bill_all(deal)
		frappe.db.set_value("Open Installment", f"{bill.name}-01", "due_date", day(-40))
		(claim,) = charge(bill)
		frappe.db.commit()
		self.assertEqual((claim.deal, flt(claim.amount)), (deal.name, 9.86))  # 900 * 0.1 * 40 / 365 = 9.8630
		for user, sees in ((make.SELLER, 1), (make.OTHER_SELLER, 0), (COLLECTOR, 1), (make.ACCOUNTANT, 1)):
			with self.subTest(user=user), people.as_user(user):
				self.assertEqual(len(frappe.get_list("Receivable Charge", {"name": claim.name})), sees)
		with people.as_user(make.SELLER):
			for function, values in (
				(api.charge, (make.COMPANY,)),
				(api.preview, (make.COMPANY,)),
				(api.cancel, (claim.name,)),
			):
				self.assertRaises(frappe.PermissionError, function, *values)


def _twin(charge):
	doc = frappe.copy_doc(charge)
	doc.charge_key = charge.charge_key
	doc.rows = []
	return doc


def _only(names, others):
	return _INVOICE([name for name in names if name not in others])


_INVOICE = charge_invoices.invoice

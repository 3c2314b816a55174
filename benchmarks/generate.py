"""Fill a scratch site with a large, believable book: customers, won deals, invoices in three installments, and payments.

For benchmarks only: rows are written without documents, so there are no GL Entries and nothing can be cancelled. Seeded: the same
numbers give the same book. A second call replaces the first one's rows.

    python benchmarks/generate.py --site bench.localhost --invoices 200000
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random

from site_tools import connected, parser

PREFIX = "SCABM"
DAY = date(2026, 11, 23)
STAMP = datetime(2026, 11, 23, 12)
TERMS = ("SCABM Term 1", "SCABM Term 2", "SCABM Term 3")
TABLES = (
	"Customer", "Deal", "Deal Installment", "Sales Invoice", "Sales Invoice Item", "Payment Schedule", "Payment Ledger Entry",
	"Payment Entry", "Payment Entry Reference", "Payment Entry Deduction", "Journal Entry", "Journal Entry Account",
	"Open Installment",
)  # fmt: skip


class Book:
	def __init__(self, frappe, invoices: int, seed: int, company: str):
		self.db, self.random, self.invoices, self.company = frappe.db, Random(seed), invoices, company
		self.delays = Random(seed + 1)
		defaults = frappe.get_cached_doc("Company", company)
		self.currency, self.debtors, self.write_off = (
			defaults.default_currency,
			defaults.default_receivable_account,
			defaults.write_off_account,
		)
		self.customers = [f"{PREFIX}-C{number:06}" for number in range(max(20, invoices // 40))]
		self.rows: dict[str, list[dict]] = {}
		self.serial = 0

	def add(self, doctype: str, **values) -> str:
		if "name" not in values:
			self.serial += 1
			values["name"] = f"{PREFIX}-{self.serial:09}"
		values.update(creation=STAMP, modified=STAMP, owner="Administrator", modified_by="Administrator")
		self.rows.setdefault(doctype, []).append(values)
		if len(self.rows[doctype]) >= 10_000:
			self.flush(doctype)
		return values["name"]

	def flush(self, *doctypes: str):
		for doctype in doctypes or list(self.rows):
			by_columns: dict[tuple, list] = {}
			for row in self.rows.pop(doctype, []):
				by_columns.setdefault(tuple(row), []).append(tuple(row.values()))
			for columns, values in by_columns.items():
				self.db.bulk_insert(doctype, list(columns), values, chunk_size=2_000)
			self.db.commit()

	def clear(self):
		for doctype in TABLES:
			self.db.sql(f"delete from `tab{doctype}` where name like %s", f"{PREFIX}-%")
			self.db.commit()

	def fill(self):
		for customer in self.customers:
			self.add(
				"Customer", name=customer, customer_name=customer, customer_type="Company", customer_group="Commercial",
				territory="All Territories",
			)  # fmt: skip
		for number in range(self.invoices):
			self.invoice(number)
		self.flush()

	def invoice(self, number: int):
		random = self.random
		name, customer = f"{PREFIX}-I{number:07}", random.choice(self.customers)
		total, posted = random.randint(30_000, 3_000_000) / 100, DAY - timedelta(days=random.randint(0, 720))
		parts = [round(total / 3, 2), round(total / 3, 2)]
		parts.append(round(total - sum(parts), 2))
		dues = [posted + timedelta(days=30 * (n + 1)) for n in range(3)]
		deal = f"{PREFIX}-D{number:07}" if number % 2 else None
		closed = self.settle(name, customer, total, parts, dues)
		self.add(
			"Sales Invoice", name=name, docstatus=1, customer=customer, customer_name=customer, company=self.company,
			posting_date=posted, due_date=dues[-1], currency=self.currency, conversion_rate=1, debit_to=self.debtors,
			party_account_currency=self.currency, grand_total=total, base_grand_total=total, net_total=total, base_net_total=total,
			total=total, base_total=total, outstanding_amount=round(total - closed, 2), update_outstanding_for_self=1, deal=deal,
			status="Paid" if closed == total else "Overdue" if dues[0] < DAY else "Unpaid", is_opening="No",
		)  # fmt: skip
		for idx, (due, part) in enumerate(zip(dues, parts, strict=False)):
			self.add(
				"Payment Schedule", parent=name, parenttype="Sales Invoice", parentfield="payment_schedule", idx=idx + 1, docstatus=1,
				due_date=due, payment_amount=part, base_payment_amount=part, outstanding=part, payment_term=TERMS[idx],
			)  # fmt: skip
		self.entry(name, "Sales Invoice", name, customer, total, posted)
		if deal:
			self.deal(deal, name, customer, total, parts, dues, posted)

	def entry(
		self, invoice: str, voucher_type: str, voucher: str, customer: str, amount: float, posted: date
	):
		self.add(
			"Payment Ledger Entry", docstatus=1, company=self.company, account=self.debtors, account_type="Receivable",
			account_currency=self.currency, party_type="Customer", party=customer, voucher_type=voucher_type, voucher_no=voucher,
			against_voucher_type="Sales Invoice", against_voucher_no=invoice, amount=amount, amount_in_account_currency=amount,
			posting_date=posted, delinked=0,
		)  # fmt: skip

	def settle(
		self, invoice: str, customer: str, total: float, parts: list[float], dues: list[date]
	) -> float:
		"""Payments, journals and credits of an invoice; what they close of it. Seven in ten are closed in full.

		Money comes from a week before to five weeks after the due date, and at the latest on the day of the book.
		"""
		chance, closed = self.random.random(), 0.0
		count = 3 if chance < 0.5 else 2 if chance < 0.7 else self.random.choice((0, 1, 2))
		amounts = (
			parts if count == 3 else [round(total - parts[2], 2), parts[2]] if chance < 0.7 else parts[:count]
		)
		for idx, amount in enumerate(amounts):
			kind = self.random.random()
			day = min(DAY, dues[idx] + timedelta(days=self.delays.randint(-7, 37)))
			if kind < 0.02:
				self.journal(invoice, customer, amount, "Credit Note", day)
			elif kind < 0.05:
				self.journal(invoice, customer, amount, "Bank Entry", day)
			else:
				term, write_off = TERMS[idx] if kind > 0.9 else None, 0.01 if kind < 0.06 else 0
				self.payment(invoice, customer, amount, term, write_off, day)
			closed = round(closed + amount, 2)
		return closed

	def payment(
		self, invoice: str, customer: str, amount: float, term: str | None, write_off: float, day: date
	):
		name = self.add(
			"Payment Entry", docstatus=1, company=self.company, payment_type="Receive", party_type="Customer", party=customer,
			paid_from=self.debtors, paid_amount=amount - write_off, source_exchange_rate=1, unallocated_amount=0, posting_date=day,
			total_allocated_amount=amount, base_total_allocated_amount=amount,
		)  # fmt: skip
		self.add(
			"Payment Entry Reference", parent=name, parenttype="Payment Entry", parentfield="references", idx=1, docstatus=1,
			reference_doctype="Sales Invoice", reference_name=invoice, allocated_amount=amount, payment_term=term,
		)  # fmt: skip
		if write_off:
			self.add(
				"Payment Entry Deduction", parent=name, parenttype="Payment Entry", parentfield="deductions", idx=1, docstatus=1,
				account=self.write_off, amount=write_off,
			)  # fmt: skip
		self.entry(invoice, "Payment Entry", name, customer, -amount, day)

	def journal(self, invoice: str, customer: str, amount: float, voucher_type: str, day: date):
		name = self.add(
			"Journal Entry", docstatus=1, company=self.company, voucher_type=voucher_type, posting_date=day
		)
		self.add(
			"Journal Entry Account", parent=name, parenttype="Journal Entry", parentfield="accounts", idx=1, docstatus=1,
			account=self.debtors, party_type="Customer", party=customer, reference_type="Sales Invoice", reference_name=invoice,
			credit=amount, credit_in_account_currency=amount,
		)  # fmt: skip
		self.entry(invoice, "Journal Entry", name, customer, -amount, day)

	def deal(self, name: str, invoice: str, customer: str, total: float, parts, dues, won: date):
		self.add(
			"Deal", name=name, docstatus=1, title=name, customer=customer, customer_name=customer, company=self.company, status="Won",
			stage="Won", deal_owner="Administrator", transaction_date=won, won_on=won, currency=self.currency, conversion_rate=1,
			net_total=total, grand_total=total,
		)  # fmt: skip
		for idx, (part, due) in enumerate(zip(parts, dues, strict=False)):
			self.add(
				"Deal Installment", name=f"{name}-{idx + 1:02}", deal=name, sequence=idx + 1, title=f"Part {idx + 1}", status="Billed",
				planned_invoice_date=won, due_date=due, customer=customer, company=self.company, currency=self.currency,
				net_amount=part, planned_amount=part, sales_invoice=invoice, billing_trigger="On Winning",
			)  # fmt: skip


def main():
	arguments = parser(__doc__.splitlines()[0])
	arguments.add_argument("--invoices", type=int, default=20_000)
	arguments.add_argument("--seed", type=int, default=1)
	arguments.add_argument("--company", default="Deals Test Ltd")
	args = arguments.parse_args()
	with connected(args) as frappe:
		from sales_crm_accounts.tests import factories

		factories.make_company()
		book = Book(frappe, args.invoices, args.seed, args.company)
		book.clear()
		book.fill()
		for doctype in TABLES:
			frappe.db.sql(f"analyze table `tab{doctype}`")
		print(f"{args.invoices} invoices of {len(book.customers)} customers on {args.site}")


if __name__ == "__main__":
	main()

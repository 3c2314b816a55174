"""Deal Profitability over a large ledger: number of statements, and what it costs beside one bare aggregate.

    python benchmarks/generate.py --invoices 20000 && python benchmarks/profit.py

Writes General Ledger rows to the generated book by a few statements (they are taken away at the end): income and receivable of
every invoice, bank and receivable of every payment, write-offs, costs of the deals, and costs of no deal. One row in twenty that
should carry its deal does not, so that it is found by its document; write-offs of payments never do. The bare aggregate sums
debit and credit by deal and account over the same rows, and hands them to Python; it knows no document, no discount and no
day that an amount was open. Both in turns, in the same run.
"""

from __future__ import annotations

from generate import DAY, PREFIX, STAMP
from site_tools import compare, connected, counted, parser

COLUMNS = (
	"name, creation, modified, owner, modified_by, docstatus, company, posting_date, account, debit, credit, "
	"voucher_type, voucher_no, voucher_subtype, is_cancelled, is_opening, finance_book, deal"
)
BARE = """
	select entry.deal, entry.account, sum(entry.debit), sum(entry.credit)
	from `tabGL Entry` entry
	join `tabAccount` account on account.name = entry.account and account.root_type in ('Income', 'Expense')
	where entry.company = %(company)s and entry.posting_date between %(from_date)s and %(to_date)s
		and entry.is_cancelled = 0 and entry.voucher_type <> 'Period Closing Voucher'
		and (entry.finance_book in ('') or entry.finance_book is null)
	group by entry.deal, entry.account
"""


class Ledger:
	def __init__(self, frappe, company: str):
		self.db, self.company, self.part = frappe.db, company, 0
		self.own = frappe.get_cached_doc("Company", company)
		self.expenses = frappe.get_all(
			"Account",
			filters={"company": company, "root_type": "Expense", "is_group": 0},
			pluck="name",
			order_by="name",
			limit=8,
		)

	def clear(self):
		self.db.sql("delete from `tabGL Entry` where name like %s", f"{PREFIX}-%")
		self.db.commit()

	def add(
		self, account: str, amount: str, kind: str, voucher: str, day: str, deal: str, source: str, where: str
	):
		"""A row for each row of `source`; the arguments but `account` are SQL, `amount` is debit where positive."""
		self.part += 1
		self.db.sql(
			f"""
			insert into `tabGL Entry` ({COLUMNS})
			select concat('{PREFIX}-{self.part:02}-', lpad(row_number() over (), 9, '0')), %(stamp)s, %(stamp)s,
				'Administrator', 'Administrator', 1, %(company)s, {day}, %(account)s,
				greatest({amount}, 0), greatest(-({amount}), 0), '{kind}', {voucher}, '{kind}', 0, 'No', null, {deal}
			from {source}
			where {where}
			""",
			{"stamp": STAMP, "company": self.company, "account": account},
		)
		self.db.commit()

	def fill(self, costs_of_deals: int, costs_of_none: int):
		own, like = self.own, f"name like '{PREFIX}-%%'"
		carried = "case when crc32(name) %% 20 then deal end"
		for account, amount in (
			(own.default_receivable_account, "grand_total"),
			(own.default_income_account, "-grand_total"),
		):
			self.add(
				account,
				amount,
				"Sales Invoice",
				"name",
				"posting_date",
				carried,
				"`tabSales Invoice`",
				like,
			)
		for account, amount in (
			(own.default_bank_account, "paid_amount"),
			(own.default_receivable_account, "-total_allocated_amount"),
		):
			self.add(
				account, amount, "Payment Entry", "name", "posting_date", "null", "`tabPayment Entry`", like
			)
		self.add(
			own.write_off_account,
			"amount",
			"Payment Entry",
			"parent",
			f"'{DAY}'",
			"null",
			"`tabPayment Entry Deduction`",
			like,
		)
		for n in range(costs_of_deals):
			for account, amount in (
				(self.expenses[n % len(self.expenses)], "net_total * 0.05"),
				(own.default_bank_account, "net_total * -0.05"),
			):
				voucher = f"concat('{PREFIX}-X{n}-', name)"
				self.add(
					account,
					amount,
					"Journal Entry",
					voucher,
					"transaction_date",
					"name",
					"`tabDeal`",
					like,
				)
		for n in range(costs_of_none):
			self.add(
				self.expenses[n % len(self.expenses)],
				"100",
				"Journal Entry",
				f"concat('{PREFIX}-N{n}-', name)",
				"posting_date",
				"null",
				"`tabSales Invoice`",
				like,
			)


def main():
	arguments = parser(__doc__.splitlines()[0])
	arguments.add_argument("--company", default="Deals Test Ltd")
	arguments.add_argument("--costs-of-deals", type=int, default=8, help="costs of each deal")
	arguments.add_argument("--costs-of-none", type=int, default=2, help="costs of no deal, for each invoice")
	arguments.add_argument("--rounds", type=int, default=5)
	arguments.add_argument("--keep", action="store_true", help="leave the ledger rows on the site")
	args = arguments.parse_args()
	with connected(args) as frappe:
		from datetime import timedelta

		from sales_crm_accounts.sales_crm_accounts.report.deal_profitability import deal_profitability
		from sales_crm_accounts.services import profit

		frappe.set_user("Administrator")
		ledger = Ledger(frappe, args.company)
		ledger.clear()
		ledger.fill(args.costs_of_deals, args.costs_of_none)
		frappe.db.sql("analyze table `tabGL Entry`")
		values = {
			"company": args.company,
			"from_date": str(DAY - timedelta(days=800)),
			"to_date": str(DAY + timedelta(days=30)),
		}
		filters = {**values, "include_default_book_entries": 1}
		before = profit.waiting_rate(args.company)

		def bare():
			return frappe.db.sql(BARE, values)

		try:
			count = frappe.db.count("GL Entry", {"company": args.company})
			rows = profit.of_filters(filters)
			theirs = sum(credit - debit for _deal, _account, debit, credit in bare())
			ours = float(sum(figures.profit for figures in rows.figures.values()))
			print(
				f"{count} ledger rows, {len(rows.deals)} deals, {len(bare())} sums; difference {ours - theirs:.2f}"
			)
			for rate in (0, 8):
				set_rate(frappe, args.company, rate)
				counts: dict = {}
				with counted(frappe, counts):
					profit.of_filters(filters)
				mine, plain, ratio = compare(lambda: profit.of_filters(filters), bare, args.rounds)
				print(
					f"cost of money {rate} %: {counts['statements']} statements, {mine:.2f} s, bare {plain:.2f} s, ratio {ratio:.2f}"
				)
			for group_by in ("Deal", "Month", "Item Group"):
				mine, plain, ratio = compare(
					lambda group_by=group_by: deal_profitability.execute({**filters, "group_by": group_by}),
					bare,
					args.rounds,
				)
				print(f"report by {group_by}: {mine:.2f} s, ratio {ratio:.2f}")
			deal = next(iter(rows.deals))
			with counted(frappe, counts):
				profit.read(profit.Scope(args.company, deals=[deal]), {})
			print(f"one deal: {counts['statements']} statements, {counts['seconds'] * 1000:.0f} ms")
		finally:
			set_rate(frappe, args.company, before)
			if not args.keep:
				ledger.clear()


def set_rate(frappe, company: str, rate):
	name = "Company Receivables Settings"
	if not frappe.db.exists(name, company):
		frappe.get_doc({"doctype": name, "company": company}).insert()
	frappe.db.set_value(name, company, "cost_of_money", float(rate))
	frappe.db.commit()


if __name__ == "__main__":
	main()

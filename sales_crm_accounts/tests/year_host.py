"""Plays a year of tests/scenarios through real documents of a site: runs, messages, promises, disputes and pauses of the app itself."""

from datetime import date
from decimal import Decimal

import frappe
from frappe.utils import getdate

from sales_crm_accounts.api import dunning as dunning_api
from sales_crm_accounts.core.receivables import ageing as ageing_rules
from sales_crm_accounts.core.receivables.credit import Exposure
from sales_crm_accounts.services import ledger, sweep
from sales_crm_accounts.services.receivables import (
	ageing,
	cash_forecast,
	credit,
	disputes,
	dunning_run,
	promises,
)
from sales_crm_accounts.setup import sample
from sales_crm_accounts.simulation.year import FOREIGN, OWN, Year
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.receivable_case import new_customer
from sales_crm_accounts.tests.story_host import ITEMS, POLICY, SiteHost, money

GROUP, LADDER = "SCA Year Group", "SCA Year Ladder"
#: What the reckoning of the story takes for granted.
SETTINGS = {
	"promise_grace_days": 1,
	"forecast_wait_days": 7,
	"doubtful_after_days": 180,
	"holiday_list": None,
	"charge_mode": "Claim Only",
}
MADE = ("Dunning Message", "Promise to Pay", "Receivable Dispute", "Collection Pause", "Receivable Charge")


class SiteYear(SiteHost):
	def __init__(self, story: Year, freeze, add_cleanup):
		data = self.data = story.data
		self.story, self.freeze, self.journals = story, freeze, {}
		self.deals, self.documents, self.runs, self.told = {}, {}, [], set()
		self.notes: dict[str, str] = {}
		self.today = min(values["opened_on"] for values in data["deals"].values())
		freeze(self.today)
		make.mail_account()
		self.rates_made: list[dict] = []
		self.names: dict[str, str] = {}
		self.settings = self.settings_before()
		self.one_account = frappe.db.get_single_value(*make.ONE_ACCOUNT)
		add_cleanup(self.clean)
		make.receivables_settings(**SETTINGS)
		frappe.db.set_single_value(*make.ONE_ACCOUNT, 1)
		sample.ensure("Customer Group", GROUP, customer_group_name=GROUP)
		self.names = {
			name: new_customer(
				make.FOREIGN_CUSTOMER if values.get("currency") == FOREIGN else make.CUSTOMER,
				customer_group=GROUP,
				email_id=f"{name.lower()}@customer.example.com",
				language="en",
			)
			for name, values in data["customers"].items()
		}
		self.story_names = {customer: name for name, customer in self.names.items()}
		self.drop_policies()
		for name, values in data["policies"].items():
			# Deals name their policy; two that cover the same deals by themselves are refused.
			make.make_policy(
				f"{POLICY} {name}",
				invoicing_method=values.get("method", "Invoice per Installment"),
				for_customer_group=GROUP if values else None,
			)
		self.make_ladder(data["ladder"])
		self.before = self.balances()
		frappe.db.commit()

	@staticmethod
	def settings_before() -> dict:
		doc = make.receivables_settings()
		return {field: doc.get(field) for field in SETTINGS}

	def make_ladder(self, values: dict):
		frappe.get_doc(
			{
				"doctype": "Dunning Policy",
				"policy_name": LADDER,
				"company": make.COMPANY,
				"for_customer_group": GROUP,
				"enabled": 1,
				"one_step": 1,
				"attach_letter": 0,
				"min_gap_days": values.get("min_gap_days", 0),
				"weekly_cap": 0,
				"grace_days": values.get("grace_days", 0),
				"min_amount": values.get("min_amount", 0),
				"levels": [
					{
						"title": level["title"],
						"days": level["days"],
						"channel": "Mail",
						"fee": level.get("fee", 0),
					}
					for level in values["levels"]
				],
				"texts": [
					{
						"level_title": level["title"],
						"language": "en",
						"subject": f"{level['title']} over {{{{ total }}}}",
						"body": "<p>{{ invoices }}</p>",
					}
					for level in values["levels"]
				],
			}
		).insert()

	def clean(self):
		"""What would speak on in other tests; invoices and payments stay, as those of all stories do."""
		frappe.db.rollback()
		customers = list(self.names.values()) or [""]
		messages = frappe.get_all("Dunning Message", filters={"customer": ("in", customers)}, pluck="name")
		frappe.db.delete("Email Queue", {"reference_name": ("in", messages or [""])})
		frappe.db.delete("Dunning Message Row", {"parent": ("in", messages or [""])})
		for doctype in MADE:
			frappe.db.delete(doctype, {"customer": ("in", customers)})
		for run in self.runs:
			dunning_run.forget_rows(run)
			frappe.db.delete("Dunning Run", {"name": run})
		for made in self.rates_made:
			frappe.db.delete("Currency Exchange", made)
		self.drop_policies()
		make.receivables_settings(**self.settings)
		frappe.db.set_single_value(*make.ONE_ACCOUNT, self.one_account)
		frappe.db.commit()

	def drop_policies(self):
		frappe.delete_doc("Dunning Policy", LADDER, force=True, ignore_missing=True)
		for name in self.data["policies"]:
			policy = f"{POLICY} {name}"
			frappe.db.set_value("Deal", {"billing_policy": policy}, "billing_policy", None)
			frappe.delete_doc("Billing Policy", policy, force=True, ignore_missing=True)

	# What happens

	def go(self, day: date):
		opening = sorted(
			(values["opened_on"], name)
			for name, values in self.data["deals"].items()
			if name not in self.deals and values["opened_on"] <= day
		)
		for opened_on, name in opening:
			self.freeze(opened_on)
			self.open(name, self.data["deals"][name])
		self.today = day
		super().go(day)
		self.rate_of_day()

	def open(self, name: str, values: dict):
		more = {}
		if values.get("currency") == FOREIGN:
			more |= {"currency": "EUR", "conversion_rate": values["exchange_rate"]}
		if stage := values.get("stage"):
			more |= {"stage": stage["name"], "expected_close_date": values["expected_close_date"]}
		self.deals[name] = make.make_deal(
			[self.plan_row(row) for row in self.story.plan_of(name)],
			[(ITEMS[row["item"]], row.get("quantity", 1), row["rate"]) for row in values["items"]],
			title=f"{self.story.title}, {name}",
			customer=self.names[values["customer"]],
			transaction_date=values["opened_on"],
			billing_policy=f"{POLICY} {values['policy']}",
			taxes_and_charges=make.TAX_TEMPLATE if values.get("tax") else None,
			**more,
		)
		assert not stage or self.deals[name].probability == stage["probability"]
		frappe.db.commit()

	def use(self, deal: str):
		values = self.data["deals"][deal]
		self.deal = self.deals[deal]
		self.customer = self.names[values["customer"]]
		self.own_account = self.data["customers"][values["customer"]].get("currency") != FOREIGN
		self.receivable = make.DEBTORS if self.own_account else make.EUR_DEBTORS

	def rate_of_day(self):
		"""The story's rate of today, whatever other tests left; the inverse for fees."""
		rate = max((day, rate) for day, rate in self.data["rates"].items() if day <= self.today)[1]
		for source, target, value in (("EUR", "USD", rate), ("USD", "EUR", 1 / rate)):
			made = {"from_currency": source, "to_currency": target, "date": self.today}
			if not frappe.db.exists("Currency Exchange", made):
				self.rates_made.append(made)
			make.exchange_rate(source, target, value, self.today)

	def win(self):
		super().win()
		self.bill_deal(self.deal)

	def bill(self):
		for deal in self.deals.values():
			self.bill_deal(deal)

	def bill_deal(self, deal):
		failed = [row.reason for row in sweep.bill_deal(deal.name) if row.outcome == "Failed"]
		assert not failed, failed

	def pay(self, amount: Decimal, installment: int, exchange_rate: Decimal | None):
		if self.own_account:
			# Money of the account's currency, whatever the invoice is written in.
			amount *= Decimal(str(self.invoice(installment).conversion_rate))
		super().pay(amount, installment, exchange_rate)

	def credit(self, installment: int, amount: Decimal | None):
		invoice = self.invoice(installment)
		note = make.credit_note(invoice, float(amount) / invoice.grand_total, for_self=0)
		self.notes[self.deal.name] = note.name

	def part(self, installment: int) -> dict:
		"""The installment as documents about receivables name it."""
		row = self.rows()[installment - 1]
		number = frappe.db.get_value("Open Installment", {"deal_installment": row.name}, "installment_no")
		return {
			"company": make.COMPANY,
			"customer": self.customer,
			"sales_invoice": row.sales_invoice,
			"installment_no": number,
		}

	def promise(self, name: str, installment: int, amount: Decimal, pay_by: date):
		self.documents[name] = frappe.get_doc(
			{
				"doctype": "Promise to Pay",
				**self.part(installment),
				"amount": float(amount),
				"promised_on": getdate(),
				"pay_by": pay_by,
			}
		).insert()
		frappe.db.commit()

	def dispute(self, name: str, installment: int, amount: Decimal):
		self.documents[name] = frappe.get_doc(
			{
				"doctype": "Receivable Dispute",
				**self.part(installment),
				"disputed_amount": float(amount),
				"reason": "Price",
				"dispute_owner": make.MANAGER,
			}
		).insert()
		frappe.db.commit()

	def settle(self, name: str | None = None, outcome: str | None = None):
		"""Settle a dispute; without a name, what the ledger has to catch up with."""
		if name is None:
			super().settle()
			return
		disputes.resolve(self.documents[name].name, outcome, self.notes.get(self.deal.name))
		frappe.db.commit()

	def pause(self, customer: str, until: date):
		frappe.get_doc(
			{
				"doctype": "Collection Pause",
				"company": make.COMPANY,
				"customer": self.names[customer],
				"until_date": until,
				"reason": "Talks with the owner",
			}
		).insert()
		frappe.db.commit()

	def remind(self):
		"""The night of the day: promises are judged, the run decides, and a collector releases what it made."""
		self.judge()
		run = dunning_run.run(make.COMPANY)
		self.runs.append(run)
		status, error = frappe.db.get_value("Dunning Run", run, ["status", "error"])
		assert status == "Completed", error
		for name in frappe.get_all(
			"Dunning Message",
			filters={"dunning_run": run, "customer": ("in", list(self.story_names))},
			pluck="name",
		):
			(sent,) = dunning_api.release([name])["statuses"]
			assert sent == "Queued", frappe.db.get_value("Dunning Message", name, "reason")

	def judge(self):
		ledger.flush()
		promises.judge_customers(list(self.story_names))
		frappe.db.commit()

	# What is read

	def messages(self) -> list[tuple]:
		found = []
		for message in frappe.get_all(
			"Dunning Message",
			filters={"customer": ("in", list(self.story_names)), "status": ("in", ("Queued", "Sent"))},
			fields=["name", "message_date", "customer", "level_title", "currency", "total_due", "fee"],
		):
			if message.name in self.told:
				continue
			self.told.add(message.name)
			claimed = frappe.db.get_value(
				"Receivable Charge", {"source_name": message.name, "kind": "Fee"}, "amount"
			)
			assert money(claimed) == money(message.fee), "the fee is not the claim"
			found.append(
				(
					getdate(message.message_date),
					self.story_names[message.customer],
					message.level_title,
					self.word(message.currency),
					money(message.total_due),
					money(message.fee),
				)
			)
		return found

	@staticmethod
	def word(currency: str) -> str:
		return OWN if currency == "USD" else FOREIGN

	def passed(self) -> list[tuple]:
		return [
			(self.story_names[row.customer], row.reason, self.word(row.currency), money(row.amount))
			for row in frappe.get_all(
				"Dunning Run Row",
				filters={"dunning_run": self.runs[-1], "customer": ("in", list(self.story_names))},
				fields=["customer", "reason", "currency", "amount"],
			)
		]

	def promises(self) -> dict[str, tuple[str, Decimal]]:
		self.judge()
		found = {}
		for name, doc in self.documents.items():
			if doc.doctype == "Promise to Pay":
				doc.reload()
				found[name] = (doc.status, money(doc.received_amount))
		return found

	def disputes(self) -> dict[str, str]:
		return {
			name: doc.reload().status
			for name, doc in self.documents.items()
			if doc.doctype == "Receivable Dispute"
		}

	def ageing(self, customer: str) -> ageing_rules.Ageing:
		self.flush()
		found = ageing.summary(ageing.Question(make.COMPANY, self.today, customer=self.names[customer]))
		return found.get((self.names[customer], "USD")) or ageing_rules.Ageing(ageing_rules.Buckets())

	def exposure(self, customer: str) -> Exposure:
		self.flush()
		return credit.exposure(make.COMPANY, self.names[customer])

	def forecast(self) -> list:
		self.judge()
		return cash_forecast.expected(make.COMPANY, self.today, list(self.story_names))

	@staticmethod
	def flush():
		ledger.flush()
		frappe.db.commit()

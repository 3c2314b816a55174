"""A noisy year of bank lines, seeded, with the truth beside each: the open installments of a company and who paid what of them.

The company is that of `matching_company.py`. One line in two comes from an account that is known; names come in capitals, without
legal form or cut to 27 characters in three of ten lines; texts carry dates, bank codes and order numbers that mean nothing. The
classes of noise:

clean          invoice and name as they should be
installment    the invoice with the number of the installment
several        two to four invoices in one line, written out
joined         two to four invoices run together, or only their ends: 00123/125/127
mistyped       one digit of the invoice wrong, missing, doubled or swapped
short          only the running number of the invoice
own_number     only the customer's own order number
deal           only the deal's number
no_name        the invoice, and neither name nor account
missing        no reference; what is due longest, in one line of seven another one
sum            no reference; the two to four installments due longest, in one line of four any two to four
wrong          a reference that is paid, or somebody else's; the amount is that of an installment of the payer
fee            the bank kept 5 to 25
discount       two percent taken off in time
part           a part of what the invoice asks for
over           more than the invoice asks for
look_alike     no account, a name much like others', a reference in one line of two
same_amount    no reference, several open installments of the same amount; the one due longest
third_party    somebody else pays, a known customer in one line of two; the invoice is named
exchange       paid in another currency, up to one percent off the day's rate
netted         an invoice less a credit note, which the text names in three of five lines
affiliates     two or three invoices of as many customers, paid by one of them, or by their holding in three of ten lines
other          money that is no receivable
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from matching_company import TODAY, Company

from sales_crm_accounts.core.matching.rows import Allocation, Habit, OpenItem, Receipt

#: Class -> lines in a thousand.
CLASSES = {
	"clean": 230,
	"installment": 60,
	"several": 70,
	"joined": 60,
	"mistyped": 70,
	"short": 40,
	"own_number": 50,
	"deal": 30,
	"no_name": 40,
	"missing": 60,
	"sum": 40,
	"wrong": 20,
	"fee": 40,
	"discount": 40,
	"part": 30,
	"over": 15,
	"look_alike": 25,
	"same_amount": 20,
	"third_party": 10,
	"exchange": 10,
	"netted": 10,
	"affiliates": 10,
	"other": 20,
}
_JUNK = (
	"EREF+NOTPROVIDED", "SEPA CREDIT TRANSFER", "TRX {n}", "REF {n}", "vom {d}", "{d}", "KD-NR {s}", "thank you", "货款", "USD {a}",
	"SVWZ+", "MREF {n}", "payment", "Zahlung", "转账", "/INV/", "batch {s}",
)  # fmt: skip


@dataclass(frozen=True)
class Line:
	receipt: Receipt
	kind: str
	rows: frozenset[Allocation]
	on_account: int


@dataclass
class Year:
	items: list[OpenItem]
	names: dict[str, list[str]]
	accounts: dict[str, str]
	habits: dict[str, Habit]
	lines: list[Line]
	settled: list[str]


def generate(lines: int, installments: int, seed: int = 11) -> Year:
	"""The same year for the same arguments."""
	return _Maker(lines, installments, seed).year()


class _Maker(Company):
	def __init__(self, lines: int, installments: int, seed: int):
		super().__init__(installments, seed)
		self.wanted = lines

	def year(self) -> Year:
		self.make()
		self.left = {one.key: one.open for one in [*self.items, *self.credits]}
		self.touched: set[str] = set()
		self.accounts = {}
		self.account_of = {}
		for at, customer in enumerate(self.names):
			number = f"DE{self.random.randrange(10, 99)}{self.random.randrange(10**17, 10**18)}"
			self.account_of[customer] = number
			if at % 2:
				self.accounts[number] = customer
		kinds = [kind for kind, share in CLASSES.items() for _ in range(share)]
		made = []
		for at in range(self.wanted):
			on = TODAY - timedelta(days=180 - at * 180 // self.wanted)
			while True:
				line = self._line(f"{at:06}", self.random.choice(kinds), on)
				if line:
					made.append(line)
					break
		return Year([*self.items, *self.credits], self.names, self.accounts, {}, made, self.paid_invoices)

	# What is paid

	def _open(self, rows) -> list[OpenItem]:
		return [one for one in rows if self.left[one.key] > 0]

	def _fresh_invoice(self, rows: int | None = None, currency: str = "USD") -> list[OpenItem] | None:
		for _ in range(60):
			found = self._open(self.invoices[self.random.choice(self.invoice_names)])
			if found and found[0].currency == currency and (rows is None or len(found) >= rows):
				if all(self.left[one.key] == one.open for one in found):
					return found
		return None

	def _customer_open(self, least: int) -> list[OpenItem] | None:
		for _ in range(60):
			one = self.random.choice(self.items)
			found = [row for row in self._open(self.by_customer[one.customer]) if row.currency == "USD"]
			if least <= len(found) <= 60:
				return found
		return None

	def _line(self, name: str, kind: str, on: date) -> Line | None:
		maker = getattr(self, f"_{kind}", None)
		made = maker(on) if maker else self._one(kind, on)
		if not made:
			return None
		rows, text, options = made
		customer = options.get("customer") or self.names_of_rows(rows)
		on_account = options.get("on_account", 0)
		amount = on_account + sum(row.amount - row.discount - row.fee for row in rows)
		for row in rows:
			self.left[row.key] -= row.amount
		payer = options.get("payer", self._payer(customer) if customer else "")
		account = ""
		if customer and options.get("account", True) and self.random.random() < 0.8:
			account = self.account_of[customer]
		elsewhere = {}
		currency = options.get("currency", "USD")
		if currency != "USD":
			raise ValueError(currency)
		if "paid" in options:
			elsewhere, amount = {"EUR": options["estimate"]}, options["paid"]
		else:
			elsewhere = {"EUR": amount * 100 // 125}
		receipt = Receipt(name, "USD", amount, on, self._noise(text), payer, account, None, elsewhere)
		return Line(receipt, kind, frozenset(rows), on_account)

	def names_of_rows(self, rows) -> str | None:
		return self.invoices[rows[0].sales_invoice][0].customer if rows else None

	def _full(self, rows) -> list[Allocation]:
		return [Allocation(*one.key, self.left[one.key]) for one in rows]

	def _some(self, invoice: list[OpenItem]) -> list[OpenItem]:
		"""The oldest installment of an invoice, or all that is open of it."""
		return invoice if self.random.random() < 0.3 else invoice[:1]

	def _one(self, kind: str, on: date):
		invoice = self._fresh_invoice()
		if not invoice:
			return None
		rows = self._full(self._some(invoice))
		number = invoice[0].sales_invoice
		text = self._written(number)
		options = {}
		if kind == "mistyped":
			text = self._mistype(number)
		elif kind == "short":
			text = self.random.choice(("Nr. {}", "inv {}", "Rechnung {}", "发票{}")).format(number[-5:])
		elif kind == "own_number":
			text = f"PO {invoice[0].customer_reference}"
		elif kind == "deal":
			first = [
				one
				for one in self._open(self.by_customer[invoice[0].customer])
				if one.deal == invoice[0].deal
			]
			if not invoice[0].deal or any(one.currency != "USD" for one in first):
				return None
			rows, text = self._full(first[:1]), invoice[0].deal
		elif kind == "no_name":
			options = {"payer": "", "account": False}
		elif kind == "look_alike":
			options = {"account": False, "payer": self._payer(invoice[0].customer)[:18]}
			if self.random.random() < 0.5:
				text = ""
				first = [
					one for one in self._open(self.by_customer[invoice[0].customer]) if one.currency == "USD"
				]
				rows = self._full(first[:1])
		elif kind == "third_party":
			other = self.random.choice(list(self.names))
			options = {
				"account": False,
				"payer": self.names[other][0] if self.random.random() < 0.5 else "Holding Treasury Centre",
			}
		return rows, text, options

	def _installment(self, on):
		invoice = self._fresh_invoice(2)
		if not invoice:
			return None
		one = self.random.choice(invoice)
		pattern = self.random.choice(
			("{i} installment {n}", "{i}-{n}", "{n}. Rate {i}", "{i} 第{n}期", "inst {n} {i}", "{i}/{n}")
		)
		return self._full([one]), pattern.format(i=one.sales_invoice, n=one.installment_no), {}

	def _group(self):
		for _ in range(30):
			found = self._customer_open(4)
			if not found:
				return None
			invoices = list(dict.fromkeys(one.sales_invoice for one in found))
			if len(invoices) >= 2:
				return self.random.sample(invoices, min(len(invoices), self.random.choice((2, 2, 3, 4))))
		return None

	def _several(self, on):
		chosen = self._group()
		if not chosen:
			return None
		rows = [one for name in chosen for one in self._open(self.invoices[name])]
		return self._full(rows), self.random.choice((", ", " + ", " ", " and ", "; ", "、")).join(chosen), {}

	def _joined(self, on):
		chosen = self._group()
		if not chosen:
			return None
		rows = [one for name in chosen for one in self._open(self.invoices[name])]
		style = self.random.randrange(3)
		if style == 0:
			text = "".join(name.replace("-", "") for name in chosen)
		elif style == 1:
			text = chosen[0] + "".join(f"/{name[-5:]}" for name in chosen[1:])
		else:
			text = chosen[0] + "".join(
				f" + {name[-3:]}" if name[:-3] == chosen[0][:-3] else f" + {name[-5:]}" for name in chosen[1:]
			)
		return self._full(rows), text, {}

	def _missing(self, on):
		found = self._customer_open(1)
		if not found:
			return None
		one = found[0] if self.random.random() < 0.86 else self.random.choice(found)
		return self._full([one]), "", {}

	def _sum(self, on):
		found = self._customer_open(3)
		if not found:
			return None
		count = min(len(found) - 1, self.random.choice((2, 2, 3, 4)))
		rows = found[:count] if self.random.random() < 0.75 else self.random.sample(found, count)
		return self._full(rows), "", {}

	def _wrong(self, on):
		made = self._missing(on)
		if not made:
			return None
		wrong = self.random.choice(self.paid_invoices if self.random.random() < 0.6 else self.invoice_names)
		return made[0], wrong, {}

	def _fee(self, on):
		made = self._one("clean", on)
		if not made:
			return None
		rows, text, options = made
		fee = self.random.choice((500, 800, 1_000, 1_500, 2_000, 2_500, 1_234))
		last = rows[-1]
		if last.amount < 60_000:
			return None
		rows[-1] = Allocation(*last.key, last.amount, 0, fee)
		return rows, text, options

	def _discount(self, on):
		for _ in range(60):
			invoice = self._fresh_invoice()
			if invoice and invoice[0].discount:
				one = invoice[0]
				return [Allocation(*one.key, one.open, one.discount)], self._written(one.sales_invoice), {}
		return None

	def _part(self, on):
		invoice = self._fresh_invoice()
		if not invoice or invoice[0].open < 20_000:
			return None
		share = self.random.choice(
			(invoice[0].open // 2, invoice[0].open * 2 // 3, invoice[0].open // 10_000 * 5_000)
		)
		return [Allocation(*invoice[0].key, share)], self._written(invoice[0].sales_invoice), {}

	def _over(self, on):
		invoice = self._fresh_invoice()
		if not invoice:
			return None
		return (
			self._full(invoice),
			self._written(invoice[0].sales_invoice),
			{"on_account": self.random.randrange(4_000, 90_000)},
		)

	def _same_amount(self, on):
		for _ in range(60):
			found = self._customer_open(3)
			if not found:
				return None
			for at, one in enumerate(found):
				same = [
					other
					for other in found[at:]
					if other.open == one.open and other.sales_invoice != one.sales_invoice
				]
				if same and self.left[one.key] == one.open:
					return self._full([one]), "", {}
		return None

	def _exchange(self, on):
		invoice = self._fresh_invoice(1, "EUR")
		if not invoice:
			return None
		one = invoice[0]
		paid = round(one.open * 1.25 * self.random.uniform(0.99, 1.01))
		return (
			self._full([one]),
			self._written(one.sales_invoice),
			{"paid": paid, "estimate": round(paid / 1.25)},
		)

	def _netted(self, on):
		customers = [one for one, credit in self.credit_of.items() if self.left[credit.key]]
		for _ in range(60):
			credit = self.credit_of[self.random.choice(customers)] if customers else None
			if not credit or credit.customer not in self.by_customer:
				continue
			found = [row for row in self._open(self.by_customer[credit.customer]) if row.currency == "USD"]
			fresh = [row for row in found if row.installment_no == 1 and self.left[row.key] == row.open]
			if not fresh:
				continue
			rows = self._full(self._open(self.invoices[self.random.choice(fresh).sales_invoice]))
			if sum(row.amount for row in rows) <= -credit.open + 5_000:
				continue
			text = self._written(rows[0].sales_invoice)
			if self.random.random() < 0.6:
				text += (
					self.random.choice((" - ", " abz. Gutschrift ", " less credit note ", " / "))
					+ credit.sales_invoice
				)
			return [*rows, *self._full([credit])], text, {}
		return None

	def _affiliates(self, on):
		chosen: dict[str, list[OpenItem]] = {}
		for _ in range(self.random.choice((2, 2, 3))):
			invoice = self._fresh_invoice()
			if invoice:
				chosen.setdefault(invoice[0].customer, invoice)
		if len(chosen) < 2:
			return None
		rows = [row for invoice in chosen.values() for row in self._full(invoice)]
		text = self.random.choice((", ", " + ", " ")).join(one[0].sales_invoice for one in chosen.values())
		if self.random.random() < 0.3:
			return rows, text, {"account": False, "payer": "Holding Treasury Centre"}
		return rows, text, {}

	def _other(self, on):
		amount = self.random.randrange(100, 900_000)
		payer = self.random.choice(
			(
				"Finanzamt Mitte",
				"Stadtwerke",
				"Interest Q2",
				"Office Supplies Refund",
				"社保中心",
				"Nord Bau Refund",
			)
		)
		return (
			[],
			self.random.choice(("Erstattung", "interest 06/2026", "refund 20260-114", "退税")),
			{"on_account": amount, "payer": payer},
		)

	# How it is written

	def _written(self, invoice: str) -> str:
		pick = self.random.random()
		if pick < 0.5:
			return invoice
		if pick < 0.65:
			return invoice.replace("-", " ")
		if pick < 0.75:
			return invoice.replace("-", "")
		if pick < 0.85:
			return "Invoice " + invoice[9:]
		if pick < 0.93:
			return "RE" + invoice[9:].replace("-", "")
		return invoice[:11] + " " + invoice[11:]

	def _mistype(self, invoice: str) -> str:
		number, at = invoice[9:].replace("-", ""), self.random.randrange(4, 9)
		style = self.random.randrange(4)
		if style == 0:
			number = number[:at] + self.random.choice("0123456789") + number[at + 1 :]
		elif style == 1:
			number = number[:at] + number[at + 1 :]
		elif style == 2:
			number = number[:at] + number[at] + number[at:]
		else:
			number = number[: at - 1] + number[at] + number[at - 1] + number[at + 1 :]
		return f"ACC-SINV-{number[:4]}-{number[4:]}"

	def _payer(self, customer: str) -> str:
		name, pick = self.names[customer][0], self.random.random()
		if pick < 0.7:
			return name
		if pick < 0.8:
			return name.upper()
		if pick < 0.9:
			return name[:27]
		return name.removesuffix("有限公司").rsplit(" ", 1)[0]

	def _noise(self, text: str) -> str:
		junk = []
		for _ in range(self.random.choice((0, 0, 1, 1, 2, 3))):
			junk.append(
				self.random.choice(_JUNK).format(
					n=self.random.randrange(10**9, 10**11), s=self.random.randrange(100, 9999), a=f"{self.random.randrange(100, 9999)},00",
					d=(TODAY - timedelta(days=self.random.randrange(200))).strftime(self.random.choice(("%d.%m.%Y", "%Y-%m-%d"))),
				)
			)  # fmt: skip
		place = self.random.randrange(len(junk) + 1)
		return " ".join(part for part in [*junk[:place], text, *junk[place:]] if part)

"""The company of `matching_lines.py`, seeded: its customers, and what they owe.

Customers: two in three with Latin names made of few words, so that many look alike, one in three with Chinese ones. Invoices have
one to six installments; three in ten have round amounts that repeat (rents, rates), the others any. One customer in ten has an open
credit note.
"""

from __future__ import annotations

import random
from datetime import date, timedelta

from sales_crm_accounts.core.matching.rows import OpenItem

TODAY = date(2026, 6, 30)
_FIRST = "Nord Sued Alpha Delta Omega Müller Schmidt Rossi Garcia Martin Global Prime Royal United Star Blue Green Sun Metro Hansa".split()
_SECOND = "Bau Handel Technik Trading Logistics Machines Foods Energy Systems Pharma Textil Optik Steel Plastics Marine Agro".split()
_THIRD = "Berlin London Madrid Wien Milano Oslo Export Import International Service Partner Group Werke Solutions Nova Plus".split()
_LEGAL = "GmbH AG Ltd Inc S.A. S.r.l. B.V. Co., Ltd. LLC SAS".split(" ")
_PLACE = "上海 北京 深圳 广州 杭州 南京 苏州 成都 武汉 天津 青岛 宁波 厦门 重庆 东莞".split()
_WORDS = "明 达 华 盛 鑫 源 恒 通 瑞 丰 宏 泰 永 兴 佳 美 天 成 金 龙 海 博 联 创".split()
_TRADE = "贸易 科技 电子 机械 物流 食品 纺织 建材 化工 实业".split()


class Company:
	def __init__(self, installments: int, seed: int):
		self.random = random.Random(seed)
		self.count = installments
		self.names: dict[str, list[str]] = {}
		self.items: list[OpenItem] = []
		self.by_customer: dict[str, list[OpenItem]] = {}
		self.paid_invoices: list[str] = []

	def make(self) -> None:
		self._customers(max(20, self.count // 20))
		self._invoices()
		self._credit_notes()

	def _customers(self, count: int) -> None:
		pick, used = self.random.choice, set()
		while len(self.names) < count:
			if self.random.random() < 0.33:
				name = pick(_PLACE) + "".join(pick(_WORDS) for _ in range(2)) + pick(_TRADE) + "有限公司"
			else:
				words = [pick(_FIRST), pick(_SECOND)]
				if self.random.random() < 0.7:
					words.append(pick(_THIRD))
				if self.random.random() < 0.5:
					words.insert(
						1,
						f"{pick('ABCDEFGHKLMNPRSTVWZ')}{pick('aeiou')}{pick('lmnrst')}{pick('aeiou')}{pick('kxnd')}",
					)
				name = " ".join([*words, pick(_LEGAL)])
			if name not in used:
				used.add(name)
				self.names[f"CUST-{len(self.names):05}"] = [name]

	def _invoices(self) -> None:
		pick, number, deal = self.random.choice, 0, 0
		customers = list(self.names)
		while len(self.items) < self.count:
			number += self.random.choice((1, 1, 1, 2))
			customer = pick(customers)
			rows = pick((1, 1, 1, 2, 3, 3, 4, 6))
			repeated = self.random.random() < 0.3
			amount = (
				pick((50_000, 100_000, 120_000, 250_000))
				if repeated
				else self.random.randrange(5_000, 3_000_000)
			)
			posting = TODAY - timedelta(days=self.random.randrange(30, 300))
			deal += self.random.random() < 0.7
			invoice = f"ACC-SINV-2026-{number:05}"
			discount = rows == 1 and self.random.random() < 0.3
			currency = "EUR" if self.random.random() < 0.05 else "USD"
			for at in range(1, rows + 1):
				value = amount if repeated else amount // rows + (at == rows) * (amount % rows)
				one = OpenItem(
					invoice, at, customer, currency, value, posting + timedelta(days=30 * at),
					deal=f"DEAL-2026-{deal:05}" if deal else None,
					order=f"SAL-ORD-2026-{number + 40_000:05}",
					customer_reference=f"{self.random.randrange(4_500_000_000, 4_599_999_999)}" if number % 2 else f"PO-{number * 7 % 99_991:05}-{number % 7}",
					discount=value // 50 if discount else 0,
					discount_until=TODAY if discount else None,
				)  # fmt: skip
				self.items.append(one)
				self.by_customer.setdefault(customer, []).append(one)
		for rows in self.by_customer.values():
			rows.sort(key=lambda one: (one.due_date, one.sales_invoice, one.installment_no))
		self.invoices: dict[str, list[OpenItem]] = {}
		for one in self.items:
			self.invoices.setdefault(one.sales_invoice, []).append(one)
		issued = {int(name[-5:]) for name in self.invoices}
		self.paid_invoices = [f"ACC-SINV-2026-{n:05}" for n in range(1, number) if n not in issued]
		self.invoice_names = list(self.invoices)

	def _credit_notes(self) -> None:
		"""One customer in ten has a credit note, which is open."""
		self.credits: list[OpenItem] = []
		self.credit_of: dict[str, OpenItem] = {}
		for number, customer in enumerate(self.random.sample(list(self.names), len(self.names) // 10), 1):
			amount = self.random.choice((10_000, 25_000, self.random.randrange(2_000, 90_000)))
			one = OpenItem(
				f"ACC-SINV-RET-2026-{number:05}", 1, customer, "USD", -amount, TODAY - timedelta(days=200)
			)
			self.credits.append(one)
			self.credit_of[customer] = one

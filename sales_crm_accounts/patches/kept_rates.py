"""Drafts that are there keep the rate that somebody chose; the others are won at the rate of the day.

Chosen is what a Quotation gave, and what is not ERPNext's rate of the day on which the deal was entered. Where that day's rate is
not on the site, nobody knows, and the draft keeps what it has.
"""

import frappe
from frappe.utils import flt, getdate


def execute():
	deal, company, rate = (frappe.qb.DocType(name) for name in ("Deal", "Company", "Currency Exchange"))
	drafts = (
		frappe.qb.from_(deal)
		.join(company)
		.on(company.name == deal.company)
		.where((deal.docstatus == 0) & (deal.currency != company.default_currency))
		.select(
			deal.name,
			deal.quotation,
			deal.creation,
			deal.conversion_rate,
			deal.currency,
			company.default_currency,
		)
		.run(as_dict=True)
	)
	known = {}
	for row in (
		frappe.qb.from_(rate)
		.where(rate.for_selling == 1)
		.select(rate.from_currency, rate.to_currency, rate.date, rate.exchange_rate)
		.orderby(rate.date)
		.run(as_dict=True)
	):
		known.setdefault((row.from_currency, row.to_currency), []).append(row)
	chosen = []
	for row in drafts:
		rates = [
			day.exchange_rate
			for day in known.get((row.currency, row.default_currency), ())
			if getdate(day.date) <= getdate(row.creation)
		]
		if row.quotation or not rates or flt(rates[-1], 9) != flt(row.conversion_rate, 9):
			chosen.append(row.name)
	if chosen:
		frappe.qb.update(deal).set(deal.keep_rate, 1).where(deal.name.isin(chosen)).run()

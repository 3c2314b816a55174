"""Expected credit loss of a company on a day: reads the ledgers in six statements, and fills the document that is to be approved.

Nothing of the figures is typed: every save takes them anew, so what is posted is what the ledger says then, and an approval falls
away when they have changed. What people decide are floors, overlays with their reasons, and customers with an allowance of their own.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

import frappe
from frappe import _
from frappe.utils import cint, flt, formatdate, get_link_to_form, getdate, today

from sales_crm_accounts import erpnext_compat
from sales_crm_accounts.core.money import ZERO, quantize, to_decimal
from sales_crm_accounts.core.receivables import credit_loss as rules
from sales_crm_accounts.core.receivables.ageing import CREDIT, ON_ACCOUNT
from sales_crm_accounts.services.receivables import ageing, credit_loss_settings, credit_loss_sql

DOCTYPE = "Expected Credit Loss"
BY_GROUP = "Customer Group"
MOST_MONTHS = 36
#: The document's key once it is submitted: one for each company and day.
KEY = "{company}|{as_of_date}"


@dataclass(slots=True)
class Found:
	"""What the ledgers hold. Keys of `debts` are (customer group or '', bucket) or the name of a customer with an own allowance."""

	debts: dict = field(default_factory=lambda: defaultdict(lambda: defaultdict(Decimal)))
	credits: Decimal = ZERO
	on_account: Decimal = ZERO
	flows: dict[str, list[rules.Flow]] = field(default_factory=dict)
	in_ledger: dict[str, Decimal] = field(default_factory=dict)

	def exposure(self, key) -> Decimal:
		return sum(self.debts[key].values(), ZERO) if key in self.debts else ZERO


def fill(doc):
	"""Take every figure of the document anew from the ledgers, and work out rates, losses and what is to be posted."""
	check_input(doc)
	if doc.docstatus == 0:
		doc.status = "Draft"  # an amended one comes with the state of the cancelled one
	settings = credit_loss_settings.need(doc.company)
	digits = precision(doc.company)
	doc.spread_over_deals = int(spreads(settings))
	found = read(doc, settings)
	doc.currency = frappe.get_cached_value("Company", doc.company, "default_currency")
	losses: dict = {}
	_fill_matrix(doc, found, losses, digits)
	_fill_customers(doc, found, losses, digits)
	doc.total_exposure = float(sum((found.exposure(key) for key in found.debts), ZERO))
	doc.credits = float(found.credits + found.on_account)
	doc.matrix_loss = flt(sum(to_decimal(row.expected_loss) for row in doc.matrix), digits)
	doc.specific_loss = flt(sum(to_decimal(row.expected_loss) for row in doc.customers), digits)
	doc.total_loss = flt(doc.matrix_loss + doc.specific_loss, digits)
	_fill_movement(doc, found, losses, digits)


def spreads(settings) -> bool:
	"""Whether entries carry deals: so wanted, and ledger rows can."""
	return bool(
		cint(settings.spread_provision)
		and frappe.db.get_single_value("Sales CRM Accounts Settings", "use_accounting_dimension")
	)


def read(doc, settings) -> Found:
	"""Six statements: whether money moved later, what was open, what became of it month by month (three), and the provision in the ledger."""
	by_group = doc.matrix_by == BY_GROUP
	specific = [row.customer for row in doc.customers if row.customer]
	values = {
		"company": doc.company,
		"as_of": getdate(doc.as_of_date),
		"currency": frappe.get_cached_value("Company", doc.company, "default_currency"),
		"specific": specific or [""],
		"loss_accounts": credit_loss_settings.loss_accounts(settings),
		"account": settings.provision_account,
	}
	found = Found()
	moved_later = ageing.moved_later(ageing.Question(doc.company, values["as_of"]))
	statement = credit_loss_sql.exposures(
		ageing.precision(), moved_later, by_group, bool(doc.spread_over_deals)
	)
	for group, place, customer, deal, amount in frappe.db.sql(statement, values):
		amount = to_decimal(amount)
		if place == CREDIT:
			found.credits += amount
		elif place == ON_ACCOUNT:
			found.on_account += amount
		else:
			found.debts[customer or (group if by_group else "", int(place))][deal] += amount
	found.flows = _flows(doc, values)
	found.in_ledger = {
		deal: to_decimal(amount) for deal, amount in frappe.db.sql(credit_loss_sql.IN_LEDGER, values)
	}
	return found


def _flows(doc, values: dict) -> dict[str, list[rules.Flow]]:
	"""What became of the buckets, from three statements: what moved, what of it was lost, and the installments."""
	digits = ageing.precision()
	ends = rules.month_ends(values["as_of"], cint(doc.months_of_history))
	values = values | {
		"first_end": ends[0],
		"last_end": ends[-1],
		"first_month": f"{ends[0]:%Y%m}",
		"units": 10**digits,
	}
	moves = dict(frappe.db.sql(credit_loss_sql.MOVES, values))
	lost: dict[str, dict[int, Decimal]] = defaultdict(dict)
	for invoice, month, units in frappe.db.sql(credit_loss_sql.LOST, values):
		lost[invoice][int(month)] = to_decimal(units)
	nothing: dict[int, Decimal] = {}
	invoices = (
		rules.Invoice(group, to_decimal(rate), _pairs(moves[name]), _parts(parts), lost.get(name, nothing))
		for name, group, rate, parts in frappe.db.sql(
			credit_loss_sql.parts(doc.matrix_by == BY_GROUP), values
		)
		if name in moves
	)
	return rules.flows_of(invoices, ends, digits)


def _pairs(text: str) -> list[tuple[int, int]]:
	""" "1:200,2:-50" -> [(1, 200), (2, -50)]."""
	pairs = []
	for one in text.split(","):
		key, _colon, units = one.partition(":")
		pairs.append((int(key), int(units)))
	return pairs


def _parts(text: str) -> list[tuple[int, int]]:
	# MariaDB counts days from the year 0, Python from the year 1.
	return [(day - 365, units) for day, units in _pairs(text)]


def precision(company: str) -> int:
	"""Decimals of the ledger in the company's currency."""
	currency = frappe.get_cached_value("Company", company, "default_currency")
	return frappe.get_precision("GL Entry", "debit", currency=currency)


# What it fills


def _fill_matrix(doc, found: Found, losses: dict, digits: int):
	"""One row for each bucket (and customer group); floors and overlays that were entered stay with their row."""
	kept = {(row.for_customer_group or "", row.bucket): row for row in doc.matrix}
	floors = {key: row.floor_rate for key, row in kept.items()} or _last_floors(doc)
	groups = sorted({key[0] for key in found.debts if isinstance(key, tuple)}) or [""]
	rows = []
	for group in groups:
		shares = rules.shares(found.flows.get(group, ()))
		rates = rules.historic_rates(shares, cint(doc.months_to_loss))
		for place in rules.PLACES:
			label = rules.LABELS[place]
			row = kept.get((group, label)) or doc.append("matrix", {})
			exposure = found.exposure((group, place))
			own = shares[place]
			row.update(
				{
					"for_customer_group": group or None,
					"bucket": label,
					"exposure": float(exposure),
					"months": own.months if own else 0,
					"rolled": _percent(own.rolled) if own else 0,
					"lost": _percent(own.lost) if own else 0,
					"historic_rate": float(rates[place] or 0),
					"floor_rate": flt(floors.get((group, label)), rules.RATE_PRECISION),
				}
			)
			rate = rules.rate_of(
				rates[place],
				row.months,
				to_decimal(row.floor_rate),
				row.overlay_type,
				to_decimal(row.overlay),
			)
			loss = rules.loss(exposure, rate.rate, digits)
			row.loss_rate, row.basis, row.expected_loss = float(rate.rate), rate.basis, float(loss)
			if loss:
				losses[group, place] = loss
			rows.append(row)
	doc.set("matrix", rows)
	for number, row in enumerate(doc.matrix, 1):
		row.idx = number
	_fill_history(doc, found)


def _percent(share: Decimal) -> float:
	return float(quantize(share * rules.HUNDRED, rules.RATE_PRECISION))


def _last_floors(doc) -> dict:
	"""Floors of the company's last document, so that they are entered once."""
	last = frappe.db.get_value(
		DOCTYPE,
		{"company": doc.company, "docstatus": 1, "matrix_by": doc.matrix_by},
		"name",
		order_by="as_of_date desc",
	)
	rows = (
		frappe.get_all(
			"Expected Credit Loss Row",
			filters={"parent": last, "parenttype": DOCTYPE},
			fields=["for_customer_group", "bucket", "floor_rate"],
		)
		if last
		else []
	)
	return {(row.for_customer_group or "", row.bucket): row.floor_rate for row in rows}


def _fill_history(doc, found: Found):
	"""What stood in each bucket at each month end and what of it rolled on, for the form; all customer groups together."""
	ends = rules.month_ends(getdate(doc.as_of_date), cint(doc.months_of_history))
	sums: dict[tuple[int, int], list[Decimal]] = defaultdict(lambda: [ZERO] * 4)
	for flows in found.flows.values():
		for flow in flows:
			cell = sums[flow.month, flow.place]
			for index, amount in enumerate((flow.balance, flow.aged, flow.rolled, flow.lost)):
				cell[index] += amount
	doc.months_known = len({month for month, _place in sums if month < len(ends) - 1})
	doc.history = frappe.as_json(
		[
			{
				"day": str(day),
				"cells": [
					{
						"balance": flt(balance, 2),
						"rolled": _percent((rolled + lost) / aged) if aged else None,
					}
					for balance, aged, rolled, lost in (sums[month, place] for place in rules.PLACES)
				],
			}
			for month, day in enumerate(ends)
		],
		indent=None,
	)


def _fill_customers(doc, found: Found, losses: dict, digits: int):
	for row in doc.customers:
		exposure = found.exposure(row.customer)
		loss = rules.loss(exposure, to_decimal(row.loss_rate), digits)
		row.exposure, row.expected_loss = float(exposure), float(loss)
		if loss:
			losses[row.customer] = loss


def _fill_movement(doc, found: Found, losses: dict, digits: int):
	"""What is expected less what the ledger holds, in sum and by deal."""
	total = to_decimal(doc.total_loss)
	expected = rules.allocate(losses, found.debts, digits) if doc.spread_over_deals else {"": total}
	rows = rules.movements(expected, found.in_ledger)
	doc.in_ledger = float(quantize(sum(found.in_ledger.values(), ZERO), digits))
	doc.movement = flt(doc.total_loss - doc.in_ledger, digits)
	kept = {row.deal or "": row for row in doc.deals}
	# One line for what is of no deal is no table.
	by_deal = rows if any(row.deal for row in rows) else []
	doc.set(
		"deals",
		[
			(kept.get(row.deal) or doc.append("deals", {"deal": row.deal or None})).update(
				{
					"expected": float(row.expected),
					"in_ledger": float(quantize(row.in_ledger, digits)),
					"movement": float(quantize(row.amount, digits)),
				}
			)
			for row in by_deal
		],
	)
	for number, row in enumerate(doc.deals, 1):
		row.idx = number


# What is wrong


def check_input(doc):
	"""What people enter: days, months, overlays, customers."""
	as_of = getdate(doc.as_of_date)
	if as_of > getdate(today()):
		frappe.throw(_("As Of is in the future. What is open then is not known yet."))
	if not 1 <= cint(doc.months_of_history) <= MOST_MONTHS:
		frappe.throw(_("Months of History: between 1 and {0}.").format(MOST_MONTHS))
	if not 1 <= cint(doc.months_to_loss) <= MOST_MONTHS:
		frappe.throw(_("Months until Lost: between 1 and {0}.").format(MOST_MONTHS))
	if doc.reverses:
		doc.reverse_on = getdate(doc.reverse_on or rules.first_of_next_month(as_of))
		if doc.reverse_on <= as_of:
			frappe.throw(_("Reverse On has to be after {0}.").format(formatdate(as_of)))
	else:
		doc.reverse_on = None
	for row in doc.matrix:
		_check_row(row)
	seen = set()
	for row in doc.customers:
		where = _("Customers Judged Apart, row {0}").format(row.idx)
		if not row.customer:
			frappe.throw(_("{0}: choose the customer.").format(where))
		if row.customer in seen:
			frappe.throw(_("{0}: {1} stands there twice.").format(where, row.customer))
		seen.add(row.customer)
		if not 0 <= flt(row.loss_rate) <= 100:
			frappe.throw(_("{0}: the loss is between 0 and 100 percent.").format(where))
		if not (row.reason or "").strip():
			frappe.throw(_("{0}: say why this customer is judged apart.").format(where))


def _check_row(row):
	where = _("Matrix, row {0}").format(row.idx)
	if not 0 <= flt(row.floor_rate) <= 100:
		frappe.throw(_("{0}: the least rate is between 0 and 100 percent.").format(where))
	if not row.overlay_type:
		row.overlay = 0
		return
	if row.overlay_type == rules.FACTOR and flt(row.overlay) < 0:
		frappe.throw(_("{0}: a factor is not negative.").format(where))
	if row.overlay_type == rules.POINTS and not -100 <= flt(row.overlay) <= 100:
		frappe.throw(_("{0}: percentage points are between -100 and 100.").format(where))
	if not (row.overlay_reason or "").strip():
		frappe.throw(_("{0}: say why the rate is adjusted.").format(where))


def check_complete(doc):
	"""What posting needs: a rate for every exposure, an open period, and no later document that builds on the ledger as it is."""
	missing = [row for row in doc.matrix if row.basis == rules.NO_RATE and row.exposure]
	if missing:
		frappe.throw(
			_(
				"There is no history for {0}: nothing has aged out of it within the months that are looked at. Enter the least rate in these rows, or take more months."
			).format(
				", ".join(
					frappe.bold(
						" · ".join(filter(None, (row.for_customer_group, _(row.bucket, context=row.doctype))))
					)
					for row in missing
				)
			),
			title=_("No History"),
		)
	if closed := erpnext_compat.closed_until(doc.company, doc.as_of_date, "Journal Entry"):
		frappe.throw(
			_("Nothing can be posted on {0}: the period is closed ({1}).").format(
				formatdate(doc.as_of_date), closed
			),
			title=_("Period Closed"),
		)
	_nobody_else_posts(doc)
	waiting = frappe.db.get_value(
		DOCTYPE,
		{"company": doc.company, "docstatus": 1, "status": "Waiting for Approval", "name": ("!=", doc.name)},
		["name", "as_of_date"],
	)
	if waiting:
		frappe.throw(
			_("The entry of {0} of {1} waits for its approval, and is not in the ledger yet.").format(
				get_link_to_form(DOCTYPE, waiting[0]), formatdate(waiting[1])
			),
			title=_("Earlier One Waits"),
		)
	later = frappe.db.get_value(
		DOCTYPE,
		{
			"company": doc.company,
			"docstatus": 1,
			"as_of_date": (">=", doc.as_of_date),
			"name": ("!=", doc.name),
		},
		["name", "as_of_date"],
	)
	if later:
		frappe.throw(
			_(
				"{0} of {1} is posted already. Cancel it first: it was measured against the ledger as it is."
			).format(get_link_to_form(DOCTYPE, later[0]), formatdate(later[1])),
			title=_("Later One Posted"),
		)
	doc.loss_key = KEY.format(company=doc.company, as_of_date=getdate(doc.as_of_date))


def _nobody_else_posts(doc) -> None:
	"""One document of a company at a time: what somebody posts at the same moment is not in the ledger that this one has read."""
	frappe.db.get_value(credit_loss_settings.SETTINGS, doc.company, "name", for_update=True)
	loss = frappe.qb.DocType(DOCTYPE)
	query = (
		frappe.qb.from_(loss)
		.select(loss.name)
		.where((loss.company == doc.company) & (loss.docstatus == 1))
		.orderby(loss.name)
	)
	if query.run() != query.for_update().run():
		frappe.throw(
			_(
				"Another one of {0} was posted just now. Submit again, with what is in the ledger then."
			).format(doc.company),
			title=_("Somebody Was Faster"),
		)


def check_cancel(doc):
	"""A later document was measured against the ledger with this one in it, unless it had been reversed by then."""
	reversed_on = getdate(doc.reverse_on) if doc.reversal_entry else None
	for name, as_of in frappe.get_all(
		DOCTYPE,
		filters={"company": doc.company, "docstatus": 1, "as_of_date": (">", doc.as_of_date)},
		fields=["name", "as_of_date"],
		order_by="as_of_date",
		as_list=True,
	):
		if reversed_on is None or reversed_on > getdate(as_of):
			frappe.throw(
				_("{0} of {1} builds on this one. Cancel that one first.").format(
					get_link_to_form(DOCTYPE, name), formatdate(as_of)
				)
			)

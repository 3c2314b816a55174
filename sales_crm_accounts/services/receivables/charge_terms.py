"""How a company charges for late payment: its Company Receivables Settings, as the rules take them."""

from collections.abc import Iterable

import frappe
from frappe import _
from frappe.utils import cint, flt, getdate

from sales_crm_accounts.core.money import to_decimal
from sales_crm_accounts.core.receivables.interest import ACTUAL_365, Rate, Terms

CLAIM_ONLY, INVOICE = "Claim Only", "Invoice"
SETTINGS = "Company Receivables Settings"


def settings_of(company: str) -> frappe._dict:
	"""The settings of the company; one without a document charges no interest and only claims fees."""
	if frappe.db.exists(SETTINGS, company):
		return frappe.get_cached_doc(SETTINGS, company)
	return frappe._dict(company=company, charge_mode=CLAIM_ONLY)


def check(settings):
	"""What an invoice over charges would fail at, said when the settings are saved."""
	for field in ("interest_item", "fee_item"):
		item = settings.get(field)
		if item and frappe.get_cached_value("Item", item, "is_stock_item"):
			frappe.throw(
				_("{0}: {1} is a stock item. Choose a service.").format(
					_(settings.meta.get_label(field)), item
				)
			)
	template = settings.charge_taxes_template
	if template and settings.company != frappe.get_cached_value(
		"Sales Taxes and Charges Template", template, "company"
	):
		frappe.throw(_("Taxes template {0} belongs to another company.").format(template))
	if flt(settings.interest_cap_percent) > 100:
		frappe.throw(
			_("{0} percent of an installment are more than the installment itself.").format(
				flt(settings.interest_cap_percent)
			)
		)


def rates_of(settings) -> tuple[Rate, ...]:
	"""The rates of the company's table; none where it charges no interest."""
	if not settings.interest_rate_table:
		return ()
	table = frappe.get_cached_doc("Interest Rate Table", settings.interest_rate_table)
	if table.disabled:
		return ()
	return tuple(Rate(getdate(row.from_date), to_decimal(row.annual_rate)) for row in table.rows)


def terms_by_currency(settings, currencies: Iterable[str], as_of) -> dict[str, Terms]:
	"""The terms for each currency; the cap and the minimum, which are in the company's, at the rate of the day."""
	rates = rates_of(settings)
	return {currency: _terms(settings, rates, currency, as_of) for currency in sorted(set(currencies))}


def precision_of(currency: str) -> int:
	return cint(frappe.get_precision("Receivable Charge", "amount", currency=currency))


def _terms(settings, rates, currency: str, as_of) -> Terms:
	factor = to_decimal(1)
	if flt(settings.interest_cap) or flt(settings.interest_minimum):
		factor = _factor(settings.company, currency, as_of)
	return Terms(
		rates=rates,
		day_count=settings.interest_day_count or ACTUAL_365,
		grace_days=cint(settings.interest_grace_days),
		cap_amount=to_decimal(settings.interest_cap) * factor or None,
		cap_percent=to_decimal(settings.interest_cap_percent) or None,
		minimum=to_decimal(settings.interest_minimum) * factor,
		precision=precision_of(currency),
		not_before=getdate(settings.charges_from) if settings.charges_from else None,
	)


def _factor(company: str, currency: str, as_of):
	from erpnext.setup.utils import get_exchange_rate

	own = frappe.get_cached_value("Company", company, "default_currency")
	if currency == own:
		return to_decimal(1)
	rate = get_exchange_rate(own, currency, as_of)
	if not rate:
		frappe.throw(
			_("There is no exchange rate from {0} to {1} for {2}. Add it to Currency Exchange.").format(
				own, currency, frappe.format(as_of, "Date")
			)
		)
	return to_decimal(rate)

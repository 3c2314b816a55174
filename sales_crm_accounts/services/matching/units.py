"""Between amounts of documents and the whole units that matching counts in."""

from decimal import Decimal

from frappe.utils import flt

from sales_crm_accounts.core.money import quantize, to_decimal
from sales_crm_accounts.services.derived import precision


def units(value) -> int:
	"""Smallest units of an amount, as this site rounds."""
	places = precision()
	return int(quantize(to_decimal(value), places).scaleb(places))


def amount(value: int) -> float:
	"""What a document takes for that many units."""
	places = precision()
	return flt(Decimal(value).scaleb(-places), places)

"""Which chain covers a document. What is active is kept in the cache, so that a document without a chain costs no SQL."""

import frappe
from frappe import _
from frappe.utils import flt, get_link_to_form, getdate, today

from sales_crm_accounts.core.approvals import conditions as rules
from sales_crm_accounts.core.money import to_decimal
from sales_crm_accounts.services.approvals import CANCEL, SUBMIT, paths

CACHE_KEY = "sca_approval_chains"

#: What amount bands look at where the chain names no field; in company currency, except the last ones.
AMOUNT_FIELDS = (
	"base_grand_total",
	"base_paid_amount",
	"total_debit",
	"total_amount",
	"base_net_total",
	"grand_total",
	"amount",
	"total",
)


class ChainUnusable(frappe.ValidationError):
	"""An active chain covers the document and cannot be judged; nothing passes until it is mended."""


def active() -> dict[str, list[dict]]:
	"""Active chains by DocType, in order of precedence; from the cache when warm."""
	return frappe.cache.get_value(CACHE_KEY, generator=_read)


def gated(doctype: str) -> bool:
	"""Whether any active chain speaks about the DocType."""
	return doctype in active()


def shown() -> list[str]:
	"""DocTypes whose forms show approvals: those of active chains, and those that requests were made for before."""
	request = frappe.qb.DocType("Approval Request")
	asked = frappe.qb.from_(request).select(request.reference_doctype).distinct().run(pluck=True)
	return sorted({*active(), *asked})


def forget():
	"""Read the chains anew: now, and once this transaction stands (another request may have read the old ones meanwhile)."""
	frappe.cache.delete_value(CACHE_KEY)
	# Either way the transaction ends: what was read meanwhile may never have come to stand.
	frappe.db.after_commit.add(lambda: frappe.cache.delete_value(CACHE_KEY))
	frappe.db.after_rollback.add(lambda: frappe.cache.delete_value(CACHE_KEY))


def _read() -> dict[str, list[dict]]:
	if not frappe.db.table_exists("Approval Chain"):
		return {}  # while the app is being installed
	found: dict[str, list[dict]] = {}
	rows = frappe.get_all("Approval Chain", filters={"active": 1}, fields=["*"], order_by="name")
	for row in rows:
		row.conditions, row.levels = [], []
		found.setdefault(row.document_type, []).append(_plain(row))
	by_name = {row["name"]: row for chains in found.values() for row in chains}
	for table, doctype in (("conditions", "Approval Chain Condition"), ("levels", "Approval Chain Level")):
		for row in frappe.get_all(
			doctype,
			filters={"parenttype": "Approval Chain", "parent": ("in", list(by_name) or [""])},
			fields=["*"],
			order_by="parent, idx",
		):
			by_name[row.parent][table].append(_plain(row))
	return found


def _plain(row: dict) -> frappe._dict:
	return frappe._dict(
		(key, value) for key, value in row.items() if key not in ("creation", "modified", "_user_tags")
	)


def as_row(chain) -> frappe._dict:
	"""A chain's document in the shape of the cached ones, for trying a chain before it is active."""
	row = _plain(chain.as_dict())
	row.conditions = [_plain(condition.as_dict()) for condition in chain.conditions]
	row.levels = [_plain(level.as_dict()) for level in chain.levels]
	return row


def chain_for(doc, action: str) -> frappe._dict | None:
	"""The chain that governs the action on the document: of those that match, the one that comes first.

	Raises ChainUnusable where a condition names a field that is gone: a silent pass would be worse.
	"""
	chains = active().get(doc.doctype)
	if not chains:
		return None
	by_name = {chain.name: chain for chain in chains}
	day = getdate(today())
	for scope in rules.match(
		[scope_of(chain) for chain in chains], action=action, company=doc.get("company") or "", day=day
	):
		chain = by_name[scope.name]
		if covers(chain, doc):
			return chain
	return None


def scope_of(chain) -> rules.ChainScope:
	return rules.ChainScope(
		name=chain.name,
		company=chain.company or "",
		priority=chain.priority or 0,
		valid_from=chain.valid_from and getdate(chain.valid_from),
		valid_to=chain.valid_to and getdate(chain.valid_to),
		on_submit=chain.action != CANCEL,
		on_cancel=chain.action != SUBMIT,
	)


def covers(chain, doc) -> bool:
	"""Whether the chain's conditions hold for the document."""
	if is_receipt(doc) and not chain.include_receipts:
		return False
	for row in chain.conditions:
		try:
			found = paths.plain(paths.values(doc, row.field))
			tree = paths.tree_of(doc.doctype, row.field) if row.operator == "under" else None
		except paths.UnknownField:
			frappe.throw(
				_(
					"Approval chain {0} asks for the field {1}, which {2} does not have (any more). Nothing that it may cover is posted until an Approval Manager corrects its conditions."
				).format(
					get_link_to_form("Approval Chain", chain.name), frappe.bold(row.field), _(doc.doctype)
				),
				exc=ChainUnusable,
				title=_("Approval Chain Cannot Be Used"),
			)
		condition = rules.Condition(row.field, row.operator, row.value or "")
		if not rules.holds(condition, found, _ancestors_in(tree) if tree else None):
			return False
	return True


def is_receipt(doc) -> bool:
	"""Whether a payment only brings money in; one that writes off part of a debt as well is no plain receipt."""
	if doc.doctype != "Payment Entry" or doc.payment_type != "Receive":
		return False
	if not doc.deductions:
		return True
	harmless = frappe.get_cached_value(
		"Company", doc.company, ["exchange_gain_loss_account", "round_off_account"]
	)
	return all(row.account in harmless for row in doc.deductions)


def _ancestors_in(tree: str):
	from frappe.utils.nestedset import get_ancestors_of

	return lambda name: get_ancestors_of(tree, name)


def amount_field(chain, doctype: str) -> str | None:
	if chain.amount_field:
		return chain.amount_field
	meta = frappe.get_meta(doctype)
	return next((name for name in AMOUNT_FIELDS if meta.has_field(name)), None)


def amount_of(chain, doc):
	"""(amount in company currency as Decimal, company currency). Credit notes count by their size.

	Raises ChainUnusable where the field is gone, or where there is no exchange rate.
	"""
	company_currency = (
		frappe.get_cached_value("Company", doc.get("company"), "default_currency")
		if doc.get("company")
		else frappe.db.get_default("currency")
	)
	path = amount_field(chain, doc.doctype)
	if not path:
		if asks_amount(chain):
			frappe.throw(
				_(
					"Approval chain {0} compares amounts, and {1} has no amount that it knows. An Approval Manager has to choose its amount field."
				).format(get_link_to_form("Approval Chain", chain.name), _(doc.doctype)),
				exc=ChainUnusable,
				title=_("Approval Chain Cannot Be Used"),
			)
		return to_decimal(0), company_currency
	try:
		found = [value for value in paths.plain(paths.values(doc, path)) if value]
	except paths.UnknownField:
		frappe.throw(
			_(
				"Approval chain {0} compares the field {1}, which {2} does not have (any more). Nothing that it may cover is posted until an Approval Manager corrects its amount field."
			).format(get_link_to_form("Approval Chain", chain.name), frappe.bold(path), _(doc.doctype)),
			exc=ChainUnusable,
			title=_("Approval Chain Cannot Be Used"),
		)
	amount = abs(sum((to_decimal(value) for value in found), to_decimal(0)))
	currency = currency_of(doc, path)
	if amount and currency and currency != company_currency:
		amount *= to_decimal(_rate(doc, currency, company_currency, chain))
	if asks_amount(chain):
		amount = max(amount, _at_known_rates(doc, path, company_currency, chain))
		if doc.doctype == "Payment Entry" and not chain.amount_field:
			amount += sum((abs(to_decimal(row.amount)) for row in doc.deductions), to_decimal(0))
	return round(amount, 2), company_currency


def asks_amount(chain) -> bool:
	"""Whether the amount decides who is asked."""
	return any(flt(row.min_amount) or flt(row.max_amount) or row.climb_to_limit for row in chain.levels or ())


def _at_known_rates(doc, path: str, company_currency: str, chain):
	"""The amount at the site's exchange rates: a rate that was typed into the document makes no amount small."""
	if doc.doctype == "Journal Entry" and path == "total_debit" and doc.multi_currency:
		sides = []
		for field in ("debit_in_account_currency", "credit_in_account_currency"):
			side: dict[str, float] = {}
			for row in doc.accounts:
				currency = frappe.get_cached_value("Account", row.account, "account_currency")
				side[currency] = side.get(currency, 0) + flt(row.get(field))
			sides.append(_converted(side, doc, company_currency, chain))
		return max(sides)
	own = path.removeprefix("base_")
	if own == path or "." in path or not doc.meta.has_field(own):
		return to_decimal(0)
	currency = currency_of(doc, own)
	if not currency or currency == company_currency:
		return to_decimal(0)
	return _converted({currency: abs(flt(doc.get(own)))}, doc, company_currency, chain)


def _converted(amounts: dict[str, float], doc, company_currency: str, chain):
	return sum(
		(
			to_decimal(amount)
			* (
				1
				if currency == company_currency
				else to_decimal(_known_rate(doc, currency, company_currency, chain))
			)
			for currency, amount in amounts.items()
			if amount
		),
		to_decimal(0),
	)


def currency_of(doc, path: str) -> str | None:
	"""Currency of the amount at the path; None says company currency."""
	doctype, fieldname, fieldtype = paths.field_at(doc.doctype, path)
	field = frappe.get_meta(doctype).get_field(fieldname)
	options = field and field.options
	if fieldtype != "Currency" or not options or ":" in options or fieldname.startswith("base_"):
		return None
	if options == "company_currency":
		return None
	holder = doc if doctype == doc.doctype else None
	return (holder or doc).get(options)


def _rate(doc, currency: str, company_currency: str, chain) -> float:
	"""Company currency for one unit of `currency`: the document's own rate, else that of its day."""
	if doc.get("currency") == currency and flt(doc.get("conversion_rate")):
		return flt(doc.conversion_rate)
	for kind, rate in (
		("paid_from_account_currency", "source_exchange_rate"),
		("paid_to_account_currency", "target_exchange_rate"),
	):
		if doc.get(kind) == currency and flt(doc.get(rate)):
			return flt(doc.get(rate))
	return _known_rate(doc, currency, company_currency, chain)


def _known_rate(doc, currency: str, company_currency: str, chain) -> float:
	from erpnext.setup.utils import get_exchange_rate

	rate = flt(get_exchange_rate(currency, company_currency, doc.get("posting_date") or today()))
	if not rate:
		frappe.throw(
			_(
				"There is no exchange rate from {0} to {1} for {2}, so approval chain {3} cannot compare the amount. Add a Currency Exchange record for that day, then try again."
			).format(
				currency,
				company_currency,
				frappe.format(doc.get("posting_date") or today(), "Date"),
				get_link_to_form("Approval Chain", chain.name),
			),
			exc=ChainUnusable,
			title=_("Exchange Rate Missing"),
		)
	return rate

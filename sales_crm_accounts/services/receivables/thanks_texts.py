"""What a mail of thanks can say, tried when it is saved as texts of reminders are."""

from frappe import _
from frappe.utils import fmt_money, formatdate, getdate, today

from sales_crm_accounts.core.money import ZERO, to_decimal
from sales_crm_accounts.services.receivables import dunning_texts

WORDS = ("customer_name", "contact_name", "company", "today", "total", "count", "invoices", "rows")
ROW_WORDS = ("invoice", "no", "due_date", "amount")


def values(doc, contact_name: str | None, day) -> dict:
	"""The words for a mail of thanks, with amounts and dates as the site writes them."""
	sums: dict = {}
	for row in doc.rows:
		sums[row.currency] = sums.get(row.currency, ZERO) + to_decimal(row.amount)
	return {
		"customer_name": doc.customer_name,
		"contact_name": contact_name or doc.customer_name,
		"company": doc.company,
		"today": formatdate(day),
		"total": ", ".join(
			fmt_money(float(amount), currency=currency) for currency, amount in sorted(sums.items())
		),
		"count": len(doc.rows),
		"invoices": ", ".join(dict.fromkeys(row.sales_invoice for row in doc.rows)),
		"rows": [
			{
				"invoice": row.sales_invoice,
				"no": row.installment_no,
				"due_date": formatdate(row.due_date),
				"amount": fmt_money(row.amount, currency=row.currency),
			}
			for row in doc.rows
		],
	}


def check(policy):
	"""Problems of a policy's texts of thanks; the day from which payments are thanked for is set along."""
	before = policy.get_doc_before_save()
	if not policy.send_thanks:
		policy.thanks_since = None
	elif not policy.thanks_since or not (before and before.send_thanks):
		policy.thanks_since = getdate(today())
	elif before:
		policy.thanks_since = before.thanks_since
	if policy.send_thanks and not policy.thanks_texts:
		yield _("Thanks have no text. Write one, or switch them off.")
	seen = set()
	for text in policy.thanks_texts:
		if text.language in seen:
			yield _("Thanks have two texts in {0}.").format(text.language)
		seen.add(text.language)
		if reason := dunning_texts.broken(text.subject, text.body, WORDS, _samples()):
			yield _("The text of thanks in {0} is broken: {1}.").format(text.language, reason.rstrip("."))


def _samples() -> list[dict]:
	row = dict(zip(ROW_WORDS, ("INV-1", 1, "2026-01-31", "$ 100.00"), strict=True))
	one = dict.fromkeys(WORDS, "Sample") | {"total": "$ 100.00", "count": 1, "rows": [row]}
	return [one, one | {"total": "$ 200.00", "count": 2, "rows": [row, row]}]

"""What reminders say: Jinja texts per level and language, tried with sample data when they are saved.

Texts see the words of WORDS and nothing else of the site, in a sandbox that knows no missing word: what is saved can be sent.
"""

import html
import re

import frappe
from frappe import _
from frappe.utils import fmt_money, formatdate
from jinja2 import StrictUndefined, TemplateError, meta
from jinja2.sandbox import SandboxedEnvironment

#: Words that a text can use.
WORDS = (
	*("customer_name", "contact_name", "company", "level", "today"),
	*("total", "fee", "on_account", "currency", "count", "invoices"),
	*("due_date", "days_overdue", "days_until_due", "rows"),
)
#: What each of `rows` has.
ROW_WORDS = ("invoice", "no", "invoice_date", "due_date", "days_overdue", "amount", "amount_due")

_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


def values(message, today) -> dict:
	"""The words for a message, with amounts and dates as the site writes them."""
	money = lambda amount: fmt_money(amount, currency=message.currency)  # noqa: E731
	rows = [
		{
			"invoice": row.sales_invoice,
			"no": row.installment_no,
			"invoice_date": formatdate(row.posting_date),
			"due_date": formatdate(row.due_date),
			"days_overdue": max(0, row.days_overdue),
			"amount": money(row.amount),
			"amount_due": money(row.amount_due),
		}
		for row in message.rows
	]
	late = [row.days_overdue for row in message.rows]
	return {
		"customer_name": message.customer_name,
		"contact_name": message.get("contact_name") or message.customer_name,
		"company": message.company,
		"level": message.level_title,
		"today": formatdate(today),
		"total": money(message.total_due),
		"fee": money(message.fee) if message.fee else "",
		"on_account": money(message.on_account) if message.on_account else "",
		"currency": message.currency,
		"count": len(rows),
		"invoices": ", ".join(dict.fromkeys(row["invoice"] for row in rows)),
		"due_date": rows[0]["due_date"] if rows else "",
		"days_overdue": max([0, *late]),
		"days_until_due": max([0, *(-days for days in late)]),
		"rows": rows,
	}


def render(subject: str, body: str, words: dict) -> tuple[str, str]:
	"""Subject as plain text on one line, body as HTML. Raises TemplateError for a text that is broken."""
	plain = _environment(False).from_string(_code(subject)).render(words)
	return " ".join(plain.split())[:240], _environment(True).from_string(_code(body)).render(words)


def broken(subject: str, body: str, words=WORDS, samples=None) -> str | None:
	"""Why a text cannot be sent; None where it can. Also words in branches that the sample does not take are found."""
	for text in (subject, body):
		try:
			unknown = meta.find_undeclared_variables(_environment(True).parse(_code(text))) - set(words)
		except TemplateError as error:
			return str(error)
		if unknown:
			return _("{0} is not known").format(", ".join(sorted(unknown)))
	for sample in samples or _samples():
		try:
			shown, _body = render(subject, body, sample)
		except Exception as error:  # whatever the text does wrong: a type, a number, a missing part
			return str(error)
		if not shown:
			return _("the subject is empty")
	return None


def text_of(texts: list, level_title: str, language: str | None) -> frappe._dict | None:
	"""The level's text in the customer's language, else in the site's, else the first there is."""
	return in_language_of([text for text in texts if text.level_title == level_title], language)


def in_language_of(own: list, language: str | None) -> frappe._dict | None:
	"""The text in the customer's language, else in the site's, else the first there is."""
	site = frappe.db.get_default("lang") or "en"
	for wanted in (language, (language or "").split("-")[0], site, site.split("-")[0]):
		for text in own:
			if wanted and text.language == wanted:
				return text
	return own[0] if own else None


def _environment(escape: bool) -> SandboxedEnvironment:
	return SandboxedEnvironment(undefined=StrictUndefined, autoescape=escape)


def _code(text: str | None) -> str:
	"""The text with what the editor put into its tags (entities, markup) taken out again."""
	return _TAG.sub(
		lambda tag: html.unescape(re.sub(r"</?[a-z][^>]*>", "", tag.group())).replace("\xa0", " "), text or ""
	)


def _samples():
	"""A late customer with two rows, a fee and money on account; and one row before its due date with nothing of that."""
	row = dict(zip(ROW_WORDS, ("INV-1", 1, "2026-01-01", "2026-01-31", 20, "$ 100.00", "$ 90.00"), strict=True))  # fmt: skip
	late = dict.fromkeys(WORDS, "Sample") | {
		"total": "$ 190.00", "fee": "$ 5.00", "on_account": "$ 10.00", "currency": "USD", "count": 2,
		"due_date": "2026-01-31", "days_overdue": 20, "days_until_due": 0, "rows": [row, row],
	}  # fmt: skip
	yield late
	yield late | {
		"total": "$ 90.00", "fee": "", "on_account": "", "count": 1, "days_overdue": 0, "days_until_due": 3,
		"rows": [row | {"days_overdue": 0}],
	}  # fmt: skip


# Ready-made

LEVELS = (
	{"title": "Friendly Note", "days": -3},
	{"title": "First Reminder", "days": 7},
	{"title": "Second Reminder", "days": 21, "tell_salesperson": 1},
	{"title": "Final Notice", "days": 35, "tell_salesperson": 1},
)

_READY_MADE = {
	("Friendly Note", "en"): (
		"Due on {{ due_date }}: {{ total }}",
		"Dear {{ contact_name }},|this is just a friendly note that {{ total }} will be due on {{ due_date }}. If your payment is"
		" already on its way, there is nothing for you to do.|Thank you for your business.|{{ company }}",
	),
	("First Reminder", "en"): (
		"Reminder: {{ total }} is overdue",
		"Dear {{ contact_name }},|perhaps it escaped your notice: {{ total }} has been due since {{ due_date }}. Please find the"
		" details below.|If you have paid in the meantime, please disregard this message. If something is not as it should be, just"
		" answer and we will look into it.|Kind regards|{{ company }}",
	),
	("Second Reminder", "en"): (
		"Second reminder: {{ total }} is overdue by {{ days_overdue }} days",
		"Dear {{ contact_name }},|we have not received a payment for the amount of {{ total }} yet. Please transfer it within the"
		" next 7 days, or tell us when we can expect it.|If there is a reason that keeps you from paying, please answer; together"
		" we will find a way.|Kind regards|{{ company }}",
	),
	("Final Notice", "en"): (
		"Final notice: {{ total }}",
		"Dear {{ contact_name }},|in spite of our reminders {{ total }} is still open, the oldest part for {{ days_overdue }} days."
		" Please pay within 7 days. After that we have to hand the matter over.|Please get in touch with us if you cannot pay the"
		" whole amount at once.|{{ company }}",
	),
	("Friendly Note", "zh"): (
		"温馨提示：{{ total }} 将于 {{ due_date }} 到期",
		"{{ contact_name }}：|您好！谨此提醒，款项 {{ total }} 将于 {{ due_date }} 到期。如您已安排付款，请忽略本提示。|感谢您的合作！|{{ company }}",
	),
	("First Reminder", "zh"): (
		"付款提醒：{{ total }} 已逾期",
		"{{ contact_name }}：|您好！款项 {{ total }} 自 {{ due_date }} 起已到期，可能是您一时疏漏，明细见下表。|如您已付款，请忽略本提醒；如有任何疑问，"
		"请直接回复，我们会尽快核实。|此致|{{ company }}",
	),
	("Second Reminder", "zh"): (
		"第二次付款提醒：{{ total }} 已逾期 {{ days_overdue }} 天",
		"{{ contact_name }}：|您好！我们尚未收到款项 {{ total }}。请在 7 天内付款，或告知我们预计的付款时间。|如有付款困难，请回复我们，共同商定解决办法。|此致|{{ company }}",
	),
	("Final Notice", "zh"): (
		"最后通知：{{ total }}",
		"{{ contact_name }}：|经多次提醒，款项 {{ total }} 仍未支付，其中最早的部分已逾期 {{ days_overdue }} 天。请在 7 天内付款，否则我们将不得不移交处理。|"
		"如无法一次付清，请与我们联系。|{{ company }}",
	),
}  # fmt: skip


_READY_MADE_THANKS = {
	"en": (
		"Thank you for your payment of {{ total }}",
		"Dear {{ contact_name }},|your payment for {{ invoices }} has arrived. Thank you very much.|Kind regards|{{ company }}",
	),
	"zh": (
		"已收到您的付款 {{ total }}，谢谢",
		"{{ contact_name }}：|您好！{{ invoices }} 的款项已收到，非常感谢。|此致|{{ company }}",
	),
}


def ready_made() -> dict:
	"""Levels and texts to start from, in both languages of the app, those of thanks with them."""
	html_of = lambda body: "".join(f"<p>{part}</p>" for part in body.split("|"))  # noqa: E731
	return {
		"levels": [{"channel": "Mail", **level} for level in LEVELS],
		"texts": [
			{
				"level_title": level,
				"language": language,
				"subject": subject,
				"body": html_of(body),
			}
			for (level, language), (subject, body) in _READY_MADE.items()
		],
		"thanks_texts": [
			{"language": language, "subject": subject, "body": html_of(body)}
			for language, (subject, body) in _READY_MADE_THANKS.items()
		],
	}

"""The columns of each file: how a cell is read, whether it must be there, and what an empty one means."""

from __future__ import annotations

from decimal import Decimal

from ..core import dates, plan
from ..core.money import ZERO
from . import books, reader
from .reader import Column

#: Read by what the loader knows: its days, and the currency's smallest unit.
DAY, UNITS = "day", "units"
DEALS = (
	Column("deal", required=True),
	Column("title"),
	Column("customer", required=True),
	Column("owner"),
	Column("currency", reader.currency, default=""),
	Column("exchange_rate", reader.rate),
	Column("opened_on", DAY, required=True),
	Column("expected_close_date", DAY),
	Column("won_on", DAY),
	Column("lost_on", DAY),
	Column("lost_reason"),
	Column("cancelled_on", DAY),
	Column("delivered_on", DAY),
	Column("discount", reader.amount, default=ZERO),
	Column("tax"),
	Column("plan", required=True),
	Column("actual_invoice_date", DAY),
)
DEAL_ITEMS = (
	Column("deal", required=True),
	Column("item", required=True),
	Column("quantity", reader.positive, default=Decimal(1)),
	Column("rate", reader.amount, required=True, repeats=False),
)
ITEMS = (
	Column("item", required=True),
	Column("item_name"),
	Column("whole_number", reader.yes_no, default=False),
	Column("disabled", reader.yes_no, default=False),
	Column("cost", reader.amount),
)
CUSTOMERS = (
	Column("customer", required=True),
	Column("customer_group"),
	Column("territory"),
	Column("disabled", reader.yes_no, default=False),
	Column("receivable_currency", reader.currency, default=""),
)
TAXES = (
	Column("tax", required=True),
	Column("account", required=True),
	Column("rate", reader.percent, required=True),
)
PLANS = (
	Column("plan", required=True),
	Column("description", required=True),
	Column("basis", reader.one_of((plan.PERCENT, plan.AMOUNT, plan.REMAINDER)), default=plan.PERCENT),
	Column("percent", reader.percent, default=ZERO),
	Column("amount", reader.amount, default=ZERO),
	Column("billing_trigger", reader.one_of(plan.TRIGGERS), default=plan.ON_WINNING),
	Column("trigger_date", DAY),
	Column("trigger_months", reader.whole, default=0),
	Column("trigger_days", reader.whole, default=0),
	Column("milestone"),
	Column("due_rule", reader.one_of(dates.DUE_RULES), default=dates.DAYS_AFTER_INVOICE),
	Column("due_days", reader.whole, default=0),
	Column("due_months", reader.whole, default=0),
	Column("fixed_due_date", DAY),
)
INSTALLMENTS = (
	Column("deal", required=True),
	Column("installment", reader.whole, required=True),
	Column("confirmed_on", DAY),
	Column("actual_invoice_date", DAY),
)
PAYMENTS = (
	Column("date", DAY, required=True),
	Column("kind", reader.one_of(books.KINDS), default="Payment"),
	Column("deal", required=True),
	Column("installment", reader.whole, default=0),
	Column("amount", UNITS, repeats=False),
	Column("exchange_rate", reader.rate),
	Column("reconciled_on", DAY),
	Column("reference"),
)
EXPENSES = (
	Column("deal"),
	Column("date", DAY, required=True),
	Column("category", required=True),
	Column("amount", UNITS, required=True, repeats=False),
	Column("tax", UNITS, default=0),
	Column("paid_by", reader.one_of(books.PAYERS), default=books.COMPANY),
)
STAGES = (
	Column("stage", required=True),
	Column("sequence", reader.whole, default=0),
	Column("probability", reader.percent, default=ZERO),
	Column("type", reader.one_of(("Open", "Won", "Lost")), default="Open"),
	Column("requirements"),
)
STAGE_LOG = (
	Column("deal", required=True),
	Column("stage", required=True),
	Column("entered_on", DAY, required=True),
)
CHANGES = (
	Column("deal", required=True),
	Column("date", DAY, required=True),
	Column("plan", required=True),
	Column("reason"),
)
COMPANY_KEYS = ("company", "currency", "precision", "rounding", "start", "end")
POLICY_KEYS = (
	"name",
	"method",
	"split",
	"days_ahead",
	"automatic",
	"customer_group",
	"territory",
	"min_amount",
	"max_amount",
)
CALENDAR_KEYS = ("days_off", "weekends_off", "books_closed_until")
PROMISES = (
	Column("deal", required=True),
	Column("installment", reader.whole, required=True),
	Column("promised_on", DAY, required=True),
	Column("pay_by", DAY, required=True),
	Column("amount", UNITS),
)
DISPUTES = (
	Column("deal", required=True),
	Column("installment", reader.whole, required=True),
	Column("opened_on", DAY, required=True),
	Column("settled_on", DAY),
	Column("amount", UNITS),
)
EXCHANGE_RATES = (
	Column("currency", reader.currency, required=True),
	Column("date", DAY, required=True),
	Column("rate", reader.rate, required=True),
)
PAUSES = (
	Column("customer", required=True),
	Column("paused_on", DAY, required=True),
	Column("until", DAY, required=True),
)

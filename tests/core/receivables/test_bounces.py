"""What mail servers answer, as Frappe keeps it, and as notices say it."""

import smtplib
import traceback

from sales_crm_accounts.core.receivables import bounces


def kept(answers: dict) -> str:
	"""What Email Queue keeps of a refusal."""
	try:
		raise smtplib.SMTPRecipientsRefused(answers)
	except smtplib.SMTPRecipientsRefused:
		return traceback.format_exc()


def test_refused_for_good():
	error = kept({"A@X.example": (550, b"5.1.1 no such\r\nuser"), "b@x.example": (450, b"busy")})
	assert bounces.refused(error) == {"a@x.example": "550 5.1.1 no such user"}
	assert bounces.last_line(error).startswith("smtplib.SMTPRecipientsRefused")


def test_what_says_nothing_about_an_address():
	assert bounces.refused(None) == bounces.refused("ConnectionRefusedError: [Errno 111]") == {}
	assert bounces.refused("SMTPRecipientsRefused: {broken}") == {}


def test_notices():
	assert bounces.is_notice("MAILER-DAEMON@mx.example") and bounces.is_notice("postmaster@mx.example")
	assert not bounces.is_notice("clerk@customer.example") and not bounces.is_notice(None)
	assert bounces.is_permanent("Status: 5.1.1 (bad destination mailbox)")
	assert bounces.is_permanent("550 unknown user")
	assert not bounces.is_permanent("Status: 4.4.1, will be retried until 5 pm; order 5501, 550 items")
	assert bounces.named("<b@x.example>: user unknown", ["a@x.example", "b@x.example"]) == ["b@x.example"]
	assert bounces.named("gone", ["a@x.example"]) == ["a@x.example"]

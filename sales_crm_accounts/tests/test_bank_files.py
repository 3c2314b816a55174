"""Bank files on a real site: MT940 and ERPNext's own CSV import, bad files of each kind, and that they are matched like others."""

import frappe
from frappe.utils import add_days, getdate, today

from sales_crm_accounts.api import matching as api
from sales_crm_accounts.services.matching import statements
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import bank_factories as bank
from sales_crm_accounts.tests import factories as make

OURS = "DE89 3704 0044 0532 0130 00"


def swift(amount: float) -> str:
	return f"{abs(amount):.2f}".replace(".", ",")


def balance(tag: str, amount: float, day, currency: str) -> str:
	return f":{tag}:{'C' if amount >= 0 else 'D'}{day:%y%m%d}{currency}{swift(amount)}"


def mt940(
	entries, number=1, opening=100.0, closing=None, currency="USD", account="37040044/0532013000", day=None
):
	"""One MT940 statement; entries are (signed amount, text, payer, bank's own reference)."""
	day = getdate(day or today())
	lines = [
		":20:STARTUMS",
		f":25:{account}",
		f":28C:{number:05}/001",
		balance("60F", opening, day, currency),
	]
	for amount, text, payer, reference in entries:
		mark = "C" if amount > 0 else "D"
		lines.append(f":61:{day:%y%m%d}{day:%m%d}{mark}R{swift(amount)}NTRFNONREF//{reference}")
		pieces = [f"?2{at}{text[at * 27 : at * 27 + 27]}" for at in range(len(text) // 27 + 1)]
		lines.append(f":86:166?00GUTSCHRIFT{''.join(pieces)}?31DE02120300000000202051?32{payer}")
	end = opening + sum(entry[0] for entry in entries) if closing is None else closing
	return "\r\n".join([*lines, balance("62F", end, day, currency), "-", ""])


def count() -> int:
	return frappe.db.count("Bank Transaction", {"bank_account": bank.bank_account()})


class TestBankFiles(SiteTestCase):
	def setUp(self):
		super().setUp()
		self.account = bank.bank_account()
		frappe.db.set_value("Bank Account", self.account, "iban", OURS)
		frappe.db.commit()

	def tearDown(self):
		frappe.set_user("Administrator")
		frappe.db.rollback()
		frappe.db.set_value("Bank Account", self.account, "iban", None)
		frappe.db.set_single_value("Accounts Settings", "acc_frozen_upto", None)
		frappe.db.commit()
		super().tearDown()

	def refused(self, text: str, content) -> None:
		before = count()
		self.assertMessage(
			text,
			statements.bring_in,
			self.account,
			content if isinstance(content, bytes) else content.encode(),
		)
		self.assertEqual(count(), before)

	def test_mt940_is_brought_in_once_and_matched(self):
		"""900.00 for an invoice, the same rent twice rightly, a fee out; 100.00 + 900 + 2 x 33.10 - 25.50 = 1,040.70."""
		salt = frappe.generate_hash(length=6)
		invoice = bank.invoice("Swift Story GmbH", [900])
		entries = [
			(900, f"Rechnung {invoice.name} vielen Dank", "Swift Story", f"A{salt}"),
			(33.1, f"rent {salt}", "Tenant", ""),
			(-25.5, f"fees {salt}", "", f"B{salt}"),
			(33.1, f"rent {salt}", "Tenant", ""),
		]
		file = mt940(entries)
		later = mt940([(7.5, f"later {salt}", "Somebody", f"C{salt}")], number=2, opening=1040.7)

		lines = file.split("\r\n")
		self.refused("neither camt.053 nor MT940", "Date,Amount\n2026-01-01,5")
		self.refused("no closing balance", "\r\n".join(lines[:-3]))
		self.refused("cannot be read", "\r\n".join(lines[:4]) + "\r\n:61:26112")
		self.refused("do not lead", "\r\n".join(lines[:6] + lines[8:]))  # two lines are missing
		self.refused("in EUR", mt940(entries, currency="EUR"))
		self.refused("is of account", mt940(entries, account="12030000/0000202051"))
		self.refused("A statement is missing", file + mt940(entries[:1], number=3, opening=5_000))
		# The fee twice: only one of them leads to the closing balance.
		doubled = mt940([*entries, entries[2]], closing=1040.7)

		upload = frappe.get_doc(
			{
				"doctype": "File",
				"file_name": f"{salt}.sta",
				# In the wrong order, the first one twice, and its fee twice.
				"content": (later + doubled + doubled).encode("cp1252"),
				"is_private": 1,
			}
		).insert()
		found = [api.import_statement(self.account, upload.name) for _time in range(2)]
		self.assertEqual([(one["made"], one["known"]) for one in found], [(5, 0), (0, 5)])
		self.assertEqual(statements.bring_in(self.account, file.encode())["known"], 4)
		rents = frappe.get_all(
			"Bank Transaction",
			{"description": f"rent {salt}", "docstatus": 1},
			["deposit", "bank_party_iban"],
		)
		self.assertEqual([one.deposit for one in rents], [33.1, 33.1])
		self.assertEqual(
			frappe.db.get_value("Bank Transaction", {"description": f"fees {salt}"}, "withdrawal"), 25.5
		)
		source = frappe.get_doc("Bank Transaction", {"description": ("like", f"Rechnung {invoice.name}%")})
		self.assertEqual(
			(source.bank_party_name, source.bank_party_iban), ("Swift Story", "DE02120300000000202051")
		)
		(proposal,) = bank.matched(source)
		self.assertEqual(api.apply(proposal.name), "Applied")
		self.assertEqual(bank.open_of(invoice), [(1, 0)])

	def test_a_closed_period_takes_no_new_lines(self):
		salt = frappe.generate_hash(length=6)
		frappe.db.set_single_value("Accounts Settings", "acc_frozen_upto", today())
		self.refused("are of a closed period", mt940([(5, f"late {salt}", "X", "")]))

	def test_csv_comes_in_through_erpnext_and_is_matched(self):
		"""ERPNext's Bank Statement Import; a statement of the same line afterwards says that it looks like one that is there."""
		salt = frappe.generate_hash(length=6)
		invoice = bank.invoice("Csv Story Ltd", [450.25, 450.25])
		content = (
			"Date,Deposit,Withdrawal,Description,Reference Number,Currency\n"
			f"{today()},450.25,0,payment {invoice.name},R1{salt},USD\n"
			f"{add_days(today(), -1)},0,12.00,card {salt},R2{salt},USD\n"
		)
		upload = frappe.get_doc(
			{"doctype": "File", "file_name": f"{salt}.csv", "content": content, "is_private": 1}
		).insert()
		doc = frappe.get_doc(
			{
				"doctype": "Bank Statement Import",
				"company": make.COMPANY,
				"bank": bank.BANK_NAME,
				"bank_account": self.account,
				"reference_doctype": "Bank Transaction",
				"import_type": "Insert New Records",
				"submit_after_import": 1,
				"import_file": upload.file_url,
				"template_options": "{}",
			}
		).insert()
		from erpnext.accounts.doctype.bank_statement_import.bank_statement_import import start_import

		start_import(
			doc.name, self.account, upload.file_url, None, bank.BANK_NAME, '{"column_to_field_map": {}}'
		)
		doc.reload()
		self.assertEqual(doc.status, "Success")
		source = frappe.get_doc("Bank Transaction", {"reference_number": f"R1{salt}"})
		self.assertEqual((source.docstatus, source.deposit), (1, 450.25))
		# ERPNext takes the same file twice; who applies the second line is told, and it does not apply itself.
		twin = bank.line(450.25, source.description, reference_number=source.reference_number)
		proposal, second = bank.matched(source, twin)
		self.assertGreater(proposal.score, 99)
		self.assertIn(source.name, second.reasons)
		self.assertLessEqual(second.score, 90)
		twin.cancel()
		self.assertEqual(api.apply(proposal.name), "Applied")
		self.assertEqual(bank.open_of(invoice), [(1, 0), (2, 450.25)])
		again = mt940([(450.25, f"payment {invoice.name}", "Csv Story", f"D{salt}")])
		self.assertEqual(
			statements.bring_in(self.account, again.encode()), {"made": 1, "known": 0, "alike": 1}
		)

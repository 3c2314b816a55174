"""A small company in files that a test can break."""

from pathlib import Path

import pytest

FILES = {
	"company.yaml": "company: Small\ncurrency: EUR\nstart: 2026-01-01\nend: 2026-06-30\n",
	"customers.csv": "customer,customer_group\nMüller,Retail\n明辰,Industry\n",
	"tax.csv": "tax,account,rate\nVAT,VAT 10,10\n",
	"plans.csv": (
		"plan,description,basis,percent,amount,billing_trigger,trigger_months,milestone,due_days\n"
		"Halves,First,Percent,50,,On Winning,,,10\n"
		"Halves,Second,Percent,50,,On Date,1,,10\n"
		"Milestone,All,Percent,100,,On Milestone,,Signed,10\n"
	),
	"deals.csv": (
		"deal,title,customer,currency,exchange_rate,opened_on,won_on,lost_on,cancelled_on,tax,plan,actual_invoice_date\n"
		"D1,Line,Müller,,,2026-01-02,2026-01-10,,,VAT,Halves,2026-01-20\n"
		"D2,Crane,明辰,USD,0.9,2026-01-05,2026-02-01,,,,Milestone,\n"
		"D3,Pump,Müller,,,2026-01-06,,2026-02-02,,,Halves,\n"
	),
	"deal_items.csv": 'deal,item,quantity,rate\nD1,Cabinet,2,"1,000.00"\nD2,Kit,1,500\nD3,Kit,1,100\n',
	"installments.csv": "deal,installment,confirmed_on,actual_invoice_date\nD2,1,2026-03-01,\n",
	"payments.csv": "date,kind,deal,installment,amount,exchange_rate\n2026-01-15,Payment,D1,1,1100,\n2026-03-20,Payment,D2,1,500,0.95\n",
}


class Folder:
	def __init__(self, path: Path):
		self.path = path
		for name, text in FILES.items():
			self.write(name, text)

	def write(self, name: str, text: str | bytes):
		data = text if isinstance(text, bytes) else text.encode("utf-8")
		(self.path / name).write_bytes(data)

	def replace(self, name: str, old: str, new: str):
		text = (self.path / name).read_text(encoding="utf-8")
		assert old in text
		self.write(name, text.replace(old, new, 1))


@pytest.fixture
def folder(tmp_path) -> Folder:
	path = tmp_path / "company"
	path.mkdir()
	return Folder(path)

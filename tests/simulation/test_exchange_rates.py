"""Rates of days in exchange_rates.csv: what an invoice, a payment and a credit note are worth, and bad input."""

from decimal import Decimal

import pytest

from sales_crm_accounts.simulation.cli import simulate
from sales_crm_accounts.simulation.problems import InputError

RATES = "currency,date,rate\nUSD,2026-02-15,0.80\nUSD,2026-03-10,0.70\n"


@pytest.fixture
def rated(folder):
	"""D2 is 500 dollars, won at 0.90 on 1 February, billed on 1 March at 0.80."""
	folder.write("exchange_rates.csv", RATES)
	folder.write("forecast.yaml", "days: [2026-02-02, 2026-03-02]\n")
	return folder


def play(folder):
	keep = []
	simulate(folder.path, folder.path / "out", quiet=True, keep=keep)
	return keep[0]


def balances(played):
	"""Of D2: D1 (Müller) bills 2,200.00 with tax of 200.00 and is paid 1,100.00."""
	found = {role: played.engine.money(units) for role, units in played.engine.ledger.balances().items()}
	found["income"] += 2000
	found["bank"] -= 1100
	found["receivable"] -= 1100
	return {role: amount for role, amount in found.items() if amount and role != "tax"}


def test_an_invoice_is_worth_what_its_day_says(rated):
	"""400.00, not 450.00; 475.00 come for it (at 0.95): a gain of 75.00. Planned it is at the deal's rate."""
	played = play(rated)
	assert balances(played) == {"income": -400, "bank": 475, "exchange": -75}
	before, after = played.forecast.taken
	assert before.beside["No Date"] == Decimal("450.00")
	assert sum(week.total for week in after.weeks) == Decimal("1500.00")
	assert played.engine.outstanding == 110000


def test_a_payment_without_a_rate_has_that_of_its_day(rated):
	"""On 20 March 500 dollars are 350.00: a loss of 50.00."""
	rated.replace("payments.csv", "2026-03-20,Payment,D2,1,500,0.95", "2026-03-20,Payment,D2,1,500,")
	assert balances(play(rated)) == {"income": -400, "bank": 350, "exchange": 50}


def test_a_credit_note_has_the_rate_of_its_invoice(rated):
	"""200 dollars credited on 20 March are 160.00; 240.00 are open."""
	rated.replace("payments.csv", "2026-03-20,Payment,D2,1,500,0.95", "2026-03-20,Credit Note,D2,1,200,")
	played = play(rated)
	assert balances(played) == {"income": -240, "receivable": 240}
	assert played.engine.outstanding == 110000 + 24000


def test_a_cancelled_invoice_goes_back_at_its_own_rate_and_is_billed_at_that_of_the_day(rated):
	"""400.00 back; on 20 March 500 dollars are 350.00."""
	rated.replace(
		"payments.csv",
		"2026-03-20,Payment,D2,1,500,0.95",
		"2026-03-15,Cancel Invoice,D2,1,,\n2026-03-20,Bill Again,D2,1,,",
	)
	played = play(rated)
	assert balances(played) == {"income": -350, "receivable": 350}
	assert played.engine.outstanding == 110000 + 35000


def test_days_before_the_first_rate_have_the_deals(rated):
	rated.write("exchange_rates.csv", "currency,date,rate\nUSD,2026-03-02,0.70\n")
	assert balances(play(rated)) == {"income": -450, "bank": 475, "exchange": -25}


@pytest.mark.parametrize(
	("text", "message"),
	[
		("currency,date,rate\nEUR,2026-01-01,1\n", "own currency"),
		(RATES + "USD,2026-03-10,0.71\n", "stands twice"),
		("currency,date,rate\nUSD,2026-01-01,0\n", "rate"),
		("currency,date\nUSD,2026-01-01\n", "rate"),
	],
)
def test_bad_input(folder, text, message):
	folder.write("exchange_rates.csv", text)
	with pytest.raises(InputError) as caught:
		play(folder)
	assert message in str(caught.value)


@pytest.mark.parametrize("method", ["Invoice per Installment", "One Invoice with Schedule"])
def test_what_is_open_is_what_the_ledger_holds(folder, method):
	"""100.01 dollars at 0.8345 are 83.46 (83.458345). 33.33 of them, 27.81 (27.813885), are paid: 55.65 are open, where 66.68 at the rate
	would be 55.64. With a schedule the two parts share it; the ageing, the months and the ledger agree to the cent.
	"""
	folder.write("policy.yaml", f"policies:\n  - {{name: Standard, method: {method}}}\n")
	folder.write("tax.csv", "tax,account,rate\nVAT,VAT 10,10\n")
	folder.write(
		"plans.csv",
		"plan,description,percent,due_days\nHalves,First,50,10\nHalves,Second,50,20\nAll,All,100,10\n",
	)
	plan = "Halves" if "Schedule" in method else "All"
	folder.write(
		"deals.csv",
		f"deal,customer,currency,exchange_rate,opened_on,won_on,plan\nD2,明辰,USD,0.8345,2026-01-05,2026-02-01,{plan}\n",
	)
	folder.write("deal_items.csv", "deal,item,quantity,rate\nD2,Kit,1,100.01\n")
	folder.write("installments.csv", "deal,installment,confirmed_on\n")
	folder.write("payments.csv", "date,kind,deal,installment,amount\n2026-03-20,Payment,D2,1,33.33\n")
	played = play(folder)
	engine, (deal,) = played.engine, played.company.deals
	assert sum(engine.base_left(part) for part in deal.installments) == 5565
	assert engine.outstanding == engine.overdue == 5565
	assert engine.ledger.balances()["receivable"] == 5565
	with open(folder.path / "out" / "ageing.csv", encoding="utf-8-sig") as file:
		header, *rows = [line.strip().split(",") for line in file]
	column = next(name for name in header if name.startswith("outstanding_in_company"))
	assert sum(round(100 * float(row[header.index(column)])) for row in rows) == 5565

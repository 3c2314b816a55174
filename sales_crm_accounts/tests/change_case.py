"""What the tests of Deal Change share: a won deal of three installments, the first of them billed."""

from sales_crm_accounts.services import billing
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import factories as make


def plan_of(deal) -> list[tuple]:
	"""(name's end, net amount, planned amount, status) of all installments."""
	return [
		(row.name[-2:], row.net_amount, row.planned_amount, row.status) for row in make.installments(deal)
	]


class ChangeCase(SiteTestCase):
	def won_deal(self, **values):
		"""900.00 in thirds of 300.00, VAT 10 %: 330.00 each with tax; the first is billed."""
		plan = [
			make.row("First", amount=300, due_days=30),
			make.row("Second", amount=300, due_days=30, billing_trigger="On Date", trigger_months=1),
			make.row("Third", due_days=30, billing_trigger="On Date", trigger_months=2),
		]
		deal = make.make_deal(plan, win=True, taxes_and_charges=make.TAX_TEMPLATE, **values)
		billing.bill([f"{deal.name}-01"], force=True)
		return deal

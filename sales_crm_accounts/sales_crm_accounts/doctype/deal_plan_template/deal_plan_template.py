# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

from decimal import Decimal

from frappe import _
from frappe.model.document import Document

from sales_crm_accounts.core.plan import AMOUNT, amounts, check_rows
from sales_crm_accounts.core.problems import RuleError
from sales_crm_accounts.services import messages
from sales_crm_accounts.services.deals import plan_row


class DealPlanTemplate(Document):
	def validate(self):
		rows = [plan_row(row) for row in self.rows]
		problems = check_rows(rows)
		if not problems and not any(row.basis == AMOUNT for row in rows):
			# Without fixed amounts the shares must make a whole of any deal; try one that splits evenly.
			try:
				amounts(Decimal(10) ** 9, rows, 2)
			except RuleError as error:
				problems = error.problems
		messages.throw(problems, title=_("Collection Plan"))

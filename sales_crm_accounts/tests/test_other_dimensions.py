"""The site's other accounting dimensions on deals."""

import frappe

from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import factories as make


class TestOtherDimensions(SiteTestCase):
	def test_a_branch_travels_from_the_deal_to_the_ledger(self):
		"""Another dimension of the site gets its field on deals, reaches invoice and ledger, and goes without a trace."""
		branch = make.ensure("Branch", "SCA Branch", branch="SCA Branch")
		name = make.ensure(
			"Accounting Dimension", "Branch", document_type="Branch", label="Branch", fieldname="branch"
		)
		try:
			self.assertTrue(frappe.get_meta("Deal").has_field("branch"))
			deal = make.make_deal(win=True, branch=branch)
			(invoice,) = make.bill_all(deal)
			self.assertEqual((invoice.branch, invoice.items[0].branch), (branch, branch))
			entries = frappe.get_all("GL Entry", filters={"voucher_no": invoice.name}, pluck="branch")
			self.assertEqual(set(entries), {branch})
		finally:
			frappe.db.set_value("Accounting Dimension", name, "disabled", 1)
			frappe.delete_doc("Accounting Dimension", name, force=True)
			frappe.db.commit()
		self.assertFalse(frappe.get_meta("Deal", cached=False).has_field("branch"))

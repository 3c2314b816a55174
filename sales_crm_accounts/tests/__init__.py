"""Site tests that belong to no single DocType, and what all site tests share."""

from unittest.mock import patch

import frappe

try:  # v16
	from frappe.tests import IntegrationTestCase as _TestCase
except ImportError:
	from frappe.tests.utils import FrappeTestCase as _TestCase


class SiteTestCase(_TestCase):
	"""A test on a real site, with the sample company of `factories`.

	Billing commits after every invoice, so documents stay on the site; each test makes its own deals.
	"""

	@classmethod
	def setUpClass(cls):
		super().setUpClass()
		from sales_crm_accounts.tests import factories

		frappe.set_user("Administrator")
		factories.make_company()
		frappe.db.commit()

	def setUp(self):
		super().setUp()
		# A worker of the bench must not bill in the middle of a test; what the job does, the tests call themselves.
		jobs = patch("sales_crm_accounts.services.winning.enqueue_billing")
		self.billing_jobs = jobs.start()
		self.addCleanup(jobs.stop)

	def assertMessage(self, text: str, function, *args, **kwargs):
		"""The call is refused with a message that holds `text`."""
		with self.assertRaises(frappe.ValidationError) as caught:
			function(*args, **kwargs)
		self.assertIn(text, str(caught.exception))

	def tearDown(self):
		frappe.set_user("Administrator")
		frappe.db.rollback()
		super().tearDown()

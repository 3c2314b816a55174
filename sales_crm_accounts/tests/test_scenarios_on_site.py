"""The stories of tests/scenarios on a real site: the same files and the same figures as on the simulation, to the cent."""

from pathlib import Path
from unittest.mock import patch

import frappe

from sales_crm_accounts.simulation.year import Year, read
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests.story_host import POLICY, SiteHost
from sales_crm_accounts.tests.year_host import SiteYear

FOLDER = Path(__file__).parent.parent.parent / "tests" / "scenarios"


class TestScenariosOnSite(SiteTestCase):
	def setUp(self):
		super().setUp()
		self.frozen = None
		# The stories say themselves when billing runs.
		quiet = patch("sales_crm_accounts.services.winning.enqueue_billing")
		quiet.start()
		self.addCleanup(quiet.stop)
		disabled = frappe.db.get_single_value("Global Defaults", "disable_rounded_total")
		frappe.db.set_single_value("Global Defaults", "disable_rounded_total", 1)
		self.addCleanup(frappe.db.set_single_value, "Global Defaults", "disable_rounded_total", disabled)

	def tearDown(self):
		self.thaw()
		super().tearDown()
		frappe.db.set_value("Deal", {"billing_policy": POLICY}, "billing_policy", None)
		if frappe.db.exists("Billing Policy", POLICY):
			frappe.delete_doc("Billing Policy", POLICY, force=True)
		frappe.db.commit()

	def freeze(self, day):
		self.thaw()
		self.frozen = self.freeze_time(f"{day} 12:00:00.123456")
		self.frozen.__enter__()

	def thaw(self):
		if self.frozen:
			self.frozen.__exit__(None, None, None)
			self.frozen = None

	def play(self, path: Path):
		story = read(path)
		if isinstance(story, Year):
			host = SiteYear(story, self.freeze, self.addCleanup)
		else:
			host = SiteHost(story, self.freeze)
		self.assertEqual(story.play(host), [])


def _test(path: Path):
	def test(self):
		self.play(path)

	test.__doc__ = read(path).title
	return test


for _path in sorted(FOLDER.glob("*.yaml")):
	setattr(TestScenariosOnSite, f"test_{_path.stem}", _test(_path))

"""What uninstalling takes away of what users set up around our records; the whole of it is proved by .ci/install_cycle."""

from sales_crm_accounts.setup import series
from sales_crm_accounts.setup.install import our_doctypes
from sales_crm_accounts.setup.pointers import remove_pointers
from sales_crm_accounts.tests import SiteTestCase, factories, user_setup


class TestUninstall(SiteTestCase):
	def test_pointers_and_counters(self):
		"""Rolled back: the site keeps all of it."""
		user_setup.make(lambda naming_series: factories.make_deal(naming_series=naming_series))
		self.assertEqual(len(user_setup.problems()), 11)
		for _again in range(2):
			series.remove_added_series(our_doctypes())
			remove_pointers(our_doctypes())
		self.assertEqual(user_setup.problems(), [])

	def test_patterns_of_series(self):
		for rule, counter in (
			("DEAL-.YYYY.-.#####", "DEAL-2026-"),
			("A/.YY./.MM.-.DD.-", "A/26/11-27-"),
			("APB-.#####", "APB-"),
			("N.company.-.##", "NAcme-"),
			("F-.{abbr}.-.FY.-", "F-SD-2026-2027-"),
		):
			with self.subTest(rule=rule):
				self.assertRegex(counter, f"^{series._pattern(rule)}$")
		self.assertEqual(series._pattern("format:{customer}-{####}"), "")

"""Work done as somebody else inside a request leaves the session of whoever asked for it as it was."""

import frappe
from frappe.sessions import clear_sessions
from frappe.utils import get_test_client
from frappe.utils.password import update_password

from sales_crm_accounts.services.as_user import acting_as
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import factories as make

PASSWORD = "Kept-Session-1948"


class TestAsUser(SiteTestCase):
	def test_a_session_outlives_billing_after_a_pause(self):
		"""The first request after ten idle minutes writes the session down: it bills, and the user is logged in afterwards."""
		update_password(make.MANAGER, PASSWORD)
		deal = make.make_deal(win=True)
		self.client = get_test_client()
		self.request("POST", "/api/method/login", {"usr": make.MANAGER, "pwd": PASSWORD})
		self.addCleanup(clear_sessions, make.MANAGER, force=True)
		for (sid,) in frappe.db.sql("select sid from `tabSessions` where user = %s", make.MANAGER):
			frappe.cache.hdel("last_db_session_update", sid)
		answer = self.request("POST", "/api/method/sales_crm_accounts.api.deal.bill", {"deal": deal.name})
		self.assertEqual([row["outcome"] for row in answer["message"]], ["Invoiced"])
		for _time in range(2):
			answer = self.request("GET", "/api/method/frappe.auth.get_logged_user")
			self.assertEqual(answer.get("message"), make.MANAGER)

	def request(self, verb: str, path: str, data: dict | None = None) -> dict:
		"""A real request with its own connection, and the cookies of the ones before."""
		from frappe.tests.test_api import ThreadWithReturnValue

		thread = ThreadWithReturnValue(
			target=getattr(self.client, verb.lower()),
			args=(path,),
			kwargs={"json": data} if data else {},
			site=frappe.local.site,
		)
		thread.start()
		answer = thread.join()
		frappe.db.rollback()
		self.assertEqual(answer.status_code, 200, answer.get_data(as_text=True)[-500:])
		return answer.json

	def test_what_is_cleared_inside_is_not_known_outside(self):
		frappe.local.cache["sca_before"] = 1
		with acting_as(make.MANAGER):
			self.assertEqual(frappe.local.cache["sca_before"], 1)
			frappe.local.cache = {}  # as `frappe.clear_cache` does
		self.assertNotIn("sca_before", frappe.local.cache)

	def test_session_form_and_templates_come_back(self):
		"""The same objects, untouched, also where the block fails and where it is somebody else's block."""
		session, data = frappe.local.session, frappe.local.session.data
		frappe.local.form_dict = form = frappe._dict(deal="D-1")
		frappe.local.session.sid = "the-sid-of-the-browser"
		data.csrf_token = "token"
		with self.assertRaises(ZeroDivisionError), acting_as(make.MANAGER):
			self.assertEqual(frappe.session.user, make.MANAGER)
			with acting_as(make.SELLER):
				self.assertIn("Deal User", frappe.get_roles())
			self.assertEqual(frappe.session.user, make.MANAGER)
			self.assertEqual((session.user, session.sid), ("Administrator", "the-sid-of-the-browser"))
			raise ZeroDivisionError
		self.assertIs(frappe.local.session, session)
		self.assertIs(session.data, data)
		self.assertIs(frappe.local.form_dict, form)
		self.assertEqual(
			(session.user, session.sid, data.csrf_token), ("Administrator", "the-sid-of-the-browser", "token")
		)

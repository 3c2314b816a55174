"""Two workers, a killed process, a double click: never two invoices for one installment, and none lost.

Real processes with their own connections; what each does is committed, as in production.
"""

import multiprocessing
import os
import signal
from unittest.mock import patch

import frappe

from sales_crm_accounts.api import deal as api
from sales_crm_accounts.services import billing, ledger, sweep
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import factories as make

FORK = multiprocessing.get_context("fork")


def in_process(function, *args):
	"""A process with a connection of its own that runs `function`, started at once."""
	site, sites_path = frappe.local.site, frappe.local.sites_path

	def run():
		frappe.local.db = None  # the parent's connection stays the parent's
		frappe.init(site=site, sites_path=sites_path, force=True)
		frappe.connect()
		frappe.flags.in_test = True
		try:
			function(*args)
		finally:
			os._exit(0)

	process = FORK.Process(target=run)
	process.start()
	return process


def bill_everything(names):
	billing.bill(names, force=True)


def win(deal):
	api.win(deal)
	frappe.db.commit()


def bill_and_die(module, step: str, names):
	def kill(*args):
		os.kill(os.getpid(), signal.SIGKILL)

	with patch.object(module, step, side_effect=kill):
		billing.bill(names, force=True)


class TestExactlyOnce(SiteTestCase):
	def assertBilledOnce(self, deal, count: int):
		frappe.db.rollback()
		rows = make.installments(deal)
		invoices = frappe.get_all("Sales Invoice", filters={"deal": deal.name, "docstatus": 1}, pluck="name")
		self.assertEqual(len(invoices), count)
		self.assertEqual(sorted(row.sales_invoice for row in rows), sorted(invoices))
		self.assertEqual({row.status for row in rows}, {"Billed"})

	def test_two_workers_on_the_same_installments(self):
		deal = make.make_deal([make.row(f"P{n}", 25) for n in range(4)], win=True)
		names = [row.name for row in make.installments(deal)]
		workers = [in_process(bill_everything, names), in_process(bill_everything, names)]
		for worker in workers:
			worker.join(120)
		self.assertBilledOnce(deal, 4)

	def test_killed_worker(self):
		deal = make.make_deal([make.row("A", 50), make.row("B", 50)], win=True)
		self.die_in(billing, "_link", deal)
		self.assertFalse(frappe.get_all("Sales Invoice", filters={"deal": deal.name}))
		number = make.installments(deal)[0].reserved_number
		sweep.sca_hourly_billing()
		self.assertBilledOnce(deal, 2)
		# The number that the dead worker had taken is not lost.
		self.assertEqual(make.installments(deal)[0].sales_invoice, number)

	def test_killed_between_posting_and_deriving(self):
		"""Both invoices stand, but neither is in the ledger nor on the deal; an hour later all of it is right."""
		deal = make.make_deal([make.row("A", 50), make.row("B", 50)], win=True)
		self.die_in(ledger, "commit", deal)
		names = [invoice.name for invoice in make.invoices_of(deal)]
		self.assertEqual(len(names), 2)
		self.assertFalse(frappe.db.exists("Open Installment", {"sales_invoice": ("in", names)}))
		self.assertLessEqual(set(names), set(ledger.left_behind()))
		sweep.sca_hourly_billing()
		self.assertBilledOnce(deal, 2)
		self.assertEqual(frappe.db.count("Open Installment", {"sales_invoice": ("in", names)}), 2)
		self.assertEqual(deal.reload().billed_amount, deal.grand_total)
		self.assertFalse(set(names) & set(ledger.left_behind()))

	def die_in(self, module, step: str, deal):
		worker = in_process(bill_and_die, module, step, [row.name for row in make.installments(deal)])
		worker.join(120)
		self.assertEqual(worker.exitcode, -signal.SIGKILL)
		frappe.db.rollback()

	def test_two_clicks_on_win(self):
		deal = make.make_deal([make.row("A", 50), make.row("B", 50)])
		frappe.db.commit()
		clicks = [in_process(win, deal.name), in_process(win, deal.name)]
		for click in clicks:
			click.join(120)
		frappe.db.rollback()
		self.assertEqual(len(make.installments(deal)), 2)
		self.assertEqual(frappe.db.get_value("Deal", deal.name, ["docstatus", "status"]), (1, "Won"))

"""The installment ledger filled for the first time, and derived anew by hand.

A site that has invoices before it has the app must not wait for the night: ageing, reminders and statements would know none of
them. The installation fills the ledger itself where that is quick, else leaves it to a job. What a lost job left is made good by
the next hour, by the next migrate, and at the latest by the nightly check.
"""

from contextlib import contextmanager

import click
import frappe
from frappe import _

from sales_crm_accounts.services import ledger
from sales_crm_accounts.services.receivables.notices import ring

SETTINGS = "Sales CRM Accounts Settings"
CHECK = "Installment Ledger Check"
#: Invoices that the installation reads itself, in a few seconds; more are left to a job.
AT_ONCE = 20_000
TIMEOUT = 4 * 3600


def needed() -> bool:
	"""Whether invoices stand that the ledger does not know, on a site whose ledger no night has compared yet."""
	if frappe.get_all(CHECK, pluck="name", limit=1):
		return False
	invoice, kept = frappe.qb.DocType("Sales Invoice"), frappe.qb.DocType(ledger.TABLE)
	return bool(
		frappe.qb.from_(invoice)
		.left_join(kept)
		.on(kept.sales_invoice == invoice.name)
		.where((invoice.docstatus == 1) & kept.name.isnull())
		.select(invoice.name)
		.limit(1)
		.run()
	)


def start() -> None:
	"""End of an installation or a migrate: fill the ledger now, or once this transaction stands in the background.

	A failure costs nobody the installation: it is logged, and the next hour tries again.
	"""
	if not needed():
		return
	invoices = frappe.db.count("Sales Invoice", {"docstatus": 1})
	if invoices > AT_ONCE:
		frappe.db.after_commit.add(_enqueue_fill)
		_say(
			_(
				"Installment ledger: {0} invoices are being read in the background. Until that is done, ageing, reminders and statements do not know all of them."
			).format(invoices)
		)
		return
	try:
		fill()
	except Exception:
		frappe.log_error(title=_("Installment ledger not filled"))
		frappe.db.commit()
		_say(_("Installment ledger: could not be filled; see Error Log. The next hour tries again."))


def fill() -> None:
	"""Job: derive all installments where that has never been done."""
	with _alone() as free:
		if free and needed():
			rows = ledger.rebuild()["rows"]
			_say(_("Installment ledger: {0} installments are kept now.").format(rows))


def sca_hourly_ledger_fill() -> None:
	"""Scheduler: what the installation left to a job that was lost. One short look once a night has compared the ledger."""
	fill()


def rebuild(company: str | None = None) -> str | None:
	"""Job of the button: derive everything (of a company) anew, compare it with the Payment Ledger, and tell who asked.

	Returns the Installment Ledger Check that proves it; None where another one is running.
	"""
	from sales_crm_accounts.services.ledger_check import sca_nightly_ledger_check

	user = frappe.session.user
	with _alone() as free:
		if not free:
			_tell(user, _("The installments are being derived anew already."), ())
			return None
		try:
			rows = ledger.rebuild(company)["rows"]
			check = frappe.get_doc(CHECK, sca_nightly_ledger_check())
		except Exception:
			frappe.db.rollback()
			frappe.log_error(title=_("Installments not derived anew"))
			_tell(user, _("The installments could not be derived anew. See Error Log, then try again."), ())
			raise
		if company:
			text = _("{0} installments of {1} are derived anew. The check that followed says: {2}.")
			_tell(user, text, (rows, company, _(check.status)), check)
		else:
			text = _("All {0} installments are derived anew. The check that followed says: {1}.")
			_tell(user, text, (rows, _(check.status)), check)
	return check.name


def enqueue_rebuild(company: str | None = None) -> None:
	frappe.enqueue(
		"sales_crm_accounts.services.ledger_fill.rebuild",
		queue="long",
		timeout=TIMEOUT,
		job_id=f"sca_ledger_rebuild_{frappe.scrub(company or 'all')}",
		deduplicate=True,
		company=company,
	)


def _enqueue_fill() -> None:
	try:
		frappe.enqueue(
			"sales_crm_accounts.services.ledger_fill.fill",
			queue="long",
			timeout=TIMEOUT,
			job_id="sca_ledger_fill",
			deduplicate=True,
		)
	except Exception:
		# Without a job queue; whatever runs the hourly jobs later fills it.
		frappe.logger("sales_crm_accounts").exception("No job queue to fill the installment ledger")


def _tell(user: str, text: str, values: tuple, doc=None) -> None:
	from sales_crm_accounts.erpnext_compat import in_test

	ring(user, text, values, doc or frappe.get_doc(SETTINGS))
	if not in_test():
		frappe.db.commit()


def _say(text: str) -> None:
	"""On the screen of whoever installs or migrates, and in the log."""
	frappe.logger("sales_crm_accounts").info(text)
	if frappe.flags.in_install or frappe.flags.in_migrate:
		click.echo(text)


@contextmanager
def _alone():
	"""Whether nobody else derives the whole ledger of this site now: two at once would wait for each other's rows."""
	name = f"{frappe.conf.db_name}_sca_ledger"[:64]
	free = bool(frappe.db.sql("select get_lock(%s, 0)", name)[0][0])
	try:
		yield free
	finally:
		if free:
			frappe.db.sql("select release_lock(%s)", name)

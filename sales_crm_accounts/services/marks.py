"""What has to be derived anew, marked as it is touched and derived once, just before the transaction is committed."""

from collections.abc import Callable, Hashable, Iterable
from contextlib import contextmanager

import frappe

from sales_crm_accounts.services.derived import is_lock_error


class Marks:
	"""Marks of one kind; `derive` gets them sorted, in the transaction that moved the money.

	A failure of ours must not cost a cashier the payment: it is undone, logged under the title that `title` makes of the marks,
	and `failed` may see to it that they are derived again later. But a deadlock or a lock timeout has taken the whole
	transaction with it, so it is raised.
	"""

	def __init__(
		self,
		name: str,
		derive: Callable[[list], object],
		title: Callable[[list], str],
		failed: Callable[[list], object] | None = None,
	):
		self.name, self.derive, self.title, self.failed = name, derive, title, failed

	def add(self, marks: Iterable[Hashable]) -> None:
		"""Remember these until the commit; forgotten where the transaction is rolled back."""
		self._marked().update(marks)
		# Added on every call: a rollback clears the database's callbacks without telling us. Without marks they do nothing.
		frappe.db.before_commit.add(self.before_commit)
		frappe.db.after_rollback.add(self.forget)

	def flush(self) -> None:
		"""Derive what is marked now, for readers in the same transaction."""
		marks = sorted(self._marked())
		self.forget()
		if marks:
			self.derive(marks)

	def commit(self) -> None:
		"""Commit, deriving what is marked; where that met somebody else's lock, `failed` sees to it. For work that stands already."""
		marks = sorted(self._marked())
		try:
			frappe.db.commit()
		except Exception as error:
			if not is_lock_error(error):
				raise
			frappe.db.rollback()
			if marks and self.failed:
				self.failed(marks)
			frappe.db.commit()

	def before_commit(self) -> None:
		"""Derive for the commit of somebody else's document."""
		marks = sorted(self._marked())
		if not marks:
			return
		waiting = self._waiting().get(self.name)
		if waiting is not None:
			waiting.update(marks)
			self.forget()
			return
		savepoint = f"sca_{self.name}"
		frappe.db.savepoint(savepoint)
		try:
			self.flush()
		except Exception as error:
			if is_lock_error(error):
				raise
			frappe.db.rollback(save_point=savepoint)
			frappe.log_error(title=self.title(marks)[:140])
			if self.failed:
				self.failed(marks)

	@contextmanager
	def once(self):
		"""What is marked inside is derived with the first commit after the block, however many commits are in it.

		For what need not be right between them, and is looked at every night should the process die here.
		"""
		if self.name in self._waiting():
			yield
			return
		self._waiting()[self.name] = waiting = set()
		try:
			yield
		finally:
			del self._waiting()[self.name]
			if waiting:
				self.add(waiting)

	def _marked(self) -> set:
		return self._of_request("sca_marks").setdefault(self.name, set())

	def forget(self) -> None:
		self._marked().clear()

	def _waiting(self) -> dict[str, set]:
		return self._of_request("sca_marks_waiting")

	@staticmethod
	def _of_request(attribute: str) -> dict:
		if not hasattr(frappe.local, attribute):
			setattr(frappe.local, attribute, {})
		return getattr(frappe.local, attribute)


def run_later(method: str, **arguments) -> None:
	"""A short job once this transaction stands; without a job queue it is only logged, and the night looks again."""

	def enqueue():
		try:
			frappe.enqueue(method, queue="short", **arguments)
		except Exception:
			frappe.logger("sales_crm_accounts").exception(f"No job queue for {method}")

	frappe.db.after_commit.add(enqueue)

"""An append-only chain of steps: each carries a keyed hash of itself and of the step before."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from hashlib import sha256

from ..problems import Problem, _

#: What comes before the first step.
START = ""


def seal(previous: str, fields: Mapping[str, str], key: bytes) -> str:
	"""HMAC-SHA256 of a step in hex. `previous` is the seal of the step before, START for the first.

	`fields` must name the request too, so that a step cannot be moved to another one.
	"""
	if not key:
		raise ValueError("a seal needs a key")
	message = json.dumps([previous, sorted(fields.items())], ensure_ascii=True, separators=(",", ":"))
	return hmac.new(key, message.encode(), sha256).hexdigest()


def verify(
	steps: Sequence[tuple[str, Mapping[str, str], str]], key: bytes, head: str, count: int
) -> list[Problem]:
	"""What was done to the steps, (previous, fields, seal) in their order, since they were written; rows count from 1.

	`head` (the last seal, START for none) and `count` are kept apart from the steps, or an end that is cut off goes unseen.
	"""
	problems = []
	before = START
	for number, (previous, fields, own) in enumerate(steps, 1):
		if not _same(previous, before):
			problems.append(
				Problem(
					"order",
					_(
						"Step {row} does not follow the step before it: a step was removed, inserted or moved. Compare with a backup."
					),
					{"row": number},
					number,
				)
			)
		if not _same(own, seal(previous or START, fields, key)):
			problems.append(
				Problem(
					"edited",
					_("Step {row} was changed after it was written. Compare with a backup."),
					{"row": number},
					number,
				)
			)
		before = own or START
	if len(steps) != count:
		problems.append(
			Problem(
				"count",
				_("There are {found} steps, but {count} were written. Compare with a backup."),
				{"found": len(steps), "count": count},
			)
		)
	if not _same(before, head):
		problems.append(
			Problem("head", _("The last step is not the one that was written last. Compare with a backup."))
		)
	return problems


def _same(one: str | None, other: str | None) -> bool:
	return hmac.compare_digest((one or START).encode(), (other or START).encode())

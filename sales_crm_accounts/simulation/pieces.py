"""The pieces of HTML that the report is put together from."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape


class Pieces:
	"""Part of the Report."""

	@staticmethod
	def card(title: str, content: str, half: bool = False) -> str:
		return f'<section class="card{" half" if half else ""}"><h2>{escape(title)}</h2>{content}</section>'

	@staticmethod
	def details(title: str, content: str) -> str:
		return f"<details><summary>{escape(title)}</summary>{content}</details>"

	@staticmethod
	def legend(series: Sequence[tuple]) -> str:
		return (
			'<p class="legend">'
			+ "".join(
				f'<span><i class="{colour}"></i>{escape(name)}</span>' for name, colour, _values in series
			)
			+ "</p>"
		)

	@staticmethod
	def table(
		header: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = (), total: bool = False
	) -> str:
		css = lambda index: ' class="n"' if index in numbers else ""  # noqa: E731
		head = "".join(f"<th{css(index)}>{escape(name)}</th>" for index, name in enumerate(header))
		body = "".join(
			f"<tr{' class=total' if total and row is rows[-1] else ''}>"
			+ "".join(f"<td{css(index)}>{escape(cell)}</td>" for index, cell in enumerate(row))
			+ "</tr>"
			for row in rows
		)
		return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

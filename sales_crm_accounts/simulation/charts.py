"""Small inline SVG charts: no script, no network; colours come from the page's CSS, so they follow light, dark and print."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from math import ceil, floor, log10

Format = Callable[[float], str]
WIDTH, HEIGHT = 760, 260
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 14, 30


def ticks(most: float, count: int = 4) -> list[float]:
	"""Round numbers from 0 to at least `most`."""
	if most <= 0:
		return [0, 1]
	step = 10 ** floor(log10(most / count))
	step *= next(factor for factor in (1, 2, 2.5, 5, 10) if factor * step * count >= most)
	return [step * index for index in range(ceil(most / step) + 1)]


def _frame(
	scale: Sequence[float], form: Format, labels: Sequence[str], label: str, width: int = WIDTH
) -> list[str]:
	top = scale[-1]
	parts = [f'<svg class="chart" viewBox="0 0 {width} {HEIGHT}" role="img" aria-label="{escape(label)}">']
	for value in scale:
		y = _y(value, top)
		parts.append(f'<line class="grid" x1="{LEFT}" x2="{width - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
		parts.append(
			f'<text class="axis" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{escape(form(value))}</text>'
		)
	slot = (width - LEFT - RIGHT) / max(1, len(labels))
	every = max(1, ceil(len(labels) / 13))
	for index, text in enumerate(labels):
		if index % every == 0:
			x = LEFT + slot * (index + 0.5)
			parts.append(
				f'<text class="axis" x="{x:.1f}" y="{HEIGHT - 10}" text-anchor="middle">{escape(text)}</text>'
			)
	return parts


def _y(value: float, top: float) -> float:
	return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top)


def grouped_bars(
	labels: Sequence[str],
	series: Sequence[tuple[str, str, Sequence[float]]],
	form: Format,
	full: Format,
	label: str,
) -> str:
	"""Bars side by side; `series` are (name, colour class, values)."""
	scale = ticks(max((max(values, default=0) for _name, _colour, values in series), default=0))
	parts = _frame(scale, form, labels, label)
	slot = (WIDTH - LEFT - RIGHT) / max(1, len(labels))
	width = min(16.0, slot * 0.8 / len(series))
	for place, (name, colour, values) in enumerate(series):
		for index, value in enumerate(values):
			if value <= 0:
				continue
			x = LEFT + slot * (index + 0.5) + (place - len(series) / 2) * width
			y = _y(value, scale[-1])
			parts.append(
				f'<rect class="{colour}" x="{x:.1f}" y="{y:.1f}" width="{max(0.8, width - 1):.1f}" '
				f'height="{_y(0, 1) - y:.1f}" rx="1.5"><title>{escape(labels[index])}, {escape(name)}: '
				f"{escape(full(value))}</title></rect>"
			)
	return "".join([*parts, "</svg>"])


def areas(
	labels: Sequence[str],
	series: Sequence[tuple[str, str, Sequence[float]]],
	form: Format,
	full: Format,
	label: str,
) -> str:
	"""Lines with a soft area under each, the first one behind."""
	scale = ticks(max((max(values, default=0) for _name, _colour, values in series), default=0))
	parts = _frame(scale, form, labels, label)
	slot = (WIDTH - LEFT - RIGHT) / max(1, len(labels))
	for name, colour, values in series:
		points = [
			(LEFT + slot * (index + 0.5), _y(max(0, value), scale[-1])) for index, value in enumerate(values)
		]
		if not points:
			continue
		line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
		base = _y(0, 1)
		parts.append(
			f'<polygon class="area {colour}" points="{points[0][0]:.1f},{base:.1f} {line} {points[-1][0]:.1f},{base:.1f}"/>'
		)
		parts.append(f'<polyline class="line {colour}" points="{line}"/>')
		for (x, y), value, text in zip(points, values, labels, strict=True):
			parts.append(
				f'<circle class="{colour}" cx="{x:.1f}" cy="{y:.1f}" r="3"><title>{escape(text)}, {escape(name)}: '
				f"{escape(full(value))}</title></circle>"
			)
	return "".join([*parts, "</svg>"])


def columns(
	labels: Sequence[str],
	values: Sequence[float],
	colours: Sequence[str],
	form: Format,
	full: Format,
	label: str,
	room: int = WIDTH,
) -> str:
	"""One bar a label, each with its figure on top; `room` is the width of the drawing."""
	scale = ticks(max(values, default=0))
	parts = _frame(scale, form, labels, label, room)
	slot = (room - LEFT - RIGHT) / max(1, len(labels))
	width = min(84.0, slot * 0.55)
	for index, value in enumerate(values):
		x, y = LEFT + slot * (index + 0.5), _y(max(0, value), scale[-1])
		parts.append(
			f'<rect class="{colours[index]}" x="{x - width / 2:.1f}" y="{y:.1f}" width="{width:.1f}" '
			f'height="{max(0, _y(0, 1) - y):.1f}" rx="2"><title>{escape(labels[index])}: {escape(full(value))}</title></rect>'
		)
		if value > 0:
			parts.append(
				f'<text class="value" x="{x:.1f}" y="{max(11, y - 4):.1f}" text-anchor="middle">{escape(form(value))}</text>'
			)
	return "".join([*parts, "</svg>"])


def rows(
	entries: Sequence[tuple[str, Sequence[float], str]],
	colours: Sequence[str],
	names: Sequence[str],
	full: Format,
	label: str,
) -> str:
	"""Horizontal stacked bars: (label, parts, text at the end)."""
	step = 26
	height = step * len(entries) + 6
	left, right = 190, 150
	most = max((sum(parts) for _label, parts, _text in entries), default=0) or 1
	result = [f'<svg class="chart" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(label)}">']
	for index, (text, parts, end) in enumerate(entries):
		y = index * step + 4
		result.append(
			f'<text class="label" x="{left - 10}" y="{y + 14}" text-anchor="end">{escape(shorten(text, 26))}<title>{escape(text)}</title></text>'
		)
		x = float(left)
		for colour, name, value in zip(colours, names, parts, strict=True):
			width = (WIDTH - left - right) * max(0, value) / most
			if width <= 0:
				continue
			result.append(
				f'<rect class="{colour}" x="{x:.1f}" y="{y}" width="{max(0.8, width):.1f}" height="18" rx="1.5">'
				f"<title>{escape(text)}, {escape(name)}: {escape(full(value))}</title></rect>"
			)
			x += width
		result.append(f'<text class="value" x="{x + 8:.1f}" y="{y + 14}">{escape(end)}</text>')
	return "".join([*result, "</svg>"])


def funnel(entries: Sequence[tuple[str, int, str]], label: str) -> str:
	"""Centred bars by count: (stage, count, text at the end)."""
	step = 34
	most = max((count for _name, count, _text in entries), default=0) or 1
	middle, room = 330, 250
	result = [
		f'<svg class="chart" viewBox="0 0 {WIDTH} {step * len(entries) + 6}" role="img" aria-label="{escape(label)}">'
	]
	for index, (name, count, text) in enumerate(entries):
		y, width = index * step + 4, max(2, room * count / most)
		result.append(
			f'<text class="label" x="{middle - room / 2 - 14}" y="{y + 18}" text-anchor="end">{escape(shorten(name, 26))}</text>'
			f'<rect class="c1" style="opacity:{1 - index * 0.09:.2f}" x="{middle - width / 2:.1f}" y="{y}" width="{width:.1f}" height="26" rx="4">'
			f"<title>{escape(name)}: {count}</title></rect>"
			f'<text class="value" x="{middle + room / 2 + 14}" y="{y + 18}">{escape(text)}</text>'
		)
	return "".join([*result, "</svg>"])


def shorten(text: str, most: int) -> str:
	"""Cut so that it fits; a Chinese character is as wide as two Latin ones."""
	width, result = 0, ""
	for character in text:
		width += 2 if ord(character) > 0x2E80 else 1
		if width > most:
			return result + "…"
		result += character
	return result

"""Whole stories played on the simulation. The same files run on a real site (sales_crm_accounts/tests/test_scenarios_on_site.py)."""

from pathlib import Path

import pytest

from sales_crm_accounts.simulation.story import SimulationHost, Story
from sales_crm_accounts.simulation.year import Year, host_of, read

FILES = sorted(Path(__file__).parent.glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_story(path):
	story = read(path)
	assert not story.play(host_of(story))


def test_there_are_stories():
	assert len(FILES) >= 12


def test_a_wrong_figure_is_found(tmp_path):
	"""The runner itself: a story with wrong figures says which ones."""
	path = FILES[1]
	story = Story(path)
	step = next(step for step in story.data["steps"] if "trial_balance" in step.get("expect", {}))
	step["expect"]["trial_balance"]["bank"] = 123
	assert any("balance of bank" in text for text in story.play(SimulationHost(story)))


def test_a_wrong_year_is_found():
	"""A message that nobody expects, a promise, a forecast and a balance that are not as written are each told."""
	story = Year(next(path for path in FILES if path.stem == "a_year_of_receivables"))
	for step in story.data["steps"]:
		expected = step.get("expect", {})
		if step["date"].isoformat() == "2026-02-23":
			expected["messages"] = []
		if step["date"].isoformat() == "2026-03-20":
			expected["promises"]["P3"] = ["Kept", 1]
		if step["date"].isoformat() == "2026-07-06":
			expected["forecast"]["beside"]["Disputed"] = 261
			expected["exposure"]["Alpha"]["total"] = 1
	found = story.play(host_of(story))
	for text in ("messages", "promise P3 status", "forecast, beside Disputed", "exposure of Alpha, total"):
		assert any(text in one for one in found), text

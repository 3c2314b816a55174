"""Whole stories played on the simulation. The same files run on a real site (sales_crm_accounts/tests/test_scenarios_on_site.py)."""

from pathlib import Path

import pytest

from sales_crm_accounts.simulation.story import SimulationHost, Story

FILES = sorted(Path(__file__).parent.glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_story(path):
	story = Story(path)
	assert not story.play(SimulationHost(story))


def test_there_are_stories():
	assert len(FILES) >= 12


def test_a_wrong_figure_is_found(tmp_path):
	"""The runner itself: a story with wrong figures says which ones."""
	text = FILES[0].read_text(encoding="utf-8")
	story = Story(FILES[0])
	step = next(step for step in story.data["steps"] if "trial_balance" in step.get("expect", {}))
	step["expect"]["trial_balance"]["bank"] = 123
	assert text and any("balance of bank" in text for text in story.play(SimulationHost(story)))

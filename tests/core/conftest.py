"""Settings of the property tests: the same examples on every CI run, and no time limit on a slow machine."""

import os

from hypothesis import settings

settings.register_profile("local", deadline=None, max_examples=150)
settings.register_profile("ci", deadline=None, max_examples=300, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")

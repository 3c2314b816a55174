"""A browser on the desk of a real site.

SCA_URL: where the site answers (http://127.0.0.1:8000). SCA_BENCH, SCA_SITE: its bench and its name, to make the users.
SCA_CHROMIUM: the browser (/usr/bin/chromium). A worker must run, for winning a deal bills in the background.
"""

import os
import secrets
import subprocess
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = os.environ.get("SCA_CHROMIUM") or "/usr/bin/chromium"
ARGUMENTS = (
	"--no-sandbox",
	"--disable-gpu",
	"--disable-quic",
	"--no-first-run",
	"--disable-background-networking",
	"--disable-component-update",
	"--disable-sync",
)


@pytest.fixture(scope="session")
def site_url() -> str:
	url = os.environ.get("SCA_URL")
	if not url:
		pytest.skip("SCA_URL is not set: there is no site to open.")
	if not Path(CHROMIUM).exists():
		pytest.skip(f"{CHROMIUM} is not installed.")
	with urlopen(f"http://127.0.0.1:{urlsplit(url).port or 80}/api/method/ping", timeout=30) as answer:
		assert b"pong" in answer.read()
	return url.rstrip("/")


@pytest.fixture(scope="session")
def on_site(site_url):
	"""A function that runs a script of this folder by the bench's Python, with the site and more arguments; gives what it prints."""

	def run(script: str, *arguments: str) -> str:
		bench = Path(os.environ.get("SCA_BENCH") or Path.home() / "frappe-bench")
		site = os.environ.get("SCA_SITE") or "sca.localhost"
		done = subprocess.run(
			[bench / "env/bin/python", Path(__file__).with_name(script), site, *arguments],
			cwd=bench / "sites",
			env={**os.environ, "PYTHONPATH": str(ROOT)},
			check=True,
			stdout=subprocess.PIPE,
			text=True,
		)
		return done.stdout

	return run


@pytest.fixture(scope="session")
def password(on_site) -> str:
	"""Password of the users that the scripts make on the site."""
	word = secrets.token_urlsafe(12)
	on_site("prepare.py", word)
	return word


@pytest.fixture(scope="session")
def browser(site_url):
	playwright = pytest.importorskip(
		"playwright.sync_api", reason="Playwright is not installed (make .venv/.browser)."
	)
	host = urlsplit(site_url).hostname
	with playwright.sync_playwright() as started:
		chromium = started.chromium.launch(
			executable_path=CHROMIUM, args=[*ARGUMENTS, f"--host-resolver-rules=MAP {host} 127.0.0.1"]
		)
		yield chromium
		chromium.close()


@pytest.fixture
def desk(browser, site_url, password, tmp_path):
	"""A function that logs a user in and gives the page; a failed test leaves what it saw in `tmp_path`."""
	contexts = []

	def log_in(user: str, phone: bool = False):
		size = (
			{"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
			if phone
			else {"viewport": {"width": 1440, "height": 1000}}
		)
		context = browser.new_context(locale="en-US", base_url=site_url, **size)
		contexts.append(context)
		page = context.new_page()
		page.set_default_timeout(30_000)
		page.goto("/login", wait_until="networkidle")
		page.fill("#login_email", user)
		page.fill("#login_password", password)
		page.click(".form-login .btn-login")
		page.wait_for_url("**/app**")
		return page

	yield log_in
	for number, context in enumerate(contexts):
		for page in context.pages:
			page.screenshot(path=tmp_path / f"page-{number}.png")
		context.close()

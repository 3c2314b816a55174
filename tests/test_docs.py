"""The pages say all that is installed, links between them lead somewhere, and every function of the API has a caller."""

import ast
import json
import re

from tools.names import APP, LAYOUT_TYPES, ROOT, custom_fields, folder

DOCS = sorted([*ROOT.glob("docs/**/*.md"), ROOT / "README.md", ROOT / "README.zh-CN.md"])
INSTALLATION = (ROOT / "docs" / "installation.md").read_text()


class TestInstallationPage:
	def test_every_custom_field_is_named_beside_its_doctypes(self):
		rows = [line for line in INSTALLATION.splitlines() if line.startswith("| `")]
		missing = [
			f"{doctype}.{field['fieldname']}"
			for doctype, fields in custom_fields().items()
			for field in fields
			if not any(
				f"`{field['fieldname']}`" in row.split("|")[1] and re.search(rf"\b{doctype}\b", row)
				for row in rows
			)
		]
		assert not missing

	def test_every_scheduled_job_is_named_with_its_interval(self):
		hooks = {}
		exec((APP / "hooks.py").read_text(), hooks)
		wrong = []
		for interval, jobs in hooks["scheduler_events"].items():
			word = interval.removesuffix("_long")
			for job in jobs:
				name = job.rsplit(".", 1)[1]
				if not re.search(rf"^\| `{name}` \| {word}\b", INSTALLATION, re.MULTILINE):
					wrong.append(f"{name} ({word})")
		assert not wrong

	def test_every_setting_is_named(self):
		settings = json.loads(
			(folder("Sales CRM Accounts Settings") / "sales_crm_accounts_settings.json").read_text()
		)
		section = INSTALLATION.split("### Settings\n")[1].split("\n## ")[0]
		missing = [
			field["label"]
			for field in settings["fields"]
			if field["fieldtype"] not in LAYOUT_TYPES and not field.get("hidden")
			if not re.search(rf"(\||,|:) {re.escape(field['label'])}( \||,|\.)", section)
		]
		assert not missing


class TestLinks:
	def test_links_between_pages_lead_somewhere(self):
		wrong = []
		for page in DOCS:
			for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
				if re.match(r"[a-z]+:", target):
					continue
				path, _, anchor = target.partition("#")
				file = (page.parent / path).resolve() if path else page
				if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
					wrong.append(f"{page.relative_to(ROOT)}: {target}")
		assert not wrong

	def test_every_page_is_linked_in_both_readmes(self):
		for readme in ("README.md", "README.zh-CN.md"):
			text = (ROOT / readme).read_text()
			linked = set(re.findall(r"\]\((docs/[^)#\s]+)", text))
			pages = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/*.md")}
			for name in sorted(linked):  # a page that a linked page links is found as well
				if (ROOT / name).suffix == ".md" and (ROOT / name).exists():
					for target in re.findall(r"\]\(([a-z0-9-]+\.md)", (ROOT / name).read_text()):
						linked.add(f"docs/{target}")
			assert not sorted(pages - linked), readme


def anchors(page) -> set[str]:
	"""As GitHub makes them from headings."""
	return {
		re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
		for heading in re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
	}


class TestApi:
	def test_every_function_has_a_caller(self):
		"""In the desk's scripts, in pages, in other parts of the app, or for other programs on a page of docs/."""
		files = [
			path
			for path in APP.rglob("*")
			if path.suffix in (".js", ".html", ".json", ".py") and "tests" not in path.parts
		]
		text = "\n".join(path.read_text() for path in [*files, *DOCS])
		unused = []
		for path in sorted((APP / "api").glob("*.py")):
			for node in ast.parse(path.read_text()).body:
				if not isinstance(node, ast.FunctionDef):
					continue
				if not any("whitelist" in ast.dump(decorator) for decorator in node.decorator_list):
					continue
				called = f"sales_crm_accounts.api.{path.stem}.{node.name}" in text
				if not called and not re.search(rf"[\"'`.]{node.name}[\"'`]", text):
					unused.append(f"{path.stem}.{node.name}")
		assert not unused

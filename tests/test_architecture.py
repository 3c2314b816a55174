"""The design as a test: what may import what, habits that no linter knows, and hooks that lead somewhere."""

import ast
import re
import subprocess
import sys

from tools.names import APP, ROOT, defines, doctypes, folder, python_files

DOCTYPES = doctypes()

#: Lower parts may be imported by higher ones, never the other way round.
LAYERS = {
	"core": 0,
	"erpnext_compat": 1,
	"permissions": 2,
	"services": 3,
	"setup": 4,
	"api": 5,
	"events": 5,
	"sales_crm_accounts": 5,  # the Frappe module: DocTypes, reports
	"www": 5,
	"templates": 5,
	"patches": 6,
	"tests": 6,
}
SIMULATION = {"simulation", "__main__"}
SIMULATION_LIBRARIES = {"yaml", "tqdm"}


def own_part(path):
	"""Part of the app that a file belongs to: core, services, hooks ..."""
	return path.relative_to(APP).with_suffix("").parts[0]


def imports(path):
	"""(line, module) of every import, relative ones resolved."""
	package = ["sales_crm_accounts", *path.relative_to(APP).parent.parts]
	for node in ast.walk(ast.parse(path.read_text())):
		if isinstance(node, ast.Import):
			for alias in node.names:
				yield node.lineno, alias.name
		elif isinstance(node, ast.ImportFrom):
			base = package[: len(package) - node.level + 1] if node.level else []
			module = ".".join([*base, *((node.module or "").split(".") if node.module else [])])
			if module == "sales_crm_accounts":
				for alias in node.names:
					yield node.lineno, f"{module}.{alias.name}"
			else:
				yield node.lineno, module


def is_test(path):
	return path.name.startswith("test_") or own_part(path) == "tests"


def app_files(*parts):
	return [path for path in python_files() if own_part(path) in parts and not is_test(path)]


class TestLayers:
	def test_imports_go_downwards_only(self):
		wrong = []
		for path in app_files(*LAYERS):
			for line, module in imports(path):
				names = module.split(".")
				if names[0] != "sales_crm_accounts" or len(names) < 2 or names[1].startswith("__"):
					continue
				if LAYERS.get(names[1], 9) > LAYERS[own_part(path)]:
					wrong.append(f"{path.relative_to(ROOT)}:{line} imports {module}")
		assert not wrong

	def test_core_is_standard_library_and_itself(self):
		wrong = []
		for path in app_files("core"):
			for line, module in imports(path):
				names = module.split(".")
				fine = names[:2] == ["sales_crm_accounts", "core"] or names[0] in sys.stdlib_module_names
				if not fine:
					wrong.append(f"{path.relative_to(ROOT)}:{line} imports {module}")
		assert not wrong

	def test_the_simulation_imports_core_and_two_libraries(self):
		wrong = []
		for path in app_files(*SIMULATION):
			for line, module in imports(path):
				names = module.split(".")
				if names[0] == "sales_crm_accounts":
					fine = len(names) > 1 and names[1] in {"core", "__version__", *SIMULATION}
				else:
					fine = names[0] in sys.stdlib_module_names or names[0] in SIMULATION_LIBRARIES
				if not fine:
					wrong.append(f"{path.relative_to(ROOT)}:{line} imports {module}")
		assert not wrong

	def test_the_package_core_and_simulation_import_without_frappe(self):
		modules = ["sales_crm_accounts"] + [
			".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
			for path in app_files("core", "simulation")
		]
		code = (
			"import sys, importlib\n"
			"sys.modules['frappe'] = sys.modules['erpnext'] = None\n"
			f"for name in {modules!r}: importlib.import_module(name)"
		)
		subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)

	def test_core_asks_for_no_clock(self):
		"""Dates are arguments: a rule that reads the clock cannot be simulated."""
		wrong = [
			f"{path.relative_to(ROOT)}:{node.lineno}"
			for path in app_files("core")
			for node in ast.walk(ast.parse(path.read_text()))
			if isinstance(node, ast.Attribute) and node.attr in ("today", "now", "utcnow")
		]
		assert not wrong


class TestHabits:
	def test_argument_checks_stay_on(self):
		"""Postponed annotations switch Frappe's validation of a whitelisted function's arguments off."""
		wrong = [
			str(path.relative_to(ROOT))
			for path in app_files("api", "events", "sales_crm_accounts")
			if "from __future__ import annotations" in path.read_text()
		]
		assert not wrong

	def test_whitelisted_functions_are_typed(self):
		wrong = []
		for path in python_files():
			for node in ast.walk(ast.parse(path.read_text())):
				if not isinstance(node, ast.FunctionDef):
					continue
				if not any("whitelist" in ast.unparse(decorator) for decorator in node.decorator_list):
					continue
				untyped = [arg.arg for arg in node.args.args if arg.arg != "self" and arg.annotation is None]
				if untyped:
					wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}({', '.join(untyped)})")
		assert not wrong

	def test_document_events_never_commit(self):
		wrong = [
			f"{path.relative_to(ROOT)}:{node.lineno}"
			for path in app_files("events", "sales_crm_accounts", "core", "permissions")
			for node in ast.walk(ast.parse(path.read_text()))
			if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("db.commit")
		]
		assert not wrong

	def test_tables_of_others_are_not_written_by_sql(self):
		"""`frappe.qb.update/into/from_().delete` and raw UPDATE, INSERT and DELETE only on the app's own tables."""
		wrong = []
		for path in python_files():
			if is_test(path):
				continue
			text = path.read_text()
			for match in re.finditer(r"(?i)\b(update|insert\s+into|delete\s+from)\s+`tab([^`]+)`", text):
				if match[2] not in DOCTYPES and "{" not in match[2]:
					wrong.append(f"{path.relative_to(ROOT)}: {match[0]}")
		assert not wrong

	def test_no_class_of_erpnext_is_replaced(self):
		hooks = (APP / "hooks.py").read_text()
		assert "override_doctype_class" not in hooks
		assert "override_whitelisted_methods" not in hooks


class TestHooks:
	def dotted(self):
		hooks = {}
		exec((APP / "hooks.py").read_text(), hooks)

		def walk(name, value):
			if isinstance(value, str):
				if re.fullmatch(r"sales_crm_accounts(\.\w+){2,}", value) and not value.endswith(
					(".js", ".css")
				):
					yield name, value
			elif isinstance(value, dict):
				for key, one in value.items():
					yield from walk(f"{name}[{key}]", one)
			elif isinstance(value, list | tuple):
				for one in value:
					yield from walk(name, one)

		for name, value in hooks.items():
			if not name.startswith("__") and name not in (
				"app_include_js",
				"app_include_css",
				"web_include_js",
			):
				yield from walk(name, value)

	def test_every_function_that_hooks_name_exists(self):
		wrong = []
		for hook, dotted in self.dotted():
			*module, function = dotted.split(".")
			path = ROOT.joinpath(*module).with_suffix(".py")
			if not path.exists():
				path = ROOT.joinpath(*module, "__init__.py")
			if not path.exists() or not defines(path, function):
				wrong.append(f"{hook}: {dotted}")
		assert not wrong

	def test_every_file_that_hooks_name_exists(self):
		hooks = {}
		exec((APP / "hooks.py").read_text(), hooks)
		files = [*hooks.get("doctype_js", {}).values(), *hooks.get("doctype_list_js", {}).values()]
		files += [
			f"public{app['logo'].split('sales_crm_accounts')[1]}" for app in hooks["add_to_apps_screen"]
		]
		for bundle in (hooks.get("app_include_js", []), hooks.get("app_include_css", [])):
			for name in [bundle] if isinstance(bundle, str) else bundle:
				files.append(f"public/{'js' if name.endswith('.js') else 'css'}/{name}")
		missing = [name for name in files if not (APP / name).exists()]
		missing += [
			f"{doctype} calendar"
			for doctype in hooks.get("calendars", [])
			if not (folder(doctype) / f"{folder(doctype).name}_calendar.js").exists()
		]
		assert not missing

	def test_scheduled_functions_have_names_of_their_own(self):
		"""A Scheduled Job Type is named after the last two parts of the path, so two apps could take the same name."""
		events = [dotted for hook, dotted in self.dotted() if hook.startswith("scheduler_events")]
		assert events
		assert all(dotted.rsplit(".", 1)[1].startswith("sca_") for dotted in events)

	def test_patches_exist(self):
		for line in (APP / "patches.txt").read_text().splitlines():
			line = line.split("#")[0].strip()
			if line and not line.startswith(("[", "execute:")):
				assert ROOT.joinpath(*line.split()[0].split(".")).with_suffix(".py").exists(), line

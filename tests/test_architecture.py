"""The design as a test: what may import what, DocTypes that fit together, and names that both ERPNext versions have."""

import ast
import json
import re
import subprocess
import sys

import pytest

from sales_crm_accounts.core import billing, dates, installments, pipeline, plan
from tools.names import (
	APP,
	LAYOUT_TYPES,
	MODULE,
	OPTIONAL,
	OPTIONAL_FIELDS,
	ROOT,
	STANDARD_FIELDS,
	custom_fields,
	doctypes,
	named,
	python_files,
	records,
)

DOCTYPES = doctypes()
ERPNEXT = json.loads((ROOT / "tests" / "data" / "erpnext_fields.json").read_text())

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

#: The one file that may name what only one version has.
COMPAT = "sales_crm_accounts/erpnext_compat.py"

#: Words of SQL that MariaDB or Postgres reserve, as far as somebody could take them for a fieldname; Frappe does not quote all.
RESERVED = set(
	"""add all alter analyze and any array as asc asymmetric before between both by call case cast change check collate column
	condition constraint continue convert create cross cursor database databases declare default delayed delete desc describe
	distinct div do drop dual each else elseif end enclosed escaped except exists exit explain fetch float for force foreign
	freeze from full function grant group grouping having if ignore in index initially inner inout insert int intersect interval
	into is iterate join key keys kill lateral leading leave left like limit linear lines load localtime lock loop match mod
	modifies natural new not null of off offset old on only optimize option or order out outer over partition placing primary
	procedure purge range rank read reads recursive references release rename repeat replace require restrict return returning
	revoke right rlike row rows row_number schema select session_user set show similar some specific sql starting symmetric table
	terminated then to trailing trigger true undo union unique unlock unsigned update usage use using values
	variadic varying verbose when where while window with write xor zerofill""".split()
)


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


def folder(doctype):
	return MODULE / "doctype" / doctype.lower().replace(" ", "_").replace("-", "_")


def defines(path, name):
	"""Whether a module defines or imports the name."""
	for node in ast.parse(path.read_text()).body:
		if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
			return True
		if isinstance(node, ast.ImportFrom | ast.Import) and any(
			(a.asname or a.name) == name for a in node.names
		):
			return True
		if isinstance(node, ast.Assign) and any(getattr(target, "id", "") == name for target in node.targets):
			return True
	return False


def fields(doctype):
	return {field["fieldname"]: field for field in DOCTYPES[doctype]["fields"]}


@pytest.mark.parametrize("doctype", DOCTYPES)
class TestDocTypes:
	def test_files(self, doctype):
		where = folder(doctype)
		assert (where / f"{where.name}.json").exists()
		assert (where / "__init__.py").exists()
		class_name = doctype.replace(" ", "").replace("-", "")
		assert defines(where / f"{where.name}.py", class_name), f"{where.name}.py has no class {class_name}"
		assert DOCTYPES[doctype]["module"] == "Sales CRM Accounts"

	def test_field_order_lists_every_field_once(self, doctype):
		names = [field["fieldname"] for field in DOCTYPES[doctype]["fields"]]
		assert len(names) == len(set(names))
		assert DOCTYPES[doctype]["field_order"] == names or sorted(
			DOCTYPES[doctype]["field_order"]
		) == sorted(names)

	def test_fieldnames_are_names_that_sql_and_frappe_leave_free(self, doctype):
		for name, field in fields(doctype).items():
			assert re.fullmatch(r"[a-z][a-z0-9_]{1,63}", name), name
			if not field["fieldtype"].startswith("Table"):  # no column
				assert name not in RESERVED, f"{name} is reserved by SQL"
			assert name not in STANDARD_FIELDS - {"_seen"}, f"{name} is Frappe's"

	def test_fields_have_labels(self, doctype):
		for name, field in fields(doctype).items():
			if field["fieldtype"] not in LAYOUT_TYPES:
				assert field.get("label"), f"{name} has no label"

	def test_tables_are_child_tables_and_links_are_not(self, doctype):
		for name, field in fields(doctype).items():
			target = field.get("options")
			if field["fieldtype"] in ("Table", "Table MultiSelect"):
				istable = (DOCTYPES.get(target) or ERPNEXT[target]).get("istable")
				assert istable, f"{name}: {target} is no child table"
			elif field["fieldtype"] == "Link":
				other = DOCTYPES.get(target) or ERPNEXT.get(target) or {}
				assert not other.get("istable") and not other.get(
					"issingle"
				), f"{name}: no link to {target} possible"
			elif field["fieldtype"] == "Dynamic Link":
				assert target in fields(doctype), f"{name}: no field {target}"

	def test_currency_fields_name_their_currency(self, doctype):
		for name, field in fields(doctype).items():
			if field["fieldtype"] != "Currency" or not field.get("options"):
				continue
			parts = field["options"].split(":")
			if len(parts) == 3:  # Company:company:default_currency
				assert parts[0] in ERPNEXT or parts[0] in DOCTYPES, f"{name}: {field['options']}"
				parts = parts[1:2]
			in_parent = [
				parent
				for parent, doc in DOCTYPES.items()
				if any(
					f.get("options") == doctype and f["fieldtype"].startswith("Table") for f in doc["fields"]
				)
			]
			known = set(fields(doctype)).union(*(fields(parent) for parent in in_parent))
			assert parts[0] in known, f"{name}: no field {parts[0]}"

	def test_conditions_name_fields_that_exist(self, doctype):
		parents = [
			parent
			for parent, doc in DOCTYPES.items()
			if any(f.get("options") == doctype and f["fieldtype"].startswith("Table") for f in doc["fields"])
		]
		for name, field in fields(doctype).items():
			for key in (
				"depends_on",
				"mandatory_depends_on",
				"read_only_depends_on",
				"collapsible_depends_on",
			):
				condition = field.get(key)
				if not condition:
					continue
				if not condition.startswith("eval:"):
					assert condition in fields(doctype), f"{name} {key}: no field {condition}"
					continue
				own = set(re.findall(r"\bdoc\.(\w+)", condition)) - {"__islocal", "__onload"}
				assert own <= set(fields(doctype)) | STANDARD_FIELDS, f"{name} {key}: {condition}"
				for parent_field in set(re.findall(r"\bparent\.(\w+)", condition)):
					assert all(
						parent_field in {*fields(p), *STANDARD_FIELDS} for p in parents
					), f"{name} {key}"

	def test_title_search_and_naming_name_fields_that_exist(self, doctype):
		doc = DOCTYPES[doctype]
		names = [doc.get("title_field"), doc.get("image_field"), doc.get("kanban_field")]
		names += [name.strip() for name in (doc.get("search_fields") or "").split(",")]
		names += [doc.get("sort_field", "").split(" ")[0].split(",")[0]]
		if (doc.get("autoname") or "").startswith("field:"):
			names.append(doc["autoname"].split(":")[1])
		if doc.get("autoname") == "naming_series:":
			names.append("naming_series")
		for name in filter(None, names):
			assert name in fields(doctype) or name in STANDARD_FIELDS, name

	def test_a_submittable_document_can_be_amended_and_a_child_table_has_no_permissions(self, doctype):
		doc = DOCTYPES[doctype]
		if doc.get("is_submittable"):
			assert fields(doctype)["amended_from"]["options"] == doctype
		if doc.get("istable"):
			assert not doc.get("permissions")
		else:
			assert doc.get("permissions")
			for row in doc["permissions"]:
				if not doc.get("is_submittable"):
					assert not any(row.get(right) for right in ("submit", "cancel", "amend")), row


@pytest.mark.parametrize(
	("words", "fieldname", "where"),
	[
		(installments.STATUSES, "status", ["Deal Installment"]),
		(
			plan.TRIGGERS,
			"billing_trigger",
			["Deal Plan Row", "Deal Plan Template Row", "Deal Change Row", "Deal Installment"],
		),
		(
			(plan.PERCENT, plan.AMOUNT, plan.REMAINDER),
			"basis",
			["Deal Plan Row", "Deal Plan Template Row", "Deal Change Row"],
		),
		(dates.DUE_RULES, "due_rule", ["Deal Plan Row", "Deal Change Row", "Deal Installment"]),
		(pipeline.OPERATORS, "operator", ["Deal Stage Requirement"]),
		((billing.INVOICE_PER_INSTALLMENT, billing.ONE_INVOICE), "invoicing_method", ["Billing Policy"]),
		((billing.BY_RATE, billing.BY_QUANTITY), "line_split", ["Billing Policy"]),
	],
)
def test_the_words_of_the_rules_are_the_options_of_the_forms(words, fieldname, where):
	for doctype in where:
		options = fields(doctype)[fieldname]["options"].split("\n")
		assert set(filter(None, options)) == set(words), doctype


class TestNames:
	"""Every DocType and field of Frappe and ERPNext that the app names is in v15 and in develop.

	`python tools/erpnext_fields.py FOLDER` renews the list.
	"""

	def known(self, doctype):
		if doctype in DOCTYPES:
			return set(fields(doctype))
		own = {field["fieldname"] for field in custom_fields().get(doctype, [])}
		# The accounting dimension adds its field to some fifty DocTypes.
		return own | set(ERPNEXT[doctype]["fields"]) | {"deal"}

	def test_every_doctype_is_there(self):
		known = {*DOCTYPES, *ERPNEXT, *OPTIONAL}
		assert not sorted({f"{name.place}: {name.doctype}" for name in named() if name.doctype not in known})

	def test_every_field_is_there(self):
		wrong = set()
		for name in named():
			if name.field is None or name.doctype in OPTIONAL or name.place.startswith(COMPAT):
				continue
			if "/test_" in name.place:
				continue  # a test may add a field
			if name.doctype not in DOCTYPES and name.doctype not in ERPNEXT:
				continue  # the test above says so
			known = self.known(name.doctype) | STANDARD_FIELDS
			if name.field not in known and (name.doctype, name.field) not in OPTIONAL_FIELDS:
				wrong.add(f"{name.place}: {name.doctype}.{name.field}")
		assert not sorted(wrong)

	def test_custom_fields_stand_after_fields_that_are_there(self):
		wrong = []
		for doctype, rows in custom_fields().items():
			if doctype in OPTIONAL:
				continue
			for row in rows:
				after = row.get("insert_after", "")
				if (
					after
					and not after.endswith(("_break", "_section", "_tab"))
					and after not in self.known(doctype)
				):
					wrong.append(f"{doctype}.{row['fieldname']}: insert_after {row['insert_after']}")
				if row["fieldname"] in ERPNEXT[doctype]["fields"]:
					wrong.append(f"{doctype}.{row['fieldname']} is a field of ERPNext")
		assert not wrong


class TestRecords:
	def test_reports_have_their_files(self):
		for path, report in records("report"):
			where = path.parent
			assert report["ref_doctype"] in DOCTYPES or report["ref_doctype"] in ERPNEXT
			if report["report_type"] == "Script Report":
				assert defines(where / f"{where.name}.py", "execute"), where.name
				assert report.get("roles"), f"{where.name} is open to nobody"

	def test_a_workspace_shows_what_exists(self):
		reports = {report["name"] for _path, report in records("report")}
		cards = {card["name"] for _path, card in records("number_card")}
		charts = {chart["name"] for _path, chart in records("dashboard_chart")}
		for _path, workspace in records("workspace"):
			for link in [*workspace.get("links", []), *workspace.get("shortcuts", [])]:
				kind = link.get("link_type") if link.get("type") == "Link" else link.get("type")
				if kind == "DocType":
					assert link["link_to"] in DOCTYPES or link["link_to"] in ERPNEXT, link["link_to"]
				elif kind == "Report" and link.get("report_ref_doctype") in DOCTYPES:
					assert link["link_to"] in reports, link["link_to"]
			assert {card["number_card_name"] for card in workspace.get("number_cards", [])} <= cards
			assert {chart["chart_name"] for chart in workspace.get("charts", [])} <= charts

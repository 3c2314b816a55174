"""DocTypes and other records that fit together, and names that both ERPNext versions have."""

import json
import re

import pytest

from sales_crm_accounts.core import billing, dates, installments, pipeline, plan
from sales_crm_accounts.core.receivables import promises
from tools.names import (
	LAYOUT_TYPES,
	OPTIONAL,
	OPTIONAL_FIELDS,
	ROOT,
	STANDARD_FIELDS,
	custom_fields,
	defines,
	doctypes,
	folder,
	named,
	records,
)

DOCTYPES = doctypes()
ERPNEXT = json.loads((ROOT / "tests" / "data" / "erpnext_fields.json").read_text())

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
		(promises.STATUSES, "status", ["Promise to Pay"]),
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


#: DocTypes that name a deal and are no connection of its form, and why.
NOT_CONNECTED = {
	"GL Entry": "the ledger; the button of the form opens the report General Ledger",
	"Cash Match Proposal Row": "a proposal for a line of the bank, over many deals; what became of it is a Payment Entry",
	"Deal Billing Run Item": "what a nightly run looked at; the invoice is connected",
	"Deal Expense Share": "a row of Deal Expense; the expense is listed by its first deal, the form shows every share",
	"Dunning Message Row": "connected by deal_dashboard.py: `links` knows no fields of rows",
	"Expected Credit Loss Deal": "a row of the company's monthly estimate",
	"Write-off Proposal Row": "a row of a list over many customers; what it posts is a Journal Entry",
}


def test_every_document_that_names_a_deal_is_a_connection_of_it():
	connected = {link["link_doctype"]: link["link_fieldname"] for link in DOCTYPES["Deal"]["links"]}
	assert len(connected) == len(DOCTYPES["Deal"]["links"])
	naming = {
		(doctype, field["fieldname"])
		for doctype, rows in [
			*((name, doc["fields"]) for name, doc in DOCTYPES.items()),
			*custom_fields().items(),
		]
		for field in rows
		if (field["fieldtype"], field.get("options")) == ("Link", "Deal")
		and field["fieldname"] != "amended_from"
	}
	assert {doctype for doctype, _field in naming} == {*connected, *NOT_CONNECTED}
	assert not set(connected) & set(NOT_CONNECTED)
	assert set(connected.items()) <= naming
	tables = [name for name in connected if (DOCTYPES.get(name) or ERPNEXT[name]).get("istable")]
	assert not tables, "Frappe counts documents"


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


def test_what_narrows_a_rule_is_not_filled_by_the_sites_defaults():
	"""ERPNext's Selling Settings make customer group and territory defaults of the site; Frappe fills fields of these names."""
	allowed = {"Deal"}  # takes its customer's
	found = {
		(doctype["name"], field["fieldname"])
		for doctype in DOCTYPES.values()
		for field in doctype["fields"]
		if field["fieldname"] in {"customer_group", "territory"} and doctype["name"] not in allowed
	}
	assert not found

# Every target does its own set-up; only make and Python 3.10 or newer are needed (npm for the JavaScript half of `make lint`).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SCA_BENCH ?= $(HOME)/frappe-bench
SCA_SITE ?= sca.localhost
DEMO ?= examples/blue_harbor
DEMO_OUT ?= demo-out
NODE := tools/js/node_modules

.DEFAULT_GOAL := help
.PHONY: help demo test site-test lint format translations clean

help: ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1	/' | expand -t 16

demo: $(VENV)/.test ## simulate the sample company; writes demo-out/report.html
	$(BIN)/python -m sales_crm_accounts simulate $(DEMO) --out $(DEMO_OUT)

test: $(VENV)/.test ## tests that need no site
	$(BIN)/python -m pytest tests --ignore tests/browser

site-test: ## tests on a real ERPNext: make site-test SCA_BENCH=~/frappe-bench SCA_SITE=sca.localhost
	SCA_BENCH="$(SCA_BENCH)" SCA_SITE="$(SCA_SITE)" bash .ci/site

lint: $(VENV)/.lint ## ruff, eslint and prettier, semgrep where it is installed, translations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory lint-js; \
	else echo "npm is not installed: eslint and prettier did not run"; fi
	@if command -v semgrep >/dev/null; then \
	semgrep scan --metrics off --disable-version-check --error --quiet --config .semgrep sales_crm_accounts \
	$(if $(FRAPPE_SEMGREP_RULES),&& semgrep scan --metrics off --disable-version-check --quiet --config $(FRAPPE_SEMGREP_RULES) sales_crm_accounts); \
	else echo "semgrep is not installed: its rules did not run"; fi
	$(BIN)/python tools/translations.py

.PHONY: lint-js
lint-js: $(NODE)/.stamp
	$(NODE)/.bin/eslint sales_crm_accounts
	$(NODE)/.bin/prettier --check --log-level warn "sales_crm_accounts/**/*.js"

format: $(VENV)/.lint ## ruff and prettier rewrite what they can
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory format-js; \
	else echo "npm is not installed: prettier did not run"; fi

.PHONY: format-js
format-js: $(NODE)/.stamp
	$(NODE)/.bin/prettier --write --log-level warn "sales_crm_accounts/**/*.js"

translations: $(VENV)/.test ## what sales_crm_accounts/translations/zh.csv lacks or has too much
	$(BIN)/python tools/translations.py

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	{ echo "Python 3.10 or newer is needed; name one with PYTHON=..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	{ rm -rf $(VENV); echo "python3 -m venv failed; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

$(VENV)/.test: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

$(VENV)/.lint: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,lint]'
	@touch $@

$(VENV)/.browser: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,browser]'
	@touch $@

$(NODE)/.stamp: tools/js/package.json
	cd tools/js && npm install --silent --no-fund --no-audit --no-package-lock
	@touch $@

clean: ## remove what the targets made
	rm -rf $(VENV) $(NODE) $(DEMO_OUT) .pytest_cache .hypothesis .ruff_cache *.egg-info

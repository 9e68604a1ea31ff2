.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

help: ## What can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 20

$(VENV)/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; set PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

dev: $(VENV)/.installed-dev ## Install what tests, checks and benches need

run: $(VENV)/.installed ## Serve the page; PORT, SITE and VAS_API_URL change what it serves
	@$(BIN)/python app.py

worker: $(VENV)/.installed ## Apply change sets for pages on other hosts; needs VAS_DASH_QUEUE_URL
	@$(BIN)/python -m vas_dash.jobs.worker

check: dev ## Formatting, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

chromium: dev
	@tests/browser/ensure-chromium

redis: dev
	@tests/ensure-redis

nginx: dev
	@tests/ensure-nginx

# What needs no server and no browser, and not the whole of the kernel.
QUICK := tests/architecture tests/domain tests/files tests/fleet/test_query.py \
  tests/pages/form $(wildcard tests/pages/*/test_model.py) tests/test_settings.py \
  tests/kernel/test_layout.py tests/kernel/test_ring.py

quick: dev ## Formatting, lint, and the tests that need no server and no browser
	$(BIN)/ruff format --check -q .
	$(BIN)/ruff check -q .
	$(BIN)/pytest -q -n 2 $(QUICK)

test: check chromium redis nginx ## The whole suite, browser included
	$(BIN)/pytest -n 2 --dist loadfile

test-contract: dev ## The contract suite; VAS_CONTRACT_URL=http://... runs it against a real VAS
	$(BIN)/pytest tests/contract

bench: dev ## Figures of the page, of change sets, the journal and files
	$(BIN)/python -m bench.page
	$(BIN)/python -m bench.apply
	$(BIN)/python -m bench.history
	$(BIN)/python -m bench.files

bench-kernel: dev ## Figures of the frame kernel
	$(BIN)/python -m bench.kernel

soak: dev ## Half an hour of many browsers, a failing VAS, a host beside a page; with figures
	$(BIN)/python -m bench.soak

.PHONY: help dev run worker check chromium redis nginx quick test test-contract bench bench-kernel soak

# Everything a contributor types. Each target installs what it needs; a second run is instant.
# Variables given to make (DEMO_PHONE=1, PYTHON=python3.13) reach the programs through the environment.
SHELL := /bin/sh
.DEFAULT_GOAL := help
# npm and pip do not share a folder gracefully.
.NOTPARALLEL:

BIN := .venv/bin
# More arguments for the command a target runs: make test ARGS='-k push -x'
ARGS ?=

PINS := pyproject.toml requirements.txt scripts/setup-venv
RUNTIME := .venv/.stamp-runtime
DEV := .venv/.stamp-dev
APT := .venv/.stamp-apt
NODE := node_modules/.stamp
GEO := build/geo/country.mmdb
DECODER := build/decoder/decode.js
ICONS := build/icons/icon-512.png
FETCHED := $(GEO) $(DECODER) $(ICONS)

.PHONY: help
help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(APT) $(DEV) $(NODE) $(FETCHED)  ## Install all that developing and testing need

.PHONY: demo
demo: $(RUNTIME) $(FETCHED)  ## Try it: a hub, a person, a phone (DEMO_PHONE=none, PUBLIC_URL=https://… for your own)
	@$(BIN)/python -m hub.demo $(ARGS)

.PHONY: run
run: $(DEV) $(FETCHED)  ## Run the processes of the Procfile
	@$(BIN)/honcho start $(ARGS)

.PHONY: sim
sim: $(RUNTIME)  ## Run the simulated phone
	@$(BIN)/mobile-sim run $(ARGS)

.PHONY: test
test: setup check  ## Check, then run all tests; ARGS go to pytest
	@# A worker a core, a file to one of them: many tests wait, for a phone or for a server.
	@$(BIN)/pytest -p xdist -n auto --dist loadfile $(ARGS)

.PHONY: check
check: $(DEV) $(NODE)  ## Lint, types, import direction, formatting; changes nothing
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	@scripts/check-web

.PHONY: format
format: $(DEV) $(NODE)  ## Format and mend what can be mended by itself
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format
	[ ! -d web ] || npx --no-install biome check --write web

.PHONY: bench
bench: setup  ## Measure; ARGS go to the benchmark
	@$(BIN)/python -m tests.bench $(ARGS)

.PHONY: wheel
wheel: $(DEV) $(FETCHED)  ## Build the wheel into dist/
	$(BIN)/python -m build --wheel --outdir dist $(ARGS)

# The second file is held to the first, so that the tests run on what is shipped.
# Without header and notes no registry's host name gets in.
.PHONY: pins
pins:  ## Raise the pins to today's versions (needs uv)
	uv pip compile --quiet --upgrade --universal --no-header --no-annotate \
		pyproject.toml --output-file requirements.txt
	uv pip compile --quiet --upgrade --universal --no-header --no-annotate --group dev \
		--constraints requirements.txt pyproject.toml --output-file requirements-dev.txt

.PHONY: clean
clean:  ## Remove all that make made
	rm -rf .venv node_modules build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .grimp_cache

$(RUNTIME): $(PINS)
	@scripts/setup-venv requirements.txt
	@touch $@

# Holds the same versions of the runtime's packages, so it serves as both.
$(DEV): $(PINS) requirements-dev.txt
	@scripts/setup-venv requirements-dev.txt
	@touch $(RUNTIME) $@

# Its stamp lives in .venv, which is therefore made first.
$(APT): scripts/setup-apt | $(DEV)
	@scripts/setup-apt
	@touch $@

$(NODE): package.json package-lock.json | $(APT)
	@npm ci --silent
	@touch $@

$(GEO): package-lock.json scripts/fetch-geo
	@scripts/fetch-geo

$(DECODER): package-lock.json scripts/fetch-decoder | $(GEO)
	@scripts/fetch-decoder

$(ICONS): scripts/draw_icons.py web/authenticator/icons/icon.svg | $(RUNTIME)
	@$(BIN)/python scripts/draw_icons.py

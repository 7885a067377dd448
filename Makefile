# The tasks of this repository; `make` prints them. Needs bash and Python 3.11 or later, and
# installs everything else into .venv, node_modules and .tools.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

# Where uv and Node are linked when the machine has none that will do.
export PATH := $(CURDIR)/.tools/bin:$(PATH)

RUN := uv run --frozen
PACKAGES := node_modules/.package-lock.json
WIDGET := core/parlour/static/widget/loader.js
DASHBOARD := core/parlour/static/dashboard/index.html

# What a front end is built from: folders too, so that a removed file counts as a change.
sources = $(shell find $(1) -not -name '*.test.ts' -not -name '*.test.tsx') \
  $(wildcard $(dir $(1))*.config.ts) tsconfig.base.json

.PHONY: help setup tools up test faults check fix generate migration bench tour

help: ## Print this list
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(WIDGET) $(DASHBOARD) ## Install what is missing, build the widget and the dashboard

up: setup ## Set up what is missing, then run Parlour: http://localhost:8000 (ARGS="--help")
	@exec $(RUN) parlour up $(ARGS)

test: setup ## Run every test; ARGS="-k resolved" goes to pytest
	@chromium="$$(tools/browser.sh)"; \
	  CHROMIUM_PATH="$$chromium" $(RUN) pytest -n auto --maxprocesses 4 --dist loadgroup $(ARGS)
	@npm test -ws --if-present

faults: setup ## Kill, stop and cut off everything, in full size; ARGS="--only R1 --scale 0.1"
	$(RUN) python -m tests.faults $(ARGS)

check: setup ## Check format, lint, types, imports, generated files, unused code and sizes
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	npx pyright
	npx pyright -p pyrightconfig.tests.json
	$(RUN) lint-imports
	$(RUN) python tools/generate.py --check
	uv lock --check
	npm ls --all --package-lock-only > /dev/null
	npx biome ci .
	npm run check -ws --if-present
	npx tsc -p bench
	npx knip
	npm run size -ws --if-present

fix: setup ## Format, and fix what can be fixed
	$(RUN) ruff check --fix . || true
	$(RUN) ruff format .
	npx biome check --write .

generate: setup ## Write the API types, the event types and the reference pages
	$(RUN) python tools/generate.py

migration: tools ## Write a migration: make migration M="add read marks"
	@[[ -n "$(M)" ]] || { echo 'Say what it does: make migration M="add read marks"' >&2; exit 2; }
	$(RUN) parlour migrate --revision "$(M)"

bench: setup ## Measure throughput and latency (ARGS="--help")
	$(RUN) python -m bench $(ARGS)

tour: tools ## Print every module with what it is for
	@$(RUN) python tools/tour.py

tools:
	@tools/setup.sh

# Not `npm ci`: it refuses a lock that was made where other platforms' binaries cannot be had.
# The versions are the lock's all the same, and `make check` compares it with package.json.
$(PACKAGES): package-lock.json | tools
	npm install --no-save --no-audit --no-fund
	@touch $@

$(WIDGET): $(call sources,widget/src) widget/package.json $(PACKAGES) | tools
	npm run build -w widget
	@touch $@

$(DASHBOARD): $(call sources,dashboard/src) $(wildcard dashboard/public/*) dashboard/index.html \
  dashboard/package.json $(PACKAGES) | tools
	npm run build -w dashboard
	@touch $@

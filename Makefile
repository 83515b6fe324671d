# `make demo` and `make test` need Python >= 3.11 and make, nothing else: everything is installed into .venv.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
DEMO_DIR ?= demo-out
WORKERS ?= 2

.PHONY: help demo test check-all security bench fmt lint requirements clean

help:
	@echo "make demo       both emulated CRMs: provision, sync, sync again (writes nothing), report"
	@echo "make test       lint, types, import contracts, tests"
	@echo "make check-all  make test, and what is slow or needs Node.js, Chromium or Spark"
	@echo "make security   code, secrets, dependencies, reproducible wheel, bill of materials, workflows, image"
	@echo "make bench      what a pull, score and write-back cost, as ratios"
	@echo "make fmt        format the code"

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "bothways needs Python >= 3.11; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.runtime: $(VENV)/.created requirements/runtime.txt pyproject.toml
	$(PIP) --require-hashes -r requirements/runtime.txt
	$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements/dev.txt
	$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/.check: $(VENV)/.dev requirements/check.txt
	$(PIP) --require-hashes -r requirements/check.txt
	@touch $@

demo: $(VENV)/.runtime
	BOTHWAYS_LOG_FORMAT=text $(BIN)/bothways demo --dir $(DEMO_DIR)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python .ci/tree.py

test: lint
	$(BIN)/python -m pytest -n $(WORKERS)

check-all: lint $(VENV)/.check
	bench/install_browser.sh
	bench/install_faults.sh
	rm -rf .faults
	FAULT_TABLE=$(CURDIR)/.faults/run.json $(BIN)/python -m pytest -n $(WORKERS) --durations 40 -m "slow or node or browser or not slow"
	$(BIN)/python bench/pipeline.py --accounts 1000
	$(MAKE) security

# What cannot be reached from here is told as "not audited", never as ok.
security: $(VENV)/.check
	$(BIN)/python .ci/security.py

bench: $(VENV)/.dev
	$(BIN)/python bench/against.py --accounts 200 --accounts 50000 --rounds 3
	$(BIN)/python bench/pipeline.py --accounts 10000

fmt: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Pins every version with its hashes; no index address is recorded.
requirements: $(VENV)/.created
	$(PIP) uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --extra report --group build pyproject.toml -o requirements/runtime.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --extra report --group build --group dev -c requirements/runtime.txt pyproject.toml -o requirements/dev.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --extra report --group build --group dev --group check -c requirements/dev.txt pyproject.toml -o requirements/check.txt

clean:
	rm -rf $(VENV) $(DEMO_DIR) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

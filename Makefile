# Every target sets up what it needs, in .venv; outside the checkout only caches change (but for `make browser`).
PYTHON ?= python3
BIN := .venv/bin
SHELL := /bin/bash
OUT ?= build
FUZZ ?= 60
VERSIONS := 3.11 3.12 3.13 3.14
# What tests the library itself, not this checkout; and what is needed to run that, at any version.
LIBRARY_TESTS := tests $(patsubst %,--ignore tests/%,browser fuzz load mutations openapi project untrusted/test_report_page.py)
# tests/notebooks runs it as it ships too, and looks at what it shows; of the others it runs variants.
RUN_BY_TESTS := notebooks/01-inventory.ipynb
TOOLS := hypothesis 'moto[server]' openpyxl packaging polars py-rattler pytest pytest-xdist pyyaml 's3fs>=2025.2'

.DEFAULT_GOAL := help
.PHONY: help demo test lab docs screenshots bench reliability fuzz check format browser clean
.PHONY: lock lowest newest pythons mutations

help:  ## this list
	@grep -hE '^[a-z ]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 15

demo: .venv/users  ## the capacity report of a sandbox account, in build/
	@$(BIN)/toastnb report --profile sandbox --out $(OUT)

lab: .venv/users  ## JupyterLab on the notebooks
	$(BIN)/jupyter lab --notebook-dir=notebooks

# On two cores, too: many tests wait for timeouts, browsers and kernels.
test: .venv/developers  ## all tests, the notebooks included
	$(BIN)/python -m pytest -n 3 --dist loadfile --nbval-lax tests notebooks --ignore $(RUN_BY_TESTS)

check: .venv/developers  ## style, types, import directions, stripped notebooks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/nbstripout --verify notebooks/*.ipynb

format: .venv/developers  ## put style right
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/nbstripout notebooks/*.ipynb

docs: .venv/developers  ## the documentation, in build/docs
	$(BIN)/sphinx-build -W --keep-going -b html docs $(OUT)/docs

screenshots: .venv/developers  ## the pictures of the documentation, taken anew (needs `make browser`)
	$(BIN)/python -m docs.screenshots

bench: .venv/developers  ## the benchmarks, side by side with what one would write otherwise
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.forms
	$(BIN)/python -m benchmarks.projects
	$(BIN)/python -m benchmarks.history

fuzz: .venv/developers  ## damaged answers against the decoder (for FUZZ seconds), many calls against the sandbox
	@$(BIN)/python -c 'import atheris' 2>/dev/null || $(BIN)/uv pip install -q --python $(BIN)/python 'atheris>=3' \
	  || $(BIN)/python -m pip install -q --disable-pip-version-check 'atheris>=3'
	$(BIN)/python -m tests.fuzz.decoder $(FUZZ)
	FUZZ_EXAMPLES=200 $(BIN)/python -m pytest -q -n 2 tests/openapi tests/fuzz

reliability: .venv/developers  ## the tables of docs/reliability.md, measured anew
	$(BIN)/python -m tests.faults

mutations: .venv/developers  ## takes out one protection after the other: each must make its test fail (ONLY="founding ...")
	$(BIN)/python -m tests.mutations $(if $(ONLY),$(ONLY),--write docs/reliability.md)

lock: | $(BIN)/uv  ## requirements-dev.txt anew: the newest versions of all that developers need, with hashes
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --extra dev pyproject.toml -o requirements-dev.txt

# What users may have: the oldest versions that pyproject.toml admits, and the newest there are; no lock for either.
lowest: RESOLUTION := --resolution lowest-direct
lowest: WARNINGS := -W ignore::DeprecationWarning # old releases use what newer ones of others have deprecated
newest: RESOLUTION := --upgrade
lowest newest: | $(BIN)/uv  ## the tests that need no browser, with the oldest (newest) versions that are admitted
	@$(BIN)/uv venv -q --clear --python $(BIN)/python $(OUT)/$@
	@$(BIN)/uv pip install -q --python $(OUT)/$@/bin/python $(RESOLUTION) -e '.[all,dask]' 's3fs>=2025.2'
	@$(BIN)/uv pip install -q --python $(OUT)/$@/bin/python $(TOOLS)
	$(OUT)/$@/bin/python -m pytest -q -n 2 --dist loadfile $(WARNINGS) $(LIBRARY_TESTS)

pythons: | $(BIN)/uv  ## the tests that need no browser, on every Python from 3.11 that is found
	@export PATH="$$PATH:$$(printf '%s:' ~/.pyenv/versions/*/bin)"; failed=; \
	for version in $(VERSIONS); do \
	  python=$$($(BIN)/uv python find --system --no-project --no-python-downloads $$version 2>/dev/null) \
	    || { echo "Python $$version: not found"; continue; }; \
	  own=$(OUT)/python$$version; \
	  $(BIN)/uv venv -q --clear --python "$$python" $$own && $(call locked,$$own/bin/python) || exit 1; \
	  echo "$$($$own/bin/python --version):"; \
	  $$own/bin/python -m pytest -q -n 2 --dist loadfile $(LIBRARY_TESTS) || failed="$$failed $$version"; \
	done; \
	test -z "$$failed" || { echo "failed on:$$failed"; exit 1; }

browser:  ## Chromium and a Hangul font for the browser tests (Debian; needs root)
	apt-get update -q
	apt-get install -y -q --no-install-recommends chromium fonts-nanum openssh-client

clean:  ## remove what was made
	rm -rf .venv $(OUT) dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis docs/tutorials

# uv installs in seconds what takes pip minutes; where it cannot reach a package index that pip knows, pip does it.
# It is itself in the lock, as everything that developers run, and as what builds the package.
$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@sed -n '/^uv==/,/[^\\]$$/p' requirements-dev.txt \
	  | $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r /dev/stdin

# $(1) is a Python: all of the lock, and nothing that is not what its hash says.
define locked
{ $(BIN)/uv pip install -q --python $(1) --compile-bytecode --require-hashes -r requirements-dev.txt \
  && $(BIN)/uv pip install -q --python $(1) --no-deps --no-build-isolation -e .; } \
  || { $(1) -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt \
  && $(1) -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .; }
endef

# Users have what `pip install toastnb[all]` gives them today, and so has `make demo`: no lock.
.venv/users: pyproject.toml | $(BIN)/uv
	@echo "Setting up .venv (all) ..."
	@$(BIN)/uv pip install -q --python $(BIN)/python --compile-bytecode -e '.[all]' \
	  || $(BIN)/python -m pip install -q --disable-pip-version-check -e '.[all]'
	@touch $@

.venv/developers: pyproject.toml requirements-dev.txt | $(BIN)/uv
	@echo "Setting up .venv (dev) ..."
	@$(call locked,$(BIN)/python)
	@touch $@ .venv/users

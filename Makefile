# Every target sets up what it needs, in .venv; outside the checkout only caches change (but for `make browser`).
PYTHON ?= python3
BIN := .venv/bin
SHELL := /bin/bash
OUT ?= build

.DEFAULT_GOAL := help
.PHONY: help demo test lab docs screenshots bench check format browser clean

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: .venv/users  ## the capacity report of a sandbox account, in build/
	@$(BIN)/toastnb report --profile sandbox --out $(OUT)

lab: .venv/users  ## JupyterLab on the notebooks
	$(BIN)/jupyter lab --notebook-dir=notebooks

test: .venv/developers  ## all tests, the notebooks included
	$(BIN)/python -m pytest -n 2 --dist loadfile --nbval-lax tests notebooks

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

browser:  ## Chromium and a Hangul font for the browser tests (Debian; needs root)
	apt-get update -q
	apt-get install -y -q --no-install-recommends chromium fonts-nanum openssh-client

clean:  ## remove what was made
	rm -rf .venv $(OUT) dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis docs/tutorials

# uv installs in seconds what takes pip minutes; where it cannot reach a package index that pip knows, pip does it.
define install
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	@echo "Setting up .venv ($(1)) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(BIN)/uv || $(BIN)/python -m pip install -q --disable-pip-version-check uv
	@$(BIN)/uv pip install -q --python $(BIN)/python --compile-bytecode -e '.[$(1)]' \
	  || $(BIN)/python -m pip install -q --disable-pip-version-check -e '.[$(1)]'
	@touch $@
endef

.venv/users: pyproject.toml
	$(call install,all)

.venv/developers: pyproject.toml
	$(call install,dev)
	@touch .venv/users

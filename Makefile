# The two commands of a new machine are `make install` and `make demo`; the rest is for who
# changes the code. Every variable can be given on the command line: `make PYTHON=python3.13`.

PYTHON = python3
VENV = .venv
BIN = $(VENV)/bin
# What `make demo` passes on, for example: make demo ARGS="--port 8080".
ARGS =
TEST_PROCESSES = 2
TEST_ARGS =
# `make lock` only.
UV = uv
UPGRADE =

PIP = $(BIN)/python -m pip --disable-pip-version-check --no-input
PROJECT = $(PIP) install --quiet --no-deps --no-build-isolation --editable .

.PHONY: help install demo test sure gates format bench drill assets lock chromium clean

help:
	@echo "make install   prepare $(VENV)"
	@echo "make demo      install, then start everything on this machine and print the addresses"
	@echo "make test      install what tests need and run them all"
	@echo "make sure      everything that must be right before a commit: gates, then tests"
	@echo "make gates     format, lint, types, floors, dependencies, migrations"
	@echo "make format    mend what can be mended by machine"
	@echo "make bench     measure (not part of the tests)"
	@echo "make drill     hurt a running installation in every way; nothing may be lost or come twice"
	@echo "make assets    build what browsers load of other people's code (frontend/)"
	@echo "make catalogues  take the studio's new texts into its catalogues, to be translated"
	@echo "make lock      solve the dependencies anew (UPGRADE=1: take newer ones)"
	@echo "make clean     remove $(VENV) and the caches; data folders stay"

install: $(VENV)/.installed

demo: install
	$(BIN)/funnel demo $(ARGS)

test: $(VENV)/.installed-dev chromium
	$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist worksteal $(TEST_ARGS)

sure: gates test

gates: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/python -m funnel db check

format: $(VENV)/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.installed-dev
	$(BIN)/python -m tests.bench.bench_delivery
	$(BIN)/python -m tests.bench.bench_planner
	$(BIN)/python -m tests.bench.bench_replan
	$(BIN)/python -m tests.bench.bench_people_search
	$(BIN)/python -m tests.bench.bench_sequence_page
	$(BIN)/python -m tests.bench.bench_preview
	$(BIN)/python -m pytest -n 0 -s -m bench $(TEST_ARGS) tests/bench/bench_webhook.py

# For example: make drill ARGS="--seed 7 --rounds 3" (docs/drill.md).
drill: $(VENV)/.installed-dev
	$(BIN)/python -m tests.faults.drill $(ARGS)

assets: $(VENV)/.installed
	$(BIN)/python hatch_build.py

# Stamps inside the environment: whoever removes the folder removes its stamps.

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or later is needed, and $(PYTHON) is not that: install it, or name another one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "This Python cannot make virtual environments: on Debian, install its package first: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

# Installing builds the editor and the plots as well (hatch_build.py).
FRONTEND = hatch_build.py $(wildcard frontend/* frontend/src/*)

$(VENV)/.installed: $(VENV)/.made requirements/main.txt pyproject.toml $(FRONTEND)
	$(PIP) install --quiet --require-hashes -r requirements/main.txt
	$(PROJECT)
	@touch $@

# A superset with the same pins (see lock), so it needs no order with the one above.
$(VENV)/.installed-dev: $(VENV)/.installed requirements/dev.txt
	$(PIP) install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

# The browser tests drive the system's chromium: a download by playwright fails on closed
# machines. Who may not install it sees those tests skipped, and why.
chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing chromium for the browser tests ..." && \
	    export DEBIAN_FRONTEND=noninteractive && apt-get -qq update </dev/null && \
	    apt-get -qq install -y --no-install-recommends chromium fonts-dejavu-core </dev/null >/dev/null; \
	  else false; fi; } || \
	  echo "NO CHROMIUM: the browser tests will be skipped. As root: apt-get install chromium fonts-dejavu-core" >&2

# Texts of the code and the pages, under which each catalogue keeps its translation. Without places:
# a line that moved would be news in every catalogue. The command line speaks English, by a `say` of its own.
catalogues: $(VENV)/.installed-dev
	$(BIN)/pybabel -q extract -F pyproject.toml --ignore-dirs ".* _* cli" -k say -k say_many:1,2 -k mark -k mark_many:1,2 --no-location --sort-output -o $(VENV)/studio.pot .
	$(BIN)/pybabel -q update -i $(VENV)/studio.pot -o funnel/web/catalogues/de.po -l de --no-fuzzy-matching --ignore-obsolete --no-wrap --ignore-pot-creation-date

# Three lists with the same pins: what runs here, what runs in a container (which has its
# servers elsewhere), and what a developer needs. No address of a package index gets in.
COMPILE = $(UV) pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links --no-config \
	--custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

lock:
	@command -v $(UV) >/dev/null || { echo "make lock needs uv: $(BIN)/pip install uv, then make lock UV=$(BIN)/uv" >&2; exit 1; }
	$(COMPILE) --extra embedded --group build --group dev --output-file requirements/dev.txt
	$(COMPILE) --constraint requirements/dev.txt --extra embedded --group build --output-file requirements/main.txt
	$(COMPILE) --constraint requirements/dev.txt --group build --output-file requirements/container.txt

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

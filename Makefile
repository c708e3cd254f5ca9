# make demo        watch jobs being run          make test       lint, types and every test
# make test-quick  the tests without Node        make test-all   every test on each Python there is
# Everything lives in $(VENV); a bare machine needs make and a Python of 3.11 or newer, with venv.

PYTHON   ?= python3
VENV     ?= .venv
PROCS    ?= auto
BIN       = $(VENV)/bin
PYTEST    = $(BIN)/python -m pytest -n $(PROCS)
COVERAGE  = --cov --cov-report=
QUICK     = not slow and not node
INTEROP   = tests/interop/node_modules/.package-lock.json

.PHONY: demo test test-quick test-all suite lint clean
.DELETE_ON_ERROR:

demo: $(VENV)/.all
	$(BIN)/kue demo $(DEMO_ARGS)

test: lint suite

test-quick: $(VENV)/.test
	$(PYTEST) -m "$(QUICK)"

suite: $(VENV)/.test $(INTEROP)
	$(PYTEST) $(COVERAGE) -m "$(QUICK)"
	$(PYTEST) $(COVERAGE)term --cov-append -m "not ($(QUICK))"

test-all: lint
	@pythons=$$(.ci/pythons) && set -e && for python in $$pythons; do \
	    $(MAKE) suite PYTHON=$$python VENV=.venv-$$($$python -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	done

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict kue kue_send

clean:
	rm -rf .venv .venv-* build dist *.egg-info .coverage* .*_cache tests/interop/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- what the above need; a stamp says what is installed ---

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "kue needs Python 3.11 or newer; try make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.all: setup.cfg pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --editable '.[all]'
	@touch $@

$(VENV)/.test: setup.cfg pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --editable '.[test,dev]'
	@touch $@

$(INTEROP): tests/interop/package-lock.json
	@if command -v npm >/dev/null; then cd tests/interop && npm ci --ignore-scripts --no-audit --no-fund; \
	else echo "npm is not installed: the tests with real Kue are skipped"; fi

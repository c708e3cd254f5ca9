# Everything lives in $(VENV); a bare machine needs make and a Python of 3.11 or newer, with venv.
# `make help` lists the targets: what stands after ## is what it prints.

PYTHON   ?= python3
VENV     ?= .venv
# The tests wait as much as they compute, so three share two cores.
PROCS    ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) * 3 / 2)))
BIN       = $(VENV)/bin
LOWEST    = $(VENV)-lowest
TESTS     = -m pytest -n $(PROCS) --dist worksteal
PYTEST    = $(BIN)/python $(TESTS)
SLOWEST   = --durations=20
QUICK     = not slow and not node
TRACED    = not untraced
NODE      = $(patsubst %,tests/%/node_modules/.package-lock.json,interop typing web/scripts)

.PHONY: demo help test test-quick test-lowest test-all suite coverage lint docs dist clean
.DELETE_ON_ERROR:

# The tests start hundreds of processes: each would compile the package again if it could not keep what it compiled.
test test-quick test-lowest suite coverage: export PYTHONDONTWRITEBYTECODE =

demo: $(VENV)/.all  ## watch jobs being run; DEMO_ARGS=--with-node lets real Kue take part
	$(BIN)/kue demo $(DEMO_ARGS)

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'

test: lint suite  ## lint, types and every test

test-quick: $(VENV)/.test  ## the tests that take no more than a moment, without Node
	$(PYTEST) -m "$(QUICK)"

test-lowest: $(LOWEST)/.test  ## the same tests with the lowest version of each package that setup.cfg allows
	$(BIN)/uv pip list --python $(LOWEST)
	$(LOWEST)/bin/python $(TESTS) -m "$(QUICK)"

suite: $(VENV)/.test $(NODE)  ## every test; PROCS=2 sets how many run at a time
	$(PYTEST) $(SLOWEST) -m "$(QUICK)"
	$(PYTEST) $(SLOWEST) -m "not ($(QUICK))"

coverage: $(VENV)/.test $(NODE)  ## which lines no test runs, in the processes that tests start as well
	$(PYTEST) --cov --cov-report=term -m "$(TRACED)"

test-all: lint  ## every test on each Python there is
	@pythons=$$(.ci/pythons) && set -e && for python in $$pythons; do \
	    $(MAKE) suite PYTHON=$$python VENV=.venv-$$($$python -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	done

lint: $(VENV)/.test  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict kue kue_send

docs: $(VENV)/.docs  ## the site, in site/; a dead link or a missing page fails it
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

dist: $(VENV)/.dist  ## build and check the distributions, and run a first job from the wheel
	.ci/dist $(BIN)/python

clean:  ## remove what the targets made
	rm -rf .venv .venv-* build dist site *.egg-info .coverage* .*_cache tests/*/node_modules tests/web/scripts/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- what the above need; a stamp says what is installed ---

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "kue needs Python 3.11 or newer; try make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.all: setup.cfg pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --editable '.[all]'
	@touch $@

$(VENV)/.test: setup.cfg pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --editable '.[test,browser,dev,docs]'
	@touch $@

$(LOWEST)/.test: setup.cfg pyproject.toml | $(VENV)/.test
	$(BIN)/python -m venv --clear $(LOWEST)
	$(BIN)/uv pip install --quiet --python $(LOWEST) --resolution lowest-direct --editable '.[test]'
	@touch $@

$(VENV)/.docs: setup.cfg pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --editable '.[docs]'
	@touch $@

$(VENV)/.dist: setup.cfg pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --editable '.[dist]'
	@touch $@

$(NODE): tests/%/node_modules/.package-lock.json: tests/%/package-lock.json
	@if command -v npm >/dev/null; then cd tests/$* && npm ci --ignore-scripts --no-audit --no-fund; \
	else echo "npm is not installed: the tests that need tests/$*/node_modules are skipped"; fi

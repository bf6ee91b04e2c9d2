# KVO: `make demo` runs the main job, `make test` the tests; both set themselves up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.set-up
JOBS ?= 2

.PHONY: setup demo test deep deep-fail-safe mutation deps webassembly lint bench emulate clean

setup: $(STAMP)

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("KVO needs Python 3.11 or newer; set PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $(STAMP)

demo: $(STAMP)
	$(BIN)/kvo demo

test: $(STAMP)
	$(BIN)/python -m pytest -n $(JOBS)

# What the fail-safe policy stands on, in full counts: within the hour on two cores.
FAIL_SAFE := power-cuts single-faults fault-pairs comms-deaf policy guardian mutation-tested detectors ordinary-use

# Both take up where they were broken off, as long as no source has changed. Everything takes some hours.
deep-fail-safe: $(STAMP)
	@mkdir -p build
	$(BIN)/kvo prove $(FAIL_SAFE) --deep --jobs $(JOBS) --json build/deep-fail-safe.json --resume

deep: $(STAMP)
	@mkdir -p build
	$(BIN)/kvo prove --all --deep --jobs $(JOBS) --json build/deep.json --resume

# Every mutant of the rooms that count; broken off, it takes up where it was.
mutation: $(STAMP)
	$(BIN)/python -m tools.mutation.run

# Debian packages that only some tests want; nothing here is needed for demo and test.
deps: webassembly
	sh tools/install_deps.sh

# The third home's interpreter: npm brings it; where there is no Node of 20 or newer, pip brings that. No root.
webassembly: $(STAMP)
	$(BIN)/python -m tools.fetch_webassembly

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.check_portable
	$(BIN)/python -m pytest -q tests/project/test_portability.py

bench: $(STAMP)
	$(BIN)/kvo bench speed

# Needs an official MicroPython image that you have: make emulate IMAGE=RPI_PICO-v1.29.0.uf2 [BOARD=pico_w] [DIR=…]
BOARD ?= pico
DIR ?= build/pico-bare
emulate: $(STAMP)
	@test -n "$(IMAGE)" || { echo "make emulate: name an official MicroPython .uf2 with IMAGE=; none comes with KVO"; exit 2; }
	$(BIN)/kvo emulate "$(DIR)" --image "$(IMAGE)" --board $(BOARD)

clean:
	rm -rf $(VENV) build *.egg-info

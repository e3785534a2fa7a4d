# Each target is a verb and does its own set-up in .venv; a bare Python 3.11 and make are enough.
PYTHON ?= python3
BIN := .venv/bin
# Tests import each module in many processes: without bytecode on disk, each would compile it again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: dev demo test test-all test-next check format models sync api schema bench bench-quick build sbom docs docs-serve clean

demo: .venv/.demo  ## show in half a minute what the client does, against the embedded stub server
	$(BIN)/python examples/demo.py

test: .venv/.test  ## run the core tests: under three minutes, loopback only
	$(BIN)/python -m pytest -n 2 -q

test-all: .venv/.dev  ## run in half an hour what `make test` leaves out: faults, other Pythons, lowest versions, wheel, frameworks
	$(BIN)/python scripts/test_all.py

test-next: .venv/.dev  ## run the core on Pythons to come, from Debian's unstable suite; needs root and debootstrap
	$(BIN)/python scripts/next_pythons.py

dev: .venv/.dev  ## make the development environment in .venv; `uv sync --all-extras` does the same

check: .venv/.dev  ## lint, types, import directions, and that generated files are up to date
	$(BIN)/python scripts/check.py

format: .venv/.dev  ## format, and fix what can be fixed
	$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

models: .venv/.dev  ## write the models and the stub's JSON from openapi/
	$(BIN)/python scripts/models.py

sync: .venv/.dev  ## write the sync side from the async side
	$(BIN)/python scripts/unasync.py

api: .venv/.dev  ## write the public names and signatures into api.txt
	$(BIN)/python scripts/api.py

schema: .venv/.dev  ## write the JSON Schema of events into docs/
	$(BIN)/python scripts/event_schema.py

bench: .venvs/bench/.made  ## measure, as ratios in one run, and write the pages about performance: about five minutes
	.venvs/bench/bin/python -m benchmarks

bench-quick: .venvs/bench/.made  ## the same in a minute, only what has a budget, and write nothing
	.venvs/bench/bin/python -m benchmarks --quick

build: .venv/.dev  ## build wheel and sdist into dist/
	$(BIN)/python -m build
	$(BIN)/twine check --strict dist/*

sbom: .venv/.dev  ## write the bill of materials into dist/
	$(BIN)/python scripts/sbom.py

docs: .venv/.docs  ## build the documentation into site/, strictly, and check its links
	$(BIN)/python scripts/build_docs.py

docs-serve: .venv/.docs  ## build the documentation and show it at http://127.0.0.1:8000/
	$(BIN)/python scripts/build_docs.py --serve

clean:  ## remove what the other targets made
	rm -rf .venv .venvs dist build site .mypy_cache .pytest_cache .ruff_cache .hypothesis

.venv/bin/python:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"

.venv/.demo: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable ".[stub]"
	touch $@

.venv/.test: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable ".[aiohttp,cli,mcp,otel,redis,stub]" --group test
	touch $@ .venv/.demo

.venv/.dev: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable ".[aiohttp,cli,mcp,otel,redis,stub]" --group dev
	touch $@ .venv/.demo .venv/.test

.venv/.docs: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable ".[aiohttp,cli,mcp,otel,redis,stub]" --group docs
	touch $@

.venvs/bench/.made: pyproject.toml
	$(PYTHON) -m venv .venvs/bench
	.venvs/bench/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	.venvs/bench/bin/python -m pip install --quiet --editable ".[aiohttp,cli,stub]"
	-.venvs/bench/bin/python -m pip install --quiet --group bench
	touch $@

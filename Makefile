# make run    set up, run the main job on seeds/, show what it did
# make check  lint, type-check, unit tests without servers: under a minute
# make test   set up, lint, type-check, all tests
# make ui     the Prefect UI on 127.0.0.1:4200 with every run so far, and the scheduled deployment
# make docs   write the generated pages under docs/
# make screenshots  take the pictures of the documentation anew (needs Chromium)
# make bench  measure the whole pipeline over growing corpora, in BENCH_WORK (hours; a million articles need 25 GB)
# make site   build the documentation site in site/
# make lock   resolve the requirements again (needs uv)

PYTHON ?= python3
# The sources that `make ui` cleans by schedule: the seeds, unless copydesk.toml says better.
SOURCES ?= $(if $(wildcard copydesk.toml),,seeds)
BENCH_WORK ?= .bench
BENCH_SIZES ?= 10000 100000 1000000
BIN := .venv/bin
# uv, where it is, installs in half the time; where it fails (an index that only pip knows) or is not, pip does the same.
UV := $(shell command -v uv 2>/dev/null)
install = $(if $(UV),uv pip install --quiet --python $(BIN)/python --no-deps $(1) ||) \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps $(1)
export PREFECT_SERVER_ANALYTICS_ENABLED ?= false
export DO_NOT_TRACK ?= 1
# Hundreds of processes that the tests start would each compile our modules again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run check test ui docs screenshots bench site lock clean

run: .venv/run-ready
	@$(BIN)/copydesk run seeds

check: .venv/test-ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n 2 --dist loadfile -m "not slow"

# Four workers for two cores, since much is waiting; in the order of tests/conftest.py, not by the number of tests.
test: .venv/test-ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/zensical build --strict --config-file mkdocs.yml
	$(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder

ui: .venv/run-ready
	$(BIN)/copydesk serve $(SOURCES)

docs: .venv/test-ready
	$(BIN)/python -m flows.cli.docs docs

screenshots: .venv/test-ready
	$(BIN)/python -m bench.pictures.screenshots docs/images

bench: .venv/test-ready
	$(BIN)/python -m bench.scale.pipeline all $(BENCH_SIZES) --work $(BENCH_WORK) --peers $(abspath $(BIN)/python)

site: .venv/test-ready
	$(BIN)/zensical build --strict --config-file mkdocs.yml

lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -q \
		pyproject.toml --extra build -o requirements.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -q \
		pyproject.toml --extra build --extra fast --extra dev -o requirements-dev.txt

clean:
	rm -rf .venv

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Copydesk needs Python 3.11 or newer; say which with: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv .venv

# Bytecode is made of what is imported, not of all there is: 14 s and 86 MB less.
.venv/run-ready: requirements.txt pyproject.toml | .venv/bin/python
	@echo "Setting up .venv (about a minute, once) ..."
	@$(call install,--require-hashes -r requirements.txt)
	@$(call install,--no-build-isolation --editable .)
	@$(BIN)/python -m flows.serve.set_up
	@touch $@

.venv/test-ready: requirements-dev.txt .venv/run-ready
	@$(call install,--require-hashes -r requirements-dev.txt)
	@.ci/install-programs
	@touch $@

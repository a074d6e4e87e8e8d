# Two commands: `make run` and `make test`. Both set up what they need in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Three at a time, a file each: one runs the tests on a whole Airflow, which wait most of the time, two all others.
PYTEST := $(BIN)/python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder
READY := $(VENV)/.ready
unexport PYTHONDONTWRITEBYTECODE # else each of many processes compiles our own modules anew

.PHONY: run setup test test-all test-compose check lint types imports docs bench lock env clean

run: setup ## everything, on the make-believe newsroom or on NEWSWATCH_CONFIG_DIR
	@exec $(BIN)/python -m newswatch_airflow.local.make_run

setup: $(READY)

$(READY): requirements-dev.txt pyproject.toml
	@echo "Setting up $(VENV) …"
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v[:2] <= (3, 13) else f"Newswatch needs Python 3.11 to 3.13, this is {v[0]}.{v[1]}. Name another one: make PYTHON=python3.12 …")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python requirements-dev.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $(READY)

test: setup ## every test that fits in ten minutes
	@$(PYTEST) -m "not slow and not compose" $(ARGS)

test-all: setup ## the long ones too
	@$(PYTEST) -m "not compose" $(ARGS)

test-compose: setup ## the servers of docker-compose.yaml and compose.celery.yaml, from nothing to a digest (an engine needed)
	@$(BIN)/python -m pytest -m compose tests/compose $(ARGS)

check: lint types imports test ## what a change must pass

lint: setup
	@$(BIN)/ruff check . && $(BIN)/ruff format --check --quiet .

types: setup
	@$(BIN)/mypy

imports: setup
	@$(BIN)/lint-imports

docs: setup ## the data dictionary, the rules for addresses and the fault matrix, from the code
	@mkdir -p docs && $(BIN)/newswatch dictionary > docs/tables.md && $(BIN)/newswatch url-rules > docs/urls.md
	@PYTHONPATH=tests $(BIN)/python tests/faults/table.py > docs/faults.md

bench: setup ## extraction, feeds and tagging beside other tools, tagging again, reprints, a day, its small files, a bucket, an archive, a year (corpora needed: see the files)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements-bench.txt
	@$(BIN)/python benchmarks/extraction.py $(ARGS)
	@$(BIN)/python benchmarks/feeds.py
	@$(BIN)/python benchmarks/recurring.py
	@$(BIN)/python benchmarks/tagging.py
	@$(BIN)/python benchmarks/retag.py
	@$(BIN)/python benchmarks/clusters.py
	@$(BIN)/python benchmarks/day.py
	@$(BIN)/python benchmarks/compaction.py
	@$(BIN)/python benchmarks/object_store.py
	@$(BIN)/python benchmarks/archive.py
	@$(BIN)/python benchmarks/year.py
	@$(BIN)/python benchmarks/end_to_end.py
	@$(BIN)/python benchmarks/backfill.py
	@$(BIN)/python benchmarks/workers.py

lock: setup ## after a change of dependencies in pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 pyproject.toml -o requirements.txt
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 --extra dev -c requirements.txt pyproject.toml -o requirements-dev.txt
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 --extra team -c requirements.txt pyproject.toml -o requirements-team.txt
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 --extra bench -c requirements.txt pyproject.toml -o requirements-bench.txt

env: ## settings and secrets for docker compose, once
	@$(PYTHON) include/newswatch_airflow/local/make_env.py

clean: ## the environment; data in var/ stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

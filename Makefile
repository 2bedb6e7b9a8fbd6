# The commands of the project; `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export OMP_NUM_THREADS ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo test check serve bench docs clean

help:  ## list the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(STAMP)  ## set up, then run the main job on a simulated county and print a report
	$(BIN)/cunjian demo

test: $(STAMP)  ## set up, then run all tests
	$(BIN)/python -m pytest -n 2 --dist loadgroup

check: $(STAMP)  ## ruff, strict types, import directions, models, docs in step
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/cunjian models check
	$(BIN)/cunjian docs --check

serve: $(STAMP)  ## start the web service on http://127.0.0.1:8000
	$(BIN)/cunjian serve

bench: $(STAMP)  ## print every figure of the benchmarks beside its peer
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev,bench]'
	$(BIN)/python -m benchmarks

docs: $(STAMP)  ## write the generated pages again
	$(BIN)/cunjian docs

clean:  ## delete what the demo and the service wrote
	rm -rf var mlruns/mlflow.db mlruns/artifacts

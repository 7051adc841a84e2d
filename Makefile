# Two commands for a newcomer: `make run` and `make test`. Both build the environment they need.
PYTHON ?= python3
BIN := .venv/bin
RUN_READY := .venv/.run-ready
TEST_READY := .venv/.test-ready
BENCH_READY := .venv/.bench-ready
WORKERS ?= 3
# Every file that is installed has a hash in these lists of all that is needed, written by make lock.
PINNED := $(BIN)/python -m pip install --quiet --require-hashes --no-deps -r
# A build of torch in a folder that pip knows (PIP_FIND_LINKS) comes before PyPI's; the CPU build is a tenth as large.
LOCAL_TORCH := $(BIN)/python -m pip install --quiet --no-index --no-deps $$(grep -o '^torch==[0-9.]*' requirements.txt)
CUDA_TORCH := "import importlib.metadata as m; raise SystemExit(not any('cuda' in need for need in m.requires('torch')))"

.PHONY: help setup lock audit run team signin cluster check test e2e bench bench-ui pictures exhaustive coverage-table clean
.DEFAULT_GOAL := help

help:
	@echo "make run    build the environment, create the store, open the dashboard"
	@echo "make test   build the environment, then lint, types, import rules and every test"
	@echo "make team   add what a store shared on a PostgreSQL server needs (docs/team-store.md)"
	@echo "make signin  add what sign-in with an OpenID Connect provider needs (docs/sign-in.md)"
	@echo "make cluster  add Ray, to probe every node of the cluster at RAY_ADDRESS"
	@echo "make bench  install the peers and measure against them: docs/benchmarks.md"
	@echo "make bench-ui  measure the pages in a browser and with many people at once: docs/benchmarks.md"
	@echo "make pictures  take the pictures of docs/ anew, and a contact sheet of every page"
	@echo "make check  format, lint, types, import rules"
	@echo "make exhaustive  what make test samples, whole: casts, intervals, kills, odd files (hours): docs/exhaustive.md"
	@echo "make coverage-table  collect what implements and proves each capability: docs/coverage.md, the page's table"
	@echo "make lock   write the files of hashed pins from the versions in pyproject.toml"
	@echo "make audit  ask for known faults of the pinned dependencies (needs the advisory database)"
	@echo "make clean  remove the environment and test artifacts (never your store)"

setup: $(RUN_READY)

$(RUN_READY): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Precision Atlas needs Python 3.11 or newer; '$(PYTHON)' is older. Try: make run PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check pip==26.3
	@$(LOCAL_TORCH) 2>/dev/null || true
	$(PINNED) requirements.txt
	@if $(BIN)/python -c $(CUDA_TORCH); then $(PINNED) gpu_probe/requirements.txt; fi
	@touch $@

$(TEST_READY): $(RUN_READY) tests/requirements.txt
	$(PINNED) tests/requirements.txt
	@touch $@

lock: $(RUN_READY)
	$(BIN)/python -m pip install --quiet uv==0.13.9
	$(BIN)/python .ci/lock $(BIN)/uv

audit: $(RUN_READY)
	$(BIN)/python -m pip install --quiet pip-audit==2.10.1
	$(BIN)/pip-audit --disable-pip --no-deps -r requirements.txt -r gpu_probe/requirements.txt -r tests/requirements.txt

run: $(RUN_READY)
	$(BIN)/python -m results_db status
	$(BIN)/python -m streamlit run app.py

team: $(RUN_READY)
	$(BIN)/python -m pip install --quiet --group team

signin: $(RUN_READY)
	$(BIN)/python -m pip install --quiet --group signin

cluster: $(RUN_READY)
	$(BIN)/python -m pip install --quiet --group cluster

check: $(TEST_READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/ty check
	$(BIN)/python -m pytest tests/test_architecture.py

# One thread a worker: more would only wait for each other. A third worker works while two wait for a browser.
test e2e: export OMP_NUM_THREADS = 1

test: check
	$(BIN)/python -m pytest -rs --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder --ignore=tests/test_architecture.py

e2e: $(TEST_READY)
	$(BIN)/python -m pytest -rs tests/e2e

bench: $(BENCH_READY)
	$(BIN)/python -m benchmarks --write docs/benchmarks.md

bench-ui: $(TEST_READY)
	$(BIN)/python -m benchmarks ui sessions --write docs/benchmarks.md

pictures: $(TEST_READY)
	$(BIN)/python -m benchmarks.pictures

$(BENCH_READY): $(TEST_READY)
	$(BIN)/python -m pip install --quiet --group bench
	@touch $@

exhaustive: $(TEST_READY)
	$(BIN)/python -m pytest -m exhaustive -s
	PYTHONPATH=. $(BIN)/python tests/analysis/formats/every_float32.py --write docs/exhaustive.md
	PYTHONPATH=. $(BIN)/python tests/gpu_probe/kernels_table.py

coverage-table: $(TEST_READY)
	PYTHONPATH=. $(BIN)/python tests/coverage_table.py

clean:
	rm -rf .venv artifacts .pytest_cache .ruff_cache

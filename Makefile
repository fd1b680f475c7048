# Every target does its own set-up: a virtual environment in .venv, made with $(PYTHON).
PYTHON ?= python3
BIN := .venv/bin
NATIVE := $(wildcard native/*) CMakeLists.txt pyproject.toml
SOURCES := $(NATIVE) $(shell find src -name '*.py' -o -name '*.npz' -o -path '*/page/*')

.PHONY: help demo test test-all check format bench forms fit cluster page compare scaling memory accuracy golden tables data notebooks transcripts clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 13

demo: $(if $(wildcard .venv/dev),.venv/dev,.venv/demo)  ## train a speaker recogniser on real speech, with pictures
	$(BIN)/elman demo

test: .venv/dev  ## run the tests
	$(BIN)/pytest -m "not slow"

test-all: .venv/dev  ## run the longer proofs: more drawn cases, fresh installs
	HYPOTHESIS_PROFILE=thorough $(BIN)/pytest

check: .venv/dev  ## lint, types, layers, format
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/clang-format --dry-run --Werror native/*.cpp native/*.hpp
	$(BIN)/biome ci

format: .venv/dev  ## format the code
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/clang-format -i native/*.cpp native/*.hpp
	$(BIN)/biome check --write

bench: forms  ## time elman beside torch, onnxruntime and OpenVINO, and JAX with BENCH=bench-jax
	$(BIN)/python benchmarks/versus.py --busy

forms: .venv/bench  ## time the ways to call a layer beside the plain call
	$(BIN)/python benchmarks/forms.py

fit: .venv/bench  ## time training beside torch, and a forecast
	$(BIN)/python benchmarks/fit.py

cluster: .venv/dev  ## time predictions on a cluster of processes, and say what 10⁹ sequences cost
	$(BIN)/python benchmarks/cluster.py

page: .venv/dev  ## time how long the page of a trace takes to be drawn again, in Chromium
	$(BIN)/python benchmarks/page.py

BEFORE ?= python-of-another-build
compare: .venv/bench  ## time another build, BEFORE=its python, and this one by turns
	$(BIN)/python benchmarks/before_after.py --before $(BEFORE)
	$(BIN)/python benchmarks/forms.py --before $(BEFORE)
	$(BIN)/python benchmarks/fit.py --before $(BEFORE)

scaling: .venv/bench  ## draw how time grows with T, N, H, layers and threads
	$(BIN)/python benchmarks/scaling.py

memory: .venv/bench  ## compare the memory of training with torch's
	$(BIN)/python benchmarks/memory.py

accuracy: .venv/dev  ## make docs/accuracy.md again
	$(BIN)/python tools/accuracy.py

golden: .venv/dev  ## make the stored figures of torch again
	$(BIN)/python tests/golden/make.py

tables: .venv/dev  ## make the tables of tanh and the logistic function again
	$(BIN)/python tools/make_tables.py
	$(BIN)/clang-format -i native/tables.hpp

data: .venv/dev  ## make the shipped data set again
	$(BIN)/python tools/make_japanese_vowels.py

notebooks: .venv/dev  ## make the notebooks of examples/ again
	$(BIN)/python tools/make_notebooks.py

transcripts: .venv/dev  ## run the commands of docs/command-line.md again
	$(BIN)/python tools/make_transcripts.py

clean:  ## remove what was built
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/bin/pip:
	$(PYTHON) -m venv .venv

.venv/demo: .venv/bin/pip $(SOURCES)
	$(BIN)/pip install --quiet ".[demo]"
	touch $@

BENCH ?= bench
.venv/bench: .venv/dev
	ELMAN_REQUIRE_NATIVE=1 $(BIN)/pip install --quiet --no-build-isolation --editable ".[$(BENCH)]" \
		--config-settings=cmake.define.ELMAN_DEVELOPER=ON
	touch $@

# The developers' build: warnings are errors, and Python sources are used where they stand.
# seqeval comes as a source alone, and builds only with pip's build isolation.
.venv/dev: .venv/bin/pip $(NATIVE)
	$(BIN)/pip install --quiet cmake ninja "nanobind>=2.9" "scikit-build-core>=1.1" seqeval
	ELMAN_REQUIRE_NATIVE=1 $(BIN)/pip install --quiet --no-build-isolation --editable ".[dev]" \
		--config-settings=cmake.define.ELMAN_DEVELOPER=ON
	touch $@

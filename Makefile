# Needs Python 3.11 or later, Rust and make; everything else is installed into .venv, in the versions
# of constraints.txt and Cargo.lock. A stamp file marks a finished install, so an interrupted one is
# taken up again by the next call.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.NOTPARALLEL:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
INSTALL = $(PIP) install --constraint constraints.txt --no-build-isolation
SOURCES := pyproject.toml Cargo.toml Cargo.lock \
    $(shell find rust -name fuzz -prune -o -name '*.rs' -print -o -name Cargo.toml -print)
BUILT = $(SOURCES) $(VENV)/.ready

export PATH := $(abspath $(BIN)):$(PATH)
ifneq ($(wildcard ../shared/data),)
export EMBARITH_DATA ?= $(abspath ../shared/data)
endif

# Inputs that `make fuzz` gives a parser. One of `search` is a hundred times the work, one of
# `shadow_file` ten times.
RUNS ?= 20000000
FUZZ := rust/embarith-core/fuzz

.PHONY: help demo test lint fuzz bench docs wheel clean

help: ## list the targets
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16

demo: $(VENV)/.demo ## a first question, Google's 19,544 and the extended SemEval set, on GloVe
	$(BIN)/embarith ask "king - man + woman"
	$(BIN)/embarith analogy --questions google
	@if $(BIN)/embarith data path semeval >/dev/null 2>&1; then \
	    echo "SemEval-2012 Task 2 from EMBARITH_DATA=$${EMBARITH_DATA:-}"; set -x; \
	    $(BIN)/embarith analogy --questions semeval --extended; \
	else \
	    echo "SemEval-2012 Task 2 is absent, its extended set is left out: set EMBARITH_DATA to a folder that holds semeval2012t2/"; \
	fi

test: $(VENV)/.test ## the tests of the Rust core, of the package and of its documentation
	cargo test --locked --release --workspace
	$(BIN)/python -m pytest

lint: $(VENV)/.lint ## format, lints, types, import rules, and whether the outputs in the docs are current
	cargo fmt --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	cargo fmt --check --manifest-path $(FUZZ)/Cargo.toml
	cargo clippy --locked --manifest-path $(FUZZ)/Cargo.toml --no-default-features \
	    --target-dir target -- -D warnings
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/stubtest embarith._core
	$(BIN)/lint-imports
	PYTHONPATH=docs $(BIN)/cog -p "from shown import claim, run" --check README.md

fuzz: ## the core against slow references on RUNS inputs, under AddressSanitizer; takes a C++ compiler
	cd $(FUZZ) && RUSTC_BOOTSTRAP=1 cargo build --locked --release
	cd $(FUZZ) && for share in words_text:1 words_binary:1 shadow_file:10 search:100; do \
	    target=$${share%:*}; \
	    mkdir -p artifacts corpus/$$target; \
	    echo "$$target: $$(($(RUNS) / $${share#*:})) inputs"; \
	    ASAN_OPTIONS=detect_stack_use_after_return=0 RUSTC_BOOTSTRAP=1 \
	        cargo run --locked --quiet --release --bin $$target -- -runs=$$(($(RUNS) / $${share#*:})) \
	        -artifact_prefix=artifacts/$$target- -len_control=0 -max_len=512 -print_final_stats=1 \
	        corpus/$$target $$(find seeds -name $$target); \
	done

bench: $(VENV)/.bench ## the measurements, each beside its peers in the same run, into target/bench.json
	$(BIN)/python -m pytest benches --benchmark-only --benchmark-columns=min,median --benchmark-json=target/bench.json
	$(BIN)/python benches/summary.py target/bench.json

docs: $(VENV)/.docs ## the documentation, as pages in docs/_build/html
	$(BIN)/sphinx-build -W --keep-going --quiet docs docs/_build/html

wheel: $(VENV)/.wheel ## the source distribution, and from it a manylinux wheel, in dist/
	rm -rf dist
	RUSTFLAGS="--remap-path-prefix=$${CARGO_HOME:-$$HOME/.cargo}=cargo" \
	    $(BIN)/maturin build --release --sdist --zig --compatibility manylinux_2_17 --out dist

clean: ## remove everything that was built or installed
	rm -rf $(VENV) target dist docs/_build docs/_generated .ci/work python/embarith/_core*.so

$(VENV)/.ready: constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; name one: make PYTHON=python3.12 ...")'
	@command -v cargo >/dev/null || { echo "Rust is needed: https://rustup.rs" >&2; exit 1; }
	@echo "Installing into $(VENV): downloads, then compiles the core; minutes, the first time."
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --constraint constraints.txt pip maturin
	@touch $@

$(VENV)/.demo $(VENV)/.test $(VENV)/.bench $(VENV)/.docs: $(VENV)/.%: $(BUILT)
	$(INSTALL) --editable '.[$*]'
	@touch $@

$(VENV)/.lint: $(BUILT)
	$(INSTALL) --editable '.[demo]' --group lint
	@touch $@

$(VENV)/.wheel: pyproject.toml $(VENV)/.ready
	$(INSTALL) --group wheel
	@touch $@

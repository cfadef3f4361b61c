# usermgr: `make demo` shows the main job, `make test` runs every test. Everything else is for its developers.
#
# The first run downloads packages and the Terraform provider; after it, both work without a network.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test check format functions lowest clean

PYTHON ?= python3
UV_VERSION := 0.13.9
TOOLS := $(CURDIR)/.tools
# uv's own cache, and its lock, make the second run independent of the network.
export UV_PYTHON_DOWNLOADS ?= never
export UV_LINK_MODE ?= copy
export PYTHONDONTWRITEBYTECODE ?= 1

UV := $(shell command -v uv 2>/dev/null || echo $(TOOLS)/uv/bin/uv)
export UV
RUN := $(UV) run --locked --all-packages --no-sync
SYNCED := .venv/.synced

help: ## What there is to make
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20

demo: $(SYNCED) terraform-is-here ## The main job, end to end, on a sandbox: no Docker, no AWS account
	@$(RUN) python -m demo

test: $(SYNCED) lowest terraform-is-here ## All tests
	@$(RUN) python -m pytest $(ARGS)
	@.venv-lowest/bin/python -m pytest -p no:cacheprovider functions --durations=5

check: $(SYNCED) ## Lint, format, types, direction of imports
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) basedpyright
	@$(RUN) lint-imports

format: $(SYNCED) ## Formats the code
	@$(RUN) ruff check --fix .
	@$(RUN) ruff format .

functions: $(SYNCED) ## Builds the zips of the Lambda functions into dist/functions
	@$(RUN) python tools/build_functions.py

clean: ## Removes what was built, not what was downloaded
	rm -rf dist build .pytest_cache .ruff_cache .hypothesis

# --- Bootstrap ---------------------------------------------------------------------------------------

# The stamp is older than the lock only when something changed, so an offline run asks nobody.
$(SYNCED): uv.lock pyproject.toml $(wildcard packages/*/pyproject.toml functions/*/pyproject.toml) | $(UV)
	@$(UV) sync --locked --all-packages
	@touch $@

# The functions must also run with the oldest boto3 that they declare.
lowest: .venv-lowest/.synced
.venv-lowest/.synced: tools/lowest.txt $(SYNCED)
	@$(UV) venv --quiet --allow-existing --python "$$(.venv/bin/python -c 'import sys; print(sys._base_executable)')" .venv-lowest
	@$(UV) pip sync --quiet --python .venv-lowest/bin/python tools/lowest.txt
	@touch $@

$(TOOLS)/uv/bin/uv:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is missing: install it (https://www.python.org/downloads/) and try again" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than 3.11: install a newer one, or name it with make PYTHON=python3.12" >&2; exit 1; }
	@echo "uv is missing: putting it into .tools/uv"
	@$(PYTHON) -m venv $(TOOLS)/uv || { echo "Python's venv module is missing: on Debian and Ubuntu, apt-get install python3-venv" >&2; exit 1; }
	@$(TOOLS)/uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

.PHONY: terraform-is-here
terraform-is-here:
	@command -v terraform >/dev/null || { echo "terraform >= 1.11 is missing: https://developer.hashicorp.com/terraform/install tells how to get it" >&2; exit 1; }

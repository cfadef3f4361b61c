# usermgr: `make demo` shows the main job, `make test` runs every test. Everything else is for its developers.
#
# The first run downloads packages and the Terraform provider; after it, both work without a network.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo console test properties changes check format functions release deploy adopt wheels docs version security bench lowest pips npm screenshots clean

PYTHON ?= python3
UV_VERSION := 0.13.9
TOOLS := $(CURDIR)/.tools
# uv's own cache, and its lock, make the second run independent of the network.
export UV_PYTHON_DOWNLOADS ?= never
export UV_LINK_MODE ?= copy
export PYTHONDONTWRITEBYTECODE ?= 1

# uv of the system, where it is new enough for the lock; else our own.
UV := $(shell uv --version 2>/dev/null | grep -qE '^uv (0\.([89]|[1-9][0-9])|[1-9])' && command -v uv || echo $(TOOLS)/uv/bin/uv)
export UV
ifneq ($(origin PYTHON),file)
export UV_PYTHON := $(PYTHON)
endif
RUN := $(UV) run --locked --all-packages --no-sync
WITH_SETTINGS := $(RUN) $(if $(wildcard .env),--env-file .env)
SYNCED := .venv/.synced

help: ## What there is to make
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: terraform-is-here lowest pips ## The main job, end to end, on a sandbox: no Docker, no AWS account
	@$(RUN) python -m demo

console: $(SYNCED) ## The web console on an embedded store with sample people; prints one link
	@$(RUN) python -m usermgr_console $(ARGS)

screenshots: chromium-is-here $(SYNCED) ## Every page of the console, light and dark, wide and narrow, into build/screenshots
	@$(RUN) python -m tools.console_screenshots $(ARGS)

# Many tests wait for Terraform, so LANES processes share them: whole files, because some tell a story in order.
LANES ?= 2
test: terraform-is-here chromium-is-here lowest pips npm ## All tests
	@$(RUN) python -m pytest -n $(LANES) --dist loadfile --no-loadscope-reorder $(ARGS)
	@.venv-lowest/bin/python -m pytest -p no:cacheprovider functions --durations=5 -W "ignore:datetime.datetime.utcnow:DeprecationWarning"

properties: $(SYNCED) ## The property tests on examples of this run alone, up to 1,000 each
	@$(RUN) python -m pytest -m hypothesis --hypothesis-profile=thorough $(ARGS)

changes: terraform-is-here $(SYNCED) ## Every change of the deployment by itself, while people sign in
	@USERMGR_CHANGES_ONE_BY_ONE=1 $(RUN) python -m pytest -s tests/terraform/test_changes.py

check: $(SYNCED) ## Lint, format, types, direction of imports
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) basedpyright --stats | awk '/No source files|Found 0 / { none = 1 } /error|warning/ { print } END { exit none }'
	@$(RUN) lint-imports

format: $(SYNCED) ## Formats the code
	@$(RUN) ruff check --fix .
	@$(RUN) ruff format .

functions: $(SYNCED) ## Builds the zips of the Lambda functions into dist/functions
	@$(RUN) python tools/build_functions.py

release: $(SYNCED) ## Builds dist/release: the Terraform module with its zips in one archive, and SHA256SUMS
	@$(RUN) python -m tools.build_release

deploy: terraform-is-here $(SYNCED) ## Applies terraform/ with the settings of .env, or of the environment; asks before
	@$(WITH_SETTINGS) python -m tools.deploy $(ARGS)

adopt: terraform-is-here $(SYNCED) ## After a killed apply or a lost state: has the next deploy import what is there already
	@$(WITH_SETTINGS) python -m tools.import_blocks $(DIRECTORY)

wheels: $(SYNCED) ## Builds every package into dist/wheels, and the requirements files that install them
	@$(RUN) python -m tools.build_wheels $(if $(URL),--url $(URL))

docs: $(SYNCED) ## Writes what comes from code: terraform/**/README.md and actions.json, docs/reference.md, docs/cli-reference.md and cli.svg, errors in docs/verifier.md
	@$(RUN) python -m tools.terraform_docs
	@$(RUN) python -m tools.reference_docs
	@$(RUN) python -m tools.cli_docs
	@$(RUN) python -m tools.cli_picture
	@$(RUN) python tools/console_catalog.py
	@cp packages/usermgr-cognito/src/usermgr_cognito/actions.json terraform/actions.json
	@$(RUN) python packages/usermgr-jwt/tests/support/usermgr_jwt_docs.py

version: $(SYNCED) ## Prints the version of all packages; `make version 1.2.3` sets it
	@$(RUN) python tools/version.py $(NEW_VERSION)

ifeq (version,$(firstword $(MAKECMDGOALS)))
NEW_VERSION := $(word 2,$(MAKECMDGOALS))
# The second word is the version, and not a goal.
.PHONY: $(NEW_VERSION)
$(NEW_VERSION): ; @:
endif

security: $(SYNCED) ## checkov over the Terraform, in an environment of its own
	@$(RUN) python tools/run_checkov.py

bench: $(SYNCED) ## The verifier beside its peers, in one run
	@$(RUN) python benchmarks/verifier/run.py

clean: ## Removes what was built, not what was downloaded
	rm -rf dist build .pytest_cache .ruff_cache .hypothesis

# --- Bootstrap ---------------------------------------------------------------------------------------

# The stamp is older than the lock only when something changed, so an offline run asks nobody.
$(SYNCED): uv.lock pyproject.toml $(wildcard packages/*/pyproject.toml functions/*/pyproject.toml) | $(UV)
	@$(UV) sync --locked --all-packages
	@touch $@

# The functions must also run with the oldest boto3 that they declare, and on the Python that Terraform deploys.
lowest: .venv-lowest/.synced
.venv-lowest/.synced: tools/lowest.txt $(SYNCED)
	@$(UV) venv --quiet --clear --python "$$(.venv/bin/python tools/find_python.py 3.13)" .venv-lowest
	@$(UV) pip sync --quiet --python .venv-lowest/bin/python tools/lowest.txt
	@touch $@

# The tests install with an old pip, a usual one and the newest.
pips: $(TOOLS)/pips/.synced
$(TOOLS)/pips/.synced: tools/pips.py $(SYNCED)
	@$(RUN) python -m tools.pips
	@touch $@

# What the console's tests need from npm: axe-core, and oidc-provider, as locked. No script of a package runs.
BROWSER := packages/usermgr-console/tests/browser
npm: $(TOOLS)/npm/.synced
$(TOOLS)/npm/.synced: $(BROWSER)/package.json $(BROWSER)/package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: https://nodejs.org/ shows how to get it; on Debian and Ubuntu, apt-get install npm" >&2; exit 1; }
	@mkdir -p $(TOOLS)/npm && cp $^ $(TOOLS)/npm
	@npm ci --prefix $(TOOLS)/npm --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

$(TOOLS)/uv/bin/uv:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is missing: install it (https://www.python.org/downloads/) and try again" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than 3.11: install a newer one, or name it with make PYTHON=python3.12" >&2; exit 1; }
	@echo "uv is missing: putting it into .tools/uv"
	@$(PYTHON) -m venv $(TOOLS)/uv || { echo "Python's venv module is missing: on Debian and Ubuntu, apt-get install python3-venv" >&2; exit 1; }
	@$(TOOLS)/uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

.PHONY: chromium-is-here
chromium-is-here:
	@command -v chromium >/dev/null || { echo "chromium is missing: on Debian, apt-get install chromium fonts-ipafont-gothic" >&2; exit 1; }

.PHONY: terraform-is-here
terraform-is-here:
	@command -v terraform >/dev/null || { echo "terraform >= 1.11 is missing: https://developer.hashicorp.com/terraform/install shows how to get it" >&2; exit 1; }
	@[[ "$$(terraform version 2>/dev/null)" =~ ^Terraform\ v(1\.(1[1-9]|[2-9][0-9])|[2-9]) ]] || { echo "terraform is older than 1.11: https://developer.hashicorp.com/terraform/install has a newer one" >&2; exit 1; }

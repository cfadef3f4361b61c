"""Applies terraform/ of this checkout with the settings that users know: what `make deploy` runs.

    make deploy                         # shows the plan, and asks
    make deploy ARGS=-auto-approve      # any argument of `terraform apply`
    make deploy ARGS=-destroy

The settings are those of `tools/terraform_variables.py`; `make` takes them from a file `.env`, if there is one, and the
environment goes before it. They are written to terraform/usermgr.auto.tfvars.json. Every other variable of the module
may be in a *.tfvars file beside it, or in the environment as TF_VAR_name. Terraform gets neither SECRET nor
CLIENT_SECRET.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tools.terraform_sandbox import TerraformError, find_terraform
from tools.terraform_variables import SettingsError, variables

__all__ = ["CONFIGURATION", "environment", "main", "prepare"]

CONFIGURATION = Path(__file__).resolve().parent.parent / "terraform"
VARIABLES = "usermgr.auto.tfvars.json"
SECRETS = frozenset({"SECRET", "CLIENT_SECRET"})
"""What a `.env` file may hold for applications, and Terraform has no use for."""


def main(arguments: list[str] | None = None) -> int:
    """The command; its status is Terraform's."""
    try:
        prepare()
    except (SettingsError, TerraformError) as error:
        print(f"deploy: {error}", file=sys.stderr)
        return 1
    return terraform("apply", *(sys.argv[1:] if arguments is None else arguments))


def prepare() -> None:
    """Writes the variables, and initializes. Raises `SettingsError` and `TerraformError`, which say what to do."""
    try:
        text = json.dumps(variables(os.environ), indent=2) + "\n"
    except SettingsError as error:
        raise SettingsError(f"{error}; all of them may be in a file .env: see docs/settings.md") from error
    (CONFIGURATION / VARIABLES).write_text(text)
    print(f"the settings are in {os.path.relpath(CONFIGURATION / VARIABLES)}:\n{text}", flush=True)
    if terraform("init", "-input=false"):
        raise TerraformError("terraform init failed: its own words are above")


def terraform(*arguments: str) -> int:
    """Runs a command in terraform/, on this terminal; its status."""
    command = [find_terraform(), f"-chdir={CONFIGURATION}", *arguments]
    return subprocess.run(command, env=environment(os.environ), check=False).returncode


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What Terraform gets of the environment: all but secrets that are not its own."""
    return {name: value for name, value in environ.items() if name not in SECRETS}


if __name__ == "__main__":
    sys.exit(main())

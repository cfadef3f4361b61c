"""Turns the settings that users know into Terraform's variables.

    uv run python tools/terraform_variables.py --output terraform/usermgr.auto.tfvars.json

Reads the environment variables of the table `SETTINGS`; one that is not set keeps Terraform's default. All that is
missing or malformed is named in one error. AWS_REGION is not a variable: the provider reads it by itself. SECRET is
neither: no secret enters Terraform.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from usermgr_aws import CLIENT_ID, REGION


class SettingsError(Exception):
    """Settings are missing or malformed; the text names all of them."""


@dataclass(frozen=True, slots=True)
class Setting:
    """An environment variable, the Terraform variable that it becomes, and its form."""

    environment: str
    variable: str | None
    form: str
    example: str
    required: bool = False


_FUNCTION = (r"[a-zA-Z0-9_-]{1,64}", "usermgr")

SETTINGS = (
    Setting("AWS_REGION", None, REGION, "ap-northeast-1", required=True),
    Setting("USERPOOL_ID", "user_pool_id", REGION + "_[0-9a-zA-Z]+", "ap-northeast-1_AbCdEf123", required=True),
    Setting("CLIENT_ID", "client_id", CLIENT_ID, "1example23456789"),
    Setting("ACCOUNT_ID", "account_id", r"\d{12}", "123456789012"),
    Setting("ROLE", "role_name", r"[\w+=,.@-]{1,50}", "usermgr-lambda-role"),
    Setting("DYNAMODB_ACTIVITY_POLICY", "activity_policy_name", r"[\w+=,.@-]{1,128}", "usermgr_activity_policy"),
    Setting("DYNAMODB_NAME", "activity_table_name", r"[a-zA-Z0-9_.-]{3,255}", "usermgr_activity"),
    Setting("LAMBDA_NAME_ACTIVITY", "function_name_activity", *_FUNCTION),
    Setting("LAMBDA_NAME_USERMGR", "function_name_usermgr", *_FUNCTION),
    Setting("LAMBDA_NAME_DOWNLOAD", "function_name_download_jwks", *_FUNCTION),
    Setting("LAMBDA_NAME_TRIGGER", "function_name_trigger", *_FUNCTION),
)


def variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Terraform's variables; an empty setting counts as not set. Raises `SettingsError`."""
    values = {setting: environ.get(setting.environment, "") for setting in SETTINGS}
    problems = [problem for setting, value in values.items() if (problem := _problem(setting, value))]
    region, pool = environ.get("AWS_REGION", ""), environ.get("USERPOOL_ID", "")
    if not problems and pool.split("_", maxsplit=1)[0] != region:
        problems.append(f"USERPOOL_ID is of another Region than AWS_REGION ({region})")
    if problems:
        raise SettingsError("; ".join(problems))
    return {setting.variable: value for setting, value in values.items() if setting.variable and value}


def _problem(setting: Setting, value: str) -> str | None:
    if not value:
        return f"{setting.environment} is not set: export it, such as {setting.example}" if setting.required else None
    if re.fullmatch(setting.form, value, re.ASCII) is None:
        return f"{setting.environment} is malformed: it must match {setting.form}, such as {setting.example}"
    return None


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Turns usermgr's settings into Terraform's variables.")
    parser.add_argument(
        "--output", type=Path, help="the file to write, such as usermgr.auto.tfvars.json (default: print)"
    )
    options = parser.parse_args(arguments)
    try:
        text = json.dumps(variables(os.environ), indent=2) + "\n"
    except SettingsError as error:
        print(f"terraform_variables: {error}", file=sys.stderr)
        return 1
    if options.output:
        options.output.write_text(text)
    else:
        sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())

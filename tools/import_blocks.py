"""Finds what a deployment has on AWS and its state does not know, and writes import blocks for it: `make adopt`.

    make adopt                                                # for terraform/ of this checkout
    uv run python -m tools.import_blocks DIRECTORY            # for a root module that uses ours, after terraform init

After an apply that was killed, and after the state was lost: an apply would then end in "already exists", for a
function after five minutes in which the provider tries again. The blocks go to DIRECTORY/usermgr_imports.tf; the next
`terraform apply` shows what it would import, and the file has then done its work. What no block is written for may be
made twice without harm: alarms, attached and inline policies, the attacher's invocation, and what is in the state only.
Somebody else's function, table, role or policy of the same name is never imported, because destroy would remove it.
Nothing tells whose a log group is: the plan shows it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from tools.deploy import CONFIGURATION, environment, prepare
from tools.terraform_sandbox import TerraformError, find_terraform, readable
from tools.terraform_variables import SettingsError

__all__ = ["FILE", "OccupiedError", "blocks", "main"]

FILE = "usermgr_imports.tf"


class OccupiedError(Exception):
    """What is there under one of our names is not this deployment's."""


_ABSENT = frozenset({"NoSuchEntity", "ResourceNotFoundException"})


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Writes import blocks for what the state has lost.")
    parser.add_argument("directory", type=Path, nargs="?", default=CONFIGURATION, help="the root module, initialized")
    options = parser.parse_args(arguments)
    path: Path = options.directory / FILE
    path.unlink(missing_ok=True)
    try:
        if options.directory == CONFIGURATION:
            prepare()
        found = list(blocks(_plan(options.directory), boto3.session.Session()))
    except (SettingsError, TerraformError, OccupiedError, BotoCoreError, ClientError) as error:
        print(f"import_blocks: {error}", file=sys.stderr)
        return 1
    if not found:
        print("nothing that the plan would create is there already")
        return 0
    path.write_text("\n".join(found))
    print(f"{len(found)} resources are there already: run terraform apply, then delete {os.path.relpath(path)}")
    return 0


def _plan(directory: Path) -> Mapping[str, Any]:
    """The plan, as `terraform show -json` has it."""
    with tempfile.TemporaryDirectory(prefix="usermgr-plan-") as folder:
        plan = str(Path(folder) / "plan")
        _terraform(directory, "plan", "-no-color", "-input=false", "-refresh=false", f"-out={plan}")
        return json.loads(_terraform(directory, "show", "-json", plan))


def _terraform(directory: Path, *arguments: str) -> str:
    command = [find_terraform(), f"-chdir={directory}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment(os.environ))
    if done.returncode:
        raise TerraformError(f"terraform {arguments[0]} failed:\n{readable(done.stderr)}")
    return done.stdout


def blocks(plan: Mapping[str, Any], session: boto3.session.Session) -> Iterator[str]:
    """An import block for each of our resources that the plan would create and that is there already.

    Raises `OccupiedError`.
    """
    for change in plan.get("resource_changes", []):
        look = _LOOK.get(f"{change['type']}.{change['name']}")
        if look is None or "create" not in change["change"]["actions"]:
            continue
        try:
            found = look(session, change["change"]["after"])
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") not in _ABSENT:
                raise
            continue
        if found is not None:
            yield f"import {{\n  to = {change['address']}\n  id = {json.dumps(found)}\n}}\n"


# --- The id to import each type by, or None -----------------------------------------------------------


def _role(session: boto3.session.Session, planned: Mapping[str, Any]) -> str | None:
    role = session.client("iam").get_role(RoleName=planned["name"])["Role"]
    _same(f"the role {planned['name']}", "description", role.get("Description"), planned.get("description"))
    return role["RoleName"]


def _policy(session: boto3.session.Session, planned: Mapping[str, Any]) -> str | None:
    pages = session.client("iam").get_paginator("list_policies").paginate(Scope="Local", PathPrefix=planned["path"])
    named = (policy for page in pages for policy in page["Policies"] if policy.get("PolicyName") == planned["name"])
    arn = next((policy["Arn"] for policy in named if "Arn" in policy), None)
    if arn is not None:
        policy = session.client("iam").get_policy(PolicyArn=arn)["Policy"]
        _same(f"the policy {planned['name']}", "description", policy.get("Description"), planned.get("description"))
    return arn


def _log_group(session: boto3.session.Session, planned: Mapping[str, Any]) -> str | None:
    groups = session.client("logs").describe_log_groups(logGroupNamePrefix=planned["name"])["logGroups"]
    return next((planned["name"] for group in groups if group.get("logGroupName") == planned["name"]), None)


def _function(session: boto3.session.Session, planned: Mapping[str, Any]) -> str | None:
    name = planned["function_name"]
    found = session.client("lambda").get_function(FunctionName=name).get("Configuration", {})
    _same(f"the function {name}", "handler", found.get("Handler"), planned["handler"])
    planned_variables = [block.get("variables") or {} for block in planned.get("environment") or []]
    pool = planned_variables[0].get("USERPOOL_ID") if planned_variables else None
    if pool is not None:
        variables = found.get("Environment", {}).get("Variables", {})
        _same(f"the function {name}", "user pool", variables.get("USERPOOL_ID"), pool)
    return name


def _permission(session: boto3.session.Session, planned: Mapping[str, Any]) -> str | None:
    policy = json.loads(session.client("lambda").get_policy(FunctionName=planned["function_name"])["Policy"])
    known = any(statement.get("Sid") == planned["statement_id"] for statement in policy["Statement"])
    return f"{planned['function_name']}/{planned['statement_id']}" if known else None


def _table(session: boto3.session.Session, planned: Mapping[str, Any]) -> str | None:
    table = session.client("dynamodb").describe_table(TableName=planned["name"])["Table"]
    keys = [key["AttributeName"] for key in table.get("KeySchema", [])]
    _same(f"the table {planned['name']}", "key", keys, [planned["hash_key"], planned["range_key"]])
    return planned["name"]


def _same(what: str, member: str, found: object, planned: object) -> None:
    if found != planned:
        raise OccupiedError(
            f"{what} is there and is not this deployment's: its {member} is {found}, and ours would be {planned}; "
            "choose another name or name_prefix, or correct the settings"
        )


_LOOK: Mapping[str, Callable[[boto3.session.Session, Mapping[str, Any]], str | None]] = {
    "aws_iam_role.function": _role,
    "aws_iam_policy.function": _policy,
    "aws_cloudwatch_log_group.function": _log_group,
    "aws_lambda_function.function": _function,
    "aws_lambda_permission.cognito": _permission,
    "aws_dynamodb_table.activity": _table,
}


if __name__ == "__main__":
    sys.exit(main())

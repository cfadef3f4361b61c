"""The check of the pool's pre token generation trigger: attached or lost, allowed or not, and whether it records.

USERMGR_TRIGGER_ARN names the function that should be attached: Terraform's output `recorder_arn`. Without it, whatever
the pool has is checked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from usermgr.activity import ActivityStore
from usermgr.checks import Finding, Severity, Subject
from usermgr.errors import RemoteNotFoundError, UsermgrError
from usermgr_aws import FUNCTION_ARN, CallLimits, Connection, error_from_code, error_from_sdk, not_allowed
from usermgr_cognito._checks import describe, is_denial
from usermgr_cognito._manager import CognitoUserManager
from usermgr_cognito.trigger import Snapshot, State, Trigger
from usermgr_cognito.trigger._change import status_of

__all__ = ["VARIABLE", "permission", "trigger"]

VARIABLE = "USERMGR_TRIGGER_ARN"
CHECK = "cognito.trigger"
LIMITS = CallLimits(attempts=2, connect=3, read=5)
PRINCIPAL = "cognito-idp.amazonaws.com"


def trigger(subject: Subject) -> Iterator[Finding]:
    """The recorder is the pool's trigger, Cognito may call it, and people are seen."""
    users = subject.users
    if not isinstance(users, CognitoUserManager):
        return
    pool, wanted = users.settings.user_pool_id, subject.environ.get(VARIABLE) or None
    try:
        description = describe(users)
    except UsermgrError as error:
        if not is_denial(error):
            raise
        yield not_allowed(CHECK, "the trigger", "cognito-idp:DescribeUserPool", f"the pool {pool}")
        return
    found = Snapshot(description, {}).trigger
    evidence = {"pool": pool, "trigger": "none" if found is None else str(found)}
    lost = None if wanted is None else _lost(pool, found, Trigger(wanted))
    if lost is not None:
        yield Finding(CHECK, Severity.FAILURE, lost, evidence, _attach_again(pool))
        return
    if found is None:
        if subject.activity is not None:
            yield Finding(
                CHECK, Severity.WARNING, "the pool has no trigger for tokens, so nobody's activity is recorded",
                evidence, "attach the recorder: set attach_trigger = true in Terraform",
            )  # fmt: skip
        return
    problem = permission(users.aws.connection, found, str(description.get("Arn", "")), evidence)
    if problem is not None:
        yield problem
    silent = None if subject.activity is None else _silent(subject.activity, subject.now(), evidence)
    if silent is not None:
        yield silent
    if problem is None and silent is None:
        yield Finding(CHECK, Severity.OK, f"Cognito calls {found.arn} when it makes tokens", evidence)


def _attach_again(pool: str) -> str:
    """Terraform does not see that a trigger was lost, so that it must be told to attach it once more."""
    address = f'module.trigger.aws_lambda_invocation.trigger["{pool}"]'
    return f"attach it again: terraform apply -replace='{address}'"


def _lost(pool: str, found: Trigger | None, wanted: Trigger) -> str | None:
    state = status_of(pool, found, wanted).state
    if state is State.ABSENT:
        return f"the trigger was lost: {pool} has none"
    return f"the trigger was replaced: {pool} has {found}" if state is State.FOREIGN else None


# --- The permission ----------------------------------------------------------------------------------


def permission(
    connection: Connection | None, found: Trigger, pool_arn: str, evidence: dict[str, str]
) -> Finding | None:
    """What keeps Cognito from calling the function: its resource policy must allow this pool."""
    shape = re.fullmatch(FUNCTION_ARN, found.arn)
    if shape is None or connection is None:
        evidence["permission"] = "not checked: a client was passed in"
        return None
    region, qualifier = found.arn.split(":")[3], shape["qualifier"]
    function = found.arn.removesuffix(f":{qualifier}") if qualifier else found.arn
    connection = replace(connection, region=region, endpoint_url=None)
    try:
        statements = _policy(connection.client("lambda", LIMITS), function, qualifier)
    except RemoteNotFoundError:
        return Finding(
            CHECK, Severity.FAILURE, f"{found.arn} does not exist, or nobody may call it: every sign-in fails",
            evidence, "apply Terraform once more, which makes the function and its permission, or detach the trigger",
        )  # fmt: skip
    except UsermgrError as error:
        if not is_denial(error):
            raise
        return not_allowed(CHECK, "the trigger's permission", "lambda:GetPolicy", function)
    account = pool_arn.split(":")[4]
    if not any(_allows(statement, pool_arn, account) for statement in statements):
        return Finding(
            CHECK, Severity.FAILURE, f"{found.arn} does not allow this pool to call it: every sign-in fails", evidence,
            f"allow lambda:InvokeFunction to {PRINCIPAL} with this pool as source: apply Terraform once more",
        )  # fmt: skip
    evidence["permission"] = "the function's policy allows this pool"
    return None


def _policy(client: Any, function: str, qualifier: str | None) -> Sequence[Mapping[str, Any]]:
    asked = {"FunctionName": function} | ({"Qualifier": qualifier} if qualifier else {})
    try:
        document: dict[str, Any] = json.loads(client.get_policy(**asked)["Policy"])
    except ClientError as error:
        answer = cast("Mapping[str, Any]", error.response)
        raise error_from_code(
            {"ResourceNotFoundException": RemoteNotFoundError}, {}, str(answer.get("Error", {}).get("Code", "")),
            status=answer["ResponseMetadata"]["HTTPStatusCode"], operation="GetPolicy",
        ) from error  # fmt: skip
    except BotoCoreError as error:
        raise error_from_sdk(error, "GetPolicy") from error
    return _listed(document.get("Statement"))


def _allows(statement: Mapping[str, Any], pool_arn: str, account: str) -> bool:
    """Whether a statement lets Cognito call the function for this pool.

    Of conditions, those that Cognito's documentation and its console make are understood; with another one, nobody but
    IAM can tell, and it counts as met.
    """
    principal = statement.get("Principal")
    services = _listed(principal.get("Service") if isinstance(principal, Mapping) else principal)
    actions = _listed(statement.get("Action"))
    if statement.get("Effect") != "Allow" or not {PRINCIPAL, "*"} & set(services):
        return False
    if not any(fnmatchcase("lambda:invokefunction", str(action).lower()) for action in actions):
        return False
    limits = {
        key.lower(): _listed(values)
        for condition in statement.get("Condition", {}).values()
        for key, values in condition.items()
    }
    sources, accounts = limits.get("aws:sourcearn"), limits.get("aws:sourceaccount")
    return (sources is None or any(fnmatchcase(pool_arn, str(source)) for source in sources)) and (
        accounts is None or account in accounts
    )


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return cast("list[Any]", value) if isinstance(value, list) else [value]


# --- What it records -----------------------------------------------------------------------------------


def _silent(store: ActivityStore, now: float, evidence: dict[str, str]) -> Finding | None:
    """Whether nobody was seen today or yesterday, which a quiet pool may be, or a recorder that fails."""
    today = datetime.fromtimestamp(now, UTC).date()
    for day in (today, today - timedelta(days=1)):
        try:
            seen = any(True for _ in store.active_on(day))
        except UsermgrError as error:
            evidence["last_sighting"] = f"not known: {error.message}"
            return None
        if seen:
            evidence["last_sighting"] = day.isoformat()
            return None
    evidence["last_sighting"] = "neither today nor yesterday"
    return Finding(
        CHECK, Severity.WARNING, "the trigger is attached, and nobody was seen today or yesterday", evidence,
        "sign in once; if that is not recorded, look at the log of the trigger's function",
    )  # fmt: skip

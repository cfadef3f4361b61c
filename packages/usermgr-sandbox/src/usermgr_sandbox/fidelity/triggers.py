"""The pre token generation trigger, which moto never runs.

Events, answers and the five seconds:
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html
https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-identity-pools-working-with-aws-lambda-triggers.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import LambdaFunction, lambda_backends
from moto.cognitoidp.models import CognitoIdpUser, CognitoIdpUserPool, CognitoIdpUserPoolClient
from moto.cognitoidp.utils import flatten_attrs

from usermgr_sandbox.fidelity.errors import cognito_error
from usermgr_sandbox.fidelity.functions import run_function
from usermgr_sandbox.fidelity.tokens import Overrides
from usermgr_sandbox.fidelity.world import World

__all__ = ["before_tokens"]

SECONDS = 5.0
TRIES = 3
EVENT_VERSIONS = {"V1_0": "1", "V2_0": "2", "V3_0": "3"}
_PROTECTED = {"acr", "amr", "at_hash", "auth_time", "azp", "exp", "iat", "iss", "jti", "nbf", "nonce", "origin_jti",
              "sub", "token_use", "cognito:username", "username"}  # fmt: skip


def before_tokens(
    world: World,
    pool: CognitoIdpUserPool,
    client: CognitoIdpUserPoolClient,
    user: CognitoIdpUser,
    source: str,
) -> Overrides:
    """Calls the pool's trigger, if it has one, and reads what it wants of the tokens."""
    config = pool.extended_config.get("LambdaConfig") or {}
    versioned = config.get("PreTokenGenerationConfig") or {}
    arn = versioned.get("LambdaArn") or config.get("PreTokenGeneration")
    if not arn:
        return Overrides()
    version = versioned.get("LambdaVersion", "V1_0")
    event = _event(pool, client, user, source, version)
    answer = _call(world, pool, arn, event)
    return _overrides(answer.get("response"), version)


def _event(
    pool: CognitoIdpUserPool, client: CognitoIdpUserPoolClient, user: CognitoIdpUser, source: str, version: str
) -> dict[str, Any]:
    attributes = flatten_attrs(user.attributes)
    names = sorted(group.group_name for group in user.groups)
    roles = [group.role_arn for group in user.groups if group.role_arn]
    request: dict[str, Any] = {
        "userAttributes": {
            **attributes,
            "sub": user.id,
            "cognito:user_status": str(getattr(user.status, "value", user.status)),
        },
        "groupConfiguration": {
            "groupsToOverride": names,
            "iamRolesToOverride": roles,
            "preferredRole": roles[0] if roles else None,
        },
    }
    if version == "V1_0":
        response: dict[str, Any] = {"claimsOverrideDetails": None}
    else:
        request["scopes"] = ["aws.cognito.signin.user.admin"]
        response = {"claimsAndScopeOverrideDetails": None}
    return {
        "version": EVENT_VERSIONS[version],
        "triggerSource": f"TokenGeneration_{source}",
        "region": pool.region,
        "userPoolId": pool.id,
        "userName": user.username,
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": client.id},
        "request": request,
        "response": response,
    }


def _call(world: World, pool: CognitoIdpUserPool, arn: str, event: dict[str, Any]) -> dict[str, Any]:
    function = _find(arn)
    if function is None or not _permitted(function, pool):
        raise cognito_error(
            "UnexpectedLambdaException", "PreTokenGeneration invocation failed due to error AccessDeniedException."
        )
    payload = json.dumps(event).encode()
    for _ in range(TRIES):
        outcome, _lines = run_function(world, function, payload, min(SECONDS, float(function.timeout)))
        report = json.loads(outcome.payload or b"null")
        if not outcome.failed:
            break
        kind = report.get("errorType")
        if kind not in ("Sandbox.Timedout", "Runtime.ExitError"):
            raise cognito_error(
                "UserLambdaValidationException",
                f"PreTokenGeneration failed with error {report.get('errorMessage')}.",
            )
    else:
        raise cognito_error("UnexpectedLambdaException", "PreTokenGeneration failed with error Task timed out.")
    if not isinstance(report, dict) or "version" not in report or "request" not in report:
        raise cognito_error("InvalidLambdaResponseException", "Unrecognizable lambda output")
    return report


def _find(arn: str) -> LambdaFunction | None:
    _, _, _, region, account, _, name, *qualifier = arn.split(":")
    try:
        return lambda_backends[account][region].get_function(name, qualifier[0] if qualifier else None)
    except UnknownFunctionException:
        return None


def _permitted(function: LambdaFunction, pool: CognitoIdpUserPool) -> bool:
    """Whether the function's own policy lets this pool call it."""
    for statement in function.policy.statements:
        service = (statement.get("Principal") or {}).get("Service")
        condition = statement.get("Condition") or {}
        arn = (condition.get("ArnLike") or {}).get("AWS:SourceArn")
        account = (condition.get("StringEquals") or {}).get("AWS:SourceAccount")
        if (
            service == "cognito-idp.amazonaws.com"
            and statement.get("Action") == "lambda:InvokeFunction"
            and arn in (None, pool.arn)
            and account in (None, pool.account_id)
        ):
            return True
    return False


def _overrides(response: Any, version: str) -> Overrides:
    if not isinstance(response, Mapping):
        return Overrides()
    if version == "V1_0":
        details = response.get("claimsOverrideDetails") or {}
        added = {"id": _safe(details.get("claimsToAddOrOverride")), "access": {}}
        suppressed = {"id": tuple(details.get("claimsToSuppress") or ()), "access": ()}
    else:
        details = response.get("claimsAndScopeOverrideDetails") or {}
        parts = {use: details.get(f"{use}TokenGeneration") or {} for use in ("id", "access")}
        added = {use: _safe(part.get("claimsToAddOrOverride")) for use, part in parts.items()}
        suppressed = {use: tuple(part.get("claimsToSuppress") or ()) for use, part in parts.items()}
    groups = details.get("groupOverrideDetails")
    # An object without groups takes the user's groups away; no object leaves them.
    override = None if groups is None else tuple(groups.get("groupsToOverride") or ())
    suppressed = {use: tuple(name for name in names if name not in _PROTECTED) for use, names in suppressed.items()}
    return Overrides(added, suppressed, override)


def _safe(claims: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (claims or {}).items() if name not in _PROTECTED}

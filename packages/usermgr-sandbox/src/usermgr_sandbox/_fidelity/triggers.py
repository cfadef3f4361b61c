"""The pre token generation trigger, which moto never runs.

Events, answers and the five seconds:
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html
https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-identity-pools-working-with-aws-lambda-triggers.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, cast

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import LambdaFunction, lambda_backends
from moto.cognitoidp.models import CognitoIdpUser, CognitoIdpUserPool, CognitoIdpUserPoolClient
from moto.cognitoidp.utils import flatten_attrs

from usermgr_sandbox._fidelity.errors import cognito_error
from usermgr_sandbox._fidelity.functions import ThrottledError, run_function
from usermgr_sandbox._fidelity.tokens import SCOPE, Overrides
from usermgr_sandbox._fidelity.world import World

__all__ = ["before_tokens", "client_metadata"]

client_metadata: ContextVar[dict[str, str] | None] = ContextVar("client_metadata", default=None)
"""The ClientMetadata of the request being answered. It reaches this trigger from a challenge, not from a sign-in:
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminRespondToAuthChallenge.html"""

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
    """Calls the pool's trigger, if it has one, and reads the changes that it wants in the tokens."""
    config = _object(pool.extended_config.get("LambdaConfig"))
    versioned = _object(config.get("PreTokenGenerationConfig"))
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
    metadata = client_metadata.get()
    if metadata:
        request["clientMetadata"] = metadata
    if version == "V1_0":
        response: dict[str, Any] = {"claimsOverrideDetails": None}
    else:
        request["scopes"] = [SCOPE]
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
        try:
            outcome, _lines = run_function(world, function, payload, min(SECONDS, float(function.timeout)))
        except ThrottledError:
            continue
        report = _object(json.loads(outcome.payload or b"null"))
        if not outcome.failed:
            break
        if report.get("errorType") not in ("Sandbox.Timedout", "Runtime.ExitError"):
            raise cognito_error(
                "UserLambdaValidationException",
                f"PreTokenGeneration failed with error {report.get('errorMessage')}.",
            )
    else:
        raise cognito_error("UnexpectedLambdaException", "PreTokenGeneration failed with error Task timed out.")
    if "version" not in report or "request" not in report:
        raise cognito_error("InvalidLambdaResponseException", "Unrecognizable lambda output")
    return report


def _find(arn: str) -> LambdaFunction | None:
    _, _, _, region, account, _, name, *qualifier = arn.split(":")
    try:
        return lambda_backends[account][region].get_function(name, qualifier[0] if qualifier else None)
    except UnknownFunctionException:
        return None


def _permitted(function: LambdaFunction, pool: CognitoIdpUserPool) -> bool:
    """Whether the function's own policy allows this pool to call it."""
    for statement in function.policy.statements:
        service = _object(statement.get("Principal")).get("Service")
        condition = _object(statement.get("Condition"))
        arn = _object(condition.get("ArnLike")).get("AWS:SourceArn")
        account = _object(condition.get("StringEquals")).get("AWS:SourceAccount")
        if (
            service == "cognito-idp.amazonaws.com"
            and statement.get("Action") == "lambda:InvokeFunction"
            and arn in (None, pool.arn)
            and account in (None, pool.account_id)
        ):
            return True
    return False


def _overrides(response: Any, version: str) -> Overrides:
    answer = _object(response)
    if version == "V1_0":
        details = _object(answer.get("claimsOverrideDetails"))
        parts: dict[str, dict[str, Any]] = {"id": details, "access": {}}
    else:
        details = _object(answer.get("claimsAndScopeOverrideDetails"))
        parts = {use: _object(details.get(f"{use}TokenGeneration")) for use in ("id", "access")}
    groups = details.get("groupOverrideDetails")
    return Overrides(
        added={use: _safe(_object(part.get("claimsToAddOrOverride"))) for use, part in parts.items()},
        suppressed={
            use: tuple(name for name in _names(part, "claimsToSuppress") if name not in _PROTECTED)
            for use, part in parts.items()
        },
        # An object without groups removes the user's groups; without the object they stay.
        groups=None if groups is None else _names(_object(groups), "groupsToOverride"),
        scopes_added=_names(parts["access"], "scopesToAdd"),
        scopes_suppressed=_names(parts["access"], "scopesToSuppress"),
    )


def _object(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _names(members: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return tuple(str(each) for each in members.get(name) or ())


def _safe(claims: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in claims.items() if name not in _PROTECTED}

"""What a request asks for: the service, the operation, and the resources that IAM evaluates."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, cast
from urllib.parse import parse_qs, unquote

import botocore.session
from moto.core.models import DEFAULT_ACCOUNT_ID

__all__ = ["Call", "identify"]

_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/([\w-]+)/([\w-]+)/aws4_request")


@dataclass(frozen=True, slots=True)
class Call:
    """One AWS call. `actions` pairs each IAM action with the resource that it needs."""

    service: str
    operation: str
    region: str
    actions: tuple[tuple[str, str], ...]
    public: bool = False
    """Whether AWS answers it without a signature."""


def identify(method: str, address: str, headers: Mapping[str, str], body: bytes) -> Call:
    """Names the call from its signature's scope, its target header, its form or its route.

    `address` is the request's path, with its query if it has one.
    """
    path, _, query = address.partition("?")
    scope = _SCOPE.search(headers.get("Authorization", ""))
    region, service = (scope[1], scope[2]) if scope else ("ap-northeast-1", "unsigned")
    target = headers.get("X-Amz-Target", "")
    if target:
        operation = target.rsplit(".", 1)[-1]
        if service == "unsigned" and target.startswith("AWSCognitoIdentityProviderService"):
            service = "cognito-idp"
    elif headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
        operation = parse_qs(body.decode(errors="replace")).get("Action", ["?"])[0]
    else:
        operation = _route(service, method, path)
    members = {**_members(body), **{name: values[0] for name, values in parse_qs(query).items()}}
    find = _RESOURCES.get(service)
    actions = find(operation, path, members, region) if find else ((f"{service}:{operation}", "*"),)
    public = path.endswith(_WELL_KNOWN) if service == "unsigned" and not target else False
    return Call(service, operation, region, actions, public or operation in _public_operations(service))


_WELL_KNOWN = ("/.well-known/jwks.json", "/.well-known/openid-configuration")


_NEWER = frozenset({"GetTokensFromRefreshToken"})
"""Public operations that the oldest boto3 which the sandbox runs with does not know."""


@cache
def _public_operations(service: str) -> frozenset[str]:
    """Those that take an access token or a client id instead of a signature.

    https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flows-public-server-side.html
    """
    if service != "cognito-idp":
        return frozenset()
    model = botocore.session.get_session().get_service_model(service)
    return _NEWER | frozenset(
        name for name in model.operation_names if model.operation_model(name).auth_type in ("none", "smithy.api#noAuth")
    )


def _members(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body)
    except ValueError:
        return {}
    return cast("dict[str, Any]", parsed) if isinstance(parsed, dict) else {}


@cache
def _routes(service: str) -> tuple[tuple[str, re.Pattern[str], str], ...]:
    """The REST routes of a service, from botocore's model; the longest template first."""
    session = botocore.session.get_session()
    if service not in session.get_available_services():
        return ()
    model = session.get_service_model(service)
    routes: list[tuple[str, str, str]] = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        routes.append((http["method"], http["requestUri"].split("?")[0], name))
    routes.sort(key=lambda route: -len(route[1]))
    return tuple(
        (verb, re.compile(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(uri)) + "/?"), name) for verb, uri, name in routes
    )


def _route(service: str, method: str, path: str) -> str:
    for verb, pattern, name in _routes(service):
        if verb == method and pattern.fullmatch(path):
            return name
    return f"{method} {path}"


def _cognito(operation: str, _path: str, members: Mapping[str, Any], region: str) -> tuple[tuple[str, str], ...]:
    pool = members.get("UserPoolId")
    arn = f"arn:aws:cognito-idp:{region}:{DEFAULT_ACCOUNT_ID}:userpool/{pool}" if pool else "*"
    return ((f"cognito-idp:{operation}", arn),)


_TRANSACTED = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}


def _dynamodb(operation: str, _path: str, members: Mapping[str, Any], region: str) -> tuple[tuple[str, str], ...]:
    """A transaction needs the permissions of the operations in it.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
    """

    def arn(table: str) -> str:
        return table if table.startswith("arn:") else f"arn:aws:dynamodb:{region}:{DEFAULT_ACCOUNT_ID}:table/{table}"

    if operation in ("TransactWriteItems", "TransactGetItems"):
        parts = [(kind, part) for item in members.get("TransactItems", []) for kind, part in item.items()]
        return tuple(
            (f"dynamodb:{_TRANSACTED.get(kind, 'GetItem')}", arn(part.get("TableName", "?"))) for kind, part in parts
        )
    if operation in ("BatchGetItem", "BatchWriteItem"):
        return tuple((f"dynamodb:{operation}", arn(table)) for table in members.get("RequestItems", {}))
    table = members.get("TableName") or members.get("ResourceArn")
    if table is None:
        return ((f"dynamodb:{operation}", "*"),)
    index = f"/index/{members['IndexName']}" if "IndexName" in members else ""
    return ((f"dynamodb:{operation}", arn(table) + index),)


def _lambda(operation: str, path: str, members: Mapping[str, Any], region: str) -> tuple[tuple[str, str], ...]:
    match = re.search(r"/functions/([^/]+)", path)
    action = {"Invoke": "InvokeFunction", "InvokeWithResponseStream": "InvokeFunction"}.get(operation, operation)
    if match is None:
        return ((f"lambda:{action}", "*"),)
    name = unquote(match[1])
    arn = name if name.startswith("arn:") else f"arn:aws:lambda:{region}:{DEFAULT_ACCOUNT_ID}:function:{name}"
    # A version or an alias is a resource of its own: https://docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html
    qualifier = f":{members['Qualifier']}" if "Qualifier" in members else ""
    return ((f"lambda:{action}", arn + qualifier),)


def _logs(operation: str, _path: str, members: Mapping[str, Any], region: str) -> tuple[tuple[str, str], ...]:
    group, stream = members.get("logGroupName"), members.get("logStreamName")
    base = f"arn:aws:logs:{region}:{DEFAULT_ACCOUNT_ID}:log-group:{group}"
    return ((f"logs:{operation}", f"{base}:log-stream:{stream}" if stream else f"{base}:*" if group else "*"),)


_RESOURCES = {"cognito-idp": _cognito, "dynamodb": _dynamodb, "lambda": _lambda, "logs": _logs}

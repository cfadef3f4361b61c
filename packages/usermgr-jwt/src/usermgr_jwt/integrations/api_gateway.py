"""Amazon API Gateway Lambda authorizers, for REST, WebSocket and HTTP APIs. No extra is needed.

API Gateway decides the status codes from what an authorizer may return. A REST API answers 401 when the function raises
`Unauthorized`, 403 for a Deny policy and 500 for any other failure; an HTTP API with simple responses answers 403 for
`isAuthorized: false`, and 401 by itself when the header is missing. There is no 503: a KeysError leaves the function,
API Gateway answers 500, and the function's Errors metric shows it.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any, cast

from usermgr_jwt.errors import TokenError, TokenGroupError, TokenScopeError
from usermgr_jwt.integrations._bearer import bearer_token

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from usermgr_jwt._claims import Claims
    from usermgr_jwt._verifier import Verifier

__all__ = ["UnauthorizedError", "http_api_authorizer", "rest_authorizer"]

_logger = logging.getLogger(__name__)


class UnauthorizedError(Exception):
    """API Gateway answers 401 when an authorizer raises an error with exactly this text."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


def rest_authorizer(verifier: Verifier) -> Callable[[Mapping[str, Any], object], dict[str, Any]]:
    """The handler of a TOKEN or REQUEST authorizer of a REST API, a REQUEST authorizer of a WebSocket API, or an
    authorizer of an HTTP API that answers with a policy (payload version 1.0, or 2.0 without simple responses).

    A good token allows the whole stage, not only the requested method: API Gateway caches the policy by token, and
    a narrower one would refuse the next method. Leave rights that differ between methods to the application, or use
    several authorizers.
    """

    def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
        token = bearer_token(_authorization(event))
        if token is None:
            raise UnauthorizedError
        try:
            claims = verifier.verify(token)
        except (TokenGroupError, TokenScopeError) as error:
            return _policy("refused", "Deny", _arn(event), {"error": error.code})
        except TokenError as error:
            _logger.info("refused: %s", error.code)
            raise UnauthorizedError from None
        return _policy(claims.sub, "Allow", _arn(event), _context(claims))

    return handler


def http_api_authorizer(verifier: Verifier) -> Callable[[Mapping[str, Any], object], dict[str, Any]]:
    """The handler of an authorizer of an HTTP API with payload version 2.0 and simple responses."""

    def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
        token = bearer_token(_authorization(event))
        if token is None:
            return {"isAuthorized": False, "context": {"error": "unauthorized"}}
        try:
            claims = verifier.verify(token)
        except TokenError as error:
            return {"isAuthorized": False, "context": {"error": error.code}}
        return {"isAuthorized": True, "context": _context(claims)}

    return handler


def _authorization(event: Mapping[str, Any]) -> str | None:
    """The value of the one Authorization header; None for none, or several.

    Only a TOKEN authorizer has it in `authorizationToken`: payload version 1.0 of HTTP APIs has that member too, and
    there it holds all identity sources, joined with commas that they may contain themselves.
    """
    if event.get("type") == "TOKEN":
        return _text(event.get("authorizationToken"))
    # Of a header that was sent twice, `headers` of a REST API holds the last value, `multiValueHeaders` holds both.
    values = _values(event.get("multiValueHeaders")) or _values(event.get("headers"))
    return _text(values[0]) if len(values) == 1 else None


def _values(headers: object) -> list[object]:
    """The values of all Authorization headers, whose names come in any case."""
    if not isinstance(headers, dict):
        return []
    members = cast("dict[str, object]", headers)
    found = [value for name, value in members.items() if name.lower() == "authorization"]
    return [each for value in found for each in (cast("list[object]", value) if isinstance(value, list) else [value])]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _arn(event: Mapping[str, Any]) -> str:
    """What was asked for: `methodArn`, which payload version 2.0 calls `routeArn`."""
    arn: str = event["routeArn"] if event.get("version") == "2.0" else event["methodArn"]
    return arn


def _context(claims: Claims) -> dict[str, str]:
    """What the integration receives: only flat strings.

    `groups` is a JSON array, because a group's name may contain any separator. `scopes` is joined with spaces, as the
    claim is, which a scope cannot contain (RFC 6749, 3.3).
    """
    context = {
        "sub": claims.sub,
        "username": claims.username or "",
        "client_id": claims.client_id,
        "token_use": claims.token_use,
        "groups": json.dumps(claims.groups) if claims.groups else "",
        "scopes": " ".join(claims.scopes),
    }
    return {name: value for name, value in context.items() if value}


def _policy(principal: str, effect: str, method_arn: str, context: dict[str, str]) -> dict[str, Any]:
    # arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH
    api, stage = method_arn.split("/")[:2]
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": f"{api}/{stage}/*"}
    return {
        "principalId": principal,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": context,
    }

"""What a request asks of AWS: the service, the operation and its parameters, whatever protocol says so."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote

from botocore.loaders import Loader

from usermgr_sandbox.records import REGION

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request")
_TARGET_SERVICES = {"AWSCognitoIdentityProviderService": "cognito-idp"}


@dataclass(frozen=True, slots=True)
class AwsCall:
    """One request. ``parameters`` are the JSON body's, the form's or the path's members; empty where none parse."""

    service: str
    operation: str
    region: str
    access_key_id: str | None
    parameters: dict[str, Any] = field(default_factory=dict[str, Any], repr=False)


def parse_call(environ: dict[str, Any], body: bytes) -> AwsCall:
    """Read a WSGI request. A service that cannot be told apart is called ``unknown``."""
    signed = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    access_key_id, _, region, service = signed.groups() if signed else (None, "", REGION, "")
    target: str = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        prefix, _, operation = target.rpartition(".")
        service = service or _TARGET_SERVICES.get(prefix, "unknown")
        return AwsCall(service, operation, region, access_key_id, _json_members(body))
    content_type: str = environ.get("CONTENT_TYPE", "")
    if content_type.startswith("application/x-www-form-urlencoded"):
        form = dict(parse_qsl(body.decode(errors="replace")))
        return AwsCall(service or "unknown", form.get("Action", "unknown"), region, access_key_id, form)
    path = environ["PATH_INFO"]
    if path.endswith(("/.well-known/jwks.json", "/.well-known/openid-configuration")):
        return AwsCall("cognito-idp", path.rpartition("/")[2], region, access_key_id)
    # Werkzeug has already decoded PATH_INFO once; an ARN in a path arrives encoded.
    raw_path = environ.get("RAW_URI", path).partition("?")[0]
    query = dict(parse_qsl(environ.get("QUERY_STRING", "")))
    operation, members = _rest_operation(service, environ["REQUEST_METHOD"], raw_path)
    return AwsCall(service or "unknown", operation, region, access_key_id, {**_json_members(body), **query, **members})


def _json_members(body: bytes) -> dict[str, Any]:
    try:
        members = json.loads(body or b"{}")
    except ValueError:
        return {}
    return members if isinstance(members, dict) else {}


def _rest_operation(service: str, method: str, path: str) -> tuple[str, dict[str, str]]:
    for route_method, pattern, operation in _routes(service):
        if method == route_method and (match := pattern.fullmatch(path.rstrip("/") or "/")):
            return operation, {name: unquote(value) for name, value in match.groupdict().items()}
    return f"{method} {path}", {}


@cache
def _routes(service: str) -> list[tuple[str, re.Pattern[str], str]]:
    """Method, path and operation of a REST service, from the SDK's own model; the longest paths first."""
    loader = Loader(include_default_search_paths=True)
    if service not in loader.list_available_services("service-2"):
        return []
    model: dict[str, Any] = loader.load_service_model(service, "service-2")
    if not model["metadata"]["protocol"].startswith("rest-"):
        return []
    routes: list[tuple[str, re.Pattern[str], str]] = []
    by_length = sorted(model["operations"].items(), key=lambda each: -len(each[1]["http"]["requestUri"]))
    for name, operation in by_length:
        uri = operation["http"]["requestUri"].partition("?")[0].rstrip("/") or "/"
        pattern = re.sub(r"\\\{(\w+)\\\+\\\}|\\\{(\w+)\\\}", _placeholder, re.escape(uri))
        routes.append((operation["http"]["method"], re.compile(pattern), name))
    return routes


def _placeholder(match: re.Match[str]) -> str:
    greedy, single = match.groups()
    return f"(?P<{greedy}>.+)" if greedy else f"(?P<{single}>[^/]+)"

"""Verifies that a request is signed with its principal's secret: Signature Version 4.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
moto does not verify signatures. Code that signs requests by itself, such as the recorder's, would otherwise be
believed without a check.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from usermgr_sandbox._identity import Principal

__all__ = ["is_genuine"]

_PARTS = re.compile(
    r"Credential=(?P<key>[^/,\s]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request"
    r".*SignedHeaders=(?P<headers>[^,\s]+).*Signature=(?P<signature>[0-9a-f]+)"
)
_ALWAYS = {"host", "x-amz-date"}
"""What a signature must cover: the destination and the time of the request."""


def is_genuine(environ: Mapping[str, Any], body: bytes, principal: Principal) -> bool:
    """Whether the request's Authorization header is a signature by the principal's secret and session token."""
    parts = _PARTS.search(environ.get("HTTP_AUTHORIZATION", ""))
    if parts is None:
        return False
    names = parts["headers"].split(";")
    headers = {name: _header(environ, name) for name in names}
    if not set(names) >= _ALWAYS or headers.get("x-amz-security-token") != principal.token:
        return False
    # The address as it was sent: PATH_INFO is decoded already.
    request = AWSRequest(environ["REQUEST_METHOD"], f"http://{headers['host']}{environ['RAW_URI']}", headers, body)
    request.context["timestamp"] = headers["x-amz-date"]
    # The token is among the signed headers; given here it would be added once more.
    signer = SigV4Auth(Credentials(parts["key"], principal.secret), parts["service"], parts["region"])
    expected: str = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    return hmac.compare_digest(expected, parts["signature"])


def _header(environ: Mapping[str, Any], name: str) -> str | None:
    variable = name.upper().replace("-", "_")
    value: str | None = environ.get(variable if variable in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{variable}")
    return value

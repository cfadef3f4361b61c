"""Downloads a JWKS over HTTP and checks that it is one."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from email.message import Message
from http import HTTPStatus
from typing import IO, Any, cast

from usermgr_function_download_jwks.errors import (
    DownloadError,
    NoSuchPoolError,
    NotJwksError,
    TooSlowError,
    UnreachableError,
)

__all__ = ["MAXIMUM_BYTES", "TIMEOUT", "download"]

TIMEOUT = 5.0
"""Seconds for the whole answer."""

MAXIMUM_BYTES = 64 * 1024
"""Cognito's JWKS has two keys and about 1 KiB."""

_KEY_MEMBERS = ("kid", "n", "e")
_CHUNK = 8 * 1024


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect could lead to keys of somebody else's: it is an error, as any status but 200."""

    def redirect_request(  # noqa: PLR0917 - the overridden method's parameters
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        del req, fp, code, msg, headers, newurl


_opener = urllib.request.build_opener(_NoRedirect)


def download(url: str, *, timeout: float = TIMEOUT, now: Callable[[], float] = time.monotonic) -> dict[str, Any]:
    """The JWKS at `url`: a JSON object whose `keys` are RSA keys with `kid`, `n` and `e` (RFC 7517, RFC 7518).

    Raises a `DownloadError` within about `timeout` seconds, whatever the other side does.
    """
    deadline = now() + timeout
    try:
        with _opener.open(url, timeout=timeout) as response:
            body = _read(response, deadline, now)
    except urllib.error.HTTPError as error:
        with error:
            raise _from_status(error.code) from error
    except TimeoutError as error:
        raise TooSlowError("Cognito did not answer in time") from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, TimeoutError):
            raise TooSlowError("Cognito did not answer in time") from error
        raise UnreachableError("Cognito could not be reached: check the function's network and AWS_REGION") from error
    except (OSError, http.client.HTTPException) as error:
        raise UnreachableError("the connection to Cognito broke before the whole answer came") from error
    return _parse(body)


def _read(response: http.client.HTTPResponse, deadline: float, now: Callable[[], float]) -> bytes:
    """Reads piece by piece: the socket's own time-out starts anew with each one."""
    body = bytearray()
    while piece := response.read1(_CHUNK):
        body += piece
        if len(body) > MAXIMUM_BYTES:
            raise NotJwksError(f"the answer has more than {MAXIMUM_BYTES} bytes")
        if now() > deadline:
            raise TooSlowError("Cognito did not send the whole answer in time")
    return bytes(body)


def _from_status(status: int) -> DownloadError:
    if status in {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND}:
        return NoSuchPoolError("Cognito knows no such user pool in this Region: check USERPOOL_ID")
    return UnreachableError(f"Cognito answered with HTTP status {status}")


def _parse(body: bytes) -> dict[str, Any]:
    try:
        document: Any = json.loads(body)
    except ValueError as error:
        raise NotJwksError("the answer is not JSON") from error
    keys: Any = cast("dict[str, Any]", document).get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list) or not keys:
        raise NotJwksError("the answer has no keys")
    if not all(_is_rsa_key(key) for key in cast("list[Any]", keys)):
        raise NotJwksError("a key of the answer is not an RSA key with kid, n and e")
    return cast("dict[str, Any]", document)


def _is_rsa_key(key: Any) -> bool:
    if not isinstance(key, dict):
        return False
    members = cast("dict[str, Any]", key)
    return members.get("kty") == "RSA" and all(
        isinstance(members.get(name), str) and members[name] for name in _KEY_MEMBERS
    )

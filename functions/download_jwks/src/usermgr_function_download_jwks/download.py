"""Downloads a JWKS over HTTP, and checks that it is one that may be passed on."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from email.message import Message
from http import HTTPStatus
from typing import IO, Any

from usermgr.errors import (
    ConfigurationError,
    ProtocolError,
    ServiceTimeoutError,
    ServiceUnavailableError,
    StoreNotFoundError,
    UsermgrError,
)
from usermgr_function_download_jwks.jwks import read_jwks

__all__ = ["MAXIMUM_BYTES", "TIMEOUT", "download"]

TIMEOUT = 5.0
"""Seconds for the whole answer."""

MAXIMUM_BYTES = 64 * 1024
"""Cognito's JWKS has two keys and about 1 KiB."""

_CHUNK = 8 * 1024


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect could lead to somebody else's keys: it is an error, as is any status but 200."""

    def http_error_302(self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message) -> None:
        """Leaves the answer to the next handler, which raises; `Location` is not even parsed."""
        del req, fp, code, msg, headers

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


_opener = urllib.request.build_opener(_NoRedirect)


def download(url: str, *, timeout: float = TIMEOUT, now: Callable[[], float] = time.monotonic) -> dict[str, Any]:
    """The JWKS at `url`, as `read_jwks` reads it.

    Raises an error of usermgr's tree within about `timeout` seconds, whatever the other side does.
    """
    deadline = now() + timeout
    try:
        with _opener.open(url, timeout=timeout) as response:
            body = _read(response, deadline, now)
    except urllib.error.HTTPError as error:
        with error:
            raise _from_status(error.code) from error
    except TimeoutError as error:
        raise ServiceTimeoutError("Cognito did not answer in time") from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, TimeoutError):
            raise ServiceTimeoutError("Cognito did not answer in time") from error
        raise ServiceUnavailableError(
            "Cognito could not be reached: check the function's network and AWS_REGION"
        ) from error
    except (ValueError, OverflowError) as error:  # a host or a port that only the socket looks at closely
        raise ConfigurationError(
            "the address of the JWKS cannot be used: check USERPOOL_ID, AWS_REGION and the endpoint variables"
        ) from error
    except (OSError, http.client.HTTPException) as error:
        raise ServiceUnavailableError("the connection to Cognito broke before the whole answer came") from error
    return read_jwks(body)


def _read(response: http.client.HTTPResponse, deadline: float, now: Callable[[], float]) -> bytes:
    """Reads piece by piece: the socket's own time-out starts anew with each one."""
    body = bytearray()
    while piece := response.read1(_CHUNK):
        body += piece
        if len(body) > MAXIMUM_BYTES:
            raise ProtocolError(f"the answer has more than {MAXIMUM_BYTES} bytes")
        if now() > deadline:
            raise ServiceTimeoutError("Cognito did not send the whole answer in time")
    return bytes(body)


def _from_status(status: int) -> UsermgrError:
    if status in {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND}:
        return StoreNotFoundError("Cognito does not know this user pool in this Region: check USERPOOL_ID")
    return ServiceUnavailableError(f"Cognito answered with HTTP status {status}")

"""One GET with urllib, in a separate module because urllib and ssl cost more to import than all the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from urllib.request import HTTPRedirectHandler, Request, build_opener

if TYPE_CHECKING:
    from http.client import HTTPResponse

__all__ = ["open_without_redirects"]


class _NoRedirects(HTTPRedirectHandler):
    """Turns a redirect, which could lead from HTTPS to anywhere, into an HTTPError. Cognito's address has none."""

    def redirect_request(self, *_args: object, **_named: object) -> None:
        return None


def open_without_redirects(url: str, timeout: float) -> HTTPResponse:
    """Open `url`, already checked to be HTTPS or loopback."""
    request = Request(url, headers={"Accept": "application/json"})  # noqa: S310 - the scheme was checked
    return cast("HTTPResponse", build_opener(_NoRedirects).open(request, timeout=timeout))

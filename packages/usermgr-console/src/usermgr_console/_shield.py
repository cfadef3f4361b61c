"""What holds for every request and every answer, whatever the route: headers, `Host`, methods, where it is from.

This is plain ASGI and the outermost layer, so that an answer to an error has the same headers as any other.
"""

from __future__ import annotations

import ipaddress
import logging
import secrets
import time
from collections.abc import Iterable, MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from usermgr_console._config import Config
from usermgr_console._faults import log_fault

__all__ = ["ALIVE", "Shield", "headers_for"]

ALIVE = "/alive"
"""Answers load balancers, which know no host name: nothing but that the process runs."""

METHODS = ("GET", "HEAD", "POST")

_log = logging.getLogger("usermgr_console.requests")

_OFF = (
    "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "geolocation",
    "gyroscope", "hid", "magnetometer", "microphone", "midi", "payment", "publickey-credentials-get", "serial", "usb",
    "xr-spatial-tracking",
)  # fmt: skip


def headers_for(config: Config) -> dict[str, str]:
    """The headers of every answer, where the answer has none of that name."""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
    headers = {
        "Content-Security-Policy": policy,
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",  # with no-referrer, browsers send `Origin: null` with our own forms
        "Permissions-Policy": ", ".join(f"{name}=()" for name in _OFF),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Robots-Tag": "noindex, nofollow",
        "Cache-Control": "no-store",
        "Vary": "Cookie",
    }
    if config.is_secure:
        headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
    return headers


class BrokenOffError(Exception):
    """An answer that was not sent to its end: whatever serves the console cuts the connection.

    It says nothing of the reason, which a server would write into its log: texts of errors may quote anything.
    """


class Shield:
    """Refuses what no route should see, and gives every answer its headers."""

    def __init__(self, app: ASGIApp, config: Config) -> None:
        self._app = app
        self._config = config
        self._headers = headers_for(config)
        self._proxies = [ipaddress.ip_network(proxy) for proxy in config.trusted_proxies]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.monotonic(), 0
        state: MutableMapping[str, Any] = scope.setdefault("state", {})
        state["request_id"] = secrets.token_hex(8)
        headers = Headers(scope=scope)
        state["address"] = self._address(scope, headers)

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                given = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    given.setdefault(name, value)
                given["X-Request-Id"] = state["request_id"]
            await send(message)

        refusal = self._refusal(scope, headers)
        allowed = {"Allow": ", ".join(METHODS)} if refusal is not None and refusal[0] == 405 else None
        app = self._app if refusal is None else PlainTextResponse(refusal[1] + "\n", refusal[0], allowed)
        try:
            await app(scope, receive, send_with_headers)
        except Exception as error:  # noqa: BLE001 - the outermost boundary, as below
            log_fault(_log, f"{state['request_id']} {state.get('route', '-')}", error)
            raise BrokenOffError from None
        finally:  # neither the path nor the query: they hold searches, and once a link
            _log.info(
                "%s %s %d %.0f ms", state["request_id"], state.get("route", f"{scope['method']} -"), status,
                (time.monotonic() - began) * 1000,
            )  # fmt: skip

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        """The status and the sentence for a request that is refused."""
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if path == ALIVE and scope["method"] in METHODS[:2]:
            return 200, "alive"
        if headers.getlist("host") != [self._config.host]:
            return 421, f"this console is at {self._config.origin} alone"
        if scope["method"] not in METHODS:
            return 405, "only GET, HEAD and POST are answered"
        return self._foreign(scope, headers)

    def _foreign(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        """Of another site's page: a form, a script, a picture or a frame of it, but not a link that somebody follows.

        Browsers send `Sec-Fetch-Site` where the origin is trustworthy, and `Origin` with every POST.
        """
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if origin is not None and origin != self._config.origin:
            return 403, "this request comes from another site"
        if scope["method"] == "POST":
            if site not in (None, "same-origin") or (site is None and origin is None):
                return 403, "this request comes from another site"
            return None
        follows = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
        if site not in (None, "same-origin", "none") and not follows:
            return 403, "this request comes from another site"
        return None

    def _address(self, scope: Scope, headers: Headers) -> str:
        """Where the request is from: the peer or, as far as trusted proxies tell, whoever they were asked by."""
        client = scope.get("client")
        address = client[0] if client else "unknown"
        hops = [hop.strip() for line in headers.getlist("x-forwarded-for") for hop in line.split(",")]
        while hops and _is_in(address, self._proxies):
            address = hops.pop()
        return address[:64]


def _is_in(address: str, networks: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in networks)

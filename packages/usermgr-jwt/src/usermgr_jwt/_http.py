"""One GET with urllib, in a separate module because urllib and ssl cost more to import than all the rest."""

from __future__ import annotations

import io
import time
from http.client import HTTPConnection, HTTPSConnection
from typing import TYPE_CHECKING, Any, cast
from urllib.request import HTTPHandler, HTTPRedirectHandler, HTTPSHandler, Request, build_opener

if TYPE_CHECKING:
    import socket
    from http.client import HTTPResponse

__all__ = ["open_without_redirects"]


class _NoRedirects(HTTPRedirectHandler):
    """Turns a redirect, which could lead from HTTPS to anywhere, into an HTTPError. Cognito's address has none."""

    def redirect_request(self, *_args: object, **_named: object) -> None:
        return None


class _DeadlineReader(io.RawIOBase):
    """Reads a socket until a deadline. A socket's own time-out starts again with every byte that trickles in."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._socket = sock
        self._file = sock.makefile("rb", buffering=0)  # which keeps the socket open as long as it is read
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("timed out")
        self._socket.settimeout(remaining)
        return self._file.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


class _DeadlineSocket:
    """A socket whose file reads until a deadline; all that `http.client` needs of a socket."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._socket = sock
        self._deadline = deadline

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_DeadlineReader(self._socket, self._deadline))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


def _before(deadline: float) -> tuple[HTTPHandler, HTTPSHandler]:
    """Handlers whose connections end at the deadline."""

    class Http(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            self.sock = cast("Any", _DeadlineSocket(self.sock, deadline))

    class Https(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            self.sock = cast("Any", _DeadlineSocket(self.sock, deadline))

    class HttpHandler(HTTPHandler):
        def http_open(self, req: Request) -> HTTPResponse:
            return self.do_open(Http, req)

    class HttpsHandler(HTTPSHandler):
        def https_open(self, req: Request) -> HTTPResponse:
            return self.do_open(Https, req)

    return HttpHandler(), HttpsHandler()


def open_without_redirects(url: str, timeout: float) -> HTTPResponse:
    """Open `url`, already checked to be HTTPS or loopback. Reading the answer ends `timeout` seconds from now."""
    request = Request(url, headers={"Accept": "application/json"})  # noqa: S310 - the scheme was checked
    opener = build_opener(_NoRedirects, *_before(time.monotonic() + timeout))
    return cast("HTTPResponse", opener.open(request, timeout=timeout))

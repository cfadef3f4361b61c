"""A proxy in front of the sandbox that loses, delays and breaks calls: what moto cannot do.

>>> with FaultProxy(sandbox.endpoint_url) as proxy:                               # doctest: +SKIP
...     proxy.fail("AdminSetUserPassword", fault=Fault.DROP_AFTER, times=1)
...     environment = {**sandbox.environment(), "AWS_ENDPOINT_URL": proxy.endpoint_url}
"""

from __future__ import annotations

import http.client
import json
import select
import threading
from collections import Counter
from dataclasses import dataclass, field
from email.message import Message
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from usermgr_sandbox._operations import identify

__all__ = ["Fault", "FaultProxy"]

ANY = "*"
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}


class Fault(Enum):
    """What happens to a call."""

    DROP_BEFORE = "the connection closes before the service sees the call"
    DROP_AFTER = "the service does the work, and its answer is lost"
    THROTTLE = "the service's own throttling error"
    ERROR_500 = "the service's own internal error, with status 500"
    HANG = "no answer, and an open connection, until the caller or the proxy gives up; the service sees nothing"
    TRUNCATE = "the service does the work, and half of its answer arrives"
    REFUSE = "an error of the service, with the given code; the service sees nothing"


_THROTTLING = {
    "cognito-idp": (400, "TooManyRequestsException"),
    "dynamodb": (400, "ThrottlingException"),
    "lambda": (429, "TooManyRequestsException"),
    "logs": (400, "ThrottlingException"),
}
"""https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminCreateUser.html#API_AdminCreateUser_Errors
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors"""

_INTERNAL = {
    "cognito-idp": "InternalErrorException",
    "dynamodb": "InternalServerError",
    "lambda": "ServiceException",
}


@dataclass(slots=True)
class _Rule:
    operation: str
    fault: Fault
    left: int
    skip: int
    code: str


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(slots=True)
class _Wire:
    """What the proxy and the threads that serve its callers share."""

    host: str
    port: int
    rules: list[_Rule] = field(default_factory=list[_Rule])
    sent: Counter[str] = field(default_factory=Counter[str])
    forwarded: Counter[str] = field(default_factory=Counter[str])
    lock: threading.Lock = field(default_factory=threading.Lock)
    closing: threading.Event = field(default_factory=threading.Event)

    def next_fault(self, operation: str) -> _Rule | None:
        """Counts a call that arrived; the rule that applies to it, if any."""
        with self.lock:
            self.sent[operation] += 1
            for rule in self.rules:
                if rule.operation not in (ANY, operation) or rule.left == 0:
                    continue
                if rule.skip > 0:
                    rule.skip -= 1
                    continue
                rule.left -= 1
                return rule
        return None

    def forward(self, operation: str, request: BaseHTTPRequestHandler, body: bytes) -> _Answer:
        """Lets the service do the work."""
        with self.lock:
            self.forwarded[operation] += 1
        connection = http.client.HTTPConnection(self.host, self.port)
        try:
            headers = {name: value for name, value in request.headers.items() if name.lower() != "connection"}
            connection.request(request.command, request.path, body, headers)
            answer = connection.getresponse()
            kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in _HOP_BY_HOP]
            return _Answer(answer.status, kept, answer.read())
        finally:
            connection.close()


class FaultProxy:
    """A loopback proxy in front of an endpoint; its `endpoint_url` serves as AWS_ENDPOINT_URL. Thread-safe."""

    def __init__(self, endpoint_url: str) -> None:
        address = urlsplit(endpoint_url)
        if address.scheme != "http" or address.hostname is None or address.port is None:
            raise ValueError(f"endpoint_url: {endpoint_url!r} must have the form http://HOST:PORT")
        shared = self._wire = _Wire(address.hostname, address.port)

        class Handler(_Handler):
            wire = shared

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint_url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def fail(self, operation: str, *, fault: Fault, times: int = 1, skip: int = 0, code: str = "") -> None:
        """From now on, let `skip` calls of `operation` pass and then break the next `times`; `code` is for `REFUSE`.

        `operation` is AWS's name, such as `AdminSetUserPassword` or `Invoke`, or `*` for any. Rules apply in the
        order in which they were made. Raises `ValueError` for impossible counts, and for a `code` that is missing
        or not wanted.
        """
        if (fault is Fault.REFUSE) is not bool(code):
            raise ValueError("code: Fault.REFUSE needs the code of the error, and the other faults do not take one")
        if times < 1 or skip < 0:
            raise ValueError(f"times must be at least 1 and skip at least 0, not times={times}, skip={skip}")
        with self._wire.lock:
            self._wire.rules.append(_Rule(operation, fault, times, skip, code))

    def heal(self) -> None:
        """Forget all rules; the counts stay."""
        with self._wire.lock:
            self._wire.rules.clear()

    def sent(self, operation: str = ANY) -> int:
        """How many calls arrived from the caller, retries included."""
        with self._wire.lock:
            return self._wire.sent.total() if operation == ANY else self._wire.sent[operation]

    def forwarded(self, operation: str = ANY) -> int:
        """How many of them the service saw."""
        with self._wire.lock:
            return self._wire.forwarded.total() if operation == ANY else self._wire.forwarded[operation]

    def close(self) -> None:
        """Stops the proxy, and ends every call that hangs in it."""
        self._wire.closing.set()
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    wire: _Wire
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        call = identify(self.command, urlsplit(self.path).path, _canonical(self.headers), body)
        rule = self.wire.next_fault(call.operation)
        match rule.fault if rule else None:
            case None:
                self._answer(self.wire.forward(call.operation, self, body))
            case Fault.DROP_BEFORE:
                self.close_connection = True
            case Fault.DROP_AFTER:
                self.wire.forward(call.operation, self, body)
                self.close_connection = True
            case Fault.THROTTLE:
                self._answer(_error(*_THROTTLING.get(call.service, (400, "Throttling")), "Rate exceeded"))
            case Fault.ERROR_500:
                self._answer(_error(500, _INTERNAL.get(call.service, "InternalFailure"), "Internal error"))
            case Fault.HANG:
                self._hang()
            case Fault.REFUSE:
                self._answer(_error(400, rule.code if rule else "", "Refused by the fault proxy"))
            case Fault.TRUNCATE:
                self._answer(self.wire.forward(call.operation, self, body), broken=True)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = _pass  # noqa: N815 - names of the base

    def _answer(self, answer: _Answer, *, broken: bool = False) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        # An empty answer cannot be halved: it announces one byte that never comes.
        self.send_header("Content-Length", str(max(len(answer.body), 1) if broken else len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body[: len(answer.body) // 2] if broken else answer.body)
        self.close_connection = self.close_connection or broken

    def _hang(self) -> None:
        """Sends no answer. A connection that becomes readable without a new request was closed by the caller."""
        while not self.wire.closing.wait(0.02):
            if select.select([self.connection], [], [], 0)[0]:
                break
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base
        """Logs nothing: `sent` and `forwarded` count."""


def _canonical(headers: Message) -> dict[str, str]:
    """The headers that name a call, as `identify` spells them."""
    return {name: headers.get(name, "") for name in ("Authorization", "X-Amz-Target", "Content-Type")}


def _error(status: int, code: str, message: str) -> _Answer:
    body = json.dumps({"__type": code, "message": message}).encode()
    return _Answer(status, [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-errortype", code)], body)

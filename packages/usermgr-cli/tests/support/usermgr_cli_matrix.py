"""Stores and services that fail in one way, for every command to meet each of them."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from usermgr import Capability, Change, Outcome, StoreDescription, UserManager
from usermgr.errors import (
    AccessDeniedError,
    ServiceUnavailableError,
    ThrottledError,
    UnsupportedOperationError,
    UsermgrError,
)
from usermgr.operations import Operation
from usermgr.watching import WatchedManager

__all__ = ["FAILURES", "FailingActivity", "FailingStore", "failing_service"]

FAILURES: dict[str, Callable[[], UsermgrError]] = {
    "denied": AccessDeniedError,
    "throttled": ThrottledError,
    "no network": ServiceUnavailableError,
}

CODES = {
    "unknown user": "ResourceNotFoundException",
    "denied": "AccessDeniedException",
    "throttled": "TooManyRequestsException",
}


class FailingStore(WatchedManager):
    """A store whose calls fail as the condition says; `asked` counts them."""

    def __init__(self, manager: UserManager, condition: str) -> None:
        super().__init__(manager, self._fails)
        self.condition = condition
        self.asked = 0

    def describe(self) -> StoreDescription:
        """Without a capability, where that is the condition; and without batches, so that each change passes here."""
        described = super().describe()
        kept = frozenset[str]() if self.condition == "absent capability" else described.capabilities
        return replace(described, capabilities=kept - {Capability.BATCHES})

    def write_many(self, changes: Iterable[Change]) -> Iterator[Outcome]:
        """One by one, through this store."""
        return UserManager.write_many(self, changes)

    @contextmanager
    def _fails(self, operation: Operation, arguments: Mapping[str, Any]) -> Generator[None]:
        self.asked += 1
        if self.condition in FAILURES:
            raise FAILURES[self.condition]
        if self.condition == "absent capability" and operation.capability is not None:
            raise UnsupportedOperationError(operation=operation.name, capability=operation.capability)
        if self.condition == "Ctrl-C" and operation.name != "describe":
            signal.raise_signal(signal.SIGINT)
        yield


class FailingActivity:
    """An activity store whose calls fail as the condition says."""

    def __init__(self, store: Any, condition: str) -> None:
        self._store = store
        self._condition = condition
        self.asked = 0

    def close(self) -> None:
        """Closes the store inside."""
        self._store.close()

    def forget(self, sub: str) -> int:
        """As the store inside; a method, because whether a store has one is looked at."""
        return self.__getattr__("forget")(sub)

    def __getattr__(self, name: str) -> Any:
        self.asked += 1
        if self._condition in FAILURES:
            raise FAILURES[self._condition]
        if self._condition == "Ctrl-C":
            signal.raise_signal(signal.SIGINT)
        return getattr(self._store, name)


@contextmanager
def failing_service(condition: str) -> Generator[str]:
    """The address of an AWS that answers everything with one error; of nobody, where there is no network."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if condition == "Ctrl-C":
                signal.raise_signal(signal.SIGINT)
            body = json.dumps({"__type": CODES.get(condition, "InternalErrorException"), "message": "no"}).encode()
            self.send_response(400)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("x-amzn-errortype", CODES.get(condition, "InternalErrorException"))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST  # noqa: N815 - the base class's names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    address = f"http://127.0.0.1:{server.server_port}"
    if condition == "no network":
        server.server_close()
        yield address
        return
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield address
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""Servers on free ports of the loopback for tests, and an AWS service that answers as it is told."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Behaviour = Callable[["Handler"], None]
"""What happens to a request, once it is read."""


PATIENCE = 60
"""Seconds that what hangs, hangs at most: longer than any test waits for the time-out that ends it."""


class Server(ThreadingHTTPServer):
    """A server that serves in a `with` block, on a free port. What hangs waits for `closing`."""

    daemon_threads = True
    request_queue_size = 128  # as many threads as a test has may call at once, and none waits for a second try of TCP

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.closing = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Self:
        self._thread.start()
        return super().__enter__()

    def __exit__(self, *error: object) -> None:
        self.closing.set()
        self.shutdown()
        self._thread.join()
        super().__exit__(*error)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing: a client gave up, and a trace would be in the output of whichever test runs by now."""


class Stub(Server):
    """Answers `{}` until `behave` is something else, and keeps the headers, with lower names, and the bodies."""

    def __init__(self) -> None:
        super().__init__(Handler)
        self.behave: Behaviour = answers(200, {})
        self.received: list[tuple[dict[str, str], bytes]] = []

    def wait_for(self, number: int) -> None:
        """Waits until so many requests were received: their senders may have given them up before."""
        deadline = time.monotonic() + PATIENCE
        while len(self.received) < number:
            assert time.monotonic() < deadline, f"{len(self.received)} requests were received, and not {number}"
            time.sleep(0.005)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Stub

    def do_POST(self) -> None:
        """Every operation of these protocols is a POST."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.server.behave(self)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Says nothing."""


def answers(status: int, body: Any, **headers: str) -> Behaviour:
    """Always the same answer; JSON, or the bytes as they are."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    def behave(handler: Handler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)

    return behave


def hangs(handler: Handler) -> None:
    """Takes the request and never answers."""
    handler.server.closing.wait(PATIENCE)


def hangs_up(handler: Handler) -> None:
    """Closes the connection without a word."""
    handler.connection.shutdown(socket.SHUT_RDWR)


def drips(handler: Handler) -> None:
    """Answers a byte at a time, each before any read time-out."""
    with suppress(OSError):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(1000):
            handler.wfile.write(b" ")
            if handler.server.closing.wait(0.4):
                return


@contextmanager
def full_backlog() -> Iterator[str]:
    """An address whose connections hang: nobody accepts, and the queue is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        time.sleep(0.05)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        for client in waiting:
            client.close()

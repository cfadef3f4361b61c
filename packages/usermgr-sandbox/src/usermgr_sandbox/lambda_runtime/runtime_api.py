"""The Lambda Runtime API of one container: hands it the next event, takes its answer.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from typing import Any

_INVOCATION = "/2018-06-01/runtime/invocation/"
_INIT_ERROR = "/2018-06-01/runtime/init/error"


@dataclass(frozen=True, slots=True)
class Task:
    """One event for the container. ``deadline_ms`` is Unix time in milliseconds."""

    request_id: str
    arn: str
    deadline_ms: int
    event: bytes = field(repr=False)
    client_context: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What the container told: ``ready``, ``response``, ``error``, ``init-error``; or ``exit``, told by its end."""

    kind: str
    payload: bytes = field(default=b"", repr=False)


class RuntimeApi:
    """One server a container, on a free loopback port. Reports arrive in ``reports`` in their order."""

    def __init__(self) -> None:
        self.tasks: SimpleQueue[Task | None] = SimpleQueue()
        self.reports: SimpleQueue[Report] = SimpleQueue()
        api = self

        class Handler(_Handler):
            runtime = api

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        """End the server, and a ``next`` that still waits."""
        self.tasks.put(None)
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    runtime: RuntimeApi
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # Headers and body in one packet.
    wbufsize = -1

    def do_GET(self) -> None:
        """The next event, as soon as there is one."""
        if self.path != _INVOCATION + "next":
            self._answer(404)
            return
        self.runtime.reports.put(Report("ready"))
        task = self.runtime.tasks.get()
        if task is None:
            self.close_connection = True
            return
        # awslambdaric's native client needs every one of these.
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": task.request_id,
            "Lambda-Runtime-Deadline-Ms": str(task.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": task.arn,
            "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000;Sampled=0",
        }
        if task.client_context:
            headers["Lambda-Runtime-Client-Context"] = task.client_context
        self._answer(200, task.event, headers)

    def do_POST(self) -> None:
        """A response, an error, or an error of initialisation."""
        payload = self._body()
        if self.path == _INIT_ERROR:
            kind = "init-error"
        elif self.path.startswith(_INVOCATION) and self.path.endswith(("/response", "/error")):
            kind = self.path.rpartition("/")[2]
        else:
            self._answer(404)
            return
        self._answer(202)
        self.runtime.reports.put(Report(kind, payload))

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""

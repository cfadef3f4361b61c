"""One execution environment: a subprocess with awslambdaric, and the Runtime API that it polls.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

__all__ = ["Container", "Outcome"]

INIT_SECONDS = 10
"""https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib"""
_BOOTSTRAP = Path(__file__).with_name("bootstrap.py")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of an invocation: what the handler returned, or an error report when `failed`."""

    payload: bytes
    failed: bool = False
    request_id: str = ""
    """The id that the handler sees in its context."""


@dataclass(frozen=True, slots=True)
class _Event:
    request_id: str
    payload: bytes
    deadline_ms: int


class Container:
    """Runs one invocation at a time. After a time-out or a crash it is dead, and a new one is started."""

    def __init__(self, arn: str, handler: str, task_root: Path, environment: Mapping[str, str]) -> None:
        self._arn = arn
        self._events: queue.Queue[_Event | None] = queue.Queue()
        self._outcomes: queue.Queue[Outcome] = queue.Queue()
        self._polled = threading.Event()
        self._close_lock = threading.Lock()
        self._closed = False
        self.log: list[str] = []
        self._unfinished = b""
        self._drain_lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._make_handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        watched, self._lifeline = os.pipe()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter, on the code that the user uploaded
                # -S, -s and -P: without any site-packages of ours or the user's, and without this folder.
                [sys.executable, "-S", "-s", "-P", str(_BOOTSTRAP), str(watched), handler],
                cwd=task_root,
                env={**environment, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_port}"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(watched,),
                start_new_session=True,
            )
        finally:
            os.close(watched)
        if self._process.stdout is None:
            raise RuntimeError("the output of the container is not readable")
        self._output = self._process.stdout
        os.set_blocking(self._output.fileno(), False)
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()

    @property
    def alive(self) -> bool:
        """Whether it can take another invocation."""
        return self._process.poll() is None

    def invoke(self, payload: bytes, timeout: float) -> Outcome:
        """Runs the handler on `payload` for at most `timeout` seconds, after an initialisation of at most ten."""
        request_id = str(uuid.uuid4())
        ready = self._wait(self._polled, INIT_SECONDS)
        if not ready:
            outcome = self._failed_start(request_id)
            self.close()
            return replace(outcome, request_id=request_id)
        self._polled.clear()
        self._events.put(_Event(request_id, payload, int((time.time() + timeout) * 1000)))
        outcome = self._outcome(request_id, timeout)
        # The client asks for the next event after its output is written: only then is the log complete.
        if self.alive:
            self._wait(self._polled, INIT_SECONDS)
        self._drain()
        return replace(outcome, request_id=request_id)

    def _outcome(self, request_id: str, timeout: float) -> Outcome:
        ends = time.monotonic() + timeout
        while time.monotonic() < ends:
            with contextlib.suppress(queue.Empty):
                return self._outcomes.get(timeout=min(0.05, max(0.0, ends - time.monotonic())))
            if not self.alive and self._outcomes.empty():
                outcome = self._exited(request_id)
                self.close()
                return outcome
        self.close()
        return _report("Sandbox.Timedout", f"RequestId: {request_id} Error: Task timed out after {timeout:.2f} seconds")

    def close(self) -> None:
        """Ends the process, all that it started, and its Runtime API. Safe to call twice."""
        with self._close_lock:
            if self._closed:
                return
            self._closed = True
        self._events.put(None)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._lifeline)
        # A grandchild in its own session could hold the pipe open: do not wait for it.
        self._reader.join(1)
        if not self._reader.is_alive():
            self._output.close()
        self._server.shutdown()
        self._server.server_close()

    def _wait(self, event: threading.Event, seconds: float) -> bool:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends and self.alive and self._outcomes.empty():
            if event.wait(0.02):
                return True
        return event.is_set()

    def _failed_start(self, request_id: str) -> Outcome:
        with contextlib.suppress(queue.Empty):
            return self._outcomes.get_nowait()  # the runtime's own report of the failed import
        if self.alive:
            return _report("Sandbox.Timedout", f"RequestId: {request_id} Error: Init timed out")
        return self._exited(request_id)

    def _exited(self, request_id: str) -> Outcome:
        """How AWS words the end of a runtime process."""
        match self._process.wait():
            case 0:
                reason = "Runtime exited without providing a reason"
            case status if status < 0:
                name = "killed" if status == -signal.SIGKILL else signal.Signals(-status).name
                reason = f"Runtime exited with error: signal: {name}"
            case status:
                reason = f"Runtime exited with error: exit status {status}"
        return _report("Runtime.ExitError", f"RequestId: {request_id} Error: {reason}")

    def _read_log(self) -> None:
        """Keeps the pipe empty, so that a function never waits for us."""
        while select.select([self._output.fileno()], [], []) and self._drain():
            pass
        if self._unfinished:
            self.log.append(self._unfinished.decode(errors="replace"))

    def _drain(self) -> bool:
        """Reads what the function wrote so far; False at the end of the pipe."""
        with self._drain_lock:
            while not self._output.closed:
                try:
                    chunk = os.read(self._output.fileno(), 65536)
                except BlockingIOError:
                    return True
                if not chunk:
                    return False
                *lines, self._unfinished = (self._unfinished + chunk).split(b"\n")
                self.log += [line.decode(errors="replace") for line in lines]
        return False

    def _next(self) -> _Event | None:
        self._polled.set()
        return self._events.get()

    def _make_handler(self) -> type[BaseHTTPRequestHandler]:
        container = self

        class RuntimeApi(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                event = container._next()
                if event is None:
                    self.close_connection = True
                    return
                # awslambdaric's native client needs every one of these headers.
                headers = {
                    "Lambda-Runtime-Aws-Request-Id": event.request_id,
                    "Lambda-Runtime-Deadline-Ms": str(event.deadline_ms),
                    "Lambda-Runtime-Invoked-Function-Arn": container._arn,
                    "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000;Sampled=0",
                    "Content-Type": "application/json",
                }
                self._answer(200, event.payload, headers)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if self.path.endswith("/response"):
                    container._outcomes.put(Outcome(body))
                elif self.path.endswith("/error"):
                    container._outcomes.put(Outcome(body, failed=True))
                self._answer(202, b'{"status":"OK"}', {"Content-Type": "application/json"})

            def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base
                """Logs nothing: the function's own output is the log."""

        return RuntimeApi


def _report(kind: str, message: str) -> Outcome:
    return Outcome(json.dumps({"errorType": kind, "errorMessage": message}).encode(), failed=True)

"""A DynamoDB of the tests' own, on a free loopback port, which can fail in every way that a wire can."""

from __future__ import annotations

import copy
import importlib.util
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from usermgr_function_activity import handler as function

LIMIT = 3.0
WAITED = "seconds that a faulty sign-in waited"
EVENTS = json.loads((Path(__file__).parent / "events" / "v2.json").read_text())["events"]
SIGN_IN = next(event for event in EVENTS if event["triggerSource"] == "TokenGeneration_Authentication")
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing-secret",
    "AWS_REGION": "ap-northeast-1",
    "AWS_LAMBDA_FUNCTION_NAME": "usermgr_activity",
    "DYNAMODB_NAME": "usermgr_activity",
}


class FaultyDynamoDB(ThreadingHTTPServer):
    """Answers each request with `behave(handler)`, and keeps what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behave: Callable[[_Handler], None] = answers(200, {})
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gave up is what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: FaultyDynamoDB

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers["X-Amz-Target"].rpartition(".")[2]
        self.server.asked.append((operation, json.loads(body)))
        self.server.behave(self)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass


def answers(status: int, body: Any) -> Callable[[_Handler], None]:
    """Always the same answer; JSON, or the bytes as they are."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    def behave(handler: _Handler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return behave


def hangs(handler: _Handler) -> None:
    """Takes the request and never answers."""
    handler.server.closing.wait(10)


def drips(handler: _Handler) -> None:
    """Answers a byte at a time, each before any read time-out."""
    with suppress(OSError):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(1000):
            handler.wfile.write(b" ")
            if handler.server.closing.wait(0.4):
                return


def hangs_up(handler: _Handler) -> None:
    """Closes the connection without a word."""
    handler.connection.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def dynamodb() -> Iterator[FaultyDynamoDB]:
    """A server that answers `{}` until it is told otherwise."""
    with FaultyDynamoDB() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.closing.set()
        server.shutdown()
        thread.join()


@pytest.fixture
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


@pytest.fixture
def environment(dynamodb: FaultyDynamoDB, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment that Lambda gives the function, and the way to change it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": dynamodb.url}.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.fixture
def fails_open(
    environment: pytest.MonkeyPatch,
    dynamodb: FaultyDynamoDB,
    capsys: pytest.CaptureFixture[str],
    record_property: Callable[[str, object], None],
) -> Iterator[Callable[..., dict[str, Any]]]:
    """Sends an event through a function that has just started; gives its one log line, once all else holds."""
    functions: list[Any] = []

    def send(event: Any = SIGN_IN, *, code: str | None) -> dict[str, Any]:
        fresh = started()
        functions.append(fresh)
        before = copy.deepcopy(event)
        capsys.readouterr()
        begin = time.monotonic()
        answer = fresh.handler(event, None)
        took = time.monotonic() - begin
        record_property(WAITED, took)
        assert answer is event
        assert event == before
        assert took < LIMIT
        [text] = capsys.readouterr().out.splitlines()
        line = json.loads(text)
        assert (line["outcome"], line["Failed"], line.get("code")) == ("failed", 1, code)
        assert line["_aws"]["CloudWatchMetrics"][0]["Metrics"] == [{"Name": "Failed", "Unit": "Count"}]
        assert [secret for secret in ("testing-secret", "arn:aws", "ada") if secret in text] == []
        return line

    yield send
    dynamodb.closing.set()
    for fresh in functions:  # what the deadline cut off still runs: it must not reach into the next test
        fresh._workers.shutdown(wait=True)


def started() -> Any:
    """The function's module as a new execution environment has it."""
    spec = importlib.util.spec_from_file_location("fresh_handler", function.__file__)
    assert spec is not None
    assert spec.loader is not None
    fresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fresh)
    return fresh


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Says how many faults passed a sign-in through, and how long the slowest took.

    The figures come with the reports of the tests, which may have run in other processes.
    """
    reports = terminalreporter.getreports("passed")
    durations = [seconds for each in reports for name, seconds in each.user_properties if name == WAITED]
    if durations:
        count, slowest = len(durations), max(durations) * 1000
        terminalreporter.write_line(f"recorder faults: {count} of {count} fail open, the slowest in {slowest:.0f} ms")


@pytest.fixture(name="answers")
def _answers() -> Any:
    return answers


@pytest.fixture
def behaviours() -> dict[str, Callable[[_Handler], None]]:
    """The ways to be silent, by name."""
    return {"hangs": hangs, "hangs_up": hangs_up, "drips": drips}

"""The handler: whatever happens, a reply, and never somebody's text."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from usermgr_function_usermgr import handler as module


@dataclass
class Context:
    """As much of Lambda's context as the handler uses."""

    aws_request_id: str = "r-1"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cold start with a good configuration."""
    module._start.cache_clear()
    for name, value in {
        "AWS_REGION": "ap-northeast-1",
        "USERPOOL_ID": "ap-northeast-1_AbCdEf123",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def cognito(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A stand-in for Cognito that knows alice; gives the operations that it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            asked.append(self.headers["X-Amz-Target"].split(".")[-1])
            moment = 1769862600
            user = {"Username": "alice", "UserStatus": "CONFIRMED", "Enabled": True, "UserCreateDate": moment,
                    "UserLastModifiedDate": moment, "UserAttributes": [{"Name": "sub", "Value": "s-1"}]}  # fmt: skip
            body = json.dumps(user).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("x-amzn-RequestId", f"cognito-{len(asked)}")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    yield asked
    server.shutdown()
    server.server_close()


def call(op: str, **args: Any) -> dict[str, Any]:
    """One request, one reply."""
    return module.handler({"v": 1, "op": op, "args": args}, Context())


def test_request_is_answered_from_cognito(cognito: list[str]) -> None:
    """A request becomes a Cognito call, and its result the reply."""
    reply = call("get_user", username="alice")
    assert (reply["v"], reply["result"]["username"], cognito) == (1, "alice", ["AdminGetUser"])


def test_narrowed_function_asks_cognito_nothing(cognito: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A read-only deployment refuses a deletion by name, and Cognito never hears of it."""
    monkeypatch.setenv("USERMGR_ACCESS", "read-only")
    assert call("delete_user", username="alice")["error"]["code"] == "operation_not_allowed"
    assert cognito == []


def test_change_is_one_line_of_the_log(cognito: list[str], caplog: pytest.LogCaptureFixture) -> None:
    """A change is logged once, with Lambda's request id and Cognito's, and the actor as claimed; no value is."""
    event = {"v": 1, "op": "update_user", "args": {"username": "alice", "attributes": {"nickname": "S3cret-planted"}}}
    module.handler({**event, "claimed_actor": "ki\nm"}, Context())

    (line,) = caplog.messages
    record = json.loads(line)
    assert record["actor"] == {"name": module.INVOKER, "details": {"claimed_actor": "ki\ufffdm"}}
    assert (record["request_id"], record["operation"], record["outcome"]) == ("r-1", "update_user", "done")
    assert (record["target"], record["attributes"]) == ({"username": "alice"}, ["nickname"])
    assert record["request_ids"] == [f"cognito-{n}" for n in range(1, len(cognito) + 1)]
    assert "S3cret" not in line


@pytest.mark.parametrize("claimed", [None, 7, ["kim"], ""])
def test_claim_that_is_none_is_left_out(claimed: Any, cognito: list[str], caplog: pytest.LogCaptureFixture) -> None:
    """An older client claims nothing, and what is no name is no claim; the change is made and logged all the same."""
    event = {"v": 1, "op": "disable_user", "args": {"username": "alice"}}
    assert "result" in module.handler({**event, "claimed_actor": claimed}, Context())

    (line,) = caplog.messages
    assert json.loads(line)["actor"] == {"name": module.INVOKER}


def test_reading_is_not_logged(cognito: list[str], caplog: pytest.LogCaptureFixture) -> None:
    """A look at a user leaves no line."""
    call("get_user", username="alice")
    assert caplog.messages == []


def test_log_that_drops_records_stops_no_change(cognito: list[str]) -> None:
    """Whoever turns the log's level up still has a function that works: CloudTrail has its own record."""
    module.log.setLevel(logging.CRITICAL)
    try:
        assert "result" in call("disable_user", username="alice")
    finally:
        module.log.setLevel(logging.INFO)
    assert cognito == ["AdminDisableUser"]


def test_bad_configuration_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that is configured wrongly reports that in its reply, every time."""
    monkeypatch.delenv("USERPOOL_ID")
    for _ in range(2):
        reply = call("get_user", username="alice")
        assert reply["error"]["code"] == "configuration"
        assert "USERPOOL_ID" in reply["error"]["message"]


def test_what_nobody_foresaw_tells_nothing(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A fault of our own is answered as `service`; its text goes neither to the caller nor to the log."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("S3cret-planted in a message")

    monkeypatch.setattr(module, "serve", broken)
    reply = call("set_password", username="alice", password="S3cret-planted")
    assert reply["error"]["code"] == "service"
    (record,) = caplog.records
    assert json.loads(record.getMessage()) == {"event": "unforeseen_error", "type": "RuntimeError", "request": "r-1"}
    assert "S3cret" not in json.dumps(reply) + record.getMessage() + str(record.exc_info)


@pytest.mark.parametrize("event", [None, [], "x", {}, {"v": 2, "op": "get_user"}, {"v": 1, "op": "drop table"}])
def test_strange_event_is_answered(event: Any) -> None:
    """An event that is not a request is answered with an error of the protocol."""
    assert module.handler(event, Context())["error"]["code"] in ("protocol", "version_mismatch")


def test_operation_of_a_newer_caller_is_answered() -> None:
    """An operation that this release does not know is answered with what to do: redeploy the function."""
    error = call("drop_table")["error"]
    assert error["code"] == "unsupported_operation"
    assert "Redeploy" in error["message"]


def test_cold_start_does_not_load_the_audit_file() -> None:
    """The function logs its records, so its import brings nothing of the files that others keep them in."""
    code = "import sys, usermgr_function_usermgr.handler; print('\\n'.join(sys.modules))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    loaded = {name.removeprefix("usermgr.audit.") for name in done.stdout.split() if name.startswith("usermgr.audit.")}
    assert "_sink" in loaded
    assert not loaded & {"_file", "_files", "_chain", "_verify"}

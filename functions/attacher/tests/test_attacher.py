"""The attacher's handler, over HTTP against a Cognito that keeps what it is sent."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from usermgr.errors import ConflictError, InvalidInputError
from usermgr_cognito.trigger import TriggerOccupiedError
from usermgr_function_attacher.handler import handler

POOL, OTHER_POOL = "ap-northeast-1_AbCdEf123", "ap-northeast-1_GhIjKl456"
LAMBDA = "arn:aws:lambda:ap-northeast-1:123456789012:function:"
OURS, NEW, THEIRS = f"{LAMBDA}usermgr_activity", f"{LAMBDA}usermgr_activity:live", f"{LAMBDA}other_team"
INPUT = {"user_pool_id": POOL, "trigger_arn": OURS, "lambda_version": "V1_0", "replaces": None}


class Context:
    """Lambda's context with a minute left."""

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


class Pools(ThreadingHTTPServer):
    """A Cognito with two pools."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pools: dict[str, dict[str, Any]] = {name: {"Id": name, "LambdaConfig": {}} for name in (POOL, OTHER_POOL)}
        self.denials = 0

    def trigger(self, pool: str) -> str | None:
        return self.pools[pool]["LambdaConfig"].get("PreTokenGenerationConfig", {}).get("LambdaArn")

    def set_trigger(self, pool: str, arn: str) -> None:
        self.pools[pool]["LambdaConfig"] = {
            "PreTokenGeneration": arn,
            "PreTokenGenerationConfig": {"LambdaArn": arn, "LambdaVersion": "V1_0"},
        }

    def answer(self, operation: str, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        name = request.pop("UserPoolId")
        if self.denials:
            self.denials -= 1
            return 400, {"__type": "AccessDeniedException"}
        if name not in self.pools:
            return 400, {"__type": "ResourceNotFoundException"}
        if operation == "UpdateUserPool":
            self.pools[name] = {"Id": name, **request}
            return 200, {}
        return 200, {"UserPool": self.pools[name]} if operation == "DescribeUserPool" else {"MfaConfiguration": "OFF"}


class _Handler(BaseHTTPRequestHandler):
    server: Pools

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, answer = self.server.answer(self.headers["X-Amz-Target"].rpartition(".")[2], request)
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Stays quiet."""


@pytest.fixture
def cognito(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pools]:
    with Pools() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted-secret")
        yield server
        server.shutdown()
        thread.join()


def invoke(action: str, before: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    tf = {"action": action, "prev_input": before}
    return handler(json.loads(json.dumps({**INPUT, **changes, "tf": tf})), Context())


def test_create_and_delete(cognito: Pools) -> None:
    """Create attaches, delete detaches; the result is the pool, the trigger and a hash, and both may be repeated."""
    before = copy.deepcopy(cognito.pools)
    created = [invoke("create"), invoke("create")]
    assert created[0] == created[1]
    assert {**created[0], "hash": len(created[0]["hash"])} == {"user_pool_id": POOL, "trigger_arn": OURS, "hash": 64}
    assert cognito.trigger(POOL) == OURS
    deleted = [invoke("delete", INPUT), invoke("delete", INPUT)]
    assert deleted[0] == deleted[1]
    assert (deleted[0]["trigger_arn"], cognito.pools) == (None, before)


def test_delete_with_the_previous_input_alone(cognito: Pools) -> None:
    """At delete, the input may come in `tf.prev_input` alone."""
    invoke("create")
    handler({"tf": {"action": "delete", "prev_input": INPUT}}, Context())
    assert cognito.trigger(POOL) is None


@pytest.mark.parametrize("action", ["create", "update"])
@pytest.mark.parametrize("protected", [True, False])
def test_guard_lets_all_but_destroy_pass(action: str, protected: bool) -> None:
    """The guard does nothing but stand there: no pool is touched, and there is nothing to answer."""
    assert handler({"guard": {"protected": protected}, "tf": {"action": action}}, Context()) == {}


def test_guard_stops_destroy_while_protected() -> None:
    """While the table is protected, destroy stops at the guard, and says which two steps to take."""
    with pytest.raises(ConflictError, match="first apply with table_deletion_protection = false, then destroy"):
        handler({"guard": {"protected": True}, "tf": {"action": "delete"}}, Context())
    assert handler({"guard": {"protected": False}, "tf": {"action": "delete"}}, Context()) == {}


def test_delete_after_the_pool(cognito: Pools) -> None:
    """A pool that is gone has nothing attached: destroy goes on."""
    del cognito.pools[POOL]
    assert invoke("delete", INPUT) == {"user_pool_id": POOL, "trigger_arn": None, "hash": None}


def test_update_to_another_function(cognito: Pools) -> None:
    """A changed trigger_arn follows the one before, without `replaces`; a repeat changes nothing."""
    invoke("create")
    results = [invoke("update", INPUT, trigger_arn=NEW) for _ in range(2)]
    assert (cognito.trigger(POOL), results[0]) == (NEW, results[1])


def test_update_to_another_pool(cognito: Pools) -> None:
    """A changed pool: the old one gets back what stood there, the new one gets the trigger."""
    cognito.set_trigger(POOL, THEIRS)
    first = {**INPUT, "replaces": {"arn": THEIRS, "version": "V1_0"}}
    invoke("create", replaces=first["replaces"])
    invoke("update", first, user_pool_id=OTHER_POOL)
    assert (cognito.trigger(POOL), cognito.trigger(OTHER_POOL)) == (THEIRS, OURS)


def test_a_foreign_trigger_fails_the_invocation(cognito: Pools) -> None:
    """Another function's trigger is refused by an exception that names it and the remedy, without any secret."""
    cognito.set_trigger(POOL, THEIRS)
    with pytest.raises(TriggerOccupiedError, match=r"function:other_team.*set replaces = ") as caught:
        invoke("create")
    assert "planted-secret" not in str(caught.value)
    assert cognito.trigger(POOL) == THEIRS


def test_a_new_role_is_waited_for(cognito: Pools) -> None:
    """On create, denials are tried again."""
    cognito.denials = 1
    assert invoke("create")["trigger_arn"] == OURS


@pytest.mark.parametrize(
    ("event", "text"),
    [
        ({}, "no tf.action"),
        (None, "no tf.action"),
        ({"tf": {"action": "read"}}, "no tf.action"),
        ({"tf": {"action": "create"}}, "user_pool_id must be a text; trigger_arn must be a text; lambda_version"),
        ({**INPUT, "replaces": "x", "tf": {"action": "create"}}, "replaces must be null or have"),
        ({**INPUT, "grants": {"sms_role_arn": 1}, "tf": {"action": "create"}}, "of grants, sms_role_arn"),
    ],
)
def test_bad_events(event: Any, text: str) -> None:
    """An event that is not Terraform's is refused with what is wrong with it."""
    with pytest.raises(InvalidInputError, match=text):
        handler(event, Context())

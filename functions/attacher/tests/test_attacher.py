"""The attacher's handler, over HTTP against a Cognito that keeps what it is sent."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from usermgr.errors import ConfigurationError, InvalidInputError, OperationNotAllowedError
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
            tags_of_aws = {k: v for k, v in self.pools[name].get("UserPoolTags", {}).items() if k.startswith("aws:")}
            if tags_of_aws:  # no request takes them away
                request["UserPoolTags"] = {**request.get("UserPoolTags", {}), **tags_of_aws}
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
        monkeypatch.setenv("TRIGGER_ARN", OURS)
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def keeps_theirs(cognito: Pools, monkeypatch: pytest.MonkeyPatch) -> Pools:
    """Terraform keeps the other team's trigger, and the pool has it."""
    monkeypatch.setenv("REPLACED_TRIGGER_ARN", THEIRS)
    monkeypatch.setenv("REPLACED_TRIGGER_VERSION", "V1_0")
    cognito.set_trigger(POOL, THEIRS)
    return cognito


def invoke(action: str, before: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    tf = {"action": action, "prev_input": before}
    return handler(json.loads(json.dumps({**INPUT, **changes, "tf": tf})), Context())


REPLACES = {"arn": THEIRS, "version": "V1_0"}


def test_create_and_delete(cognito: Pools) -> None:
    """Create attaches, delete detaches; the result is the pool, the trigger and a hash, and both may be repeated."""
    before = copy.deepcopy(cognito.pools)
    created = [invoke("create"), invoke("create")]
    assert created[0] == created[1]
    assert {**created[0], "hash": len(created[0]["hash"])} == {
        "user_pool_id": POOL, "trigger_arn": OURS, "hash": 64, "stack": None,
    }  # fmt: skip
    assert cognito.trigger(POOL) == OURS
    deleted = [invoke("delete", INPUT), invoke("delete", INPUT)]
    assert deleted[0] == deleted[1]
    assert (deleted[0]["trigger_arn"], cognito.pools) == (None, before)


def test_delete_with_the_previous_input_alone(cognito: Pools) -> None:
    """At delete, the input may come in `tf.prev_input` alone."""
    invoke("create")
    handler({"tf": {"action": "delete", "prev_input": INPUT}}, Context())
    assert cognito.trigger(POOL) is None


def test_delete_after_the_pool(cognito: Pools) -> None:
    """A pool that is gone has nothing attached: destroy goes on."""
    del cognito.pools[POOL]
    assert invoke("delete", INPUT) == {"user_pool_id": POOL, "trigger_arn": None, "hash": None, "stack": None}


def test_a_pool_of_a_stack(cognito: Pools) -> None:
    """The answer names the CloudFormation stack that owns the pool, so that Terraform warns in every plan."""
    cognito.pools[POOL]["UserPoolTags"] = {"aws:cloudformation:stack-name": "people-stack", "team": "people"}
    assert invoke("create")["stack"] == "people-stack"


def test_update_to_another_function(cognito: Pools, monkeypatch: pytest.MonkeyPatch) -> None:
    """A changed recorder follows the one before, without `replaces`; a repeat changes nothing."""
    invoke("create")

    monkeypatch.setenv("TRIGGER_ARN", NEW)
    results = [invoke("update", INPUT, trigger_arn=NEW) for _ in range(2)]

    assert (cognito.trigger(POOL), results[0]) == (NEW, results[1])


def test_what_was_replaced_is_restored(keeps_theirs: Pools) -> None:
    """What Terraform keeps is overwritten, and put back on delete."""
    invoke("create", replaces=REPLACES)
    attached = keeps_theirs.trigger(POOL)
    invoke("delete", replaces=REPLACES)

    assert (attached, keeps_theirs.trigger(POOL)) == (OURS, THEIRS)


def test_attached_again_after_somebody_took_it_away(keeps_theirs: Pools) -> None:
    """Where nothing is attached any more, what Terraform keeps is no obstacle, and is restored on delete."""
    invoke("create", replaces=REPLACES)
    keeps_theirs.pools[POOL]["LambdaConfig"] = {}

    invoke("create", replaces=REPLACES)
    attached = keeps_theirs.trigger(POOL)
    invoke("delete", replaces=REPLACES)

    assert (attached, keeps_theirs.trigger(POOL)) == (OURS, THEIRS)


EVIL = f"{LAMBDA}evil"
OTHER_ACCOUNT = THEIRS.replace(":123456789012:", ":210987654321:")
OTHER_REGION = THEIRS.replace(":ap-northeast-1:", ":eu-west-1:")
OTHER_PARTITION = THEIRS.replace("arn:aws:", "arn:aws-cn:")


@pytest.mark.parametrize("action", ["create", "update", "delete"])
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"trigger_arn": EVIL}, id="another function"),
        pytest.param({"trigger_arn": f"{OURS}:evil"}, id="an alias"),
        pytest.param({"replaces": {"arn": EVIL, "version": "V1_0"}}, id="another trigger restored"),
        pytest.param({"replaces": {"arn": THEIRS, "version": "V2_0"}}, id="another version restored"),
        pytest.param({"replaces": None}, id="nothing restored"),
    ],
)
def test_only_the_environment_chooses(keeps_theirs: Pools, action: str, changes: dict[str, Any]) -> None:
    """An event that names another function, or something else to restore, is refused, and the pool stays as it is."""
    event = {"replaces": REPLACES, **changes}
    for found in (THEIRS, OURS, EVIL):
        keeps_theirs.set_trigger(POOL, found)

        with pytest.raises(OperationNotAllowedError, match=r"nothing was changed.*repeat terraform apply first"):
            invoke(action, INPUT, **event)

        assert keeps_theirs.trigger(POOL) == found


@pytest.mark.parametrize("found", [THEIRS, EVIL])
def test_a_delete_leaves_other_functions_alone(keeps_theirs: Pools, found: str) -> None:
    """Detaching removes the recorder and nothing else."""
    keeps_theirs.set_trigger(POOL, found)

    invoke("delete", replaces=REPLACES)

    assert keeps_theirs.trigger(POOL) == found


@pytest.mark.parametrize(
    ("previous", "error"),
    [
        pytest.param({"user_pool_id": OTHER_POOL}, InvalidInputError, id="another pool"),
        pytest.param({"trigger_arn": OTHER_ACCOUNT}, OperationNotAllowedError, id="account"),
        pytest.param({"trigger_arn": OTHER_REGION}, OperationNotAllowedError, id="Region"),
        pytest.param({"trigger_arn": "other"}, InvalidInputError, id="not an ARN"),
    ],
)  # fmt: skip
def test_bad_previous_inputs(cognito: Pools, previous: dict[str, Any], error: type[Exception]) -> None:
    """The previous trigger is a function of this account and Region, on the same pool; else nothing is written."""
    cognito.set_trigger(POOL, previous.get("trigger_arn", OURS))
    before = copy.deepcopy(cognito.pools)

    with pytest.raises(error):
        invoke("update", {**INPUT, **previous})

    assert cognito.pools == before


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"TRIGGER_ARN": ""}, "TRIGGER_ARN is not set"),
        ({"TRIGGER_ARN": "usermgr_activity"}, "TRIGGER_ARN .* is malformed"),
        ({"REPLACED_TRIGGER_ARN": THEIRS}, "must be set together"),
        ({"REPLACED_TRIGGER_VERSION": "V1_0"}, "must be set together"),
        ({"REPLACED_TRIGGER_ARN": THEIRS, "REPLACED_TRIGGER_VERSION": "V4_0"}, "_VERSION .* is malformed"),
        ({"REPLACED_TRIGGER_ARN": "theirs", "REPLACED_TRIGGER_VERSION": "V1_0"}, "GGER_ARN .* is malformed"),
        *(
            ({"REPLACED_TRIGGER_ARN": arn, "REPLACED_TRIGGER_VERSION": "V1_0"}, "account and the Region")
            for arn in (OTHER_ACCOUNT, OTHER_REGION, OTHER_PARTITION)
        ),
    ],
)  # fmt: skip
def test_bad_environments(cognito: Pools, monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], text: str) -> None:
    """An environment that is not Terraform's is refused before anything is read or written."""
    for name, value in changes.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(ConfigurationError, match=text):
        invoke("create")

    assert cognito.trigger(POOL) is None


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
        ({"tf": {"action": "create"}}, "user_pool_id must be a string; trigger_arn must be a string; lambda_version"),
        ({**INPUT, "replaces": "x", "tf": {"action": "create"}}, "replaces must be null or have"),
        ({**INPUT, "grants": {"sms_role_arn": 1}, "tf": {"action": "create"}}, "of grants, sms_role_arn"),
        ({**INPUT, "lambda_version": "V4_0", "tf": {"action": "create"}}, "the version must be one of"),
    ],
)
def test_bad_events(event: Any, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event that is not Terraform's is refused with what is wrong with it."""
    monkeypatch.setenv("TRIGGER_ARN", OURS)

    with pytest.raises(InvalidInputError, match=text):
        handler(event, Context())

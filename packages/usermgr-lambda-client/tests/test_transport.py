"""The transport, over real HTTP against a stub of Lambda's Invoke."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

import boto3
import pytest

from tests.stub import PATIENCE, Server
from usermgr import Factory, UserManager, errors, request_ids

PASSWORD = "S3cret-planted-passw0rd"


@dataclass
class Stub:
    """What the stub answers with, and what it was sent."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b'{"v":1,"version":"0.1.0","result":null}'
    hangs: bool = False
    close: bool = False
    missing: int = 0
    sent: list[bytes] = field(default_factory=list)


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    """A server on a free loopback port in the place of Lambda."""
    state = Stub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            state.sent.append(self.rfile.read(int(self.headers["Content-Length"])))
            if state.hangs:
                server.closing.wait(PATIENCE)
            if state.close or state.hangs:
                self.close_connection = True
                return
            self.send_response(state.status)
            for name, value in {**state.headers, "Content-Length": str(len(state.body) + state.missing)}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(state.body)
            self.close_connection = state.missing > 0

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = Server(Handler)
    environment = {
        "AWS_ENDPOINT_URL": server.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "ap-northeast-1",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with server:
        yield state


@pytest.fixture
def users(stub: Stub) -> UserManager:
    """The manager whose function is the stub."""
    return Factory.create(Factory.AWS_LAMBDA, read_timeout=PATIENCE / 2)


def failure(report: bytes) -> dict[str, object]:
    """A function that failed, with its report."""
    return {"headers": {"X-Amz-Function-Error": "Unhandled"}, "body": report}


def refusal(code: str, status: int) -> dict[str, object]:
    """An error of Lambda itself."""
    return {"status": status, "headers": {"x-amzn-ErrorType": code}, "body": b'{"Message":"S3cret-planted"}'}


OUTCOMES = [
    (refusal("ResourceNotFoundException", 404), errors.RemoteNotFoundError),
    (refusal("AccessDeniedException", 403), errors.AccessDeniedError),
    (refusal("UnrecognizedClientException", 403), errors.NoCredentialsError),
    (refusal("TooManyRequestsException", 429), errors.ThrottledError),
    (refusal("ServiceException", 500), errors.ServiceUnavailableError),
    (refusal("NeverHeardOfItException", 500), errors.ServiceUnavailableError),
    (refusal("NeverHeardOfItException", 400), errors.RemoteError),
    (
        {
            "headers": {"X-Amz-Function-Error": "Unhandled"},
            "body": b'{"errorType":"KeyError","errorMessage":"S3cret-planted"}',
        },
        errors.RemoteCrashedError,
    ),
    (
        {
            "headers": {"X-Amz-Function-Error": "Unhandled"},
            "body": b'{"errorType":"Sandbox.Timedout","errorMessage":"x"}',
        },
        errors.RemoteTimeoutError,
    ),
    (
        {
            "headers": {"X-Amz-Function-Error": "Unhandled"},
            "body": b'{"errorMessage":"Task timed out after 3.00 seconds"}',
        },
        errors.RemoteTimeoutError,
    ),
    (failure(b"not json"), errors.RemoteCrashedError),
    ({"body": b'"S3cret-planted"'}, errors.ProtocolError),
    ({"body": b"S3cret-planted"}, errors.ProtocolError),
    ({"body": b'{"v":2,"result":null}'}, errors.VersionMismatchError),
    ({"missing": 5}, errors.RemoteTimeoutError),
    ({"close": True}, errors.RemoteTimeoutError),
    ({"status": 400, "body": b"[]"}, errors.RemoteTimeoutError),  # which botocore cannot read, as from a broken proxy
    ({"status": 400, "body": b'{"a":' * 50_000}, errors.RemoteTimeoutError),
]


@pytest.mark.parametrize(("answer", "expected"), OUTCOMES, ids=lambda v: v.__name__ if isinstance(v, type) else "")
def test_what_is_no_reply_is_an_error_sent_once(
    stub: Stub, users: UserManager, answer: dict[str, object], expected: type[errors.UsermgrError]
) -> None:
    """Every failure is its own class, the call was sent exactly once, and no text of the far side shows."""
    for name, value in answer.items():
        setattr(stub, name, value)
    with pytest.raises(expected) as caught:
        users.set_password("alice", PASSWORD)
    assert type(caught.value) is expected
    assert len(stub.sent) == 1
    assert "S3cret" not in str(caught.value) + repr(caught.value.details)


def test_function_that_does_not_answer_is_not_waited_for(stub: Stub) -> None:
    """After the read time-out it is RemoteTimeoutError, and nothing is sent again."""
    stub.hangs = True
    with pytest.raises(errors.RemoteTimeoutError):
        Factory.create(Factory.AWS_LAMBDA, read_timeout=0.5).set_password("alice", PASSWORD)
    assert len(stub.sent) <= 1


def test_request_is_the_wire_protocols(stub: Stub, users: UserManager) -> None:
    """What is sent is the request of the wire protocol, without the defaults."""
    users.delete_user("alice")
    assert json.loads(stub.sent[0]) == {"v": 1, "op": "delete_user", "args": {"username": "alice"}}


def test_service_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed port raises ServiceUnavailableError, which may be tried again."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with pytest.raises(errors.ServiceUnavailableError) as caught:
        Factory.create(Factory.AWS_LAMBDA, region="ap-northeast-1").get_user("alice")
    assert caught.value.retryable is True


def test_no_credentials(stub: Stub, users: UserManager, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials nothing is sent, and the error names the cause."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "nowhere")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "nowhere")
    with pytest.raises(errors.NoCredentialsError):
        Factory.create(Factory.AWS_LAMBDA).get_user("alice")
    assert stub.sent == []


def test_settings_are_all_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing Region and a malformed function name come in one error."""
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.setenv("LAMBDA_NAME_USERMGR", "not a name")
    with pytest.raises(errors.ConfigurationError) as caught:
        Factory.create(Factory.AWS_LAMBDA)
    assert len(caught.value.problems or ()) == 2


def test_function_name_defaults_to_usermgr(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without LAMBDA_NAME_USERMGR the function is `usermgr`."""
    monkeypatch.delenv("LAMBDA_NAME_USERMGR", raising=False)
    assert repr(Factory.create(Factory.AWS_LAMBDA, region="ap-northeast-1")) == (
        "LambdaUserManager(LambdaTransport('usermgr'))"
    )


def test_endpoint_session_and_time_outs_reach_the_client(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Region of a given session counts, and so do the endpoint and the time-outs; one attempt stays one."""
    monkeypatch.delenv("AWS_REGION")
    session = boto3.session.Session(region_name="eu-west-3", aws_access_key_id="test", aws_secret_access_key="test")

    users = Factory.create(
        Factory.AWS_LAMBDA, session=session, endpoint_url="http://127.0.0.1:9", connect_timeout=1, read_timeout=2
    )

    meta = users.transport._client.meta  # type: ignore[attr-defined]
    assert (meta.region_name, meta.endpoint_url) == ("eu-west-3", "http://127.0.0.1:9")
    assert (meta.config.connect_timeout, meta.config.read_timeout) == (1, 2)
    assert meta.config.retries["total_max_attempts"] == 1


def test_name_of_a_crash_is_a_name_or_nothing(stub: Stub, users: UserManager) -> None:
    """What a crashed function calls its error is repeated only if it is the name of a class."""
    for name, value in failure(b'{"errorType":"Key\\nError: S3cret-planted"}').items():
        setattr(stub, name, value)

    with pytest.raises(errors.RemoteCrashedError) as caught:
        users.get_user("alice")

    assert caught.value.error_type == "an unreadable report"
    assert "S3cret" not in str(caught.value)


def test_actor_is_claimed_at_each_call(stub: Stub) -> None:
    """Requests say on whose behalf they are made, without control characters and at most 256 of them long."""
    names = iter(["kim", None, "le\ne\u202e" + "x" * 999])
    users = Factory.create(Factory.AWS_LAMBDA, claimed_actor=lambda: next(names))

    for _ in range(3):
        users.disable_user("alice")

    assert [json.loads(sent).get("claimed_actor") for sent in stub.sent] == [
        "kim", None, f"le\ufffde\ufffd{'x' * 251}"
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["", 7])
def test_actor_without_a_name_is_refused(name: object, stub: Stub) -> None:
    """An actor that is no text sends nothing."""
    with pytest.raises(errors.InvalidInputError) as caught:
        Factory.create(Factory.AWS_LAMBDA, claimed_actor=name).disable_user("alice")
    assert (caught.value.field, stub.sent) == ("claimed_actor", [])


@pytest.mark.parametrize("status", [200, 429])
def test_id_of_the_invocation_is_noted(status: int, stub: Stub, users: UserManager) -> None:
    """Whoever collects request ids gets Lambda's, which is in the function's log, of a refusal too."""
    stub.status, stub.headers = status, {"x-amzn-RequestId": "r-77", "x-amzn-ErrorType": "TooManyRequestsException"}
    with request_ids.collect() as ids, contextlib.suppress(errors.ThrottledError):
        users.disable_user("alice")
    assert ids == ["r-77"]

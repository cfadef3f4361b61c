"""Signed requests without a service model, against a real HTTP server."""

from __future__ import annotations

import json

import pytest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ReadTimeoutError
from botocore.httpsession import URLLib3Session

from tests.stub import Stub, answers, hangs
from usermgr.errors import NoCredentialsError
from usermgr_aws import JsonApi, credentials_from_environment


@pytest.fixture
def api(service: Stub) -> JsonApi:
    """A service whose requests carry credentials of the environment."""
    return JsonApi(
        "dynamodb",
        "eu-west-1",
        target="DynamoDB_20120810",
        version="1.0",
        url=lambda: f"{service.url}/",
        credentials=credentials_from_environment,
        send=URLLib3Session(timeout=0.5).send,
    )


def test_request(api: JsonApi, service: Stub) -> None:
    """The request is the operation's, in the service's protocol, signed for the service and the Region."""
    answer = api.call("PutItem", {"Item": {"name": "Zoë"}})

    assert (answer.status, answer.code, answer.body, answer.is_empty) == (200, None, {}, False)
    [(headers, body)] = service.received
    assert json.loads(body) == {"Item": {"name": "Zoë"}}
    assert headers["x-amz-target"] == "DynamoDB_20120810.PutItem"
    assert headers["content-type"] == "application/x-amz-json-1.0"
    assert "/eu-west-1/dynamodb/aws4_request" in headers["authorization"]
    assert "Credential=AKIDEXAMPLE/" in headers["authorization"]


@pytest.mark.parametrize(
    ("status", "content", "code", "has_body", "is_empty"),
    [
        pytest.param(200, b"", None, True, True, id="empty"),
        pytest.param(200, b"[]", None, False, False, id="list"),
        pytest.param(200, b"\xff\xfe", None, False, False, id="not-text"),
        pytest.param(200, b'{"a":', None, False, False, id="broken-off"),
        pytest.param(200, b'{"a":' * 100_000, None, False, False, id="deep"),
        pytest.param(400, b'{"__type": "com.example#Gone"}', "Gone", True, False, id="long-code"),
        pytest.param(400, b'{"__type": "Gone"}', "Gone", True, False, id="short-code"),
        pytest.param(400, b'{"__type": null}', "400", True, False, id="code-is-null"),
        pytest.param(403, b"<html>", "AccessDeniedException", False, False, id="forbidden-by-something-else"),
        pytest.param(503, b"<html>", "503", False, False, id="overloaded"),
        pytest.param(500, b"", "500", True, True, id="empty-500"),
        pytest.param(302, b"", "302", True, True, id="redirect"),
    ],
)
def test_answers(
    status: int, content: bytes, code: str | None, has_body: bool, is_empty: bool, api: JsonApi, service: Stub
) -> None:
    """Every answer is a value: a code for all but 200, an object or nothing."""
    service.behave = answers(status, content, Location="http://127.0.0.1:9/")

    answer = api.call("GetItem", {})

    assert (answer.status, answer.code) == (status, code)
    assert (answer.body is not None, answer.is_empty) == (has_body, is_empty)
    assert len(service.received) == 1


def test_no_answer(api: JsonApi, service: Stub) -> None:
    """A service that does not answer is the SDK's own error, for `error_from_sdk`; nothing is sent twice."""
    service.behave = hangs

    with pytest.raises(ReadTimeoutError) as caught:
        api.call("GetItem", {})

    assert isinstance(caught.value, BotoCoreError)
    assert len(service.received) == 1


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
@pytest.mark.parametrize("value", [None, ""])
def test_no_credentials(
    name: str, value: str | None, api: JsonApi, service: Stub, environment: pytest.MonkeyPatch
) -> None:
    """Without credentials nothing is sent, and the error does not show the half that is there."""
    environment.delenv(name) if value is None else environment.setenv(name, value)

    with pytest.raises(NoCredentialsError) as caught:
        api.call("GetItem", {})

    assert service.received == []
    assert "planted" not in str(caught.value)
    assert "AKID" not in str(caught.value)


@pytest.mark.parametrize("token", [None, "", "session-token"])
def test_session_token(token: str | None, environment: pytest.MonkeyPatch) -> None:
    """Credentials have the session's token where there is one; an empty one is none."""
    if token is not None:
        environment.setenv("AWS_SESSION_TOKEN", token)

    credentials = credentials_from_environment()

    assert isinstance(credentials, Credentials)
    assert credentials.token == (token or None)

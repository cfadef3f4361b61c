"""Whatever happens, the person gets in: in under three seconds, with one log line that counts the failure."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tests.stub import Behaviour, answers, drips, full_backlog, hangs, hangs_up
from usermgr_activity.transport import ATTEMPTS, PAUSE, READ_TIMEOUT
from usermgr_function_activity import handler as function

GOLDEN = json.loads((Path(__file__).parent / "events" / "v2.json").read_text())["events"]
SIGN_IN = next(event for event in GOLDEN if event["triggerSource"] == "TokenGeneration_Authentication")


def error(code: str) -> dict[str, str]:
    """An error as DynamoDB writes one."""
    return {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "arn:aws:dynamodb:secret"}


def cancelled(*codes: str) -> dict[str, Any]:
    """A cancelled transaction."""
    return {**error("TransactionCanceledException"), "CancellationReasons": [{"Code": code} for code in codes]}


FOREIGN_ROW = {**error("ConditionalCheckFailedException"), "Item": {"pk": {"S": "user#p#s"}, "last_seen": {"N": "7"}}}

ANSWERS = {
    "500": (500, error("InternalServerError"), "service_unavailable"),
    "503-html": (503, b"<html>busy</html>", "service_unavailable"),
    "200-garbage": (200, b"\xff\xfe", "service_unavailable"),
    "200-list": (200, [], "service_unavailable"),
    "200-empty": (200, b"", "service_unavailable"),
    "throttled": (400, error("ThrottlingException"), "throttled"),
    "table-throttled": (400, error("ProvisionedThroughputExceededException"), "throttled"),
    "quota": (400, error("RequestLimitExceeded"), "throttled"),
    "denied": (400, error("AccessDeniedException"), "access_denied"),
    "table-missing": (400, error("ResourceNotFoundException"), "store_not_found"),
    "expired-token": (400, error("ExpiredTokenException"), "no_credentials"),
    "bad-key": (400, error("UnrecognizedClientException"), "no_credentials"),
    "bad-signature": (400, error("InvalidSignatureException"), "no_credentials"),
    "validation": (400, error("ValidationException"), "service"),
    "conflict": (400, error("TransactionConflictException"), "concurrent_change"),
    "cancelled-by-conflict": (400, cancelled("None", "TransactionConflict"), "concurrent_change"),
    "cancelled-by-throttling": (400, cancelled("None", "ThrottlingError"), "throttled"),
    "always-changed": (400, error("ConditionalCheckFailedException"), "concurrent_change"),
    "foreign-row": (400, FOREIGN_ROW, None),
}
MALFORMED: dict[str, Any] = {
    "no-sub": {**SIGN_IN, "request": {"userAttributes": {}}},
    "empty-sub": {**SIGN_IN, "request": {"userAttributes": {"sub": ""}}},
    "sub-of-another-type": {**SIGN_IN, "request": {"userAttributes": {"sub": 7}}},
    "no-attributes": {**SIGN_IN, "request": {"userAttributes": None}},
    "no-request": {**SIGN_IN, "request": None},
    "unknown-source": {**SIGN_IN, "triggerSource": "TokenGeneration_Telepathy"},
    "other-trigger": {**SIGN_IN, "triggerSource": "PostAuthentication_Authentication"},
    "no-client": {**SIGN_IN, "callerContext": {}},
    "no-pool": {**SIGN_IN, "userPoolId": None},
    "empty": {},
    "none": None,
    "list": [SIGN_IN],
    "text": "TokenGeneration_Authentication",
    "number": 3.5,
}


@pytest.mark.parametrize("name", ANSWERS)
def test_answers(name: str, dynamodb: Any, fails_open: Any) -> None:
    """An error of DynamoDB's, or a broken answer."""
    status, body, code = ANSWERS[name]
    dynamodb.behave = answers(status, body)
    fails_open(code=code)


def test_foreign_row_says_where(dynamodb: Any, fails_open: Any) -> None:
    """An error that nobody foresaw says its type and its place, and nobody's data."""
    dynamodb.behave = answers(400, FOREIGN_ROW)
    line = fails_open(code=None)
    assert (line["error"], line["at"].partition(":")[0]) == ("KeyError", "activity_of")


def test_time_that_a_sign_in_waits_at_most() -> None:
    """The deadline is under three seconds, and a DynamoDB that hangs is given up before it."""
    assert ATTEMPTS * READ_TIMEOUT + PAUSE < function.DEADLINE < 3


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [(hangs, "service_timeout"), (hangs_up, "service_timeout"), (drips, None)],
)
def test_silence(behaviour: Behaviour, code: str | None, dynamodb: Any, fails_open: Any) -> None:
    """A DynamoDB that hangs, hangs up, or answers byte by byte, which no read time-out ends."""
    dynamodb.behave = behaviour
    line = fails_open(code=code)
    assert (line["error"] == "TimeoutError") is (behaviour is drips)


def test_second_request_hangs(dynamodb: Any, fails_open: Any) -> None:
    """A DynamoDB that answers the first request of the day, and hangs at the second."""

    def behave(handler: Any) -> None:
        first = dynamodb.asked[-1][0] == "UpdateItem"
        (answers(400, error("ConditionalCheckFailedException")) if first else hangs)(handler)

    dynamodb.behave = behave
    fails_open(code="service_timeout")
    assert [operation for operation, _ in dynamodb.asked] == ["UpdateItem", *["TransactWriteItems"] * 2]


def test_connection_hangs(environment: pytest.MonkeyPatch, fails_open: Any) -> None:
    """An address that takes no connection and refuses none."""
    with full_backlog() as url:
        environment.setenv("AWS_ENDPOINT_URL", url)

        fails_open(code="service_unavailable")


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://no-such-host.invalid"])
def test_nobody_there(environment: pytest.MonkeyPatch, url: str, fails_open: Any) -> None:
    """A closed port, and a name that does not resolve."""
    environment.setenv("AWS_ENDPOINT_URL", url)
    fails_open(code="service_unavailable")


def test_address_that_is_none(environment: pytest.MonkeyPatch, fails_open: Any) -> None:
    """An endpoint setting that is no address."""
    environment.setenv("AWS_ENDPOINT_URL", "::not an address::")
    fails_open(code=None)


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_no_credentials(environment: pytest.MonkeyPatch, name: str, fails_open: Any) -> None:
    """No credentials."""
    environment.delenv(name)
    fails_open(code="no_credentials")


@pytest.mark.parametrize("name", ["DYNAMODB_NAME", "AWS_REGION"])
@pytest.mark.parametrize("value", [None, ""])
def test_bad_configuration(environment: pytest.MonkeyPatch, name: str, value: str | None, fails_open: Any) -> None:
    """A setting that is missing or empty is named in the log."""
    environment.delenv(name) if value is None else environment.setenv(name, value)
    assert name in fails_open(code="configuration")["message"]


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "ever"])
def test_days_kept_that_are_no_days(environment: pytest.MonkeyPatch, value: str, fails_open: Any) -> None:
    """A number of days to keep that is none is named in the log."""
    environment.setenv("ACTIVITY_DAYS_KEPT", value)
    assert "ACTIVITY_DAYS_KEPT" in fails_open(code="configuration")["message"]


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_events(name: str, dynamodb: Any, fails_open: Any) -> None:
    """An event that is not what the documentation says, down to none at all."""
    fails_open(MALFORMED[name], code="invalid_input")
    assert dynamodb.asked == []


@pytest.mark.parametrize("change", [{"version": "9"}, {"version": None}, {"mood": {"good": True}}])
def test_unknown_version_and_fields(
    change: dict[str, Any], environment: Any, dynamodb: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """A later version of the event is recorded as long as it says who and how."""
    event = {**SIGN_IN, **change}
    before = copy.deepcopy(event)
    assert function.handler(event, None) is event
    assert event == before
    assert json.loads(capsys.readouterr().out)["outcome"] == "recorded"
    assert len(dynamodb.asked) == 1


def test_one_hiccup_is_no_failure(environment: Any, dynamodb: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """A single error that may pass is tried once more, and the sighting is recorded."""

    def behave(handler: Any) -> None:
        (answers(500, error("InternalServerError")) if len(dynamodb.asked) == 1 else answers(200, {}))(handler)

    dynamodb.behave = behave
    function.handler(SIGN_IN, None)
    assert json.loads(capsys.readouterr().out)["outcome"] == "recorded"
    assert len(dynamodb.asked) == 2


def test_closed_standard_output(environment: pytest.MonkeyPatch, dynamodb: Any) -> None:
    """A log that cannot be written does not stop a sign-in either."""

    class Broken:
        def write(self, _: str) -> int:
            raise OSError("broken pipe")

    environment.setattr("sys.stdout", Broken())
    assert function.handler(SIGN_IN, None) is SIGN_IN

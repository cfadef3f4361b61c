"""Every pre token generation source, in every version of the event, as the documentation has them."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.stub import answers
from usermgr.activity import SightingKind
from usermgr.errors import InvalidInputError
from usermgr_function_activity.event import KINDS, MACHINE, parse_event
from usermgr_function_activity.handler import handler

GOLDEN = {path.stem: json.loads(path.read_text()) for path in sorted((Path(__file__).parent / "events").glob("*.json"))}
EVENTS = [
    pytest.param(event, id=f"{version}-{event['triggerSource']}")
    for version, golden in GOLDEN.items()
    for event in golden["events"]
]
SUB = "57d4ca88-9051-70d3-f1ad-000000000001"
POOL = "ap-northeast-1_Example"


def test_golden_files_are_complete() -> None:
    """Three versions, each with every source of people, the third with machines, each with its documentation."""
    assert {version: [event["triggerSource"] for event in golden["events"]] for version, golden in GOLDEN.items()} == {
        "v1": [*KINDS],
        "v2": [*KINDS],
        "v3": [*KINDS, MACHINE],
    }
    for golden in GOLDEN.values():
        assert all(url.startswith("https://docs.aws.amazon.com/cognito/") for url in golden["documentation"])


@pytest.mark.parametrize("event", EVENTS)
def test_event_comes_back_as_it_went(
    event: dict[str, Any], environment: Any, dynamodb: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """The event is recorded under its pool and sub, and the very same object comes back, with the same content."""
    before = copy.deepcopy(event)
    assert handler(event, None) is event
    assert event == before
    machine = event["triggerSource"] == MACHINE
    [(operation, body)] = dynamodb.asked
    assert operation == "UpdateItem"
    assert body["TableName"] == "usermgr_activity"
    assert body["Key"]["pk"] == {"S": f"machine#{POOL}#7machine89012345" if machine else f"user#{POOL}#{SUB}"}
    refresh = event["triggerSource"] == "TokenGeneration_RefreshTokens"
    assert ("last_sign_in" in body["UpdateExpression"]) is not (refresh or machine)
    line = json.loads(capsys.readouterr().out)
    assert (line["outcome"], line["Recorded"]) == ("recorded", 1)
    assert line["kind"] == ("machine" if machine else "refresh" if refresh else "sign_in")


@pytest.mark.parametrize("days_kept", [None, "", "90"])
def test_days_expire_when_the_environment_says_so(
    days_kept: str | None, environment: pytest.MonkeyPatch, dynamodb: Any
) -> None:
    """With ACTIVITY_DAYS_KEPT the day's row, and only that one, is written with its expiry; without, none is."""
    if days_kept is not None:
        environment.setenv("ACTIVITY_DAYS_KEPT", days_kept)
    first, then = answers(400, {"__type": "ConditionalCheckFailedException"}), answers(200, {})

    def behave(request: Any) -> None:
        (first if len(dynamodb.asked) == 1 else then)(request)

    dynamodb.behave = behave

    handler(GOLDEN["v1"]["events"][0], None)

    [_, (operation, body)] = dynamodb.asked
    assert operation == "TransactWriteItems"
    user, day = (part["Update"] for part in body["TransactItems"])
    assert day["Key"]["pk"]["S"].startswith("day#")
    assert ["expires_at" in part["UpdateExpression"] for part in (user, day)] == [False, days_kept == "90"]
    if days_kept == "90":
        written = datetime.fromtimestamp(int(day["ExpressionAttributeValues"][":expires_at"]["N"]), UTC)
        assert (written.date() - datetime.now(UTC).date()).days in (90, 91)  # 90 where midnight was a moment ago


def test_no_personal_data_is_logged(environment: Any, dynamodb: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither the user's name, address nor sub is in the log."""
    for golden in GOLDEN.values():
        for event in golden["events"]:
            handler(event, None)
    logged = capsys.readouterr().out
    assert [word for word in ("ada", "example.org", SUB) if word in logged] == []


@pytest.mark.parametrize("member", ["triggerSource", "userPoolId", "callerContext", "request"])
def test_missing_member_is_named(member: str) -> None:
    """What the event lacks is named, without anybody's data."""
    event = {name: value for name, value in GOLDEN["v1"]["events"][0].items() if name != member}
    with pytest.raises(InvalidInputError) as caught:
        parse_event(event, datetime.now(UTC))
    assert caught.value.field is not None
    assert caught.value.field.startswith(member)


def test_sources_count_as_what_they_are() -> None:
    """Only a refresh is not a sign-in."""
    assert [source for source, kind in KINDS.items() if kind is not SightingKind.SIGN_IN] == [
        "TokenGeneration_RefreshTokens"
    ]

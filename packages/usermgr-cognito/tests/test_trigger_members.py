"""docs/trigger.md beside the code and AWS's service model: what becomes of every member of a pool's description."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from usermgr_cognito.trigger import MissingPermissionsError, Permissions, Snapshot, Trigger

PAGE = Path(__file__).resolve().parents[3] / "docs" / "trigger.md"
OURS = Trigger("arn:aws:lambda:ap-northeast-1:123456789012:function:usermgr_activity")
MODEL = botocore.session.get_session().get_service_model("cognito-idp")
READ = MODEL.operation_model("DescribeUserPool").output_shape.members["UserPool"]
WRITTEN = MODEL.operation_model("UpdateUserPool").input_shape

TABLE: dict[str, str] = {
    member: fate
    for members, fate in re.findall(r"^\| (`[^|]*) \| ([^|]*) \|", PAGE.read_text(), re.MULTILINE)
    for member in re.findall(r"`([\w.]+)`", members)
}
"""Path of a member -> what the page says that the attacher does with it."""


def sample(shape: Any) -> Any:
    """A value of a shape, with everything in it."""
    match shape.type_name:
        case "structure":
            return {name: sample(member) for name, member in shape.members.items()}
        case "list":
            return [sample(shape.member)]
        case "map":
            return {"team": "people", "aws:createdBy": "somebody"}
        case "integer" | "long" | "timestamp":
            return 3
        case "boolean":
            return True
        case _:
            return "x"


def description(**changes: Any) -> dict[str, Any]:
    """A pool that has every member that the model knows."""
    described = {name: sample(member) for name, member in READ.members.items()}
    triggers = {**described["LambdaConfig"], "PreTokenGeneration": "x"}
    triggers["PreTokenGenerationConfig"] = {"LambdaArn": "x", "LambdaVersion": "V1_0"}
    return {**described, "LambdaConfig": triggers, "UserPoolTier": "PLUS", **changes}


def resources(shape: Any, path: str = "") -> Iterator[str]:
    """The members, however deep, that hold the ARN of something else than a function."""
    for name, member in shape.members.items():
        here = f"{path}.{name}" if path else name
        if member.type_name == "structure":
            yield from resources(member, here)
        elif "Arn" in member.name and (path != "LambdaConfig" or "Key" in name) and name != "LambdaArn":
            yield here


def test_every_member_has_a_row() -> None:
    """The table has all that AWS returns or takes, and nothing else but resources inside of it."""
    known = set(READ.members) | set(WRITTEN.members) | set(resources(WRITTEN))

    assert (sorted(known - set(TABLE)), sorted(set(TABLE) - known)) == ([], [])


@pytest.mark.parametrize("member", sorted(READ.members))
def test_a_member_is_sent_as_the_table_says(member: str) -> None:
    """Of a pool with every member, the request has those that the table says, and only what UpdateUserPool takes."""
    before = description()

    request = Snapshot(before, {}).request_with(OURS)
    on_lite = Snapshot(description(UserPoolTier="LITE"), {}).request_with(OURS)

    fate = "not sent" if member not in request else "sent" if request[member] == before[member] else "in part"
    if fate == "sent" and member not in on_lite:
        fate = "above LITE"
    assert (fate, member in WRITTEN.members or fate == "not sent") == (TABLE[member], True)


def test_what_is_sent_in_part() -> None:
    """The trigger is set, tags of AWS and the older days are left out, and nothing else of these members is missing."""
    before = description()
    request = Snapshot(before, {}).request_with(OURS)
    both = {
        "PreTokenGeneration": OURS.arn,
        "PreTokenGenerationConfig": {"LambdaArn": OURS.arn, "LambdaVersion": OURS.version},
    }

    assert request["LambdaConfig"] == before["LambdaConfig"] | both
    assert request["UserPoolTags"] == {"team": "people"}
    days = before["AdminCreateUserConfig"].pop("UnusedAccountValidityDays")
    assert request["AdminCreateUserConfig"] == before["AdminCreateUserConfig"]
    del before["Policies"]["PasswordPolicy"]["TemporaryPasswordValidityDays"]
    moved = Snapshot(before | {"AdminCreateUserConfig": {"UnusedAccountValidityDays": days}}, {}).request_with(OURS)
    assert moved["Policies"]["PasswordPolicy"]["TemporaryPasswordValidityDays"] == days


@pytest.mark.parametrize("path", sorted(resources(WRITTEN)))
def test_a_resource_is_sent_with_the_grant_that_the_table_names(path: str) -> None:
    """A pool with this resource alone needs exactly the variable of the table, or none; with it, nothing is missing."""
    *outer, last = path.split(".")
    value: dict[str, Any] = {last: "arn:x"}
    if outer[0] == "EmailConfiguration":
        value["EmailSendingAccount"] = "DEVELOPER"
    for name in reversed(outer):
        value = {name: value}

    needed = re.findall(r"with `(\w+)`", TABLE[path])

    if needed:
        with pytest.raises(MissingPermissionsError, match=f'with {needed[0]} = "arn:x"') as caught:
            Permissions().require("pool", value)
        assert len(caught.value.permissions or []) == 1
    Permissions(**dict.fromkeys(needed, "arn:x")).require("pool", value)


def test_a_member_of_tomorrow_is_sent() -> None:
    """What no model knows yet is sent as it was read."""
    assert Snapshot({"Tomorrow": {"Deep": [1]}}, {}).request_with(None)["Tomorrow"] == {"Deep": [1]}

"""`usermgr trigger` and `usermgr quotas`, and what `doctor --policy` prints, on a pool of the sandbox."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.httpsession import URLLib3Session

from tests.checks.conftest import World
from tests.cli.running import Ran, usermgr
from tests.conftest import Pool
from usermgr_cognito._quotas import RATES
from usermgr_cognito.permissions import policy
from usermgr_cognito.trigger import Trigger, UserPool
from usermgr_sandbox import REGION, Sandbox


@pytest.fixture(scope="module")
def bare(usermgr_sandbox: Sandbox, contract_pool: Pool, aws: boto3.session.Session) -> UserPool:
    """The pool as the operator reaches it, whatever the environment of a test."""
    return UserPool(
        contract_pool.id,
        region=REGION,
        endpoint_url=usermgr_sandbox.endpoint_url,
        credentials=aws.get_credentials(),
        send=URLLib3Session().send,
    )


@pytest.fixture
def world(
    usermgr_sandbox: Sandbox, pool: Pool, aws: boto3.session.Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    bare: UserPool,
) -> Iterator[World]:  # fmt: skip
    """The pool, without a trigger before and after."""
    for name in ("USERMGR_TRIGGER_ARN", "USERMGR_ACTIVITY", "ACCOUNT_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("USERMGR_BACKEND", "cognito")
    yield World(usermgr_sandbox, pool, aws, tmp_path, monkeypatch)
    put(bare, None)


def put(bare: UserPool, arn: str | None) -> None:
    """Gives the pool this trigger, whatever it has."""
    found = bare.read()
    wanted = Trigger(arn) if arn else None
    if found.trigger != wanted:
        bare.update(found.request_with(wanted))


def trigger(*arguments: str) -> Ran:
    return usermgr("trigger", *arguments, "--output", "json")


def state(arn: str | None = None) -> tuple[int, str]:
    """The status of `check`, and what it says of the trigger."""
    done = trigger("check", *([arn] if arn else []))
    return done.status, done.data["state"]


def test_attach_check_detach(world: World) -> None:
    """A question before each change, a dry run that changes nothing, and repeats that do nothing."""
    arn = world.function(allowed=True)
    world.patch.setenv("USERMGR_TRIGGER_ARN", arn)

    unanswered = usermgr("trigger", "attach")
    assert (unanswered.status, f"Attach {arn} (V1_0) to the user pool {world.pool.id}?" in unanswered.err) == (2, True)
    assert trigger("attach", "--dry-run").data["outcome"] == "would attach"
    assert state() == (1, "absent")

    assert trigger("attach", "--yes").data == {
        "user_pool_id": world.pool.id, "outcome": "attached", "trigger": f"{arn} (V1_0)", "stack": None,
    }  # fmt: skip
    assert trigger("attach").data["outcome"] == "unchanged"
    assert usermgr("trigger", "detach").status == 2
    assert trigger("detach", "--dry-run").data["outcome"] == "would detach"
    assert state() == (0, "attached")

    done = usermgr("trigger", "detach", "-y")
    assert (done.status, done.err) == (0, f"{arn} is detached from {world.pool.id}\n")
    assert trigger("detach").data["outcome"] == "unchanged"


def test_foreign_trigger_is_kept(world: World, bare: UserPool) -> None:
    """Somebody else's trigger is refused with the options that would replace it, replaced with them, and restored."""
    ours, theirs = world.function(allowed=True), "arn:aws:lambda:ap-northeast-1:123456789012:function:theirs"
    put(bare, theirs)
    assert state(ours) == (1, "foreign")

    refused = usermgr("trigger", "attach", ours, "--yes")
    assert (refused.status, "[trigger_occupied]" in refused.err) == (1, True)
    assert f"add --replaces {theirs} --replaces-version V1_0" in refused.err
    assert usermgr("trigger", "attach", ours, "--yes", "--replaces", f"{theirs}-other").status == 1
    assert trigger("detach", ours, "--yes").data["outcome"] == "unchanged"
    assert bare.read().trigger == Trigger(theirs)

    assert trigger("attach", ours, "--yes", "--replaces", theirs).data["outcome"] == "attached"
    assert bare.read().trigger == Trigger(ours)
    assert trigger("detach", ours, "--yes", "--restores", theirs).data["trigger"] == f"{theirs} (V1_0)"
    assert bare.read().trigger == Trigger(theirs)


def test_function_that_cognito_may_not_call_is_refused(world: World, bare: UserPool) -> None:
    """Attaching a function that would fail every sign-in is refused; attached all the same, `check` says so."""
    barred = world.function(allowed=False)

    refused = usermgr("trigger", "attach", barred, "--yes")
    assert (refused.status, "does not allow this pool to call it: every sign-in fails" in refused.err) == (2, True)
    assert bare.read().trigger is None

    put(bare, barred)
    found = trigger("check", barred)
    assert (found.status, found.data["state"]) == (1, "attached")
    assert "every sign-in fails" in found.data["problem"]
    assert "apply Terraform once more" in found.data["remedy"]


def test_function_whose_policy_nobody_may_read_is_told(world: World) -> None:
    """Where the caller may not read the function's policy, that is said before the question."""
    session = world.caller("cognito-idp:DescribeUserPool", "cognito-idp:GetUserPoolMfaConfig")
    key = session.get_credentials().get_frozen_credentials()
    world.patch.setenv("AWS_ACCESS_KEY_ID", key.access_key)
    world.patch.setenv("AWS_SECRET_ACCESS_KEY", key.secret_key)
    world.patch.setenv("AWS_SESSION_TOKEN", str(key.token))
    world.patch.setattr(boto3, "DEFAULT_SESSION", None)

    denied = usermgr("trigger", "attach", "arn:aws:lambda:ap-northeast-1:123456789012:function:f", "--yes")

    assert "the caller may not use lambda:GetPolicy: where the function does not allow it" in denied.err
    assert (denied.status, "[access_denied]" in denied.err) == (4, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["attach"], "no function is named", id="none"),
        pytest.param(["attach", "recorder"], "not the ARN of a Lambda function", id="name"),
        pytest.param(["attach", "arn:aws:lambda:ap-northeast-1:123456789012:function:f", "--event-version", "V4_0"],
                     "one of V1_0, V2_0, V3_0", id="version"),
    ],
)  # fmt: skip
def test_misuse(world: World, arguments: list[str], said: str) -> None:
    """What cannot be a trigger is refused before anything is asked of AWS."""
    refused = usermgr("trigger", *arguments, "--yes")

    assert (refused.status, said in refused.err) == (2, True)


def test_no_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a pool, the variable is named."""
    monkeypatch.delenv("USERPOOL_ID", raising=False)
    refused = usermgr("trigger", "check")
    assert (refused.status, "USERPOOL_ID is not set" in refused.err) == (2, True)


def test_quotas(world: World) -> None:
    """Each category with AWS's default, what the store in force tells, the operations, and the source."""
    done = usermgr("quotas", "-o", "json")
    found = {row["category"]: row for row in done.data}

    assert "https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html" in done.err
    assert {name: row["default_rate"] for name, row in found.items()} == dict(RATES)
    assert {row["in_force"] for row in found.values()} == set(RATES.values())
    assert found["UserCreation"]["operations"] == ["add_user", "confirm_user", "invite_user", "resend_invitation"]
    world.patch.delenv("USERMGR_BACKEND")
    assert {row["in_force"] for row in usermgr("quotas", "-o", "json").data} == {None}


def test_policy(world: World) -> None:
    """The policy of a role on the pool in force: its account by asking Cognito, or by ACCOUNT_ID without a request."""
    arn: Any = world.client("cognito-idp").describe_user_pool(UserPoolId=world.pool.id)["UserPool"]["Arn"]

    asked = json.loads(usermgr("doctor", "--policy", "operator").out)

    assert asked == policy(access="operator", user_pool_arn=arn)
    before = len(world.sandbox.requests())
    world.patch.setenv("ACCOUNT_ID", "210987654321")
    other = usermgr("doctor", "--policy", "read-only", "-o", "json").data
    assert len(world.sandbox.requests(before)) == 0
    assert other["Statement"][0]["Resource"] == [arn.replace(arn.split(":")[4], "210987654321")]


def test_policy_of_others(world: World) -> None:
    """A backend without policies says so, an unknown role lists the roles, and a silent Cognito names ACCOUNT_ID."""
    world.patch.setenv("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", "http://127.0.0.1:9")
    silent = usermgr("doctor", "--policy", "admin")
    assert (silent.status, "ACCOUNT_ID is not set, and Cognito does not tell" in silent.err) == (2, True)
    world.patch.setenv("USERMGR_BACKEND", "local")
    none = usermgr("doctor", "--policy", "admin")
    assert (none.status, "the backend local has no policies" in none.err) == (1, True)
    assert usermgr("doctor", "--policy", "king").status == 2

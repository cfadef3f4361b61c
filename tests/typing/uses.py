"""What a caller writes, for type checkers alone: `test_types.py` checks this file and never runs it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, assert_type

import usermgr_activity
import usermgr_activity.table
import usermgr_cognito
import usermgr_lambda_client
import usermgr_local
from usermgr import (
    Activity,
    ActivityStore,
    Change,
    Condition,
    Factory,
    GroupsChange,
    Outcome,
    User,
    UserManager,
    where,
)
from usermgr.activity import DailyCount
from usermgr.aio import AsyncActivityStore, AsyncUserManager
from usermgr.audit import Audited, FileSink, Verification, verify
from usermgr.forgetting import Forgotten, forget_user
from usermgr.search import parse, unparse


def managers() -> None:
    """Each package's `connect` returns its own class, with its own keywords and methods."""
    cognito = usermgr_cognito.connect(
        region="ap-northeast-1",
        user_pool_id="ap-northeast-1_AbCdEf123",
        client_id=None,
        client_secret=None,
        discover_client_secret=True,
        session=None,
        profile="staging",
        endpoint_url=None,
        connect_timeout=1,
        read_timeout=2.5,
        max_connections=32,
        client=None,
    )
    assert_type(cognito, usermgr_cognito.CognitoUserManager)
    assert_type(cognito.get_user("alice"), User)

    function = usermgr_lambda_client.connect(
        region="ap-northeast-1",
        function_name="usermgr",
        session=None,
        profile=None,
        endpoint_url=None,
        connect_timeout=1,
        read_timeout=2.5,
        max_connections=32,
        transport=None,
    )
    assert_type(function, usermgr_lambda_client.LambdaUserManager)
    assert_type(function.get_user("alice"), User)

    local = usermgr_local.connect(
        path="users.db",
        jwks_path=None,
        user_pool_id=None,
        client_id=None,
        case_sensitive=True,
        custom_attributes=["custom:team"],
        password_policy=usermgr_local.PasswordPolicy(),
        argon2=usermgr_local.Argon2Cost(),
    )
    assert_type(local, usermgr_local.LocalUserManager)
    assert_type(local.set_totp_secret("alice", None), None)
    assert_type(local.activity, usermgr_local.LocalActivityStore)

    assert_type(Factory.create(Factory.AWS_COGNITO, region="ap-northeast-1"), UserManager)
    for create in (usermgr_cognito.create, usermgr_lambda_client.create, usermgr_local.create):
        manager: UserManager = create()
        assert_type(manager.delete_user("alice"), None)


def mistakes() -> None:
    """What a checker must notice: strict checkers refuse an ignore that ignores nothing."""
    usermgr_cognito.connect(session="staging")  # type: ignore[arg-type]
    usermgr_lambda_client.connect(time_out=3)  # type: ignore[call-arg]
    usermgr_local.connect(path=3)  # type: ignore[arg-type]
    usermgr_activity.connect(max_connections="32")  # type: ignore[arg-type]
    Factory.create_activity(Factory.DYNAMODB).machine("job")  # type: ignore[attr-defined]


async def asynchronously() -> None:
    """Each coroutine and each asynchronous iterator has the signature of the method that it stands for."""
    async with AsyncUserManager(Factory.create(), max_workers=8) as users:
        assert_type(await users.get_user("alice"), User)
        assert_type(await users.set_groups("alice", ["staff"]), GroupsChange)
        assert_type([user async for user in users.search_users(where("name").equals("Ada"))], list[User])
        assert_type([outcome async for outcome in users.write_many([Change("delete_user", {})])], list[Outcome])
        await users.get_user(7)  # type: ignore[arg-type]
        await users.get_user(nickname="alice")  # type: ignore[call-arg]
    async with AsyncActivityStore(Factory.create_activity()) as store:
        assert_type(await store.forget("sub"), int)
        assert_type([count async for count in store.daily_counts(date.min, date.max)], list[DailyCount])


def records_and_searches() -> None:
    """A manager with records is a `UserManager`; searches are conditions."""
    users: UserManager = Audited(Factory.create(), FileSink("audit.jsonl", b"k" * 32), lambda: "kim", values=True)
    assert_type(users.get_user("alice"), User)
    assert_type(verify("audit.jsonl", key=[b"k" * 32]), Verification)
    assert_type(parse("email~ada"), tuple[Condition, ...])
    assert_type(unparse(parse("email~ada")), str)
    Audited(Factory.create(), FileSink("audit.jsonl", b"k" * 32), 7)  # type: ignore[arg-type]


def stores() -> None:
    """So does each door to an activity store, which is a context manager of its own class."""
    dynamodb = usermgr_activity.connect(
        table_name="usermgr_activity",
        user_pool_id="ap-northeast-1_AbCdEf123",
        region="ap-northeast-1",
        session=None,
        profile=None,
        endpoint_url=None,
        connect_timeout=1,
        read_timeout=2.5,
        max_connections=32,
    )
    assert_type(dynamodb, usermgr_activity.DynamoActivityStore)
    assert_type(dynamodb.machine("job"), usermgr_activity.MachineActivity | None)
    with dynamodb as opened:
        assert_type(opened, usermgr_activity.DynamoActivityStore)
        assert_type(opened.last_seen("sub"), Activity | None)
        assert_type([*opened.daily_counts(date.min, date.max)], list[DailyCount])

    local = usermgr_local.connect_activity(path="users.db", jwks_path=None, case_sensitive=None)
    assert_type(local, usermgr_local.LocalActivityStore)
    assert_type([*local.not_seen_since(datetime.min)], list[Activity])  # noqa: DTZ901 - never runs

    assert_type(Factory.create_activity(Factory.DYNAMODB, max_connections=32), ActivityStore)
    assert_type(forget_user(Factory.create(), local, "sub"), Forgotten)
    assert_type(dynamodb.forget("sub"), int)
    assert_type(usermgr_activity.table.user_key("pool", "sub"), dict[str, Any])

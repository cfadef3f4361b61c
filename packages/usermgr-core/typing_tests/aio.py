"""What a type checker sees of `usermgr.aio`: read by `make check`, never run."""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from datetime import UTC, date, datetime
from typing import assert_type

from usermgr import (
    Activity,
    AuthResult,
    Condition,
    Ensured,
    Factory,
    Group,
    Page,
    SearchPlan,
    Tokens,
    User,
    UserManager,
    UserMatches,
)
from usermgr.activity import ActivityStore, DailyCount
from usermgr.aio import AsyncActivityStore, AsyncUserManager
from usermgr.audit import Actor, Audited, AuditedManager, LoggerSink


async def users(manager: UserManager, tokens: Tokens, condition: Condition) -> None:
    """Results, keywords and defaults are those of `UserManager`; a wrong argument is an error."""
    async with AsyncUserManager(manager, max_workers=4) as users:
        assert_type(users, AsyncUserManager)
        assert_type(await users.add_user("alice", "secret", {"email": "a@example.org"}, temporary=True), User)
        assert_type(await users.get_user("alice"), User)
        assert_type(await users.find_users([condition], limit=5), UserMatches)
        assert_type(await users.disable_user(username="alice"), None)
        assert_type(await users.list_groups(limit=5), Page[Group])
        assert_type(await users.authenticate("alice", "secret"), AuthResult)
        assert_type(await users.refresh(tokens), Tokens)
        assert_type(await users.user_exists("alice", eventually_consistent=True), bool)
        assert_type(await users.get_users_by_email("a@example.org"), tuple[User, ...])
        assert_type(await users.plan_search(condition), SearchPlan)
        assert_type(await users.ensure_user("alice", enabled=False), Ensured)
        assert_type(users.iter_users(), AsyncGenerator[User])
        assert_type(users.search_users(condition, condition), AsyncGenerator[User])
        async for group in users.iter_groups_for_user("alice"):
            assert_type(group, Group)
        await users.get_user()  # pyright: ignore[reportCallIssue] - that is the mistake
        await users.get_user(1)  # pyright: ignore[reportArgumentType] - that is the mistake
        await users.add_user("alice", temporarily=True)  # pyright: ignore[reportCallIssue] - that is the mistake
        users.search_users("alice")  # pyright: ignore[reportArgumentType] - that is the mistake


async def activity(store: ActivityStore, subs: Iterable[str]) -> None:
    """The same for activity."""
    async with AsyncActivityStore(store) as activity:
        assert_type(await activity.last_seen("s-1"), Activity | None)
        assert_type(await activity.count_active(date(2026, 1, 31)), int)
        async for found in activity.last_seen_many(subs):
            assert_type(found, tuple[str, Activity | None])
        async for seen in activity.not_seen_since(datetime(2026, 1, 31, tzinfo=UTC)):
            assert_type(seen, Activity)
        async for count in activity.daily_counts(date(2026, 1, 1), last=date(2026, 1, 31)):
            assert_type(count, DailyCount)


def audited(sink: LoggerSink) -> None:
    """An audited manager is a manager, and nothing about it is abstract."""
    users = Audited(Factory.create(), sink, lambda: Actor("kim", {"from": "192.0.2.1"}), before=True)
    assert_type(users, AuditedManager)
    manager: UserManager = users
    assert_type(manager.get_user("alice"), User)
    Audited(Factory.create(), sink)  # pyright: ignore[reportCallIssue] - an actor has no default

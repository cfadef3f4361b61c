"""A store whose calls are seen, on the embedded store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from usermgr import Capability, Change, Factory, UserManager
from usermgr.errors import UserNotFoundError
from usermgr.operations import OPERATIONS, Operation
from usermgr.watching import Watched

Seen = list[tuple[str, dict[str, Any], str]]


@pytest.fixture
def seen() -> Seen:
    return []


@pytest.fixture
def users(tmp_path: Path, seen: Seen) -> Iterator[UserManager]:
    @contextmanager
    def watch(operation: Operation, arguments: Mapping[str, Any]) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            seen.append((operation.name, dict(arguments), type(error).__name__))
            raise
        seen.append((operation.name, dict(arguments), "done"))

    with Watched(Factory.create(Factory.LOCAL, path=str(tmp_path / "users.db")), watch) as manager:
        yield manager


def test_each_call_is_seen_with_how_it_ended(users: UserManager, seen: Seen) -> None:
    """Every operation is seen with its arguments, those that `ensure_user` makes too, and an error passes as it is."""
    users.ensure_user("ada", {"name": "Ada"})
    with pytest.raises(UserNotFoundError):
        users.get_user("grace")

    assert ("get_user", {"username": "grace"}, "UserNotFoundError") in seen
    assert [name for name, _, outcome in seen if outcome == "done" and name == "add_user"] == ["add_user"]
    assert {name for name, _, _ in seen} <= set(OPERATIONS)


def test_store_stays_what_it_is(users: UserManager, seen: Seen) -> None:
    """It has batches where the store inside has them, and one of them is passed on whole."""
    assert users.describe().can(Capability.BATCHES)

    outcomes = list(users.write_many([Change("add_user", {"username": "ada"})]))

    assert [outcome.error for outcome in outcomes] == [None]
    assert "add_user" not in [name for name, _, _ in seen]

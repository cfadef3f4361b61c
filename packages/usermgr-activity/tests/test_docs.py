"""The examples of docs/activity.md run, in their order, against a table that holds what the page says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

from usermgr import User, UserStatus
from usermgr.activity import Sighting, SightingKind
from usermgr.errors import UserNotFoundError
from usermgr_activity import SHARDS, DynamoActivityStore, table

DOCS = Path(__file__).parents[3] / "docs" / "activity.md"
POOL = "ap-northeast-1_Example"


class Users:
    """As much of a user manager as the page uses."""

    def __init__(self) -> None:
        self.deleted: list[str] = []

    def iter_users(self) -> Iterator[User]:
        created = datetime(2025, 6, 1, tzinfo=UTC)
        for name in ("ada", "bob", "root", "zoe", "backup-service"):
            yield User(name, f"sub-of-{name}", UserStatus.CONFIRMED, True, created, created)

    def search_users(self, *_: object) -> Iterator[User]:
        return (user for user in self.iter_users() if user.username == "root")

    def disable_user(self, username: str) -> None:
        assert username in ("bob", "zoe")

    def get_user(self, username: str) -> User:
        if username in self.deleted or username.startswith("sub-of-"):
            raise UserNotFoundError(username=username)
        return next(user for user in self.iter_users() if user.username == username)

    def get_user_by_sub(self, sub: str) -> User:
        return self.get_user(sub.removeprefix("sub-of-"))

    def delete_user(self, username: str) -> None:
        self.deleted.append(username)


def test_examples(
    make_store: Callable[..., DynamoActivityStore], table_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every example of the page gives what the page says."""
    monkeypatch.setenv("USERPOOL_ID", POOL)
    monkeypatch.setenv("DYNAMODB_NAME", table_name)
    store = make_store()
    for sub, kind, client, at in (
        ("sub-of-bob", SightingKind.SIGN_IN, "mobile", datetime(2026, 1, 30, 7, 0, tzinfo=UTC)),
        ("sub-of-ada", SightingKind.SIGN_IN, "web", datetime(2026, 1, 31, 8, 0, tzinfo=UTC)),
        ("sub-of-ada", SightingKind.REFRESH, "web", datetime(2026, 1, 31, 9, 30, tzinfo=UTC)),
    ):
        store.record(Sighting(sub, kind, client, at))
    document = Sybil([PythonCodeBlockParser()]).parse(DOCS)
    document.namespace["users"] = Users()
    examples = list(document.examples())
    assert len(examples) >= 6
    for example in examples:
        example.evaluate()


def test_the_page_has_the_constants() -> None:
    """The number of shards, and the names of keys and attributes, are the code's."""
    page = DOCS.read_text()
    names = [value for name, value in vars(table).items() if name.isupper() and isinstance(value, str)]

    assert f"spread over {SHARDS} shards" in page
    assert len(names) > 8
    assert [name for name in names if f"`{name}`" not in page] == []

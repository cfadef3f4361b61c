"""Export and import between real backends: equal but for what the manifest names, and whole after a kill anywhere."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import usermgr_local
from tests.conftest import Pool
from usermgr import Factory, UserManager
from usermgr_bulk import Existing, ImportOptions, RowOutcome, check_import, export_users, import_users, read_export
from usermgr_bulk._manifest import NOT_CARRIED
from usermgr_local import LocalUserManager

COUNT = 70


@pytest.fixture
def source(tmp_path: Path) -> Iterator[LocalUserManager]:
    """A local store with people of all kinds."""
    users = usermgr_local.create(path=tmp_path / "source.db")
    users.add_group("staff", description="Everybody — 全員", precedence=3)
    users.add_group("admins")
    for number in range(COUNT):
        attributes = {"email": f"u{number}@example.org", "email_verified": "true", "name": f"佐藤 {number}\u2028'"}
        users.add_user(f"u{number}", None, attributes if number % 4 else {})
        if number % 3 == 0:
            users.add_user_to_group(f"u{number}", "staff")
        if number % 7 == 0:
            users.add_user_to_group(f"u{number}", "admins")
            users.disable_user(f"u{number}")
    yield users
    users.close()


@pytest.fixture
def target(tmp_path: Path) -> Iterator[LocalUserManager]:
    """An empty local store."""
    users = usermgr_local.create(path=tmp_path / "target.db")
    yield users
    users.close()


def content(folder: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """An export's users and groups, in an order of their own, without what the manifest says is not carried."""
    users = [json.loads(line) for line in (folder / "users.jsonl").read_text().splitlines()]
    kept = [{name: value for name, value in user.items() if name not in NOT_CARRIED} for user in users]
    groups = [json.loads(line) for line in (folder / "groups.jsonl").read_text().splitlines()]
    return sorted(kept, key=lambda user: user["username"]), sorted(groups, key=lambda group: group["name"])


def through(source: UserManager, target: UserManager, folder: Path) -> None:
    """Exports, checks, imports and exports again; both exports hold the same."""
    export_users(source, folder / "one")
    export = read_export(folder / "one")
    assert check_import(target, export, groups=export.groups()).problems == []

    summary = import_users(target, export, journal=folder / "journal", groups=export.groups())

    assert summary.all_succeeded
    assert summary.counts[RowOutcome.CREATED] == COUNT
    export_users(target, folder / "two")
    assert content(folder / "two") == content(folder / "one")


def test_from_local_to_local(source: LocalUserManager, target: LocalUserManager, tmp_path: Path) -> None:
    """Users, state, memberships and groups are the same in the second store; again, nothing is left to change."""
    through(source, target, tmp_path)

    export = read_export(tmp_path / "one")
    options = ImportOptions(existing=Existing.UPDATE)
    again = import_users(target, export, journal=tmp_path / "again", groups=export.groups(), options=options)
    assert again.counts[RowOutcome.UNCHANGED] == COUNT


def test_an_export_goes_on_with_another_manager_of_the_store(
    source: LocalUserManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page token that was kept is good for the next process: nothing that was read is read again."""
    export_users(source, tmp_path / "whole")
    stop = threading.Event()
    now = itertools.count(time.time()).__next__  # each page is kept
    with pytest.raises(KeyboardInterrupt):
        export_users(source, tmp_path / "out", stop=stop, progress=lambda _: stop.set(), now=now)  # in the first of two

    asked: list[str | None] = []
    find_users = LocalUserManager.find_users

    def find(self: LocalUserManager, *conditions: Any, page_token: str | None = None, **more: Any) -> Any:
        asked.append(page_token)
        return find_users(self, *conditions, page_token=page_token, **more)

    monkeypatch.setattr(LocalUserManager, "find_users", find)
    with usermgr_local.create(path=tmp_path / "source.db") as again:
        export_users(again, tmp_path / "out", resume=True, now=now)

    assert len(asked) == 1
    assert asked[0] is not None
    assert (tmp_path / "out" / "users.jsonl").read_bytes() == (tmp_path / "whole" / "users.jsonl").read_bytes()


def test_from_local_to_cognito(source: LocalUserManager, pool: Pool, tmp_path: Path) -> None:
    """The same holds for a user pool, in the numbers that its quotas allow."""
    cognito = Factory.create(Factory.AWS_COGNITO)
    for number in range(10, COUNT):
        source.delete_user(f"u{number}")
    source.delete_group("admins")
    export_users(source, tmp_path / "one")
    export = read_export(tmp_path / "one")
    assert check_import(cognito, export, groups=export.groups()).problems == []

    summary = import_users(cognito, export, journal=tmp_path / "journal", groups=export.groups())

    assert (summary.all_succeeded, summary.counts[RowOutcome.CREATED]) == (True, 10)
    export_users(cognito, tmp_path / "two")
    assert content(tmp_path / "two") == content(tmp_path / "one")


def test_a_kill_anywhere_leaves_nobody_missing(
    source: LocalUserManager, target: LocalUserManager, tmp_path: Path
) -> None:
    """With each beginning of the journal that a kill may leave, going on ends with everybody created and in place."""
    through(source, target, tmp_path)
    whole = (tmp_path / "journal").read_bytes()
    lines = whole.splitlines(keepends=True)
    begun = next(n for n, line in enumerate(lines) if b'"begin"' in line)
    export = read_export(tmp_path / "one")
    target.remove_user_from_group("u0", "staff")  # as where the kill came before the last step
    target.enable_user("u0")

    for kept in (begun + 1, begun + 2, len(lines) - 1):
        (tmp_path / "journal").write_bytes(b"".join(lines[:kept]) + lines[kept][:9])
        summary = import_users(target, export, journal=tmp_path / "journal", groups=export.groups())

        assert (summary.counts[RowOutcome.CREATED], summary.rows) == (COUNT, COUNT)

    export_users(target, tmp_path / "three")
    assert content(tmp_path / "three") == content(tmp_path / "one")

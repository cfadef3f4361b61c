"""Exporting: whole or not at all, for the owner alone, and as it was when it is read again."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.bulk.stub import StubStore, once
from usermgr import AttributeDescription, Group
from usermgr.backoff import Backoff
from usermgr.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidInputError,
    InvalidPageTokenError,
    ServiceError,
    ThrottledError,
)
from usermgr.records import LINE_LIMIT
from usermgr_bulk import Export, Manifest, Progress, export_users, read_export
from usermgr_bulk._partial import Partial

QUICK = Backoff(first=0.001, longest=0.002)


@pytest.fixture
def store() -> StubStore:
    """Three pages of users, of whom some are in groups."""
    store = StubStore()
    store.add_group("admins")
    store.add_group("staff")
    for number in range(150):
        store.add_user(f"User{number}", None, {"email": f"u{number}@example.org", "sub": "x"})
        if number % 2:
            store.add_user_to_group(f"User{number}", "staff")
    store.add_user_to_group("User1", "admins")
    return store


def users_of(export: Export) -> dict[str, Any]:
    """The records by name."""
    return {row.record.username: row.record for row in export.rows() if row.record is not None}


def test_an_export_holds_all(store: StubStore, tmp_path: Path) -> None:
    """Users with attributes, state and memberships, and groups; the manifest counts them and says what is lacking."""
    manifest = export_users(store, tmp_path / "out")

    export = read_export(tmp_path / "out")
    assert export.manifest == manifest
    assert (manifest.users, manifest.groups, manifest.memberships) == (150, 2, 76)
    assert manifest.attributes == {"email": 150}
    assert {"passwords", "mfa", "sub", "created_at"} <= manifest.not_carried.keys()
    user = users_of(export)["User1"]
    assert (user.attributes, user.groups, user.sub) == ({"email": "u1@example.org"}, ("admins", "staff"), "sub-user1")
    assert (user.enabled, user.password) == (True, None)
    assert users_of(export)["User0"].groups == ()
    assert list(export.groups()) == [Group("admins"), Group("staff")]


def test_it_takes_a_request_a_page_and_not_a_user(store: StubStore, tmp_path: Path) -> None:
    """Memberships are read group by group."""
    store.calls.clear()

    export_users(store, tmp_path / "out")

    assert store.calls == {"list_groups": 1, "find_users": 3 + 2 + 1}


def test_the_files_are_for_their_owner_alone(store: StubStore, tmp_path: Path) -> None:
    """Folder 0700, files 0600, whatever the umask, and nothing else beside them."""
    before = os.umask(0)
    try:
        export_users(store, tmp_path / "out")
    finally:
        os.umask(before)

    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "out").iterdir()}
    assert modes == dict.fromkeys(("users.jsonl", "groups.jsonl", "manifest.json"), 0o600)
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o700
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    "error", [pytest.param(AccessDeniedError(), id="denied"), pytest.param(OSError(28), id="disk")]
)
def test_an_export_that_read_nothing_leaves_nothing(store: StubStore, tmp_path: Path, error: Exception) -> None:
    """Where the first page fails, no folder is there afterwards, and the error is what it was."""
    store.before = once(error, "list_groups")

    with pytest.raises(type(error)):
        export_users(store, tmp_path / "out")

    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_export_left_is_not_in_the_next(store: StubStore, tmp_path: Path) -> None:
    """The next export begins anew over the remains, and nobody takes those for an export."""
    remains = tmp_path / ".out.partial"
    remains.mkdir()
    (remains / "users.jsonl").write_text('{"username":"ghost"}\n')
    with pytest.raises(InvalidInputError, match="no manifest"):
        read_export(remains)

    export_users(store, tmp_path / "out")

    assert "ghost" not in users_of(read_export(tmp_path / "out"))


def test_two_exports_into_one_folder_are_refused(store: StubStore, tmp_path: Path) -> None:
    """The second touches nothing that the first has written; a folder that is there is refused, too."""
    with Partial(tmp_path / "out", store.describe()) as partial:
        (partial.folder / "users.jsonl").write_text("mine")
        with pytest.raises(ConflictError, match="another export"):
            export_users(store, tmp_path / "out")
        assert (partial.folder / "users.jsonl").read_text() == "mine"

    (tmp_path / "out").mkdir()
    with pytest.raises(InvalidInputError, match="is there already"):
        export_users(store, tmp_path / "out")


def test_an_old_page_token_starts_the_listing_anew(store: StubStore, tmp_path: Path) -> None:
    """A token that waited for more than an hour, or that the store refuses, is not a gap in the export."""
    now, told = [0.0], [0]

    def sleep(_: Progress) -> None:
        told[0] += 1
        now[0] += 3601 * (told[0] == 1)  # after the first page

    store.calls.clear()
    export_users(store, tmp_path / "slept", now=lambda: now[0], progress=sleep)
    assert store.calls["list_groups"] == 2
    store.before = once(InvalidPageTokenError(), "find_users")
    export_users(store, tmp_path / "refused")

    for name in ("slept", "refused"):
        assert sorted(users_of(read_export(tmp_path / name))) == sorted(f"User{number}" for number in range(150))


def test_a_listing_that_never_ends_in_time_is_an_error(store: StubStore, tmp_path: Path) -> None:
    """After three starts the export says that the store is too slow."""
    store.before = lambda operation, _: (
        (_ for _ in ()).throw(InvalidPageTokenError()) if operation == "find_users" else None
    )

    with pytest.raises(ServiceError, match="too old 3 times"):
        export_users(store, tmp_path / "out")


def test_a_refused_page_is_asked_for_again(store: StubStore, tmp_path: Path) -> None:
    """Throttling loses no page."""
    store.before = once(ThrottledError(), "find_users")

    assert export_users(store, tmp_path / "out", backoff=QUICK).users == 150


def test_progress_and_stop(store: StubStore, tmp_path: Path) -> None:
    """Progress ends with the number of users; `stop` ends the export and leaves nothing."""
    told: list[Progress] = []
    export_users(store, tmp_path / "out", progress=told.append)
    stop = threading.Event()
    stop.set()

    with pytest.raises(KeyboardInterrupt):
        export_users(store, tmp_path / "other", stop=stop)

    assert told[-1].done == 150
    assert not (tmp_path / "other").exists()


def _cut(folder: Path) -> None:
    path = folder / "users.jsonl"
    path.write_bytes(path.read_bytes()[:-10])


def _manifest(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        path = folder / "manifest.json"
        members = json.loads(path.read_text())
        change(members)
        path.write_text(json.dumps(members))

    return apply


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        pytest.param(_cut, "not as it was written", id="cut"),
        pytest.param(_manifest(lambda m: m.update(manifest=2)), "another version", id="version"),
        pytest.param(_manifest(lambda m: m.update(users="many")), "users must be", id="type"),
        pytest.param(_manifest(lambda m: m.update(files={})), "not as it was written", id="no checksum"),
        pytest.param(lambda f: (f / "manifest.json").unlink(), "no manifest", id="no manifest"),
        pytest.param(lambda f: (f / "manifest.json").write_text("{"), "no manifest", id="no JSON"),
        pytest.param(lambda f: (f / "manifest.json").write_text("[" * 100_000), "no manifest", id="deep"),
    ],
)
def test_a_damaged_export_is_refused(
    store: StubStore, tmp_path: Path, damage: Callable[[Path], None], says: str
) -> None:
    """What is not as it was written is not imported."""
    export_users(store, tmp_path / "out")
    damage(tmp_path / "out")

    with pytest.raises(InvalidInputError, match=says):
        read_export(tmp_path / "out")


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"{}", id="no name"),
        pytest.param(b'{"name": 1}', id="no text"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b'{"name": "%s"}' % (b"a" * LINE_LIMIT), id="without end"),
    ],
)
def test_a_line_that_is_no_group_is_refused(store: StubStore, tmp_path: Path, line: bytes) -> None:
    """Even where the manifest has the sum of such a file, reading its groups is an error that says what is wrong."""
    export_users(store, tmp_path / "out")
    (tmp_path / "out" / "groups.jsonl").write_bytes(line + b"\n")
    sha256 = hashlib.sha256(line + b"\n").hexdigest()
    _manifest(lambda m: m["files"]["groups.jsonl"].update(sha256=sha256))(tmp_path / "out")

    with pytest.raises(InvalidInputError, match=r"name must be|is damaged at line 1"):
        list(read_export(tmp_path / "out").groups())


def test_the_manifest_tells_what_a_target_lacks(store: StubStore, tmp_path: Path) -> None:
    """Attributes that the target does not know or only writes itself, and what its groups do not have."""
    manifest: Manifest = export_users(store, tmp_path / "out")
    target = StubStore(capabilities=(), attributes=[AttributeDescription("sub", writers=())]).describe()

    lost = manifest.not_carried_into(target)

    assert "150 users have it" in lost["email"]
    assert {"group_descriptions", "group_precedence", "passwords"} <= lost.keys()

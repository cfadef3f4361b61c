"""An export that was interrupted goes on where it was, and ends as if it had not been."""

from __future__ import annotations

import errno
import itertools
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.bulk.stub import StubStore, once
from usermgr.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidInputError,
    InvalidPageTokenError,
)
from usermgr_bulk import BulkStoppedError, Manifest, Progress, export_users, read_export, unfinished_export
from usermgr_bulk._partial import Checkpoint

ROOT = Path(__file__).parents[3]

PAGES = 1 + 2 + 1 + 1 + 3
"""How many pages the export of `store` reads: of groups, of the members of each, and of users."""


@pytest.fixture
def store() -> StubStore:
    """Three pages of users, and three groups, one with two pages of members, and one with none."""
    store = StubStore()
    for group in ("staff", "nobody", "admins"):
        store.add_group(group)
    for number in range(150):
        store.add_user(f"User{number}", None, {"email": f"u{number}@example.org", "sub": "x"})
        if number % 2:
            store.add_user_to_group(f"User{number}", "staff")
    store.add_user_to_group("User1", "admins")
    store.calls.clear()
    return store


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sync takes no time: that it is made in time is counted, and a kill does not need it."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)


def ticking() -> Callable[[], float]:
    """A clock that goes on by a second with each look, so that each page is kept."""
    return itertools.count(1000.0).__next__


def standing() -> Callable[[], float]:
    """A clock that stands, so that only the first page is kept."""
    return lambda: 1000.0


def fail_at(call: int, error: BaseException) -> Callable[[str, tuple[Any, ...]], None]:
    """Raises the error at that call, counted from 0."""
    calls = itertools.count()

    def fail(_operation: str, _arguments: tuple[Any, ...]) -> None:
        if next(calls) == call:
            raise error

    return fail


def interrupt(store: StubStore, folder: Path, call: int = 5, *, now: Callable[[], float] | None = None) -> Path:
    """Ends an export at that call; the folder that it has left."""
    store.before = fail_at(call, AccessDeniedError())
    with pytest.raises(BulkStoppedError):
        export_users(store, folder, now=now or ticking())
    store.before = lambda _operation, _arguments: None
    store.calls.clear()
    partial = unfinished_export(folder)
    assert partial is not None
    return partial


def content(folder: Path) -> tuple[bytes, bytes, dict[str, Any]]:
    """All of an export but its times."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    return (
        (folder / "users.jsonl").read_bytes(),
        (folder / "groups.jsonl").read_bytes(),
        {**manifest, "began": None, "ended": None},
    )


@pytest.mark.parametrize("clock", [ticking, standing])
def test_an_export_that_goes_on_ends_as_if_it_had_not_been_interrupted(
    store: StubStore, tmp_path: Path, clock: Callable[[], Callable[[], float]]
) -> None:
    """Wherever it ended, users, groups and manifest are the same, and no page that was kept is read again."""
    export_users(store, tmp_path / "whole", now=clock())
    pages = store.calls.total()

    for call in range(1, pages):
        target = tmp_path / str(call)
        partial = interrupt(store, target, call, now=clock())
        for name in ("users.jsonl", "groups.jsonl", "members.jsonl"):
            with (partial / name).open("ab") as stream:
                stream.write(b'{"torn":' * 9000)  # longer than all that comes
        manifest = export_users(store, target, resume=True, now=clock())

        assert content(target) == content(tmp_path / "whole")
        assert read_export(target).manifest == manifest
        assert store.calls.total() == pages - (call if clock is ticking else 1)


def test_kills_leave_an_export_whole() -> None:
    """An export that is killed at random moments and resumed ends as one that was not."""
    command = [sys.executable, "-m", "benchmarks.bulk.kills", "2", "export"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == 0, done.stdout + done.stderr


def test_lines_are_durable_before_the_checkpoint_that_counts_them(
    store: StubStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each request, all that the checkpoint counts was synced, itself too; and progress counts no more than that."""
    durable: dict[int, int] = {}
    real, synced, looks = os.fsync, [], []

    def sync(descriptor: int) -> None:
        real(descriptor)
        found = os.fstat(descriptor)
        durable[found.st_ino] = found.st_size
        synced.append(found.st_ino)

    def look(_operation: str, _arguments: tuple[Any, ...]) -> None:
        partial = unfinished_export(tmp_path / "out")
        if partial is None:
            return
        checkpoint = partial / "checkpoint.json"
        parts = {partial / name: part["size"] for name, part in json.loads(checkpoint.read_bytes())["files"].items()}
        for path, size in {**parts, checkpoint: checkpoint.stat().st_size}.items():
            assert durable.get(path.stat().st_ino, 0) >= size
        looks.append(parts[partial / "users.jsonl"])

    def tell(progress: Progress) -> None:
        partial = unfinished_export(tmp_path / "out")
        assert partial is not None
        assert progress.done == json.loads((partial / "checkpoint.json").read_bytes())["files"]["users.jsonl"]["lines"]

    monkeypatch.setattr(os, "fsync", sync)
    store.before = look
    export_users(store, tmp_path / "out", now=ticking(), progress=tell)

    assert looks == sorted(looks)
    assert len(looks) == PAGES - 1
    assert 3 * PAGES <= len(synced) <= 3 * PAGES + 10  # the lines, the checkpoint and its name, and a few at both ends


def test_syncs_do_not_grow_with_the_pages(store: StubStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages that come quickly share a checkpoint."""
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)

    export_users(store, tmp_path / "out", now=standing())

    assert 0 < len(synced) <= 16


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(AccessDeniedError(), id="credentials"),
        pytest.param(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), id="disk"),
        pytest.param(InvalidInputError("no"), id="input"),
    ],
)
def test_what_stops_an_export_is_told_with_what_to_do(store: StubStore, tmp_path: Path, error: Exception) -> None:
    """The error has its reason as its cause, and names the folder, which is for its owner alone."""
    store.before = fail_at(5, error)

    with pytest.raises(BulkStoppedError, match="resume the export to go on, or remove") as stopped:
        export_users(store, tmp_path / "out")

    partial = unfinished_export(tmp_path / "out")
    assert partial is not None
    assert stopped.value.__cause__ is error
    assert f"remove {partial}, which holds personal data" in stopped.value.message
    assert list(tmp_path.iterdir()) == [partial]
    assert partial.name.startswith(".")
    assert partial.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in partial.iterdir()} == {0o600}


def test_a_full_disk_costs_what_was_not_durable_yet(
    store: StubStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkpoint that cannot be written leaves the one before it good."""
    export_users(store, tmp_path / "whole", now=ticking())
    left = itertools.count()
    real = os.fsync

    def sync(descriptor: int) -> None:
        if next(left) == 20:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", sync)
    with pytest.raises(BulkStoppedError, match="No space left on device"):
        export_users(store, tmp_path / "out", now=ticking())
    export_users(store, tmp_path / "out", resume=True, now=ticking())

    assert content(tmp_path / "out") == content(tmp_path / "whole")


@pytest.mark.parametrize("by", ["Ctrl-C", "stop"])
def test_ctrl_c_keeps_what_was_read(store: StubStore, tmp_path: Path, by: str) -> None:
    """It is a `KeyboardInterrupt` that says what is kept, and how to go on; again before the first page, too."""
    stop = threading.Event()
    store.before = fail_at(5, KeyboardInterrupt()) if by == "Ctrl-C" else lambda *_: stop.set()

    with pytest.raises(KeyboardInterrupt, match=r"interrupted: resume the export to go on, or remove .*personal data"):
        export_users(store, tmp_path / "out", stop=stop)
    stop.set()
    with pytest.raises(KeyboardInterrupt, match="to go on"):
        export_users(store, tmp_path / "out", resume=True, stop=stop)

    assert unfinished_export(tmp_path / "out") is not None
    store.before = lambda *_: None
    assert export_users(store, tmp_path / "out", resume=True).users == 150
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_export_that_is_started_again_begins_anew(store: StubStore, tmp_path: Path) -> None:
    """Without `resume`, what an interrupted one has left goes, and everything is read."""
    interrupt(store, tmp_path / "out")

    export_users(store, tmp_path / "out")

    assert store.calls.total() == PAGES
    assert unfinished_export(tmp_path / "out") is None


def test_there_need_be_nothing_to_go_on_with(store: StubStore, tmp_path: Path) -> None:
    """Then the export begins, so that whoever tries again and again can say the same each time."""
    assert export_users(store, tmp_path / "out", resume=True).users == 150


@pytest.mark.parametrize("call", [2, 5], ids=["amid a listing", "between two"])
@pytest.mark.parametrize(
    ("seconds", "anew"),
    [
        pytest.param(3590, False, id="an hour"),
        pytest.param(3630, True, id="more"),
        pytest.param(-3630, True, id="set back"),
    ],
)
def test_what_is_older_than_an_hour_is_read_anew(
    store: StubStore, tmp_path: Path, call: int, seconds: int, anew: bool
) -> None:
    """By the clock on the wall, whatever process looks at it; the result is whole either way."""
    interrupt(store, tmp_path / "out", call)
    assert store.calls["list_groups"] == 0
    later = itertools.count(1000.0 + seconds).__next__
    store.add_user("new")

    manifest = export_users(store, tmp_path / "out", resume=True, now=later)

    assert (manifest.users, manifest.memberships) == (151, 76)
    assert (store.calls["list_groups"] == 1) is anew
    assert (manifest.began.timestamp() >= 1000 + seconds) is (anew or seconds < 0)


def test_a_token_that_the_store_refuses_starts_the_listing_anew(store: StubStore, tmp_path: Path) -> None:
    """As in an export that was not interrupted; nothing is in it twice."""
    interrupt(store, tmp_path / "out", PAGES - 1)
    store.before = once(InvalidPageTokenError(), "find_users")
    store.members.remove(("user1", "admins"))

    manifest = export_users(store, tmp_path / "out", resume=True, now=ticking())

    assert (manifest.users, manifest.groups, manifest.memberships) == (150, 3, 75)
    assert len(list(read_export(tmp_path / "out").rows())) == 150


def test_a_token_is_in_no_text() -> None:
    """It is in the file alone, because it may tell who was read last."""
    assert "secret" not in repr(Checkpoint("stub", None, began=0.0, at=0.0, token="secret"))


@pytest.mark.parametrize("changes", [{"service": "local"}, {"store": "two"}])
def test_the_checkpoint_of_another_store_is_refused(store: StubStore, tmp_path: Path, changes: dict[str, Any]) -> None:
    """Nothing of it is touched, because it can be gone on with in its own store."""
    partial = interrupt(store, tmp_path / "out")
    before = {path: path.read_bytes() for path in partial.iterdir()}
    checkpoint = partial / "checkpoint.json"
    checkpoint.write_text(json.dumps({**json.loads(checkpoint.read_bytes()), **changes}))

    with pytest.raises(ConflictError, match="of another store: begin the export anew"):
        export_users(store, tmp_path / "out", resume=True, now=ticking())

    checkpoint.write_bytes(before[checkpoint])
    assert {path: path.read_bytes() for path in partial.iterdir()} == before
    assert store.calls.total() == 0


def _change(**members: Any) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        path = folder / "checkpoint.json"
        path.write_text(json.dumps({**json.loads(path.read_bytes()), **members}))

    return change


def _cut(name: str) -> Callable[[Path], object]:
    return lambda folder: os.truncate(folder / name, (folder / name).stat().st_size - 3)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(_cut("checkpoint.json"), id="cut"),
        pytest.param(lambda f: (f / "checkpoint.json").write_bytes(b""), id="empty"),
        pytest.param(lambda f: (f / "checkpoint.json").write_bytes(b"\xff\x00"), id="no text"),
        pytest.param(lambda f: (f / "checkpoint.json").write_text("[]"), id="list"),
        pytest.param(_change(checkpoint=2), id="version"),
        pytest.param(_change(listing="1"), id="type"),
        pytest.param(_change(files={}), id="no sums"),
        pytest.param(_cut("users.jsonl"), id="users cut"),
        pytest.param(_cut("members.jsonl"), id="members cut"),
        pytest.param(lambda f: (f / "groups.jsonl").unlink(), id="no groups"),
    ],
)
def test_a_damaged_checkpoint_is_refused(store: StubStore, tmp_path: Path, damage: Callable[[Path], object]) -> None:
    """One that is damaged, of another version, or whose files are, is refused with what to do; which then helps."""
    damage(interrupt(store, tmp_path / "out", PAGES - 1))

    with pytest.raises(InvalidInputError, match="begin the export anew"):
        export_users(store, tmp_path / "out", resume=True, now=ticking())

    assert store.calls.total() == 0
    assert export_users(store, tmp_path / "out").users == 150


def test_a_folder_that_is_taken_meanwhile_costs_nothing(store: StubStore, tmp_path: Path) -> None:
    """It is left alone, and once it was moved away, the export is there without another request."""
    store.before = lambda *_: (tmp_path / "out").mkdir(exist_ok=True)
    with pytest.raises(BulkStoppedError, match="is there by now: move it away"):
        export_users(store, tmp_path / "out", now=ticking())
    (tmp_path / "out").rmdir()
    store.calls.clear()

    assert export_users(store, tmp_path / "out", resume=True, now=ticking()).users == 150
    assert store.calls.total() == 0


def test_two_exports_cannot_go_on_at_once(store: StubStore, tmp_path: Path) -> None:
    """The second is refused while the first runs, and what the first has is untouched."""
    interrupt(store, tmp_path / "out")
    refused: list[str] = []

    def again(_operation: str, _arguments: tuple[Any, ...]) -> None:
        for resume in (True, False):
            with pytest.raises(ConflictError, match="another export into") as conflict:
                export_users(StubStore(), tmp_path / "out", resume=resume)
            refused.append(conflict.value.message)

    store.before = again

    assert export_users(store, tmp_path / "out", resume=True, now=ticking()).users == 150
    assert refused


def test_a_group_that_is_deleted_meanwhile_stops_no_export(store: StubStore, tmp_path: Path) -> None:
    """Nobody is in it; else an export that goes on would meet it again and again."""

    def delete(operation: str, _arguments: tuple[Any, ...]) -> None:
        if operation == "find_users":
            store.groups.pop("staff", None)

    store.before = delete

    manifest: Manifest = export_users(store, tmp_path / "out")

    assert (manifest.users, manifest.groups, manifest.memberships) == (150, 3, 1)

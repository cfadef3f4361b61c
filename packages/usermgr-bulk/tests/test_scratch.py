"""What is kept on the disk while bulk work runs, when there is no room for it."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.bulk.stub import StubStore
from usermgr.records import Row, UserRecord
from usermgr_bulk import BulkStoppedError, Input, check_import, export_users, import_users


@dataclass(frozen=True)
class Many(Input):
    """More people than there is room for."""

    def rows(self) -> Iterator[Row]:
        for line in range(1, 2000):
            yield Row(line, UserRecord(f"person-{line:0>60}"))

    def fingerprint(self) -> str:
        return "0" * 64


@pytest.fixture(autouse=True)
def little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite's own limit, which it answers as it answers a full disk."""
    connect = sqlite3.connect

    def small(name: str, **options: object) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(name, **options)  # type: ignore[call-overload]
        connection.execute("PRAGMA max_page_count = 8")
        return connection

    monkeypatch.setattr("usermgr_bulk._scratch.sqlite3.connect", small)


def crowd() -> StubStore:
    """A store with a group of more people than there is room for."""
    store = StubStore()
    store.add_group("all")
    for row in Many().rows():
        assert row.record is not None
        store.add_user(row.record.username)
        store.add_user_to_group(row.record.username, "all")
    return store


def full(error: BaseException | None) -> bool:
    """Whether the error says that there is no room, for what, and what to do."""
    return isinstance(error, OSError) and error.errno == errno.ENOSPC and "SQLITE_TMPDIR" in str(error)


def test_an_import_without_room_for_temporary_files_stops_and_keeps_its_journal(tmp_path: Path) -> None:
    """It stops as on any full disk: the summary is right, and the same run goes on."""
    with pytest.raises(BulkStoppedError, match="temporary files") as stopped:
        import_users(StubStore(), Many(), journal=tmp_path / "journal")

    assert full(stopped.value.__cause__)
    assert stopped.value.summary is not None
    assert 0 < stopped.value.summary.rows < 1999
    assert (tmp_path / "journal").exists()


@pytest.mark.parametrize(
    "work",
    [
        pytest.param(lambda _: check_import(StubStore(), Many()), id="check"),
        pytest.param(lambda folder: export_users(crowd(), folder / "out"), id="export"),
    ],
)
def test_what_only_reads_says_that_there_is_no_room(tmp_path: Path, work: Callable[[Path], object]) -> None:
    """Check and export end with the system's error, or with it as the cause."""
    with pytest.raises((OSError, BulkStoppedError)) as ended:
        work(tmp_path)

    assert full(ended.value if isinstance(ended.value, OSError) else ended.value.__cause__)

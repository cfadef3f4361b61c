"""Writing an export as one file of another format."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

import usermgr_local
from usermgr.errors import InvalidInputError
from usermgr_bulk import Export, FileInput, Progress, check_import, export_users, read_export, write_users
from usermgr_local import LocalUserManager


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LocalUserManager]:
    """A local store with three people."""
    with usermgr_local.connect(path=tmp_path / "users.db") as users:
        for name in ("ada", "alan", "健二"):
            users.add_user(name, None, {"nickname": f"={name}"})
        yield users


@pytest.fixture
def export(store: LocalUserManager, tmp_path: Path) -> Export:
    """Their export."""
    export_users(store, tmp_path / "export")
    return read_export(tmp_path / "export")


def test_table_has_a_column_for_what_somebody_has(export: Export, tmp_path: Path) -> None:
    """The file is private, and reads back as the same records."""
    path = tmp_path / "people.csv"

    assert write_users(export, path, "csv") == 3

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    heading = path.read_text().splitlines()[0]
    assert heading == "username,nickname,enabled,status,groups,sub,created_at,updated_at,usermgr:marked"
    read = [row.record for row in FileInput.open(path, "csv").rows()]
    assert read == [row.record for row in export.rows()]


def test_file_appears_whole_or_not_at_all(export: Export, tmp_path: Path) -> None:
    """A record that the format cannot hold leaves nothing, and what is there already stays."""
    path = tmp_path / "people.csv"

    with pytest.raises(InvalidInputError, match="nickname has no column"):
        write_users(export, path, "csv", attributes=["email"])
    assert list(tmp_path.glob("*people*")) == []

    path.write_text("mine")
    with pytest.raises(InvalidInputError, match="is there already"):
        write_users(export, path, "csv")
    assert path.read_text() == "mine"


def test_check_tells_how_far_it_is(store: LocalUserManager, export: Export) -> None:
    """A check calls back with the rows that it has read, and the total that it was given."""
    told: list[Progress] = []

    check_import(store, export, total=3, progress=told.append)

    assert [(progress.done, progress.total) for progress in told] == [(1, 3)]

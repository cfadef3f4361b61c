"""Reading records back: in order, in constant memory, and without hiding what is damaged."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usermgr.audit import Actor, Entry, FileSink, Outcome, Record, read
from usermgr.audit._record import Described
from usermgr.errors import ConfigurationError, InvalidInputError

KEY = b"k" * 32
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
COUNT = 30


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a chain, with full ones beside it: a record a minute."""
    path = tmp_path_factory.mktemp("chain") / "audit.jsonl"
    sink = FileSink(path, KEY, max_bytes=4096)
    for number in range(COUNT):
        described = Described({"username": f"user{number}", "sub": f"sub{number}"})
        at = NOON + timedelta(minutes=number)
        sink.write(Record(f"{number:032x}", at, Actor("kim"), "disable_user", described, Outcome.DONE))
    assert len(list(path.parent.glob("audit.jsonl.0*"))) > 1
    return path


def users(entries: Any) -> list[str]:
    return [entry.members["target"]["username"] for entry in entries if entry.members is not None]


def test_records_of_all_files_come_in_their_order(chain: Path) -> None:
    """The full files come before the one that is written, and nothing of the chain is in a record."""
    entries = list(read(chain))

    assert users(entries) == [f"user{number}" for number in range(COUNT)]
    assert (entries[0].file, entries[0].line, entries[-1].file) == ("audit.jsonl.000001", 1, "audit.jsonl")
    assert set(entries[0].members or ()) == {"id", "at", "actor", "operation", "target", "outcome"}


def test_filters_are_met_together(chain: Path) -> None:
    """A record fits where it meets all; a user is found by name or `sub`, in any case."""
    since, until = NOON + timedelta(minutes=3), NOON + timedelta(minutes=6)

    assert users(read(chain, since=since, until=until)) == ["user3", "user4", "user5"]
    assert users(read(chain, user="USER7")) == users(read(chain, user="sub7")) == ["user7"]
    assert users(read(chain, user="user7", until=until)) == users(read(chain, actor="lee")) == []
    assert len(users(read(chain, actor="Kim", operation="disable_user", outcome="done"))) == COUNT


def test_damaged_line_fits_whatever_is_asked_for(tmp_path: Path) -> None:
    """A line that is no record is never passed over: damaging it hides nothing."""
    path = tmp_path / "audit.jsonl"
    sink = FileSink(path, KEY)
    for name in ("ada", "alan"):
        sink.write(Record("0" * 32, NOON, Actor("kim"), "delete_user", Described({"username": name}), Outcome.DONE))
    path.write_bytes(path.read_bytes().replace(b'{"v"', b'["v"', 1) + b'{"torn')

    assert [(entry.line, entry.members is None) for entry in read(path, user="nobody")] == [(1, True), (3, True)]


@given(content=st.binary(max_size=300) | st.text('{}[]":,vnprevkymacat10 \n', max_size=300).map(str.encode))
def test_any_bytes_are_lines(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever stands in the file, there is an entry for each line, and no error."""
    path = tmp_path_factory.mktemp("any") / "audit.jsonl"
    path.write_bytes(content)

    assert list(read(path)) == [
        Entry("audit.jsonl", number, None) for number, _ in enumerate(content.split(b"\n")[: _lines(content)], 1)
    ]


def _lines(content: bytes) -> int:
    return content.count(b"\n") + (not content.endswith(b"\n") and bool(content))


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """A file of megabytes is read a line at a time."""
    path = tmp_path / "audit.jsonl"
    path.write_bytes((b"x" * 999 + b"\n") * 4000)
    tracemalloc.start()

    count = sum(1 for _ in read(path))

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (count, peak < 400_000) == (4000, True), peak


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"operation": "disable"}, InvalidInputError),
        ({"since": datetime(2026, 1, 31)}, InvalidInputError),  # noqa: DTZ001 - what is refused
        ({"path": "no/such/folder/audit.jsonl"}, ConfigurationError),
    ],
)
def test_what_means_nothing_is_refused(arguments: dict[str, Any], error: type[Exception], chain: Path) -> None:
    """An operation that does not exist, a time without an offset and a file that cannot be read are no empty answer."""
    with pytest.raises(error):
        list(read(**({"path": chain} | arguments)))

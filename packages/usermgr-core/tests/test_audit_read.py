"""Reading records back: in order, in constant memory, and without hiding what is damaged."""

from __future__ import annotations

import os
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usermgr.audit import Actor, Entry, FileSink, Outcome, Record, read, read_newest, verify
from usermgr.audit._record import Described
from usermgr.errors import ConfigurationError, InvalidInputError, InvalidPageTokenError

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


STRANGE: list[Any] = [True, -1, 1.5, b"x", [], {}, object(), "", "\ud800"]


@pytest.mark.parametrize(
    ("reader", "name"),
    [
        *((read, name) for name in ("path", "user", "actor", "operation", "outcome", "since", "until")),
        *((read_newest, name) for name in ("path", "limit", "lines", "page_token", "user", "since")),
        *((verify, name) for name in ("path", "key", "last", "first")),
        (FileSink, "path"),
    ],
)
def test_argument_of_another_type_is_named(reader: Any, name: str, chain: Path) -> None:
    """Whatever is given instead of what is asked for, it is refused by its name, or finds nobody."""
    fitting = {"path": chain} | ({} if reader in (read, read_newest) else {"key": KEY})
    for value in STRANGE:
        try:
            found = reader(**fitting | {name: value})
            assert found is not None
            assert reader is not read or list(found) == []
        except InvalidInputError as error:
            assert error.field == name  # noqa: PT017 - some of the values fit some of the arguments


def test_reader_does_not_wait_for_what_is_no_file(tmp_path: Path) -> None:
    """A pipe in the place of a file of the chain is an error, and nothing to wait for."""
    path = tmp_path / "audit.jsonl"
    FileSink(path, KEY).write(Record("0" * 32, NOON, Actor("kim"), "delete_user", Described({}), Outcome.DONE))
    for name in ("audit.jsonl.000001", "audit.jsonl.head"):
        (tmp_path / name).unlink(missing_ok=True)
        os.mkfifo(tmp_path / name)
        with pytest.raises(ConfigurationError, match="not a regular file"):
            verify(path, key=KEY)
        (tmp_path / name).unlink()


def test_pages_go_on_before_a_full_file_that_was_cut(tmp_path: Path) -> None:
    """A full file that does not end with a line hides no record before its end from who reads page by page."""
    path = tmp_path / "audit.jsonl"
    sink = FileSink(path, KEY, max_bytes=4096)
    for number in range(20):
        sink.write(Record(f"{number:032x}", NOON, Actor(str(number)), "disable_user", Described({}), Outcome.DONE))
    full = tmp_path / "audit.jsonl.000001"
    full.write_bytes(full.read_bytes()[:-1])

    assert len(newest(path, limit=1)) == len(list(read(path))) == 20


# --- From the end --------------------------------------------------------------------------------------


def newest(path: Path, **how: Any) -> list[Entry]:
    """All entries, page by page."""
    found, token = list[Entry](), None
    while True:
        page = read_newest(path, page_token=token, **how)
        found += page.entries
        token = page.next_token
        if token is None:
            return found


@pytest.mark.parametrize("limits", [{"limit": 1}, {"limit": 7}, {"lines": 4}, {}])
def test_pages_from_the_end_hold_everything_once(chain: Path, limits: dict[str, int]) -> None:
    """Page after page gives the records of `read` in the opposite order, whatever a page may hold or look at."""
    assert users(newest(chain, **limits)) == users(read(chain))[::-1]
    assert users(newest(chain, user="user7", **limits)) == ["user7"]


def test_a_page_says_how_many_lines_it_took(chain: Path) -> None:
    """A page that found nothing yet goes on where it was."""
    page = read_newest(chain, user="user0", lines=5)

    assert (list(page.entries), page.looked_at) == ([], 5)
    assert page.next_token is not None


def test_a_token_outlives_the_file_that_is_full(tmp_path: Path) -> None:
    """While a page is read, more is written and the file gets another name: the next page goes on in its place."""
    path, described = tmp_path / "audit.jsonl", Described({"username": "ada"})

    def write(numbers: range, most: int) -> None:
        sink = FileSink(path, KEY, max_bytes=most)
        for number in numbers:
            sink.write(Record(f"{number:032x}", NOON, Actor(str(number)), "disable_user", described, Outcome.DONE))

    write(range(5), 1_000_000)
    page = read_newest(path, limit=2)
    write(range(5, 40), 4096)

    assert len(list(tmp_path.glob("audit.jsonl.0*"))) > 1
    entries = [*page.entries, *read_newest(path, page_token=page.next_token).entries]
    assert [entry.members["actor"]["name"] for entry in entries if entry.members] == list("43210")


@pytest.mark.parametrize("token", ["", "1", "x-y", "1-3", "99-0", "1-99999999", "-1-1"])
def test_a_token_that_is_none_is_refused(chain: Path, token: str) -> None:
    """A token that was made up, or whose file is gone, is an error, and no page of something else."""
    with pytest.raises(InvalidPageTokenError):
        read_newest(chain, page_token=token)


@given(st.lists(st.sampled_from([b"", b"\n", b"\n\n", b"x\n", b'{"v":1}\n', b"y" * 70_000 + b"\n", b"half"])))
def test_damaged_lines_are_found_from_both_ends(tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]) -> None:
    """Whatever stands in a file, it has as many lines from its end as from its beginning."""
    path = tmp_path_factory.mktemp("damaged") / "audit.jsonl"
    path.write_bytes(b"".join(pieces))

    assert len(newest(path, limit=3)) == len(list(read(path)))


def test_reading_from_the_end_takes_constant_memory(tmp_path: Path) -> None:
    """A line that is far too long is one damaged line, and is not kept."""
    path = tmp_path / "audit.jsonl"
    path.write_bytes(b"x" * (8 * 1024 * 1024) + b"\n")
    tracemalloc.start()

    (entry,) = read_newest(path).entries

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert entry.members is None
    assert peak < 1024 * 1024

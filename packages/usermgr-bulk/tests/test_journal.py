"""The journal: durable before it matters, whole after any kill, and only for the run that it is of."""

from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.bulk.stub import People, StubStore
from usermgr.errors import ConflictError, InvalidInputError
from usermgr_bulk import (
    BulkStoppedError,
    Engine,
    Journal,
    RowOutcome,
    RowResult,
    RunIdentity,
    Task,
    import_users,
    write_report,
)
from usermgr_bulk._tasks import ended

THIS = RunIdentity("import", "abc", "stub", "one", {"existing": "fail"})
CREATED = RowResult(RowOutcome.CREATED)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a journal may be."""
    return tmp_path / "journal"


def test_a_row_is_durable_before_it_is_sent(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each creation is sent after a sync that holds its intent."""
    durable = {"size": 0}
    real = os.fsync

    def sync(descriptor: int) -> None:
        real(descriptor)
        durable["size"] = os.fstat(descriptor).st_size

    store, sent = StubStore(), []

    def look(operation: str, arguments: tuple[object, ...]) -> None:
        if operation == "add_user":
            lines = path.read_bytes()[: durable["size"]].splitlines()
            begun = {row for line in lines for row in json.loads(line).get("begin", ())}
            sent.append(int(str(arguments[0]).removeprefix("user")) in begun)

    store.before = look

    store.add_group("staff")
    monkeypatch.setattr("usermgr_bulk._import.Journal", lambda path, identity: Journal(path, identity, sync=sync))

    import_users(store, People(40), journal=path)

    assert sent == [True] * 40


def test_a_row_counts_once_its_record_is_durable(path: Path) -> None:
    """A record that is added but not synced does not count yet."""
    with Journal(path, THIS) as journal:
        journal.end(0, 1, "ada", CREATED)
        before = journal.counts[RowOutcome.CREATED]
        journal.flush()

        assert (before, journal.counts[RowOutcome.CREATED]) == (0, 1)


@pytest.mark.parametrize(("threads", "most"), [pytest.param(1, 310, id="one thread"), pytest.param(8, 290, id="eight")])
def test_threads_share_their_syncs(path: Path, threads: int, most: int) -> None:
    """A row costs at most one sync, and less where several threads wait for theirs; never none."""
    synced = []

    def sync(descriptor: int) -> None:
        synced.append(descriptor)
        os.fsync(descriptor)

    store = StubStore(latency=0.001)
    store.add_group("staff")
    people = People(300, groups=False)
    from usermgr_bulk._import import ImportOptions, _tasks  # noqa: PLC0415 - the tasks alone, with this sync
    from usermgr_bulk._scratch import FirstLines  # noqa: PLC0415 - as above

    with Journal(path, THIS, sync=sync) as journal, FirstLines() as lines:
        tasks = _tasks(people.rows(), store.describe(), ImportOptions(), lines)
        summary = Engine(store, threads=threads).run(tasks, journal)

    assert summary.counts[RowOutcome.CREATED] == 300
    assert 300 / (threads * 4) < len(synced) <= most


def test_a_torn_line_is_as_if_it_had_not_been_written(path: Path) -> None:
    """Whatever a kill leaves of the last line is cut off, at each of its bytes, and the run goes on."""
    with Journal(path, THIS) as journal:
        journal.begin([0, 1])
        journal.end(0, 1, "ada", CREATED)
        journal.flush()
    whole = path.read_bytes()
    last = whole.rindex(b"\n", 0, -1) + 1

    for size in (0, 1, 20, *range(last - 1, len(whole), 7), len(whole) - 1):
        path.write_bytes(whole[:size])
        with Journal(path, THIS) as journal:
            assert journal.has_ended(0) is False
            assert (journal.began(1) is not None) is (size >= last)
            journal.end(0, 1, "ada", CREATED)
            journal.flush()
        with Journal(path, THIS) as journal:
            assert journal.has_ended(0)


@pytest.mark.parametrize(
    ("other", "says"),
    [
        pytest.param(replace(THIS, input="abd"), "another input", id="input"),
        pytest.param(replace(THIS, store="two"), "another store", id="store"),
        pytest.param(replace(THIS, service="local"), "another store", id="service"),
        pytest.param(replace(THIS, kind="sync"), "another kind", id="kind"),
        pytest.param(replace(THIS, settings={}), "other settings", id="settings"),
    ],
)
def test_the_journal_of_another_run_is_refused(path: Path, other: RunIdentity, says: str) -> None:
    """A journal goes on only with the same input, store, kind of work and settings."""
    Journal(path, THIS).close()

    with pytest.raises(ConflictError, match=says):
        Journal(path, other)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b'{"journal":2,"kind":"import"}\n', id="version"),
        pytest.param(b'{"username":"ada"}\n{"username":', id="records"),
        pytest.param(b"username,email", id="one line without an end"),
        pytest.param(b"\x00\x01\n", id="no JSON"),
        pytest.param(b'{"journal":1}\n{"begin":7}\n', id="damaged"),
    ],
)
def test_what_is_no_journal_is_refused_and_left_alone(path: Path, content: bytes) -> None:
    """A file that is of another version, or no journal, is refused without a change to it."""
    path.write_bytes(content)

    with pytest.raises((InvalidInputError, ConflictError)):
        Journal(path, THIS)

    assert path.read_bytes() == content


def test_a_journal_is_a_file(path: Path) -> None:
    """A device or a pipe is refused at once: it has no end, or keeps nothing."""
    os.mkfifo(path)

    for name in (path, Path("/dev/null")):
        with pytest.raises(InvalidInputError, match="device or a pipe"):
            Journal(name, THIS)


def test_two_runs_cannot_use_one_journal(path: Path) -> None:
    """The second is refused while the first has it, and not afterwards."""
    with Journal(path, THIS), pytest.raises(ConflictError, match="another run uses the journal"):
        Journal(path, THIS)

    Journal(path, THIS).close()


def test_only_a_line_feed_ends_a_line(path: Path, tmp_path: Path) -> None:
    """Names with other line ends in them are one line in the journal and in the report."""
    names = ["a\u2028b", "a\rb", "a\x85b", "a\nb", "\x1b[31m", "\ud800"]
    with Journal(path, THIS) as journal:
        for row, name in enumerate(names):
            journal.end(row, row + 1, name, CREATED)
        journal.flush()

    count = write_report(path, tmp_path / "report")

    lines = (tmp_path / "report").read_bytes().decode("ascii").split("\n")
    assert [json.loads(line)["key"] for line in lines[:-1]] == names
    assert count == len(names)


def test_a_report_appears_whole_or_not_at_all(path: Path, tmp_path: Path) -> None:
    """Where the journal is damaged in its middle, the former report stays, and nothing is beside it."""
    with Journal(path, THIS) as journal:
        journal.end(0, 1, "ada", CREATED)
        journal.flush()
    write_report(path, tmp_path / "report")
    before = (tmp_path / "report").read_bytes()
    path.write_bytes(path.read_bytes() + b"[1]\n")

    with pytest.raises(InvalidInputError, match="damaged at line 3"):
        write_report(path, tmp_path / "report")

    assert (tmp_path / "report").read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["journal", "report"]


def test_records_do_not_wait_in_memory(path: Path) -> None:
    """Rows that change nothing are written now and then, though nobody waits for them."""
    most = 0

    def tasks() -> Iterator[Task]:
        nonlocal most
        for row in range(1000):
            most = max(most, len(journal._lines))
            if row == 500:
                time.sleep(0.55)
            yield Task(row, row + 1, None, lambda _: ended(CREATED))

    with Journal(path, THIS) as journal:
        Engine(StubStore()).run(tasks(), journal)

    assert most <= 600


def test_files_are_for_their_owner_alone(path: Path, tmp_path: Path) -> None:
    """Journal and report have the mode 0600, whatever the umask."""
    before = os.umask(0)
    try:
        Journal(path, THIS).close()
        write_report(path, tmp_path / "report")
    finally:
        os.umask(before)

    assert [file.stat().st_mode & 0o777 for file in (path, tmp_path / "report")] == [0o600, 0o600]


def test_a_full_disk_stops_the_run_and_keeps_the_journal(path: Path) -> None:
    """The run stops with the system's error, no further row is sent, and the next run does the rest."""
    left = [5]

    def sync(descriptor: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")

    done: list[int] = []

    def tasks(count: int) -> list[Task]:
        def start(row: int) -> Callable[[object], object]:
            return lambda _: (done.append(row), ended(CREATED))[1]

        return [Task(row, row + 1, None, start(row)) for row in range(count)]  # type: ignore[arg-type]

    engine = Engine(StubStore(), threads=1)
    with Journal(path, THIS, sync=sync) as journal:
        for row in range(4):
            journal.end(row, row + 1, None, CREATED)
            journal.flush()
        with pytest.raises(BulkStoppedError, match="No space left on device") as stopped:
            engine.run(tasks(10), journal)

    assert isinstance(stopped.value.__cause__, OSError)
    assert stopped.value.summary is not None
    assert stopped.value.summary.rows == 4
    with Journal(path, THIS) as journal:
        summary = engine.run(tasks(10), journal)
    assert (summary.rows, summary.complete) == (10, True)

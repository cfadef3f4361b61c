"""The file of records: each line holds the one before, and `verify` finds what was done to any of them."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usermgr.audit import Actor, FileSink, FindingKind, Outcome, Record, Verification, verify
from usermgr.audit._files import chain_files, lock
from usermgr.audit._record import Described
from usermgr.errors import AuditError, ConfigurationError, InvalidInputError

KEY, OTHER = b"k" * 32, b"o" * 32
NOW = datetime(2026, 1, 31, 12, 30, tzinfo=UTC)
NAME = "audit.jsonl"
SIZE, COUNT = 4096, 40
"""Bytes of a file, and lines of a chain, in these tests: a chain has several files."""


def record(number: int, text: str = "") -> Record:
    """A record of a change of that user."""
    described = Described({"username": f"user{number}"}, values={"attributes": {"name": text}})
    return Record(f"{number:032x}", NOW, Actor("kim"), "disable_user", described, Outcome.DONE)


def write(path: Path, count: int, first: int = 0) -> FileSink:
    """A chain of so many lines."""
    sink = FileSink(path, KEY, max_bytes=SIZE)
    for number in range(first, first + count):
        sink.write(record(number))
    return sink


def files(directory: Path) -> list[Path]:
    """The files of the chain, in order."""
    return [*sorted(directory.glob(f"{NAME}.0*")), directory / NAME]


def lines(directory: Path) -> list[tuple[Path, int]]:
    """Each line's file, and its place there."""
    return [(file, place) for file in files(directory) for place in range(len(file.read_bytes().splitlines()))]


def kinds(found: Verification) -> list[str]:
    """The findings, without their texts."""
    return [f"{finding.file}:{finding.line}:{finding.kind}" for finding in found.findings]


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a chain in several files, and the hash of its last line."""
    directory = tmp_path_factory.mktemp("chain")
    last = write(directory / NAME, COUNT).last()
    assert last is not None
    return directory, last


@pytest.fixture
def copy(chain: tuple[Path, str], tmp_path: Path) -> Path:
    """The test's own copy of that chain."""
    return Path(shutil.copytree(chain[0], tmp_path / "copy"))


def test_chain_as_it_was_written_has_no_finding(chain: tuple[Path, str]) -> None:
    """With the key, with the last hash, or with both, an untouched chain is proven over all of its files."""
    directory, last = chain
    assert len(files(directory)) > 3
    for given_ in ({"key": KEY}, {"last": last}, {"key": KEY, "last": last}, {"key": [OTHER, KEY]}):
        found = verify(directory / NAME, **given_)  # type: ignore[arg-type]
        assert (found.findings, found.lines, found.last, found.ok) == ((), COUNT, last, True)


def test_line_is_json_with_the_hash_of_the_line_before(chain: tuple[Path, str]) -> None:
    """A line's own members say what happened, its number, and the SHA-256 of the line before it."""
    before = "0" * 64
    for n, line in enumerate(b"".join(file.read_bytes() for file in files(chain[0])).splitlines(), 1):
        members = json.loads(line)
        assert (members["n"], members["prev"], members["target"]) == (n, before, {"username": f"user{n - 1}"})
        before = hashlib.sha256(line).hexdigest()
    assert before == chain[1]


def test_files_are_for_their_owner_alone(chain: tuple[Path, str]) -> None:
    """Every file is created 0600, and none is larger than asked for."""
    for file in chain[0].iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert file.stat().st_size <= SIZE


# --- What was done to it ---------------------------------------------------------------------------------


def remove(all_lines: list[bytes], place: int) -> None:
    """The line is gone."""
    del all_lines[place]


def change(all_lines: list[bytes], place: int) -> None:
    """Another user is named."""
    all_lines[place] = all_lines[place].replace(b"disable_user", b"enable_userr")


def renumber(all_lines: list[bytes], place: int) -> None:
    """The line has another number."""
    all_lines[place] = all_lines[place].replace(b'"n":', b'"n":1', 1)


def blank(all_lines: list[bytes], place: int) -> None:
    """The line says nothing."""
    all_lines[place] = b"\n"


def cut(all_lines: list[bytes], place: int) -> None:
    """The second half of the line is gone."""
    all_lines[place] = all_lines[place][: len(all_lines[place]) // 2]


def cut_break(all_lines: list[bytes], place: int) -> None:
    """The line does not end."""
    all_lines[place] = all_lines[place].rstrip(b"\n")


def double(all_lines: list[bytes], place: int) -> None:
    """The line is there twice."""
    all_lines.insert(place, all_lines[place])


def forge(all_lines: list[bytes], place: int) -> None:
    """A line is there that somebody without the key has made."""
    all_lines.insert(place, all_lines[place].replace(b"kim", b"lee"))


def swap(all_lines: list[bytes], place: int) -> None:
    """The line stands at the file's beginning, and the first line in its place."""
    other = 0 if place else len(all_lines) - 1
    all_lines[place], all_lines[other] = all_lines[other], all_lines[place]


TAMPERINGS = [remove, change, renumber, blank, cut, cut_break, double, forge, swap]


@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda tamper: tamper.__name__)
def test_every_tampering_with_every_line_is_found(tamper: Callable[..., None], chain: tuple[Path, str]) -> None:
    """Whatever is done to whichever line of whichever file is found, with the key alone and with the hash alone."""
    directory, last = chain
    tried = found = 0
    for file, place in lines(directory):
        before = file.read_bytes()
        all_lines = before.splitlines(keepends=True)
        tamper(all_lines, place)
        after = b"".join(all_lines)
        if after == before:
            continue  # a file of one line, swapped with itself
        file.write_bytes(after)
        tried += 2
        by_key, by_hash = verify(directory / NAME, key=KEY), verify(directory / NAME, last=last)
        found += (not by_key.ok) + (not by_hash.ok)
        file.write_bytes(before)

    print(f"{tamper.__name__}: {found} found of {tried}")  # shown by -rP
    assert tried >= 2 * COUNT - 2
    assert found == tried
    assert verify(directory / NAME, key=KEY).ok


@given(data=st.data())
@settings(max_examples=150)
def test_any_byte_that_changes_is_found(data: st.DataObject, chain: tuple[Path, str]) -> None:
    """No bit of any line can be other than it was written."""
    directory, last = chain
    file = data.draw(st.sampled_from(files(directory)))
    before = file.read_bytes()
    place = data.draw(st.integers(0, len(before) - 1))
    flipped = bytes([before[place] ^ data.draw(st.integers(1, 255))])
    try:
        file.write_bytes(before[:place] + flipped + before[place + 1 :])
        assert not verify(directory / NAME, key=KEY).ok
        assert not verify(directory / NAME, last=last).ok
    finally:
        file.write_bytes(before)


@pytest.mark.parametrize("gone", range(1, COUNT, 7))
def test_lines_that_are_gone_from_the_end_are_found(gone: int, copy: Path, chain: tuple[Path, str]) -> None:
    """However many of the last lines are removed, over files too, their number is told."""
    left = gone
    for file in reversed(files(copy)):
        kept = file.read_bytes().splitlines(keepends=True)
        keep = max(0, len(kept) - left)
        left -= len(kept) - keep
        file.write_bytes(b"".join(kept[:keep]))
        if not keep and file.name != NAME:
            file.unlink()

    by_key = verify(copy / NAME, key=KEY)
    assert by_key.findings[-1].kind is FindingKind.MISSING
    assert f"{gone} lines are missing" in by_key.findings[-1].message
    assert not verify(copy / NAME, last=chain[1]).ok


def test_who_recomputes_the_hashes_needs_the_key_too(copy: Path) -> None:
    """A line that is changed, with every hash after it made to fit and the head too, is found by the seals."""
    before = "0" * 64
    for file in files(copy):
        made = []
        for line in file.read_bytes().splitlines():
            text = line.replace(b"kim", b"lee").replace(json.loads(line)["prev"].encode(), before.encode())
            before = hashlib.sha256(text).hexdigest()
            made.append(text + b"\n")
        file.write_bytes(b"".join(made))
    head = copy / f"{NAME}.head"
    head.write_bytes(head.read_bytes().replace(json.loads(head.read_text())["hash"].encode(), before.encode()))

    found = verify(copy / NAME, key=KEY)

    assert [finding.kind for finding in found.findings] == ["changed"] * COUNT + ["head"]
    with pytest.raises(AuditError, match="not one that this key has sealed"):
        FileSink(copy / NAME, KEY).write(record(COUNT))


def test_line_that_is_there_twice_is_misplaced(copy: Path) -> None:
    """The second copy of a line is told of as such, and only that one."""
    first = files(copy)[0]
    all_lines = first.read_bytes().splitlines(keepends=True)
    double(all_lines, 2)
    first.write_bytes(b"".join(all_lines))
    assert kinds(verify(copy / NAME, key=KEY)) == [f"{first.name}:4:misplaced"]


def test_last_line_that_was_another_is_found(copy: Path, tmp_path: Path) -> None:
    """A last line that the key has sealed, but that is not the one of which the head knows, is a finding."""
    shutil.copytree(copy, tmp_path / "other")
    write(tmp_path / "other" / NAME, 1, first=500)
    write(copy / NAME, 1, first=COUNT)
    shutil.copy(tmp_path / "other" / NAME, copy / NAME)

    assert [finding.kind for finding in verify(copy / NAME, key=KEY).findings] == ["changed"]


def test_findings_say_where(copy: Path) -> None:
    """A finding has the file, the line and its kind; the line after one that is wrong is not blamed."""
    second = files(copy)[1]
    all_lines = second.read_bytes().splitlines(keepends=True)
    change(all_lines, 1)
    remove(all_lines, 4)
    second.write_bytes(b"".join(all_lines))

    found = verify(copy / NAME, key=KEY)

    assert kinds(found) == [f"{second.name}:2:changed", f"{second.name}:5:missing"]
    assert str(found.findings[1]) == f"{second.name}:5: missing: 1 lines are missing before it"


def test_whole_file_that_is_gone_is_found(copy: Path) -> None:
    """A full file that was removed is told of at the first line that stands after it."""
    first, second, third = files(copy)[:3]
    count = len(second.read_bytes().splitlines())
    second.unlink()
    found = verify(copy / NAME, key=KEY)
    assert kinds(found) == [f"{third.name}:1:missing"]
    assert f"{count} lines" in found.findings[0].message

    first.unlink()
    assert kinds(verify(copy / NAME, key=KEY)) == [f"{third.name}:1:missing"]
    start = json.loads(third.read_bytes().splitlines()[0])["n"]
    assert verify(copy / NAME, key=KEY, first=start).ok


def test_line_of_another_chain_is_found(copy: Path, tmp_path: Path) -> None:
    """A line with the right key and number that was written elsewhere does not fit between its neighbours."""
    write(tmp_path / NAME, COUNT, first=500)
    mine, theirs = ((path / NAME).read_bytes().splitlines(keepends=True) for path in (copy, tmp_path))
    (copy / NAME).write_bytes(b"".join([*mine[:-2], theirs[-2], mine[-1]]))

    assert {finding.kind for finding in verify(copy / NAME, key=KEY).findings} == {"changed"}


def test_older_copy_of_everything_is_found_by_a_noted_hash(copy: Path, tmp_path: Path) -> None:
    """Who puts all files back, the head too, cannot be found out by the key alone, but by a hash that was noted."""
    shutil.copytree(copy, tmp_path / "old")
    last = write(copy / NAME, 2, first=COUNT).last()

    assert verify(copy / NAME, key=KEY, last=last).ok
    assert verify(tmp_path / "old" / NAME, key=KEY).ok
    assert [finding.kind for finding in verify(tmp_path / "old" / NAME, key=KEY, last=last).findings] == ["missing"]


@pytest.mark.parametrize("content", [None, b"", b"{}", b"not json", b'{"v":1,"n":3,"hash":"x","key":"y","mac":"z"}'])
def test_head_that_is_gone_or_changed_is_found(content: bytes | None, copy: Path, chain: tuple[Path, str]) -> None:
    """Without the file that knows the last line nobody can tell what is missing; a noted hash can."""
    head = copy / f"{NAME}.head"
    head.unlink() if content is None else head.write_bytes(content)

    assert kinds(verify(copy / NAME, key=KEY)) == [f"{NAME}.head:0:head"]
    assert verify(copy / NAME, last=chain[1]).ok
    assert verify(copy / NAME, last=chain[1], key=KEY).ok == (content is None)  # copies need no head


def test_key_that_was_not_given_is_named(copy: Path) -> None:
    """Lines of another key than the given one say so, and are not taken for a tampering."""
    found = verify(copy / NAME, key=OTHER)
    assert {finding.kind for finding in found.findings} == {"unknown_key", "head"}
    assert found.lines == COUNT


def test_key_can_be_replaced(copy: Path) -> None:
    """A new key goes on with the chain of an old one, and both together prove it."""
    FileSink(copy / NAME, [OTHER, KEY]).write(record(COUNT))
    assert verify(copy / NAME, key=[OTHER, KEY]).ok
    assert not verify(copy / NAME, key=OTHER).ok
    with pytest.raises(AuditError, match="not one that this key has sealed"):
        FileSink(copy / NAME, KEY).write(record(COUNT + 1))


def test_without_the_key_what_is_newer_than_the_hash_is_not_proven(copy: Path, chain: tuple[Path, str]) -> None:
    """Lines after the noted hash are unproven without the key, and proven with it."""
    write(copy / NAME, 2, first=COUNT)
    found = verify(copy / NAME, last=chain[1])
    assert [finding.kind for finding in found.findings] == ["unproven"]
    assert verify(copy / NAME, last=chain[1], key=KEY).ok


def test_nothing_is_not_a_proof(tmp_path: Path) -> None:
    """A chain that is not there is a finding; a folder that is not there is an error."""
    found = verify(tmp_path / NAME, key=KEY)
    assert kinds(found) == [f"{NAME}:0:missing", f"{NAME}.head:0:head"]
    with pytest.raises(ConfigurationError, match="cannot be read"):
        verify(tmp_path / "nowhere" / NAME, key=KEY)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({}, "key"),
        ({"key": b"short"}, "key"),
        ({"key": []}, "key"),
        ({"last": "abc"}, "last"),
        ({"last": "X" * 64}, "last"),
        ({"last": 7}, "last"),
        ({"key": 7}, "key"),
        ({"key": KEY, "first": 0}, "first"),
        ({"key": KEY, "first": "2"}, "first"),
    ],
)
def test_verify_needs_something_to_trust(arguments: dict[str, Any], field: str, tmp_path: Path) -> None:
    """Without a good key or hash nothing is verified; the error names the field."""
    with pytest.raises(InvalidInputError) as caught:
        verify(tmp_path / NAME, **arguments)
    assert caught.value.field == field


# --- Writing ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"key": b"short"}, "key"),
        ({"key": None}, "key"),
        ({"key": KEY, "max_bytes": 9}, "max_bytes"),
        ({"key": KEY, "max_bytes": "9999"}, "max_bytes"),
        ({"key": KEY, "path": None}, "path"),
        ({"key": KEY, "path": ""}, "path"),
    ],
)
def test_sink_refuses_what_cannot_work(options: dict[str, Any], field: str, tmp_path: Path) -> None:
    """A short key and a tiny size are refused, by field; the key is in no text."""
    with pytest.raises(InvalidInputError) as caught:
        FileSink(**{"path": tmp_path / NAME, **options})
    assert caught.value.field == field
    assert "kkk" not in repr(FileSink(tmp_path / NAME, KEY))


@pytest.mark.parametrize("tamper", [remove, change, cut, blank], ids=lambda tamper: tamper.__name__)
def test_writer_refuses_a_chain_whose_end_was_touched(tamper: Callable[..., None], copy: Path) -> None:
    """A file whose last line is not the one that was written gets no other, and `ready` says so before the change."""
    all_lines = (copy / NAME).read_bytes().splitlines(keepends=True)
    tamper(all_lines, len(all_lines) - 1)
    (copy / NAME).write_bytes(b"".join(all_lines))
    sink = FileSink(copy / NAME, KEY)

    for call in (sink.ready, lambda: sink.write(record(COUNT)), sink.last):
        with pytest.raises(AuditError, match="changed or damaged"):
            call()


def test_writer_does_not_go_on_after_a_forged_line(copy: Path) -> None:
    """A line of the right number behind the last one is believed only with the right seal."""
    last = (copy / NAME).read_bytes().splitlines(keepends=True)[-1]
    with (copy / NAME).open("ab") as file:
        file.write(last.replace(b'"n":%d,' % COUNT, b'"n":%d,' % (COUNT + 1)))
    with pytest.raises(AuditError, match="changed or damaged"):
        FileSink(copy / NAME, KEY).write(record(COUNT))


def test_verify_waits_until_a_line_is_whole(copy: Path) -> None:
    """What stands there while a writer holds the file is no finding: it is looked at between two records."""
    found: list[Verification] = []
    content = (copy / NAME).read_bytes()
    with (copy / f"{NAME}.head").open("rb") as held:
        assert lock(held.fileno())
        (copy / NAME).write_bytes(content[:-10])
        reader = threading.Thread(target=lambda: found.append(verify(copy / NAME, key=KEY)))
        reader.start()
        reader.join(0.05)
        assert reader.is_alive()
        (copy / NAME).write_bytes(content)
    reader.join()
    assert found[0].ok


def test_writer_refuses_a_chain_without_its_head(copy: Path) -> None:
    """A head that was removed does not come back by the next record, or the loss of lines would be hidden."""
    (copy / f"{NAME}.head").unlink()
    with pytest.raises(AuditError, match="its head is gone"):
        FileSink(copy / NAME, KEY).write(record(COUNT))


@pytest.mark.parametrize("lost", [1, 3])
def test_head_that_the_power_took_is_found_again(lost: int, copy: Path, tmp_path: Path) -> None:
    """Lines that reached the disk when the head did not are sealed, so the chain goes on after them."""
    head = copy / f"{NAME}.head"
    older = head.read_bytes()
    write(copy / NAME, lost, first=COUNT)
    head.write_bytes(older)

    assert verify(copy / NAME, key=KEY).ok
    write(copy / NAME, 1, first=COUNT)
    assert verify(copy / NAME, key=KEY).lines == COUNT + 1 + lost

    write(tmp_path / NAME, 1)
    (tmp_path / f"{NAME}.head").write_bytes(b"")
    write(tmp_path / NAME, 1)
    assert verify(tmp_path / NAME, key=KEY).ok


def test_line_that_was_interrupted_is_kept_as_such(copy: Path) -> None:
    """What a writer left behind that died in the middle of a line is a finding until the next record keeps it."""
    with (copy / NAME).open("ab") as file:
        file.write(b'{"v":1,"n":31,"operation":"delete_us')
    assert [finding.kind for finding in verify(copy / NAME, key=KEY).findings] == ["cut"]

    write(copy / NAME, 1, first=COUNT)

    assert verify(copy / NAME, key=KEY).ok
    interrupted = json.loads((copy / NAME).read_bytes().splitlines()[-2])
    assert (interrupted["event"], interrupted["torn"]) == ("interrupted", '{"v":1,"n":31,"operation":"delete_us')


def test_disk_that_is_full_leaves_no_half_line(copy: Path) -> None:
    """A write that the system ends in the middle is undone, told of, and the chain goes on when there is room."""
    before = (copy / NAME).read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 100, hard))
    try:
        with pytest.raises(AuditError, match="cannot be written"):
            FileSink(copy / NAME, KEY).write(record(COUNT))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (copy / NAME).read_bytes() == before

    write(copy / NAME, 1, first=COUNT)
    assert verify(copy / NAME, key=KEY).ok


def test_batch_is_the_same_chain(chain: tuple[Path, str], tmp_path: Path) -> None:
    """Records that come together make the lines and the files that they would make one by one."""
    sink = FileSink(tmp_path / NAME, KEY, max_bytes=SIZE)
    sink.write_all([record(number) for number in range(COUNT - 7)])
    sink.write_all([record(number) for number in range(COUNT - 7, COUNT)])

    assert [file.read_bytes() for file in files(tmp_path)] == [file.read_bytes() for file in files(chain[0])]
    assert verify(tmp_path / NAME, key=KEY).ok


def test_batch_is_one_sync(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many records come together, the file is synced once."""
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    FileSink(copy / NAME, KEY).write_all([record(number) for number in range(COUNT, COUNT + 250)])
    assert len(synced) == 1
    assert verify(copy / NAME, key=KEY).lines == COUNT + 250


@pytest.mark.parametrize("call", [1, 2])
def test_batch_whose_head_was_lost_is_found_again(call: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the writer ends between the lines of the very first batch and the head, the chain goes on after them."""
    calls = 0

    def fail(*arguments: Any) -> int:
        nonlocal calls
        calls += 1
        if calls == call:
            raise OSError(5, "Input/output error")
        return real(*arguments)

    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", fail)
    with pytest.raises(AuditError):
        FileSink(tmp_path / NAME, KEY).write_all([record(number) for number in range(5)])

    write(tmp_path / NAME, 1, first=5)

    assert verify(tmp_path / NAME, key=KEY).ok


def test_batch_that_the_disk_cannot_hold_leaves_nothing(copy: Path) -> None:
    """Of a batch that does not fit onto the disk, no record is in the file."""
    before = (copy / NAME).read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 1000, hard))
    try:
        with pytest.raises(AuditError, match="cannot be written"):
            FileSink(copy / NAME, KEY).write_all([record(number) for number in range(COUNT, COUNT + 5)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (copy / NAME).read_bytes() == before


def test_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """A path that cannot be written is an `AuditError` that names it."""
    with pytest.raises(AuditError, match=r"nowhere.*No such file"):
        FileSink(tmp_path / "nowhere" / NAME, KEY).ready()


def test_file_of_others_is_refused(copy: Path, tmp_path: Path) -> None:
    """A file that others may write, and a link, are refused; nothing is written through them."""
    (copy / NAME).chmod(0o620)
    with pytest.raises(AuditError, match="chmod 600"):
        FileSink(copy / NAME, KEY).write(record(COUNT))
    (tmp_path / NAME).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AuditError):
        FileSink(tmp_path / NAME, KEY).write(record(0))
    assert not (tmp_path / "elsewhere").exists()


def test_record_that_is_too_long_loses_its_values(tmp_path: Path) -> None:
    """A line is never longer than a reader takes: values go first, and the line says so."""
    long = {f"{number}": "\ud800" * 2048 for number in range(200)}
    described = Described({"username": "alice"}, values={"attributes": long})

    FileSink(tmp_path / NAME, KEY).write(Record("1", NOW, Actor("kim"), "update_user", described, Outcome.DONE))

    (line,) = (tmp_path / NAME).read_text().splitlines()
    assert (json.loads(line)["clipped"], "values" in json.loads(line)) == (True, False)
    assert verify(tmp_path / NAME, key=KEY).ok


WRITER = """
import sys
from datetime import UTC, datetime
from usermgr.audit import Actor, FileSink, Outcome, Record
from usermgr.audit._record import Described

path, first, count, together = sys.argv[1:]
sink = FileSink(path, b"k" * 32, max_bytes=4096)
sys.stdin.readline()

def record(number):
    described = Described({"username": f"user{number}"})
    return Record(str(number), datetime.now(UTC), Actor("kim"), "disable_user", described, Outcome.DONE)

for start in range(int(first), int(first) + int(count), int(together)):
    numbers = range(start, start + int(together))
    sink.write_all([record(number) for number in numbers])
    print(*numbers, sep="\\n", flush=True)
"""


def writer(path: Path, first: int, count: int, together: int = 1) -> subprocess.Popen[str]:
    """A process that waits for a line, and then writes so many records and tells of each."""
    command = [sys.executable, "-c", WRITER, str(path), str(first), str(count), str(together)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def told(directory: Path) -> list[str]:
    """Whom the records of the chain are about, in order."""
    texts = [json.loads(line) for file in files(directory) for line in file.read_text().splitlines()]
    return [members["target"]["username"] for members in texts if "target" in members]


def test_processes_share_a_file(tmp_path: Path) -> None:
    """Records of several processes are all there, each once, in one chain, which can be verified meanwhile."""
    write(tmp_path / NAME, 1, first=900)
    writers = [writer(tmp_path / NAME, 100 * n, 25) for n in range(3)]
    for process in writers:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    during = []
    while any(process.poll() is None for process in writers):
        during.append(verify(tmp_path / NAME, key=KEY))
    for process in writers:
        process.communicate()

    assert [process.returncode for process in writers] == [0] * 3
    assert verify(tmp_path / NAME, key=KEY).ok
    assert [found.findings for found in during if not found.ok] == []
    assert sorted(told(tmp_path)) == sorted(["user900", *(f"user{100 * n + k}" for n in range(3) for k in range(25))])


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # of a fork beside hypothesis' threads
@pytest.mark.parametrize("how", ["written", "verified"])
def test_child_that_was_forked_meanwhile_holds_no_lock(how: str, copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is forked while a thread writes or verifies, as a server's workers are, keeps no other out."""
    monkeypatch.setattr("usermgr.audit._files.WAIT", 0.1)
    parent, child = os.pipe()
    forked: list[int] = []

    def fork(path: Path) -> list[Path]:
        if not forked:
            forked.append(os.fork())
            if forked == [0]:
                os.close(child)
                os.read(parent, 1)
                os._exit(0)
        return chain_files(path)

    monkeypatch.setattr(f"usermgr.audit.{'_file' if how == 'written' else '_files'}.chain_files", fork)
    try:
        if how == "written":
            write(copy / NAME, 1, first=COUNT)
        else:
            assert verify(copy / NAME, key=KEY).ok
        write(copy / NAME, 1, first=COUNT + 1)
    finally:
        os.close(child)
        os.waitpid(forked[0], 0)
        os.close(parent)


@pytest.mark.parametrize("together", [1, 50])
def test_killed_writer_loses_no_record_that_it_told_of(together: int, tmp_path: Path) -> None:
    """After SIGKILL every record whose write returned is there, in order, and the chain goes on."""
    process = writer(tmp_path / NAME, 0, 100_000, together)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("go\n")
    process.stdin.flush()
    heard = [process.stdout.readline() for _ in range(20)]
    process.kill()
    heard += process.communicate()[0].splitlines(keepends=True)
    written = [f"user{line.strip()}" for line in heard if line.endswith("\n")]

    write(tmp_path / NAME, 1, first=200_000)

    assert verify(tmp_path / NAME, key=KEY).ok
    assert told(tmp_path)[: len(written)] == written

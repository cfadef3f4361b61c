"""An archive of an export comes in: whole, compared with its manifest, and with nothing that its packer hid in it."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import json
import lzma
import re
import shutil
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usermgr_bulk import export_users, read_export
from usermgr_console import Role
from usermgr_console._archives import LIMITS, MB, REFUSALS, ArchiveRefused, is_archive, unpack
from usermgr_console._i18n import language_of
from usermgr_console._imports import FOUND, UNPACKED, UPLOAD
from usermgr_console._work import State

Files = dict[str, bytes]
HOSTILE = "<script>alert(1)</script>\"'>{{7*7}}\u202e"
CHOICES = {"existing": "fail", "medium": "email"}


def packed(users: str, groups: str, /, **manifest: Any) -> Files:
    """The files of an export with these lines, and the manifest that fits, but for what is given."""
    files = {"groups.jsonl": groups.encode(), "users.jsonl": users.encode()}
    sums = {n: {"lines": c.count(b"\n"), "sha256": hashlib.sha256(c).hexdigest()} for n, c in files.items()}
    members = {
        "manifest": 1, "service": "local", "store": None, "began": "2026-11-26T00:00:00Z",
        "ended": "2026-11-26T00:01:00Z", "users": users.count("\n"), "groups": groups.count("\n"), "memberships": 0,
        "attributes": {}, "files": sums, "not_carried": {},
    }  # fmt: skip
    return {**files, "manifest.json": json.dumps(members | manifest).encode()}


USERS, GROUPS = '{"username":"mary","groups":["staff"]}\n', '{"name":"staff","description":"All"}\n'
GOOD = packed(USERS, GROUPS)


def zipped(files: Mapping[str, bytes], change: Callable[[zipfile.ZipInfo], object] = lambda _: None) -> bytes:
    """A zip of these members, of which each is changed first."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            change(info)
            archive.writestr(info, content)
    return file.getvalue()


def tarred(files: Mapping[str, bytes], *more: tarfile.TarInfo, **options: Any) -> bytes:
    """A tar, packed by gzip, of these members and more ones without content."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz", **options) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for info in more:
            archive.addfile(info)
    return file.getvalue()


def special(kind: bytes, name: str = "link", target: str = "/etc/passwd") -> tarfile.TarInfo:
    """A member of a tar that is no file."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def twice(name: str) -> bytes:
    """A zip with a file of that name at its end once more."""
    file = io.BytesIO(zipped(GOOD))
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(file, "a") as archive:
        archive.writestr(name, b"{}\n")
    return file.getvalue()


def marked(content: bytes, *, flag: int = 0, method: int | None = None) -> bytes:
    """A zip whose members say that they are encrypted, or packed by another method."""
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        pieces = content.split(signature)
        for number, piece in enumerate(pieces[1:], 1):
            head = bytearray(piece)
            flags, given = struct.unpack_from("<HH", head, at - 4)
            struct.pack_into("<HH", head, at - 4, flags | flag, given if method is None else method)
            pieces[number] = bytes(head)
        content = signature.join(pieces)
    return content


def as_link(info: zipfile.ZipInfo) -> None:
    """Makes the first file a symbolic link, as a zip of Unix says it."""
    if info.filename == "groups.jsonl":
        info.external_attr = (stat.S_IFLNK | 0o777) << 16


def stored(info: zipfile.ZipInfo) -> None:
    """Leaves the file as it is."""
    info.compress_type = zipfile.ZIP_STORED


def without(name: str) -> Files:
    return {member: content for member, content in GOOD.items() if member != name}


# --- What comes in -----------------------------------------------------------------------------------


ACCEPTED = {
    "zip": zipped(GOOD),
    "zip of the folder": zipped({f"people/{name}": content for name, content in GOOD.items()}),
    "zip of a Mac": zipped(
        {"people/": b"", "people/.DS_Store": b"\0", **{f"people/{name}": content for name, content in GOOD.items()},
         "__MACOSX/": b"", "__MACOSX/people/._users.jsonl": b"\0"}
    ),
    "zip of PowerShell 5": zipped({f"people\\{name}": content for name, content in GOOD.items()}),
    "zip that is only stored": zipped(GOOD, stored),
    "tar.gz": tarred(GOOD),
    "tar.gz of the folder": tarred(
        {f"./people/{name}": content for name, content in GOOD.items()}, special(tarfile.DIRTYPE, "people", "")
    ),
    "tar.gz of a Mac": tarred({"./._users.jsonl": b"\0" * 4000, **GOOD}),
    "tar.gz in the old format": tarred(GOOD, format=tarfile.USTAR_FORMAT),
    "tar.gz of GNU": tarred(GOOD, format=tarfile.GNU_FORMAT),
    "tar": gzip.decompress(tarred(GOOD)),
    "tar.gz with more behind it": tarred(GOOD) + b"\0" * 700,
}  # fmt: skip


@pytest.mark.parametrize("content", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_what_is_packed_by_hand_is_unpacked(content: bytes, tmp_path: Path) -> None:
    """Zips and tars of an export's files or folder, as systems pack them, give its three files, private."""
    path, folder = tmp_path / "upload", tmp_path / "export"
    path.write_bytes(content)

    assert is_archive(path)
    unpack(path, folder)

    assert {file.name: file.read_bytes() for file in folder.iterdir()} == GOOD
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert next(iter(read_export(folder).groups())).description == "All"


@pytest.mark.parametrize("form", ["zip", "tar", "gztar"])
def test_what_the_command_line_exported_is_unpacked(stage, form: str, tmp_path: Path) -> None:
    """A folder that usermgr-bulk has written, and somebody packed, comes in with its sums."""
    export_users(stage.users, tmp_path / "people")
    packed = shutil.make_archive(str(tmp_path / "packed"), form, tmp_path, "people")

    unpack(Path(packed), tmp_path / "export")

    assert read_export(tmp_path / "export").manifest == read_export(tmp_path / "people").manifest


@pytest.mark.parametrize("content", [b"", b"PK", b"username\nada\n", b"\x1f", b'{"username":"ada"}\n', b"BZh,name\n"])
def test_what_is_no_archive_is_none(content: bytes, tmp_path: Path) -> None:
    """A file of people is not taken for an archive, whatever it begins with."""
    path = tmp_path / "upload"
    path.write_bytes(content)

    assert not is_archive(path)


# --- What does not -----------------------------------------------------------------------------------


UP = "../../../../tmp/users.jsonl"
REFUSED: dict[str, tuple[str, bytes]] = {
    "zip leads out": ("place", zipped({**without("users.jsonl"), UP: b""})),
    "zip leads out with backslashes": ("place", zipped({**without("users.jsonl"), "..\\users.jsonl": b""})),
    "zip leads out and back": ("place", zipped({"a/../users.jsonl": b""})),
    "zip from the root": ("place", zipped({"/users.jsonl": b""})),
    "zip from a drive": ("place", zipped({"C:/users.jsonl": b""})),
    "zip with a folder that leads out": ("place", zipped({"../": b"", **GOOD})),
    "tar leads out": ("place", tarred({UP: b""})),
    "tar from the root": ("place", tarred({"/users.jsonl": b""})),
    "zip with a link": ("special", zipped(GOOD, as_link)),
    "tar with a link": ("special", tarred(GOOD, special(tarfile.SYMTYPE))),
    "tar with a known link": ("special", tarred(without("users.jsonl"), special(tarfile.SYMTYPE, "users.jsonl"))),
    "tar with a second name": ("special", tarred(GOOD, special(tarfile.LNKTYPE, "more", "users.jsonl"))),
    "tar with a device": ("special", tarred(GOOD, special(tarfile.CHRTYPE))),
    "tar with a block device": ("special", tarred(GOOD, special(tarfile.BLKTYPE))),
    "tar with a pipe": ("special", tarred(GOOD, special(tarfile.FIFOTYPE))),
    "tar with holes": ("special", tarred(GOOD, special(tarfile.GNUTYPE_SPARSE))),
    "zip with a name twice": ("twice", twice("users.jsonl")),
    "zip with a name in two places": ("twice", zipped({**GOOD, "more/users.jsonl": b""})),
    "tar with a name twice": ("twice", tarred(GOOD, tarfile.TarInfo("./users.jsonl"))),
    "zip in a zip": ("nested", zipped({"export.zip": zipped(GOOD)})),
    "tar in a tar": ("nested", tarred({"export.tar.gz": tarred(GOOD)})),
    "zip with more": ("surplus", zipped({**GOOD, "notes.txt": b""})),
    "zip with another case": ("surplus", zipped({**without("users.jsonl"), "Users.jsonl": GOOD["users.jsonl"]})),
    "tar with more": ("surplus", tarred({**GOOD, "notes.txt": b""})),
    "zip of two folders": ("surplus", zipped({"a/users.jsonl": b"", "b/groups.jsonl": b""})),
    "zip with another folder": ("surplus", zipped({**GOOD, "more/": b""})),
    "zip with clutter without end": ("surplus", zipped({f"__MACOSX/{n}": b"" for n in range(101)})),
    "tar with clutter without end": ("surplus", tarred({f"__MACOSX/{n}": b"" for n in range(101)})),
    "zip without users": ("missing", zipped(without("users.jsonl"))),
    "zip without a manifest": ("missing", zipped(without("manifest.json"))),
    "zip of nothing": ("missing", zipped({})),
    "tar without groups": ("missing", tarred(without("groups.jsonl"))),
    "zip with a password": ("encrypted", marked(zipped(GOOD), flag=1)),
    "zip of another method": ("kind", marked(zipped(GOOD), method=12)),
    "one file in gzip": ("kind", gzip.compress(GOOD["users.jsonl"])),
    "bzip2": ("kind", bz2.compress(b"a")),
    "xz": ("kind", lzma.compress(b"a")),
    "7z": ("kind", b"7z\xbc\xaf\x27\x1c\0\4"),
    "a workbook": ("workbook", zipped({"[Content_Types].xml": b"<x/>"})),
    "zip that was cut off": ("damaged", zipped(GOOD)[:-30]),
    "tar.gz that was cut off": ("damaged", tarred(GOOD)[:-30]),
    "tar.gz that was cut off at once": ("damaged", tarred(GOOD)[:20]),
    "tar that was cut off in a file": ("damaged", gzip.decompress(tarred(GOOD))[:1540]),
    "zip with another sum": ("damaged", zipped(GOOD, stored).replace(b'"mary"', b'"marx"')),
    "zip with a list without end": ("damaged", zipped({f"__MACOSX/{'a' * 200}{n}": b"" for n in range(5000)})),
    "tar with a header without end": ("damaged", tarred(GOOD, pax_headers={"comment": "a" * MB})),
    "tar with a name without end": ("damaged", tarred({**GOOD, "a" * MB: b""}, format=tarfile.GNU_FORMAT)),
}  # fmt: skip


@pytest.mark.parametrize(("reason", "content"), REFUSED.values(), ids=REFUSED.keys())
def test_a_hostile_archive_is_refused_and_leaves_nothing(reason: str, content: bytes, tmp_path: Path) -> None:
    """Each for its own reason; neither the folder nor anything outside of it is written."""
    path = tmp_path / "in" / "upload"
    path.parent.mkdir()
    path.write_bytes(content)

    with pytest.raises(ArchiveRefused) as refused:
        unpack(path, path.with_name("export"))

    assert refused.value.reason == reason
    assert [file.name for file in tmp_path.rglob("*")] == ["in", "upload"]


@pytest.mark.parametrize("form", [zipped, tarred])
@pytest.mark.parametrize("name", LIMITS)
def test_a_bomb_is_refused_at_the_limit(form, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many bytes as the limit are taken; with one more nothing is, and nothing stays."""
    monkeypatch.setitem(LIMITS, name, MB)
    path = tmp_path / "upload"
    path.write_bytes(form({**GOOD, name: b" " * MB}))
    unpack(path, tmp_path / "export")
    path.write_bytes(form({**GOOD, name: b" " * (MB + 1)}))

    with pytest.raises(ArchiveRefused) as refused:
        unpack(path, tmp_path / "other")

    assert (refused.value.reason, refused.value.values) == ("large", {"name": name, "size": 1})
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("form", [zipped, tarred])
def test_unpacking_can_be_stopped(form, tmp_path: Path) -> None:
    """A stop ends it between two blocks, and leaves nothing."""
    path = tmp_path / "upload"
    path.write_bytes(form(GOOD))

    with pytest.raises(KeyboardInterrupt):
        unpack(path, tmp_path / "export", stopped=lambda: True)

    assert not (tmp_path / "export").exists()


damages = st.lists(st.tuples(st.integers(0, 1200), st.binary(min_size=1, max_size=12)), min_size=1, max_size=4)


@given(form=st.sampled_from([zipped(GOOD), tarred(GOOD), gzip.decompress(tarred(GOOD))]), damages=damages)
def test_whatever_the_bytes_are_nothing_breaks(form: bytes, damages, tmp_path_factory: pytest.TempPathFactory) -> None:
    """An archive with any damage is unpacked into the three files, or refused without a trace, and nothing else."""
    content = bytearray(form)
    for place, piece in damages:
        content[place % len(form) : place % len(form) + len(piece)] = piece
    folder = tmp_path_factory.mktemp("damaged")
    (folder / "upload").write_bytes(content)

    refused = False
    try:
        unpack(folder / "upload", folder / "export")
    except ArchiveRefused:
        refused = True

    left = {str(file.relative_to(folder)) for file in folder.rglob("*")}
    assert left == ({"upload"} if refused else {"upload", "export", *(f"export/{name}" for name in LIMITS)})


# --- In the console ----------------------------------------------------------------------------------


def upload(browser, content: bytes, name: str = "export.zip", **fields: str):
    """The piece of an import that begins with the file."""
    answer = browser.upload("/import", {"format": "", "encoding": "", "removal": "", **fields}, name, content)
    browser.follow(answer)
    return browser.console.services.work.find(answer.path.rpartition("/")[2])


def then(browser, piece, path: str = "", **fields: str):
    """The page of the piece, and the piece, after its next step."""
    page = browser.follow(browser.post(f"/work/{piece.id}{path}", fields))
    return page, browser.console.services.work.find(piece.id)


def imported(browser, content: bytes, existing: str = "fail"):
    """The piece of an import after all of its steps, with every attribute as it is called."""
    piece = upload(browser, content)
    names = [name for name in piece.kept(FOUND)["attributes"] if name != "sub"]
    becomes = {f"becomes.{number}": name for number, name in enumerate(names)}
    _, checked = then(browser, piece, "/choices", **{**CHOICES, **becomes, "existing": existing})
    return then(browser, checked, typed=str(checked.result["count"]))[1]


def groups_of(stage) -> set[str]:
    """The names of the store's groups."""
    return {group.name for group in stage.users.iter_groups()}


def exported(browser) -> bytes:
    """The archive of an export."""
    answer = browser.post("/export")
    browser.follow(answer)
    return browser.get(f"{answer.path}/export.zip").body


def test_an_export_comes_in_where_nobody_is_and_is_the_same_when_it_is_exported(stage, make_stage) -> None:
    """Export, import elsewhere, export again: all is equal but for what the manifest says that no import carries."""
    other = make_stage()
    for user in list(other.users.iter_users()):
        other.users.delete_user(user.username)
    for group in list(other.users.iter_groups()):
        other.users.delete_group(group.name)
    first = zipfile.ZipFile(io.BytesIO(exported(stage.browser(Role.ADMINISTRATOR))))
    browser = other.browser(Role.ADMINISTRATOR)

    done = imported(browser, first.fp.getvalue())

    assert (done.state, done.result["counts"]["created"]) == (State.DONE, 30)
    again = zipfile.ZipFile(io.BytesIO(exported(browser)))
    not_carried = json.loads(first.read("export/manifest.json"))["not_carried"].keys()
    assert people(first, not_carried) == people(again, not_carried)
    assert first.read("export/groups.jsonl") == again.read("export/groups.jsonl")
    assert counts(first) == counts(again)
    assert not done.path(UPLOAD).exists()
    assert not done.path(UNPACKED).exists()


def people(archive: zipfile.ZipFile, without) -> dict[str, dict[str, Any]]:
    """The people of an export by name, without what cannot be equal."""
    lines = [json.loads(line) for line in archive.read("export/users.jsonl").splitlines()]
    return {line["username"]: {name: value for name, value in line.items() if name not in without} for line in lines}


def counts(archive: zipfile.ZipFile) -> dict[str, Any]:
    """What the manifest counts."""
    manifest = json.loads(archive.read("export/manifest.json"))
    return {name: manifest[name] for name in ("users", "groups", "memberships", "attributes", "service")}


@pytest.mark.parametrize("existing", ["skip", "update"])
def test_groups_are_made_as_the_command_line_makes_them(stage, browser, existing: str) -> None:
    """A group that is missing is made before the people; one that exists is changed only where people are, too."""
    stage.users.update_group("customers", description="Before")
    groups = '{"name":"customers","description":"After"}\n{"name":"new","description":"New","precedence":7}\n'
    content = tarred(packed('{"username":"mary","groups":["new"]}\n', groups))
    piece = upload(browser, content, "people.tar.gz")
    page, checked = then(browser, piece, "/choices", **{**CHOICES, "existing": existing})
    assert "2 groups of the export are made first" in page.text
    assert ("Groups that exist are changed" in page.text) == (existing == "update")
    assert checked.result["failing"] == 0
    assert "new" not in groups_of(stage)

    _, done = then(browser, checked, typed="1")

    assert done.result["counts"]["created"] == 1
    assert [group.name for group in stage.users.iter_groups_for_user("mary")] == ["new"]
    made = stage.users.get_group("new")
    assert (made.description, made.precedence) == ("New", 7)
    assert stage.users.get_group("customers").description == ("After" if existing == "update" else "Before")


def test_an_export_of_groups_alone_comes_in(stage, browser) -> None:
    """Where nobody is in the export, its groups are still made, after the number 0."""
    _, checked = then(browser, upload(browser, zipped(packed("", GROUPS))), "/choices", **CHOICES)

    page, done = then(browser, checked, typed="0")

    assert done.state is State.DONE
    assert "Done" in page.text
    assert "staff" in groups_of(stage)


def test_rows_of_an_archive_are_told_by_line(stage, browser) -> None:
    """What is wrong with a row is told with its line, as in a file; the others can go in."""
    users = f'{USERS}{{"username":"hana","groups":["unheard"]}}\n{{"username":5}}\n{{"username":"zoe"}}\n'

    page, checked = then(browser, upload(browser, zipped(packed(users, GROUPS))), "/choices", **CHOICES)

    assert re.findall(r'data-label="Line">(\d+)<', page.text) == ["2", "3"]
    _, done = then(browser, checked, typed="4")
    assert (done.result["counts"]["created"], done.result["counts"]["failed"]) == (2, 2)


def test_an_import_of_an_archive_goes_on_after_it_was_killed(stage, browser) -> None:
    """Killed while it unpacked, it unpacks anew; killed while it ran, it does nothing twice."""
    piece = upload(browser, zipped(GOOD))
    piece.path(UPLOAD).write_bytes(zipped(GOOD))
    piece.path(FOUND).unlink()
    (piece.path(UNPACKED) / "users.jsonl").write_bytes(b"half")
    stage.lose(piece)
    assert "It broke off" in browser.get(f"/work/{piece.id}").text

    page, piece = then(browser, piece)
    assert "1 row was found" in page.text
    assert not piece.path(UPLOAD).exists()
    _, piece = then(browser, piece, "/choices", **CHOICES)
    piece.agree()
    stage.lose(piece)
    stage.users.add_user("mary")
    _, done = then(browser, piece)

    assert (done.state, done.result["counts"]["failed"]) == (State.DONE, 1)
    assert "staff" in groups_of(stage)


def test_files_of_an_archive_that_were_touched_are_not_imported(stage, browser) -> None:
    """Between the look and the yes, the files are compared with the manifest again; no path of the server is told."""
    piece = upload(browser, zipped(GOOD))
    (piece.path(UNPACKED) / "users.jsonl").write_bytes(USERS.replace("mary", "eve").encode())

    page, failed = then(browser, piece, "/choices", **CHOICES)

    assert failed.state is State.FAILED
    assert "upload the archive again" in page.text
    assert str(piece.folder) not in page.text


DEEP = "[" * 100_000
WRONG: dict[str, tuple[str, Files]] = {
    "another version": ("manifest", packed(USERS, GROUPS, manifest=2)),
    "no count": ("manifest", packed(USERS, GROUPS, users="many")),
    "users are counted wrong": ("changed", packed(USERS, GROUPS, users=2)),
    "groups are counted wrong": ("changed", packed(USERS, GROUPS, groups=0)),
    "users are others": ("changed", {**GOOD, "users.jsonl": b'{"username":"eve"}\n'}),
    "groups are others": ("changed", {**GOOD, "groups.jsonl": b""}),
    "no sums": ("changed", packed(USERS, GROUPS, files={})),
    "the manifest is no JSON": ("changed", {**GOOD, "manifest.json": b"{"}),
    "the manifest is a list": ("changed", {**GOOD, "manifest.json": b"[]"}),
    "the manifest is deep": ("changed", {**GOOD, "manifest.json": DEEP.encode()}),
    "a group has no name": ("changed", packed(USERS, "{}\n")),
    "a group has a number for a name": ("changed", packed(USERS, '{"name":1}\n')),
    "a group is deep": ("changed", packed(USERS, f"{DEEP}\n")),
    "a group is a line without end": ("changed", packed(USERS, f'{{"name":"{"a" * 5 * MB}"}}\n')),
}  # fmt: skip


def test_what_is_refused_is_told_in_one_sentence_and_gone(stage, browser) -> None:
    """In both languages; of the archive nothing stays, also when somebody goes on, and the store is as it was."""
    before = stage.state()
    cases = {reason: (reason, content) for reason, content in REFUSED.values()}  # the last one of each reason
    cases |= {name: (reason, zipped(files)) for name, (reason, files) in WRONG.items()}
    told: set[str] = set()
    for name, (reason, content) in cases.items():
        for language in ("en", "ja") if reason not in told else ("en",):
            stage.prefer("store:kim", language=language)
            piece = upload(browser, content, f"{name}.zip")
            page = browser.get(f"/work/{piece.id}")
            alerts = re.findall(r'<p class="alert">([^<]*)</p>', page.text)
            kept = piece.kept("refused.json")
            assert (piece.state, kept["reason"]) == (State.FAILED, reason), name
            assert alerts == [expected(reason, kept["values"], language)], name
            assert "Go on" not in page.text
            left = {file.name for file in piece.folder.iterdir()}
            assert left == {"facts.json", "state.json", "lock", "refused.json"}, name
        told.add(reason)
    page, again = then(browser, piece)
    assert (again.state, again.result["code"], again.kept("refused.json")) == (State.FAILED, "invalid_input", kept)
    assert expected(reason, kept["values"], "en") in page.text
    assert told == REFUSALS.keys() - {"large"}
    assert stage.state() == before


def expected(reason: str, values: Mapping[str, object], language: str) -> str:
    """The sentence of the catalog."""
    return language_of(language).text(REFUSALS[reason], **values)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_what_a_hostile_manifest_says_is_shown_as_text(make_stage, language: str) -> None:
    """A source is shown as text and not without end, and a time that the console's zone does not have is left out."""
    stage = make_stage(zone=ZoneInfo("America/New_York"))
    browser = stage.browser(Role.ADMINISTRATOR)
    stage.prefer("store:kim", language=language)
    group = json.dumps({"name": HOSTILE, "description": HOSTILE})
    manifest = {"service": HOSTILE + "a" * 10_000, "store": HOSTILE, "ended": "0001-01-01T00:00:00Z"}

    piece = upload(browser, zipped(packed(USERS, f"{group}\n", **manifest)), HOSTILE.replace('"', ""))

    page = browser.get(f"/work/{piece.id}")
    assert (page.status, piece.state) == (200, State.WAITING)
    assert "<script>alert" not in page.text
    assert "\u202e" not in page.text
    assert "a" * 200 not in page.text


def test_a_told_format_goes_before_what_the_content_looks_like(stage, browser) -> None:
    """Who names a format has the file read in it, archive or not."""
    piece = upload(browser, zipped(GOOD), format="jsonl")

    assert piece.kept(FOUND)["format"] == "jsonl"
    assert piece.kept(FOUND).get("export") is None

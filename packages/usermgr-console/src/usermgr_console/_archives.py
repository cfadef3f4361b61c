"""An export that comes as an archive, a zip or a tar: its three files are read as streams, and nothing else is.

Whoever packed it is not trusted. No name, mode or link of the archive ever reaches the disk: what is written has one of
the three names, and lies in a new folder for its owner alone. Nothing is read beyond the limits, whatever the archive
says of its sizes. What it must look like otherwise is the manifest's business: see `usermgr_bulk.read_export`.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from usermgr_console._files import BLOCK, keep_blocks
from usermgr_console._i18n import N_

__all__ = ["GROUPS", "LIMITS", "MANIFEST", "MB", "REFUSALS", "USERS", "ArchiveRefused", "is_archive", "unpack"]

MB = 1024 * 1024
USERS, GROUPS, MANIFEST = "users.jsonl", "groups.jsonl", "manifest.json"
LIMITS: Mapping[str, int] = {USERS: 1024 * MB, GROUPS: 32 * MB, MANIFEST: MB}
"""The files of an export, and how many bytes each may have: more than three million people."""

REFUSALS: Mapping[str, str] = {
    "kind": N_("This kind of archive is not read here: pack the folder of the export as a plain .zip or .tar.gz."),
    "workbook": N_("This is a document of an office program, and no export: save it as CSV, and import that."),
    "damaged": N_("The archive is damaged: download it again, or pack the export again."),
    "encrypted": N_("The archive is encrypted: pack the export without a password."),
    "place": N_("A name in the archive leads out of it: pack the folder of the export, and nothing around it."),
    "special": N_(
        "The archive holds a link, a device or another special file: pack the files of the export themselves."
    ),
    "twice": N_("The archive holds a file of the export twice: pack the folder of one export, and nothing else."),
    "nested": N_("The archive holds another archive: unpack it, and import the one inside."),
    "surplus": N_("The archive holds more than an export: pack users.jsonl, groups.jsonl and manifest.json alone."),
    "missing": N_(
        "The archive lacks %(name)s: pack users.jsonl, groups.jsonl and manifest.json of one export together."
    ),
    "large": N_(
        "Unpacked, %(name)s is larger than the %(size)s MB that are taken here: import so much on the command line."
    ),
    "manifest": N_(
        "The manifest is not one that this release reads: import with the release that wrote it, or export again."
    ),
    "changed": N_("%(name)s is not as the manifest says: export again, and leave the files as they are."),
}
"""Why an archive is refused, and what helps: messages of the catalog."""

MOST_MEMBERS = 100
"""Folders, and what desktops put into archives, are passed over; not without end."""

HEADERS = 256 * 1024
"""Bytes that may be read between two files of a tar: headers can have any length that they claim."""

MOST_AT_ONCE = MB
"""Bytes that a reader of zips may take into memory: the list of the members can claim any length, too."""

NESTED = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".rar")
DOCUMENTS = ("[Content_Types].xml", "mimetype")
"""What the zips that office programs call documents begin with."""

DRIVE = re.compile("[A-Za-z]:")

_BROKEN = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, struct.error, EOFError, OSError, ValueError, RuntimeError,
    ArithmeticError, LookupError,
)  # fmt: skip
"""What readers raise for bytes that are no archive; nothing is written where it is caught."""


class ArchiveRefused(Exception):  # noqa: N818 - an answer, and no fault
    """The archive is none that is imported: `reason` is a key of `REFUSALS`, and `values` are those of its message."""

    def __init__(self, reason: str, **values: object) -> None:
        super().__init__(reason)
        self.reason = reason
        self.values = values


@dataclass(frozen=True, slots=True)
class _Member:
    """What an archive says of one of its members."""

    name: str
    is_folder: bool
    is_special: bool
    """Whether it is neither a folder nor a file of its own bytes."""
    open: Callable[[int], IO[bytes]]
    """Its content, of which no more than so many bytes will be read; good until the next member is asked for."""


def is_archive(path: Path) -> bool:
    """Whether the file is an archive by its first bytes, be it one that is read here or not."""
    return _kind(path) is not None


def unpack(path: Path, folder: Path, *, stopped: Callable[[], bool] = lambda: False) -> None:
    """Writes the export's three files from the archive into the folder, which must not be there yet.

    Whatever it raises, the folder is not there afterwards.

    Raises:
        ArchiveRefused: it is no archive of one whole export.
        KeyboardInterrupt: `stopped` said so.
    """
    folder.mkdir(mode=0o700)
    try:
        with ExitStack() as stack:
            _write(_members(path, stack), folder, stopped)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _write(members: Iterator[_Member], folder: Path, stopped: Callable[[], bool]) -> None:
    places: list[tuple[str, ...]] = []
    home: tuple[str, ...] | None = None
    missing = dict(LIMITS)
    for count, member in enumerate(members, 1):
        parts = _parts(member.name)
        if member.is_special:
            raise ArchiveRefused("special")
        if count > MOST_MEMBERS:
            raise ArchiveRefused("surplus")
        if _is_clutter(parts):
            continue
        if member.is_folder:
            places.append(parts)
            continue
        name = parts[-1]
        if name not in LIMITS:
            raise ArchiveRefused(_surplus(name))
        if name not in missing:
            raise ArchiveRefused("twice")
        if home not in (None, parts[:-1]):
            raise ArchiveRefused("surplus")
        home = parts[:-1]
        keep_blocks(_content(member, name, stopped), folder / name)
        del missing[name]
    if missing:
        raise ArchiveRefused("missing", name=next(iter(missing)))
    if any(place != (home or ())[: len(place)] for place in places):
        raise ArchiveRefused("surplus")


def _parts(name: str) -> tuple[str, ...]:
    """The parts of a name; of old, Windows writes a backslash between them."""
    name = name.replace("\\", "/")
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    if name.startswith("/") or ".." in parts or (parts and DRIVE.match(parts[0])):
        raise ArchiveRefused("place")
    return parts


def _is_clutter(parts: tuple[str, ...]) -> bool:
    """Whether it is the archive's own folder, or what a Mac adds to archives."""
    return not parts or parts[0] == "__MACOSX" or parts[-1] == ".DS_Store" or parts[-1].startswith("._")


def _surplus(name: str) -> str:
    if name in DOCUMENTS:
        return "workbook"
    return "nested" if name.lower().endswith(NESTED) else "surplus"


def _content(member: _Member, name: str, stopped: Callable[[], bool]) -> Iterator[bytes]:
    """The content, as long as it keeps to the limit."""
    limit, size = LIMITS[name], 0
    source = _reading(lambda: member.open(limit))
    while block := _reading(lambda: source.read(BLOCK)):
        if stopped():
            raise KeyboardInterrupt
        size += len(block)
        if size > limit:
            raise ArchiveRefused("large", name=name, size=limit // MB)
        yield block


def _reading(read: Callable[[], Any]) -> Any:
    """What the function reads from the archive."""
    try:
        return read()
    except _BROKEN:
        raise ArchiveRefused("damaged") from None


# --- What kind of archive ----------------------------------------------------------------------------


def _kind(path: Path) -> str | None:
    """`zip`, `tar`, `gzip`, `other` for what is not read here, and `None` for what is no archive."""
    with path.open("rb") as stream:
        head = stream.read(512)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return "zip"
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head[257:262] == b"ustar" and b"\0" in head:
        return "tar"
    others = (b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"\x1f\x9d")
    is_bzip2 = head.startswith(b"BZh") and head[4:10] == b"1AY&SY"
    return "other" if is_bzip2 or head.startswith(others) else None


def _members(path: Path, stack: ExitStack) -> Iterator[_Member]:
    kind = _kind(path)
    if kind == "zip":
        return _of_zip(stack.enter_context(_Few(path.open("rb", buffering=0))), stack)
    if kind in ("tar", "gzip"):
        return _of_tar(_Forward(stack.enter_context(path.open("rb")), is_packed=kind == "gzip"), stack)
    raise ArchiveRefused("kind")


# --- zip ---------------------------------------------------------------------------------------------


class _Few(io.BufferedReader):
    """A file of which nobody takes much into memory at once."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            size = os.fstat(self.fileno()).st_size - self.tell()
        if size > MOST_AT_ONCE:
            raise ArchiveRefused("damaged")
        return super().read(size)


def _of_zip(file: IO[bytes], stack: ExitStack) -> Iterator[_Member]:
    archive: zipfile.ZipFile = _reading(lambda: stack.enter_context(zipfile.ZipFile(file)))
    for info in archive.infolist():
        form = stat.S_IFMT(info.external_attr >> 16)  # of the system that packed it; 0 where that has none
        is_folder = info.filename.endswith(("/", "\\"))
        is_special = form not in (0, stat.S_IFDIR, stat.S_IFREG)
        yield _Member(info.filename, is_folder, is_special, lambda _, i=info: _open_zipped(archive, i))


def _open_zipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> IO[bytes]:
    if info.flag_bits & 0x1:
        raise ArchiveRefused("encrypted")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ArchiveRefused("kind")
    return archive.open(info)


# --- tar ---------------------------------------------------------------------------------------------


class _Forward:
    """A tar, packed by gzip or not, that is read from its beginning to its end, and never more than was allowed."""

    def __init__(self, file: IO[bytes], *, is_packed: bool) -> None:
        self._file = file
        self._gzip = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS) if is_packed else None
        self.allowed = HEADERS

    def read(self, size: int) -> bytes:
        """Up to so many bytes. Raises `ArchiveRefused` where they are not allowed."""
        if size > self.allowed:
            raise ArchiveRefused("damaged")
        block = self._file.read(size) if self._gzip is None else self._unpacked(self._gzip, size)
        self.allowed -= len(block)
        return block

    def _unpacked(self, gzip: Any, size: int) -> bytes:
        while not gzip.eof:
            packed = gzip.unconsumed_tail or self._file.read(size)
            block: bytes = gzip.decompress(packed, size)
            if block:
                return block
            if not packed:
                raise ArchiveRefused("damaged")  # cut off
        return b""


def _of_tar(stream: _Forward, stack: ExitStack) -> Iterator[_Member]:
    # A stream ("r|") is read in one direction only, whatever positions the headers give.
    try:
        opened = tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r|")  # noqa: SIM115 - the stack closes it; of a stream it needs `read` alone
    except _BROKEN:  # such as for a single file that is packed by gzip
        raise ArchiveRefused("kind") from None
    archive = stack.enter_context(opened)
    while (info := _reading(archive.next)) is not None:
        yield _Member(
            info.name, info.isdir(), info.issparse() or not (info.isdir() or info.isreg()),
            lambda most, i=info: _open_tarred(archive, i, stream, most),
        )  # fmt: skip
        stream.allowed = HEADERS


def _open_tarred(archive: tarfile.TarFile, info: tarfile.TarInfo, stream: _Forward, most: int) -> IO[bytes]:
    stream.allowed = most + HEADERS
    content = archive.extractfile(info)
    if content is None:
        raise ArchiveRefused("special")
    return content

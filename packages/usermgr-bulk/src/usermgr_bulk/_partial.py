"""What an export has read so far: a hidden folder beside its target, with which it goes on after any end.

    users.jsonl, groups.jsonl   as the export will have them
    members.jsonl               a line for each page of a group's members
    checkpoint.json             which page is next, and what the other files hold by then

The lines are durable before the checkpoint that counts them; what follows them is cut off when the export goes on.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, cast

from usermgr import StoreDescription
from usermgr.codec import MismatchError, codec_for
from usermgr.errors import ConflictError, InvalidInputError
from usermgr_bulk._files import lock, open_private, sync_folder, whole_file
from usermgr_bulk._lines import one_line, read_line, read_lines
from usermgr_bulk._listing import is_too_old
from usermgr_bulk._manifest import FileSum, Manifest

__all__ = ["GROUPS", "MANIFEST", "USERS", "Checkpoint", "Partial", "unfinished_export"]

USERS, GROUPS, MANIFEST = "users.jsonl", "groups.jsonl", "manifest.json"
MEMBERS, CHECKPOINT, LOCK = "members.jsonl", "checkpoint.json", ".lock"
FILES = (GROUPS, MEMBERS, USERS)

VERSION = 1

BLOCK = 256 * 1024


@dataclass(frozen=True, slots=True)
class Part:
    """What a file holds so far; what it holds beyond `size` is not counted."""

    size: int = 0
    lines: int = 0
    sha256: str = hashlib.sha256().hexdigest()


@dataclass(slots=True)
class Checkpoint:
    """How far an export is. Times are in seconds since 1970."""

    service: str
    store: str | None
    began: float
    at: float
    """When the last page came, and its token with it."""
    listing: int = 0
    """How many listings are read whole: first that of the groups, then one of each group's members, then the users."""
    token: str | None = field(default=None, repr=False)
    """Where the listing after those goes on; `None` for its beginning."""
    memberships: int = 0
    attributes: Mapping[str, int] = field(default_factory=dict[str, int])
    """How many users have each attribute."""
    files: Mapping[str, Part] = field(default_factory=dict[str, Part])
    checkpoint: int = VERSION

    def go_on(self, token: str | None) -> None:
        """Another page is read; `token` is that of the next, and `None` where the listing has no more."""
        self.token = token
        if token is None:
            self.listing += 1


class PartFile:
    """A private file of JSON lines that counts and hashes what is written, from a part on that it holds already.

    Raises `ValueError` where it does not hold that part.
    """

    def __init__(self, path: Path, part: Part) -> None:
        self._path = path
        self._stream = os.fdopen(open_private(path, os.O_RDWR), "r+b")
        self._digest = hashlib.sha256()
        self.size, self.count = part.size, part.lines
        self._is_synced = True
        left = part.size
        while block := self._stream.read(min(left, BLOCK)):
            self._digest.update(block)
            left -= len(block)
        if self._digest.hexdigest() != part.sha256:
            self.close()
            raise ValueError(path.name)
        self._stream.truncate(part.size)
        self._stream.seek(part.size)

    def write(self, members: dict[str, Any]) -> None:
        """Adds a line."""
        line = one_line(members)
        self._stream.write(line)
        self._digest.update(line)
        self._is_synced = False
        self.size += len(line)
        self.count += 1

    def sync(self) -> Part:
        """What the file holds now, durably."""
        if not self._is_synced:
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._is_synced = True
        return Part(self.size, self.count, self._digest.hexdigest())

    def lines(self) -> Iterator[dict[str, Any]]:
        """All that was written."""
        self._stream.flush()
        with self._path.open("rb") as stream:
            for number, (_, line) in enumerate(read_lines(stream), start=1):
                yield read_line(line, number, self._path.name)

    def close(self) -> None:
        """Lets go of the file. What could not be written, as on a full disk, is cut off when the export goes on."""
        with suppress(OSError):
            self._stream.close()


class Partial:
    """The folder, which no other export can use until this is closed; then it goes, unless it has a checkpoint.

    Call `begin` or `resume` first. Raises `ConflictError` while another export uses the folder.
    """

    so_far: Checkpoint
    """How far the export is; `keep` makes it durable."""

    def __init__(self, target: Path, store: StoreDescription) -> None:
        self.folder = _beside(target)
        self._target = target
        self._store = store
        self._files: dict[str, PartFile] = {}
        self._is_published = False
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self._lock = open_private(self.folder / LOCK, os.O_RDWR)
        try:
            lock(self._lock, f"another export into {target} runs now")
        except BaseException:
            os.close(self._lock)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        try:
            self._close_files()
            if not self.is_kept and not self._is_published:
                shutil.rmtree(self.folder, ignore_errors=True)
        finally:
            os.close(self._lock)

    @property
    def is_kept(self) -> bool:
        """Whether there is a checkpoint to go on from."""
        return (self.folder / CHECKPOINT).exists()

    @property
    def users(self) -> PartFile:
        """The lines of users."""
        return self._files[USERS]

    @property
    def groups(self) -> PartFile:
        """The lines of groups."""
        return self._files[GROUPS]

    @property
    def members(self) -> PartFile:
        """Pages of names of those who are in a group."""
        return self._files[MEMBERS]

    def begin(self, now: float) -> None:
        """Begins anew: what the folder had is gone."""
        self._close_files()
        self._remove_all_but(LOCK)
        self._open_files(dict.fromkeys(FILES, Part()))
        sync_folder(self._target.parent)
        self.so_far = Checkpoint(self._store.service, self._store.store, began=now, at=now)

    def resume(self, now: float) -> None:
        """Goes on from the checkpoint; begins anew where there is none, or one whose page token is too old by now.

        Raises:
            ConflictError: it is of another store.
            InvalidInputError: it is of another version, or the files do not hold what it counts.
        """
        try:
            found = self._checkpoint()
            if found is None or is_too_old(found.at, now):
                self.begin(now)
                return
            self._open_files(found.files)
        except (KeyError, ValueError, MismatchError):
            raise InvalidInputError(
                f"{self.folder} is damaged, or of another release: begin the export anew, which removes it",
                field="folder",
            ) from None
        self.so_far = found

    def keep(self) -> None:
        """Makes the lines durable, and then the checkpoint with what they are."""
        self.so_far.files = {name: file.sync() for name, file in self._files.items()}
        with whole_file(self.folder / CHECKPOINT) as stream:
            stream.write(one_line(codec_for(Checkpoint).encode(self.so_far)))

    def publish(self, manifest: Manifest) -> None:
        """Makes the export of it: all is durable, and in its place. Raises `InvalidInputError` where that is taken."""
        if self._target.exists():
            raise InvalidInputError(f"{self._target} is there by now: move it away", field="folder")
        with whole_file(self.folder / MANIFEST) as stream:
            stream.write(json.dumps(manifest.to_dict(), indent=2).encode("ascii") + b"\n")
        self._close_files()
        self._remove_all_but(USERS, GROUPS, MANIFEST)
        sync_folder(self.folder)
        self.folder.rename(self._target)
        self._is_published = True
        sync_folder(self._target.parent)

    def sums(self) -> dict[str, FileSum]:
        """The files of the export as they are now, durably."""
        parts = {name: self._files[name].sync() for name in (USERS, GROUPS)}
        return {name: FileSum(part.lines, part.sha256) for name, part in parts.items()}

    def _checkpoint(self) -> Checkpoint | None:
        """Raises `ConflictError` for one of another store, `ValueError` for another version, and `MismatchError`."""
        if not self.is_kept:
            return None
        members: Any = json.loads((self.folder / CHECKPOINT).read_bytes())
        if not isinstance(members, dict) or cast("dict[str, Any]", members).get("checkpoint") != VERSION:
            raise ValueError(CHECKPOINT)
        found: Checkpoint = codec_for(Checkpoint).decode(members)
        if (found.service, found.store) != (self._store.service, self._store.store):
            raise ConflictError(f"{self.folder} is of another store: begin the export anew, which removes it")
        return found

    def _remove_all_but(self, *kept: str) -> None:
        """Removes the checkpoint first, durably, so that it never counts what is no longer there."""
        (self.folder / CHECKPOINT).unlink(missing_ok=True)
        sync_folder(self.folder)
        for path in self.folder.iterdir():
            if path.name not in kept:
                path.unlink()

    def _open_files(self, parts: Mapping[str, Part]) -> None:
        for name in FILES:
            self._files[name] = PartFile(self.folder / name, parts[name])

    def _close_files(self) -> None:
        for file in self._files.values():
            file.close()
        self._files.clear()


def unfinished_export(folder: str | Path) -> Path | None:
    """The folder that an interrupted export into `folder` has left, to go on with or to remove; `None` without one.

    Its name is hidden, only its owner can read it, and there is personal data in it.
    """
    partial = _beside(Path(folder))
    return partial if (partial / CHECKPOINT).exists() else None


def _beside(target: Path) -> Path:
    return target.with_name(f".{target.name}.partial")

"""Exporting all users and groups of a store into a folder that appears whole or not at all.

    users.jsonl     a line for each user: `usermgr.records.UserRecord`, without a password
    groups.jsonl    a line for each group: name, description, precedence
    manifest.json   counts, checksums, the source, and what could not be carried

Who is in which group is read group by group, sixty members a request, and kept on the disk meanwhile: asking for the
groups of each user would take a request a user.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, cast

from usermgr import Group, StoreDescription, User, UserManager, where
from usermgr.backoff import Backoff
from usermgr.errors import InvalidInputError, InvalidPageTokenError, ServiceError
from usermgr.records import Row, UserRecord
from usermgr_bulk._calls import Caller
from usermgr_bulk._files import lock, open_private, sync_folder
from usermgr_bulk._input import Input
from usermgr_bulk._lines import one_line, read_line, read_lines
from usermgr_bulk._listing import STARTS, listing
from usermgr_bulk._manifest import FileSum, Manifest
from usermgr_bulk._meter import Meter
from usermgr_bulk._pace import Pace
from usermgr_bulk._results import Progress
from usermgr_bulk._scratch import Memberships

__all__ = ["Export", "export_users", "read_export"]

USERS, GROUPS, MANIFEST, LOCK = "users.jsonl", "groups.jsonl", "manifest.json", ".lock"


def export_users(
    users: UserManager,
    folder: str | Path,
    *,
    share: float = 1.0,
    backoff: Backoff | None = None,
    progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
    now: Callable[[], float] = time.monotonic,
) -> Manifest:
    """Writes all users and groups of the store into the folder, which must not be there yet.

    Memory does not grow with the number of users. The files have the mode 0600. Where this fails or is interrupted,
    nothing is left behind; start it again. A listing whose page token is older than an hour, as after the sleep of a
    laptop, is begun anew.

    Args:
        users: The store.
        folder: The folder to make; the one above it must be there.
        share: The share of the store's rates that may be used; they are the whole account's.
        backoff: The pauses before a call is repeated.
        progress: Is called now and then with the number of users written; the total is the store's own estimate.
        stop: Ends the export as Ctrl-C does, when another thread sets it.
        now: The clock, in seconds.

    Raises:
        InvalidInputError: the folder is there already.
        ConflictError: another export into this folder runs now.
        KeyboardInterrupt: Ctrl-C, or `stop`.
    """
    target = Path(folder)
    if target.exists():
        raise InvalidInputError(f"{target} is there already: name a new folder", field="folder")
    store = users.describe()
    pace = Pace(store.rates, share=share)
    caller = Caller(users, store, pace, stopping=stop or threading.Event(), backoff=backoff)
    meter = Meter(progress, store.estimated_users)
    with _whole_folder(target) as partial, Memberships() as memberships:
        work = _Work(caller, meter, partial, memberships, now)
        return work.run(store)


@contextmanager
def _whole_folder(target: Path) -> Generator[Path]:
    partial = target.with_name(f".{target.name}.partial")
    partial.mkdir(mode=0o700, exist_ok=True)
    descriptor = open_private(partial / LOCK, os.O_RDWR)
    try:
        lock(descriptor, f"another export into {target} runs now")
        try:
            for name in (USERS, GROUPS, MANIFEST):
                (partial / name).unlink(missing_ok=True)  # of an export that was killed
            yield partial
            (partial / LOCK).unlink()
            sync_folder(partial)
            partial.rename(target)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        sync_folder(target.parent)
    finally:
        os.close(descriptor)


class _Lines:
    """A private file of JSON lines that counts and hashes what is written."""

    def __init__(self, path: Path) -> None:
        self._stream = os.fdopen(open_private(path, os.O_WRONLY | os.O_TRUNC), "wb")
        self._digest = hashlib.sha256()
        self.count = 0

    def write(self, members: dict[str, Any]) -> None:
        line = one_line(members)
        self._stream.write(line)
        self._digest.update(line)
        self.count += 1

    def finish(self) -> FileSum:
        self._stream.flush()
        os.fsync(self._stream.fileno())
        return FileSum(self.count, self._digest.hexdigest())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._stream.close()


class _Work:
    def __init__(
        self, caller: Caller, meter: Meter, folder: Path, memberships: Memberships, now: Callable[[], float]
    ) -> None:
        self._caller = caller
        self._meter = meter
        self._folder = folder
        self._memberships = memberships
        self._now = now
        self._attributes: Counter[str] = Counter()
        self._joined = 0

    def run(self, store: StoreDescription) -> Manifest:
        began = datetime.now(UTC)
        groups, users = self._read()
        manifest = Manifest(
            store.service,
            store.store,
            began=began,
            ended=datetime.now(UTC),
            users=users.lines,
            groups=groups.lines,
            memberships=self._joined,
            attributes=dict(sorted(self._attributes.items())),
            files={USERS: users, GROUPS: groups},
        )
        with os.fdopen(open_private(self._folder / MANIFEST, os.O_WRONLY | os.O_TRUNC), "wb") as stream:
            stream.write(json.dumps(manifest.to_dict(), indent=2).encode("ascii") + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        return manifest

    def _read(self) -> tuple[FileSum, FileSum]:
        for _ in range(STARTS):
            self._memberships.clear()
            self._attributes.clear()
            self._joined = 0
            try:
                return self._groups(), self._users()
            except InvalidPageTokenError:
                continue
        raise ServiceError(f"a page token grew too old {STARTS} times: the store answers too slowly")

    def _groups(self) -> FileSum:
        with _Lines(self._folder / GROUPS) as lines:
            for page in self._listing("list_groups"):
                for group in page.items:
                    members = {"name": group.name, "description": group.description, "precedence": group.precedence}
                    lines.write(_without_none(members))
                    self._members(group)
            return lines.finish()

    def _members(self, group: Group) -> None:
        for page in self._listing("find_users", conditions=[where("group").equals(group.name)]):
            self._memberships.add(group.name, (user.username for user in page.users))

    def _users(self) -> FileSum:
        with _Lines(self._folder / USERS) as lines:
            for page in self._listing("find_users"):
                for user in page.users:
                    record = self._record(user)
                    self._joined += len(record.groups or ())
                    self._attributes.update(record.attributes.keys())
                    lines.write(_without_none(record.to_dict()))
                if self._meter.is_due:
                    self._tell(lines.count)
            self._tell(lines.count)
            return lines.finish()

    def _tell(self, count: int) -> None:
        self._meter.tell(count, {}, self._caller.pace.throttled)

    def _record(self, user: User) -> UserRecord:
        attributes: dict[str, str | None] = {name: user.attributes[name] for name in user.attributes if name != "sub"}
        return UserRecord(
            user.username,
            attributes,
            enabled=user.enabled,
            groups=self._memberships.of(user.username),
            status=user.status,
            sub=user.sub,
            created_at=user.created_at,
            updated_at=user.updated_at,
        )

    def _listing(self, operation: str, **arguments: Any) -> Iterator[Any]:
        return listing(self._caller, operation, self._now, **arguments)


def _without_none(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Export(Input):
    """A folder that `export_users` wrote, as an input for `import_users`."""

    folder: Path
    manifest: Manifest

    def groups(self) -> Iterator[Group]:
        """The groups, for the argument `groups` of `import_users`."""
        for number, line in self._lines(GROUPS):
            members = read_line(line, number, GROUPS)
            yield Group(members["name"], members.get("description"), members.get("precedence"))

    def rows(self) -> Iterator[Row]:
        """The users."""
        for number, line in self._lines(USERS):
            try:
                yield Row(number, UserRecord.from_dict(read_line(line, number, USERS)))
            except InvalidInputError as error:
                yield Row(number, error=error)

    def fingerprint(self) -> str:
        """The checksum of the users."""
        return self.manifest.files[USERS].sha256

    def _lines(self, name: str) -> Iterator[tuple[int, bytes]]:
        with (self.folder / name).open("rb") as stream:
            for number, (_, line) in enumerate(read_lines(stream), start=1):
                yield number, line


def read_export(folder: str | Path) -> Export:
    """The export in that folder, whose files are as they were written.

    Raises:
        InvalidInputError: it is no export, of another version, or a file differs from its checksum.
        OSError: a file cannot be read.
    """
    path = Path(folder)
    try:
        members: Any = json.loads((path / MANIFEST).read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        members = None
    if not isinstance(members, dict):
        raise InvalidInputError(f"{path} holds no export: it has no manifest.json", field="folder")
    manifest = Manifest.from_dict(cast("dict[str, Any]", members))
    for name in (USERS, GROUPS):
        with (path / name).open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if name not in manifest.files or digest != manifest.files[name].sha256:
            raise InvalidInputError(f"{path / name} is not as it was written: export again", field=name)
    return Export(path, manifest)

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
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from usermgr import Group, User, UserManager, where
from usermgr.backoff import Backoff
from usermgr.errors import GroupNotFoundError, InvalidInputError, InvalidPageTokenError, ServiceError, UsermgrError
from usermgr.records import Row, UserRecord, lines_of
from usermgr_bulk._calls import Caller
from usermgr_bulk._errors import BulkStoppedError
from usermgr_bulk._input import Input
from usermgr_bulk._lines import read_line
from usermgr_bulk._listing import STARTS, listing
from usermgr_bulk._manifest import Manifest
from usermgr_bulk._meter import Meter
from usermgr_bulk._pace import Pace
from usermgr_bulk._partial import GROUPS, MANIFEST, USERS, Partial
from usermgr_bulk._results import Progress
from usermgr_bulk._scratch import Memberships

__all__ = ["Export", "export_users", "read_export"]

CHECKPOINT_SECONDS = 0.1
"""How often what was read is made durable: a kill costs what was read since, and a sync takes some milliseconds."""


def export_users(
    users: UserManager,
    folder: str | Path,
    *,
    resume: bool = False,
    share: float = 1.0,
    backoff: Backoff | None = None,
    progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
    now: Callable[[], float] = time.time,
) -> Manifest:
    """Writes all users and groups of the store into the folder, which must not be there yet.

    Memory does not grow with the number of users. The files have the mode 0600. Where this is interrupted, fails after
    a first page was read, or is killed, what was read is kept in a hidden folder beside the other, for its owner alone:
    see `unfinished_export`. A page token that is older than an hour, as after the sleep of a laptop, or that the store
    refuses, is not used: the export begins anew.

    Args:
        users: The store.
        folder: The folder to make; the one above it must be there.
        resume: Goes on from the last page of an export into this folder that was interrupted, if there is one. Without
            this, what that one has left is removed.
        share: The share of the store's rates that may be used; they are the whole account's.
        backoff: The pauses before a call is repeated.
        progress: Is called now and then with the number of users written, durably; the total is the store's own
            estimate.
        stop: Ends the export as Ctrl-C does, when another thread sets it.
        now: The clock on the wall, in seconds since 1970: the next process has no other to tell the age of a token.

    Raises:
        InvalidInputError: the folder is there already; or what is to be gone on with is damaged, or of another release.
        ConflictError: another export into this folder runs now, or what is to be gone on with is of another store.
        BulkStoppedError: the export could not go on, and what was read is kept; `__cause__` is what stopped it. Without
            a page that was read, that error itself.
        KeyboardInterrupt: Ctrl-C, or `stop`.
    """
    target = Path(folder)
    if target.exists():
        raise InvalidInputError(f"{target} is there already: name a new folder", field="folder")
    store = users.describe()
    pace = Pace(store.rates, share=share)
    caller = Caller(users, store, pace, stopping=stop or threading.Event(), backoff=backoff)
    meter = Meter(progress, store.estimated_users)
    with Partial(target, store) as partial:
        if resume:
            partial.resume(now())
        else:
            partial.begin(now())
        with _told(partial), Memberships() as memberships:
            return _Work(caller, meter, partial, memberships, now).run()


@contextmanager
def _told(partial: Partial) -> Generator[None]:
    """Says of an end that leaves something what that is, and what to do about it."""
    try:
        yield
    except KeyboardInterrupt:
        if not partial.is_kept:
            raise
        raise KeyboardInterrupt(f"interrupted: {_way_on(partial)}") from None
    except (UsermgrError, OSError) as error:
        if not partial.is_kept:
            raise
        why = error.message if isinstance(error, UsermgrError) else str(error)
        raise BulkStoppedError(f"stopped: {why}. What to do: {_way_on(partial)}") from error


def _way_on(partial: Partial) -> str:
    return f"resume the export to go on, or remove {partial.folder}, which holds personal data"


class _Work:
    def __init__(
        self, caller: Caller, meter: Meter, partial: Partial, memberships: Memberships, now: Callable[[], float]
    ) -> None:
        self._caller = caller
        self._meter = meter
        self._partial = partial
        self._memberships = memberships
        self._now = now
        self._kept_at: float | None = None
        self._counted = partial.users.count

    def run(self) -> Manifest:
        for line in self._partial.members.lines():
            self._memberships.add(line["group"], line["users"])
        self._read()
        self._keep()
        self._tell()
        so_far, sums = self._partial.so_far, self._partial.sums()
        manifest = Manifest(
            so_far.service,
            so_far.store,
            began=datetime.fromtimestamp(so_far.began, UTC),
            ended=datetime.fromtimestamp(self._now(), UTC),
            users=sums[USERS].lines,
            groups=sums[GROUPS].lines,
            memberships=so_far.memberships,
            attributes=dict(sorted(so_far.attributes.items())),
            files=sums,
        )
        self._partial.publish(manifest)
        return manifest

    def _read(self) -> None:
        for _ in range(STARTS):
            try:
                self._read_rest()
            except InvalidPageTokenError:
                self._memberships.clear()
                self._partial.begin(self._now())
            else:
                return
        raise ServiceError(f"a page token grew too old {STARTS} times: the store answers too slowly")

    def _read_rest(self) -> None:
        """Reads the listings that are not read yet; the first of them from its next page on."""
        so_far = self._partial.so_far
        if so_far.listing == 0:
            self._read_groups()
        number = 0
        for number, group in enumerate(self._partial.groups.lines(), start=1):
            if so_far.listing == number:
                self._read_members(group["name"])
        if so_far.listing == number + 1:
            self._read_users()

    def _read_groups(self) -> None:
        for page in self._pages("list_groups"):
            for group in page.items:
                members = {"name": group.name, "description": group.description, "precedence": group.precedence}
                self._partial.groups.write(_without_none(members))

    def _read_members(self, group: str) -> None:
        try:
            for page in self._pages("find_users", conditions=[where("group").equals(group)]):
                names = [user.username for user in page.users]
                self._partial.members.write({"group": group, "users": names})
                self._memberships.add(group, names)
        except GroupNotFoundError:  # deleted since the groups were read: nobody is in it
            self._partial.so_far.go_on(None)

    def _read_users(self) -> None:
        so_far = self._partial.so_far
        so_far.attributes = attributes = Counter(so_far.attributes)
        for page in self._pages("find_users"):
            for user in page.users:
                record = self._record(user)
                so_far.memberships += len(record.groups or ())
                attributes.update(record.attributes.keys())
                self._partial.users.write(_without_none(record.to_dict()))
            if self._meter.is_due:
                self._tell()

    def _pages(self, operation: str, **arguments: Any) -> Iterator[Any]:
        """The pages of the next listing, from where it was left. What was made of one counts when the next is taken."""
        so_far = self._partial.so_far
        for page in listing(self._caller, operation, self._now, start=so_far.token, got=so_far.at, **arguments):
            at = self._now()
            yield page
            so_far.at = at
            so_far.go_on(page.next_token)
            if self._kept_at is None or abs(self._now() - self._kept_at) >= CHECKPOINT_SECONDS:
                self._keep()

    def _keep(self) -> None:
        self._partial.keep()
        self._kept_at = self._now()
        self._counted = self._partial.users.count

    def _tell(self) -> None:
        self._meter.tell(self._counted, {}, self._caller.pace.throttled)

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


def _without_none(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Export(Input):
    """A folder that `export_users` wrote, as an input for `import_users`."""

    folder: Path
    manifest: Manifest

    def groups(self) -> Iterator[Group]:
        """The groups, for the argument `groups` of `import_users`. Raises `InvalidInputError` for a damaged line."""
        for number, line in self._lines(GROUPS):
            yield Group.from_dict(read_line(line, number, GROUPS))

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
        """The lines; one over `LINE_LIMIT` is empty, which is no record."""
        with (self.folder / name).open("rb") as stream:
            for number, line in lines_of(stream):
                yield number, line or b""


def read_export(folder: str | Path) -> Export:
    """The export in that folder, whose files are as they were written.

    Raises:
        InvalidInputError: it is no export, of another version, or a file differs from its checksum.
        OSError: a file cannot be read.
    """
    path = Path(folder)
    try:
        members: Any = json.loads((path / MANIFEST).read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValueError, RecursionError):
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

"""Importing records into any store."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from usermgr import Capability, Group, StoreDescription, UserManager
from usermgr.backoff import Backoff
from usermgr.errors import GroupExistsError, InvalidInputError, UsermgrError
from usermgr.paging import pages
from usermgr.records import Row
from usermgr_bulk._calls import Call, Caller
from usermgr_bulk._engine import Engine
from usermgr_bulk._guarding import Acting, guarded
from usermgr_bulk._input import Input
from usermgr_bulk._journal import Journal, RunIdentity
from usermgr_bulk._options import Existing, ImportOptions
from usermgr_bulk._report import write_report, write_sub_map
from usermgr_bulk._results import Progress, RowOutcome, RowResult, Summary
from usermgr_bulk._scratch import FirstLines
from usermgr_bulk._steps import RowImport
from usermgr_bulk._tasks import Steps, Task, ended
from usermgr_bulk._wanted import Wanted, complaints, wanted

__all__ = ["duplicate", "import_users", "read_row"]


def import_users(
    users: UserManager,
    source: Input,
    *,
    journal: str | Path,
    options: ImportOptions | None = None,
    groups: Iterable[Group] = (),
    report: str | Path | None = None,
    sub_map: str | Path | None = None,
    required_groups: Collection[str] = (),
    acting: Acting = None,
    threads: int = 8,
    share: float = 1.0,
    backoff: Backoff | None = None,
    total: int | None = None,
    progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
) -> Summary:
    """Brings each row of the input into the store, and goes on where an earlier call with the same journal ended.

    Nobody is invited unless `options.invite` says so, and then each new user at most once. A row that fails does not
    stop the others.

    Args:
        users: The store.
        source: The rows.
        journal: The file that makes the run resumable; it is created, or gone on with.
        options: What becomes of who exists, of attributes, and whether to invite.
        groups: Groups that are made first where they are missing, and under `Existing.UPDATE` brought to this state.
        report: Where a line of JSON for each row is written at the end, whatever the end is.
        sub_map: Where the map of old to new `sub` is written, likewise.
        required_groups: The groups that must keep an enabled member: a row that would take the last one fails; see
            `usermgr.guard`.
        acting: The `sub` of the account that acts, or a callable that returns it: a row that would disable it, or take
            it out of a required group, fails.
        threads: How many calls may be in flight, where the store makes no batches.
        share: The share of the store's rates that may be used; they are the whole account's.
        backoff: The pauses before a call is repeated.
        total: How many rows there are, if that is known, for the time left.
        progress: Is called now and then, in this thread.
        stop: Does what Ctrl-C does, when another thread sets it.

    Raises:
        UnsupportedOperationError: the store is read-only; nothing was written.
        ConflictError: another run uses the journal, or it is of something else.
        BulkStoppedError: the run could not go on; the journal is kept.
        BulkInterruptedError: Ctrl-C, or `stop`; the journal is kept.
    """
    options = options or ImportOptions()
    engine = Engine(guarded(users, required_groups, acting), threads=threads, share=share, backoff=backoff)
    store = engine.description
    settings = {**options.to_dict(), "source": dict(source.settings())}
    identity = RunIdentity("import", source.fingerprint(), store.service, store.store, settings)
    path = Path(journal)
    with Journal(path, identity) as opened:
        try:
            _ensure(engine.caller(), groups, store, options)
            with FirstLines() as lines:
                tasks = _tasks(source.rows(), store, options, lines)
                summary = engine.run(tasks, opened, total=total, progress=progress, stop=stop)
        except BaseException:
            with suppress(OSError):  # as on the full disk that ended the run: the journal still has all of it
                _write(path, report, sub_map)
            raise
        _write(path, report, sub_map)
        return summary


def _write(journal: Path, report: str | Path | None, sub_map: str | Path | None) -> None:
    if report is not None:
        write_report(journal, report)
    if sub_map is not None:
        write_sub_map(journal, sub_map)


def _ensure(caller: Caller, groups: Iterable[Group], store: StoreDescription, options: ImportOptions) -> None:
    """Makes the groups that are missing; changes those that are there only under `Existing.UPDATE`."""
    present: dict[str, Group] | None = None
    for group in groups:
        if present is None:
            listing = pages(lambda token: caller.ask(Call("list_groups", {"page_token": token})))
            present = {found.name: found for page in listing for found in page.items}
        wish = {
            "description": group.description if store.can(Capability.GROUP_DESCRIPTIONS) else None,
            "precedence": group.precedence if store.can(Capability.GROUP_PRECEDENCE) else None,
        }
        given = {name: value for name, value in wish.items() if value is not None}
        if group.name not in present:
            with suppress(GroupExistsError):  # since the listing was read
                caller.ask(Call("add_group", {"name": group.name, **given}))
            continue
        different = {name: value for name, value in given.items() if getattr(present[group.name], name) != value}
        if different and options.existing is Existing.UPDATE:
            caller.ask(Call("update_group", {"name": group.name, **different}))


def _tasks(rows: Iterable[Row], store: StoreDescription, options: ImportOptions, lines: FirstLines) -> Iterator[Task]:
    for number, row in enumerate(rows):
        if row.incomplete:
            raise row.error or InvalidInputError("the input cannot be read any further", field="row")
        try:
            found = read_row(row, store, options)
            duplicate(found, row.line, lines)
            first = next((complaint for complaint in complaints(found, store, options) if complaint.certain), None)
            if first is not None:
                raise first.error
        except InvalidInputError as error:
            yield Task(number, row.line, _key(row), _fails(error))
        else:
            steps = RowImport(found, store, options).steps
            yield Task(number, row.line, found.name, steps, found.key)


def _key(row: Row) -> str | None:
    return None if row.record is None else row.record.username


def _fails(error: UsermgrError) -> Callable[[datetime | None], Steps]:
    result = RowResult(RowOutcome.FAILED, error.code, error.message)
    return lambda _: ended(result)


def read_row(row: Row, store: StoreDescription, options: ImportOptions) -> Wanted:
    """What the row wants. Raises `InvalidInputError` for one that could not be read, or has no name."""
    if row.record is None:
        raise row.error or InvalidInputError("the row holds no record", field="row")
    return wanted(row.record, store, options)


def duplicate(row: Wanted, line: int, lines: FirstLines) -> None:
    """Raises `InvalidInputError` where an earlier line has the same name, as the store compares names."""
    before = lines.first(row.key, line)
    if before is not None:
        raise InvalidInputError(
            f"line {line} has the same user name as line {before}, as the store compares names: keep one of them",
            field="username",
        )

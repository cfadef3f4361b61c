"""Carrying out a plan, and nothing but that plan."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from pathlib import Path

from usermgr import Capability, Medium, StoreDescription, UserManager
from usermgr.backoff import Backoff
from usermgr.errors import ConflictError, InvalidInputError, UnsupportedOperationError
from usermgr.guard import Guarded, guards_of
from usermgr_bulk._engine import Engine
from usermgr_bulk._journal import Journal, RunIdentity
from usermgr_bulk._report import write_report
from usermgr_bulk._results import Progress, Summary
from usermgr_bulk._tasks import Task
from usermgr_bulk.sync._limits import check_limits
from usermgr_bulk.sync._plan import Action, GroupChange, Plan, UserChange
from usermgr_bulk.sync._rows import GroupRow, UserRow

__all__ = ["apply_plan"]


def apply_plan(
    users: UserManager,
    plan: Plan,
    *,
    journal: str | Path,
    invite: Medium | str | None = None,
    required_groups: Collection[str] = (),
    acting: str | None = None,
    report: str | Path | None = None,
    threads: int = 8,
    share: float = 1.0,
    backoff: Backoff | None = None,
    progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
) -> Summary:
    """Does what the plan says, and goes on where an earlier call with the same journal ended.

    Before each change the user or the group is looked at again; where it is no longer as the plan saw it, the row fails
    with the code `conflict`, and the others go on. Nobody hears of it unless `invite` says so, and then only those who
    are new. What gives comes before what takes, and deletions come last.

    Args:
        users: The store that the plan was made for.
        plan: What `plan_sync` returned, perhaps saved and loaded since.
        journal: The file that makes the run resumable; it is created, or gone on with.
        invite: By which medium each new user gets the store's own invitation; `None` for no invitation.
        required_groups: Groups that must keep an enabled member, beside those of the plan.
        acting: The `sub` of the account that acts now, beside that of the plan.
        report: Where a line of JSON for each row is written at the end, whatever the end is. `line` is where the
            document declares it.
        threads: How many calls may be in flight, where the store makes no batches.
        share: The share of the store's rates that may be used; they are the whole account's.
        backoff: The pauses before a call is repeated.
        progress: Is called now and then, in this thread.
        stop: Does what Ctrl-C does, when another thread sets it.

    Raises:
        ConflictError: the plan was made for another store, or the journal is another run's.
        TooManyLossesError: the plan takes more than the limits that it was made with allow.
        UnsupportedOperationError: the store is read-only, or cannot invite; nothing was written.
        BulkStoppedError: the run could not go on; the journal is kept.
        BulkInterruptedError: Ctrl-C, or `stop`; the journal is kept.
    """
    medium = _medium(invite)
    check_limits(plan)
    engine = Engine(_guarded(users, plan, required_groups, acting), threads=threads, share=share, backoff=backoff)
    store = engine.description
    if (store.service, store.store) != (plan.service, plan.store):
        raise ConflictError("the plan was made for another store: make one for this store")
    if medium is not None and not store.can(Capability.INVITATIONS):
        raise UnsupportedOperationError(operation="invite_user", capability=Capability.INVITATIONS.value)
    settings = {"invite": None if medium is None else medium.value}
    identity = RunIdentity("sync", plan.digest, store.service, store.store, settings)
    path = Path(journal)
    phases = _phases(plan)
    total = sum(map(len, phases))
    with Journal(path, identity) as opened:
        try:
            first = 0
            summary = Summary(opened.counts, path, complete=True)
            for phase in phases:
                tasks = _tasks(phase, first, store, medium)
                summary = engine.run(tasks, opened, total=total, progress=progress, stop=stop)
                first += len(phase)
        except BaseException:
            with suppress(OSError):  # as on the full disk that ended the run: the journal still has all of it
                _write(path, report)
            raise
        _write(path, report)
        return summary


def _medium(invite: Medium | str | None) -> Medium | None:
    if invite is None:
        return None
    if invite not in (Medium.EMAIL, Medium.SMS):
        raise InvalidInputError(f"invite must be one of {', '.join(Medium)}, or None", field="invite")
    return Medium(invite)


def _write(journal: Path, report: str | Path | None) -> None:
    if report is not None:
        write_report(journal, report)


def _guarded(users: UserManager, plan: Plan, required_groups: Collection[str], acting: str | None) -> UserManager:
    """The store behind the plan's guard, where the plan takes anything: a guard has its price."""
    if not any(change.takes for change in plan.users) and not any(change.is_deletion for change in plan.groups):
        return users
    required = {*plan.required_groups, *required_groups}
    accounts: list[str | None] = [*plan.acting]
    if acting is not None and acting not in accounts:
        accounts.append(acting)
    if any(required <= guard.required_groups and {*accounts} <= {guard.acting} for guard in guards_of(users)):
        return users
    for account in accounts or [None]:
        if account is not None or required:
            users = Guarded(users, required_groups=sorted(required), acting=account)
    return users


def _phases(plan: Plan) -> list[list[UserChange] | list[GroupChange]]:
    """The changes in the order of their phases, each of which ends before the next begins.

    Whoever is to be the new administrator is one before the old one is taken out.
    """

    def gives_first(change: UserChange) -> bool:
        return bool(change.enabled) or bool(set(change.joins) & set(plan.required_groups))

    people = [change for change in plan.users if change.action is not Action.DELETE]
    phases: list[list[UserChange] | list[GroupChange]] = [
        [change for change in plan.groups if not change.is_deletion],
        [change for change in people if not change.takes],
        [change for change in people if change.takes and gives_first(change)],
        [change for change in people if change.takes and not gives_first(change)],
        [change for change in plan.groups if change.is_deletion],
        [change for change in plan.users if change.action is Action.DELETE],
    ]
    return [phase for phase in phases if phase]


def _tasks(
    phase: list[UserChange] | list[GroupChange], first: int, store: StoreDescription, invite: Medium | None
) -> Iterator[Task]:
    for row, change in enumerate(phase, start=first):
        if isinstance(change, UserChange):
            yield Task(row, change.line, change.username, UserRow(change, store, invite).steps)
        else:
            yield Task(row, change.line, f"group {change.name}", GroupRow(change).steps)

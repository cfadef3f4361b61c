"""Doing one thing to everybody of a selection.

began before, and sends a message? ──▶ unknown: it is not sent again
look ──gone, or the name is another's by now──▶ skipped
  ├──nothing to do──▶ unchanged, or changed where a run that was killed has done it
  ├──conditions no longer met──▶ skipped
  └──▶ do it
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from usermgr import Condition, MfaReset, StoreDescription, User, UserManager
from usermgr.backoff import Backoff
from usermgr.errors import InvalidInputError, UserNotFoundError
from usermgr_bulk._actions import Action
from usermgr_bulk._calls import Call
from usermgr_bulk._engine import Engine
from usermgr_bulk._guarding import Acting, Rehearsal, guarded
from usermgr_bulk._journal import Journal, RunIdentity
from usermgr_bulk._looking import Looking, different_attributes, groups_of, meets
from usermgr_bulk._report import write_report
from usermgr_bulk._results import Progress, RowOutcome, RowResult, Summary
from usermgr_bulk._selection import Selected, Selection
from usermgr_bulk._steps import MESSAGE_UNKNOWN
from usermgr_bulk._tasks import Steps, Task, ended
from usermgr_bulk._wanted import asked_to_confirm

__all__ = ["preview_action", "run_action"]

ACTION, PREVIEW = "action", "preview"
"""What a journal says that its run does."""


def run_action(
    users: UserManager,
    action: Action,
    selection: str | Path,
    *,
    journal: str | Path,
    report: str | Path | None = None,
    required_groups: Collection[str] = (),
    acting: Acting = None,
    threads: int = 8,
    share: float = 1.0,
    backoff: Backoff | None = None,
    progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
) -> Summary:
    """Does the action to everybody of a frozen selection; goes on where an earlier call with the same journal ended.

    Each is looked at first. Who is gone, whose name is another person's by now, or who no longer meets the conditions
    of the selection is skipped. What sends a message is done at most once.

    Args:
        users: The store.
        action: What is done.
        selection: The file that `freeze_selection` or `freeze_names` wrote.
        journal: The file that makes the run resumable; it is created, or gone on with.
        report: Where a line of JSON for each person is written at the end, whatever the end is.
        required_groups: The groups that must keep an enabled member; see `usermgr.guard`.
        acting: The `sub` of the account that acts, or a callable that returns it; see `usermgr.guard`.
        threads: How many calls may be in flight, where the store makes no batches.
        share: The share of the store's rates that may be used; they are the whole account's.
        backoff: The pauses before a call is repeated.
        progress: Is called now and then, in this thread.
        stop: Does what Ctrl-C does, when another thread sets it.

    Raises:
        InvalidInputError: the file is no selection, or of another store; an attribute is none that the store takes.
        UnsupportedOperationError: the store cannot do this, or is read-only.
        GroupNotFoundError: there is no such group.
        ConflictError: another run uses the journal, or it is of something else.
        BulkStoppedError: the run could not go on; the journal is kept.
        BulkInterruptedError: Ctrl-C, or `stop`; the journal is kept.
    """
    users = guarded(users, required_groups, acting)
    engine = Engine(users, threads=threads, share=share, backoff=backoff)
    return _run(engine, action, selection, Path(journal), ACTION, report=report, progress=progress, stop=stop)


def preview_action(
    users: UserManager,
    action: Action,
    selection: str | Path,
    *,
    report: str | Path | None = None,
    required_groups: Collection[str] = (),
    acting: Acting = None,
    threads: int = 8,
    share: float = 1.0,
    backoff: Backoff | None = None,
    progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
) -> Summary:
    """What `run_action` would do, by looking at everybody and changing nothing: `changed` is who would be changed.

    The guard is asked about each by themselves, so of two last administrators it would let both go, and the run refuses
    the second one. What the store would refuse for reasons of its own is not known before. The journal of the summary
    is gone. Arguments and errors are those of `run_action`.
    """
    rehearsal = Rehearsal(guarded(users, required_groups, acting))
    engine = Engine(rehearsal.users, threads=threads, share=share, backoff=backoff)
    with TemporaryDirectory(prefix="usermgr-bulk-") as folder:
        path = Path(folder) / "journal"
        return _run(engine, action, selection, path, PREVIEW, report=report, progress=progress, stop=stop)


def _run(
    engine: Engine,
    action: Action,
    selection: str | Path,
    journal: Path,
    kind: str,
    *,
    report: str | Path | None,
    progress: Callable[[Progress], None] | None,
    stop: threading.Event | None,
) -> Summary:
    store = engine.description
    people = Selection.open(selection)
    if (people.service, people.store) != (store.service, store.store):
        raise InvalidInputError("the selection is of another store: freeze one of this store", field="selection")
    action.check(store)
    if "group" in action.arguments:
        engine.caller().ask(Call("get_group", {"name": action.arguments["group"]}))
    identity = RunIdentity(kind, people.sha256, store.service, store.store, action.settings())
    with Journal(journal, identity, sync=os.fsync if kind == ACTION else _unsynced) as opened:
        try:
            tasks = _tasks(people, action, store)
            summary = engine.run(tasks, opened, total=people.count, progress=progress, stop=stop)
        except BaseException:
            with suppress(OSError):  # as on the full disk that ended the run: the journal still has all of it
                _write(journal, report)
            raise
        _write(journal, report)
        return summary


def _unsynced(_: int) -> None:
    """For a journal with which nobody goes on."""


def _write(journal: Path, report: str | Path | None) -> None:
    if report is not None:
        write_report(journal, report)


def _tasks(people: Selection, action: Action, store: StoreDescription) -> Iterator[Task]:
    for row, (line, person) in enumerate(people.people()):
        steps = _RowAction(action, person, people.conditions, store).steps
        yield Task(row, line, person.username, steps)


class _RowAction:
    """Does the action to one person."""

    def __init__(
        self, action: Action, person: Selected, conditions: Sequence[Condition], store: StoreDescription
    ) -> None:
        self._action = action
        self._person = person
        self._conditions = conditions
        self._store = store
        self._groups: set[str] | None = None

    def steps(self, began: datetime | None) -> Steps:
        """See `Task.start`."""
        if self._person.sub is None:
            error = UserNotFoundError(username=self._person.username)
            return ended(RowResult(RowOutcome.FAILED, error.code, error.message))
        if began is not None and self._action.sends:
            message = "a run that was killed may have sent the message, and it was not sent again"
            return ended(RowResult(RowOutcome.UNKNOWN, MESSAGE_UNKNOWN, message))
        return self._steps(began)

    def _steps(self, began: datetime | None) -> Steps:
        sent = False
        try:
            user: User = yield Call("get_user", {"username": self._person.username})
            if user.sub != self._person.sub:
                return self._gone("the name is another person's by now", sent=began is not None)
            nothing = yield from self._nothing_to_do(user)
            if nothing is not None:
                if began is not None:
                    return RowResult(RowOutcome.CHANGED, message=f"the user {nothing}, by the run that was killed")
                return RowResult(RowOutcome.UNCHANGED, message=f"the user {nothing}")
            if not (yield from meets(user, self._conditions, self._store, self._groups_of)):
                return RowResult(RowOutcome.SKIPPED, message="the user no longer meets the conditions of the selection")
            call = self._change(user)
            if call.once and began is not None:
                message = "the user may have been asked to confirm the new address, and was not asked again"
                return RowResult(RowOutcome.UNKNOWN, MESSAGE_UNKNOWN, message)
            sent = True
            result = yield call
        except UserNotFoundError:
            return self._gone("the user is gone", sent=sent or began is not None)
        return self._made(result)

    def _gone(self, why: str, *, sent: bool) -> RowResult:
        """`sent` says that a deletion of ours was sent, whose answer may have been lost."""
        if sent and self._action.operation == "delete_user":
            return RowResult(RowOutcome.CHANGED, message=why)
        return RowResult(RowOutcome.SKIPPED, message=why)

    def _nothing_to_do(self, user: User) -> Looking[str | None]:
        match self._action.operation:
            case "add_user_to_group":
                is_done = self._action.arguments["group"] in (yield from self._groups_of(user.username))
            case "remove_user_from_group":
                is_done = self._action.arguments["group"] not in (yield from self._groups_of(user.username))
            case "update_user":
                is_done = not different_attributes(user, self._action.arguments["attributes"])
            case _:
                return self._action.done(user, self._store)
        return self._action.nothing if is_done else None

    def _groups_of(self, username: str) -> Looking[set[str]]:
        if self._groups is None:
            self._groups = yield from groups_of(username)
        return self._groups

    def _change(self, user: User) -> Call:
        arguments = {"username": user.username, **self._action.arguments}
        if self._action.operation != "update_user":
            return Call(self._action.operation, arguments)
        wanted = self._action.arguments["attributes"]
        arguments["attributes"] = different_attributes(user, wanted)
        asks = any(name in arguments["attributes"] for name in asked_to_confirm(wanted, self._store))
        return Call(self._action.operation, arguments, once=asks)

    def _made(self, result: object) -> RowResult:
        if not isinstance(result, MfaReset):
            return RowResult(RowOutcome.CHANGED)
        if not result.removed:
            return RowResult(RowOutcome.UNCHANGED, message=f"the user {self._action.nothing}")
        enrols = "enrols a new one" if result.next_sign_in_enrols else "asks for the password alone"
        return RowResult(RowOutcome.CHANGED, message=f"removed {', '.join(result.removed)}; the next sign-in {enrols}")

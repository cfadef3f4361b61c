"""`AuditedManager`: a manager that writes a record of each change. Nothing here names an operation."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeAlias

from usermgr import request_ids
from usermgr._changes import Change, batches
from usermgr._changes import Outcome as Made
from usermgr._forwarding import ForwardingManager
from usermgr._manager import Access, UserManager
from usermgr._models import Group, User
from usermgr.audit._record import Actor, Outcome, Record, describe, outcome_of, state_of
from usermgr.audit._sink import Sink, one_line
from usermgr.errors import AuditError, InvalidInputError, NotFoundError, UsermgrError
from usermgr.operations import OPERATIONS, Operation

__all__ = ["Audited", "AuditedManager"]

ActorSource: TypeAlias = Actor | str | Callable[[], Actor | str]
OnFailure: TypeAlias = Callable[[AuditError, Record], None] | logging.Logger


_STATES = {"user": "username", "group": "group"}
"""Whose state is read before a change, and the member of the target that names it; the first one counts."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class AuditedManager(ForwardingManager):
    """Another manager, with a record of each change. `Audited(...)` makes one.

    Args:
        manager: The manager that makes the changes; `close` closes it too.
        sink: Where the records go.
        actor: Who makes the changes: a name, an `Actor`, or a callable that is asked before each change, for a process
            that works for many people. What the callable raises stops the change.
        values: Whether records hold the new values of attributes, and of a group's description and precedence.
        before: Whether records hold the user or the group as it was. That is one more read for each change, which some
            services bill and count against a quota.
        begun: Whether a record is written before each change too, so that a change that nobody lived to record can
            be seen. Two records with one id, instead of one.
        on_failure: Without it, a sink that fails stops the change: see `usermgr.errors.AuditError`. With a callable or
            a logger, the change goes on, and they are told.
        accesses: The operations that are recorded: changes; add `Access.SIGN_IN` for sign-ins.

    Raises `AuditError` besides the errors of each operation.
    """

    def __init__(
        self,
        manager: UserManager,
        sink: Sink,
        actor: ActorSource,
        *,
        values: bool = False,
        before: bool = False,
        begun: bool = False,
        on_failure: OnFailure | None = None,
        accesses: Collection[Access] = (Access.WRITE,),
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        super().__init__(manager)
        self._sink = sink
        self._actor = actor if callable(actor) else _as_actor(actor)
        self._values = values
        self._before = before
        self._begun = begun
        if on_failure is not None and not callable(on_failure) and not isinstance(on_failure, logging.Logger):  # pyright: ignore[reportUnnecessaryIsInstance] - for callers without types
            raise InvalidInputError("on_failure must be a callable or a logger", field="on_failure")
        self._on_failure = on_failure
        self._accesses = _as_accesses(accesses)
        self._now = now

    def __repr__(self) -> str:
        return f"Audited({self.manager!r}, {self._sink!r})"

    def _call(self, operation: Operation, arguments: Mapping[str, Any], call: Callable[[], Any]) -> Any:
        if operation.access not in self._accesses:
            return call()
        record = self._record_of(operation, arguments)
        _raise_first(self._announce([record]))
        started = time.monotonic()
        with request_ids.collect() as ids:
            try:
                result = call()
            except BaseException as error:  # an interruption too: the change may have been made
                failures = self._deliver([_ended(record, error, None, time.monotonic() - started, ids)])
                if isinstance(error, Exception):
                    _raise_first(failures)
                raise
        _raise_first(self._deliver([_ended(record, None, result, time.monotonic() - started, ids)]))
        return result

    @property
    def _takes_batches(self) -> bool:
        return not self._before

    def write_many(self, changes: Iterable[Change]) -> Iterator[Made]:
        """See `UserManager.write_many`. Where the manager inside makes batches, a batch's records are kept together.

        The outcomes of a batch come when its records are kept, and `seconds` is what all of it took. With `before`,
        changes are made one by one, because each is looked at first.
        """
        if not self._has_batches:
            yield from super().write_many(changes)
        elif Access.WRITE not in self._accesses:
            yield from self.manager.write_many(changes)
        else:
            for batch in batches(changes):
                yield from self._batch(batch)

    def _batch(self, changes: Sequence[Change]) -> Sequence[Made]:
        try:
            records = [self._record_of(OPERATIONS[change.operation], change.arguments) for change in changes]
        except UsermgrError as error:  # whoever acts is not known
            return [Made(change, error=error) for change in changes]
        failures = self._announce(records)
        if failures:
            return [Made(change, error=failure) for change, failure in zip(changes, failures, strict=True)]
        made: list[Made] = []
        started = time.monotonic()

        def ends(rest: BaseException | None) -> list[Record]:
            seconds = time.monotonic() - started
            found = [_ended(r, o.error, o.result, seconds, ids) for r, o in zip(records, made, strict=False)]
            return found + [_ended(record, rest, None, seconds, ids) for record in records[len(made) :]]

        with request_ids.collect() as ids:
            try:
                for _, outcome in zip(changes, self.manager.write_many(changes), strict=True):
                    made.append(outcome)
            except BaseException as error:
                failures = self._deliver(ends(error))
                if isinstance(error, Exception):
                    _raise_first(failures)
                raise
        failures = self._deliver(ends(None))
        return [Made(o.change, error=failure) for o, failure in zip(made, failures, strict=True)] if failures else made

    def _record_of(self, operation: Operation, arguments: Mapping[str, Any]) -> Record:
        """The record as far as it is known before the change."""
        actor = self._actor if isinstance(self._actor, Actor) else _as_actor(self._actor())
        described = describe(operation, arguments, values=self._values)
        state = self._state_before(described.target) if self._before else None
        return Record(os.urandom(16).hex(), self._now(), actor, operation.name, described, Outcome.BEGUN, before=state)

    def _announce(self, records: Sequence[Record]) -> Sequence[AuditError]:
        """Nothing has been changed yet. The errors, one for each record, with which nothing shall be."""
        if self._begun:
            return self._deliver(records)
        if self._on_failure is None:
            try:
                self._sink.ready()
            except Exception as error:  # noqa: BLE001 - as in `_deliver`
                return [_stopped(record, error) for record in records]
        return ()

    def _deliver(self, records: Sequence[Record]) -> Sequence[AuditError]:
        """Hands the records to the sink; a sink is somebody's code, and whatever it raises means the same here.

        The errors, one for each record, that their changes shall end with.
        """
        try:
            self._sink.write_all(records)
        except Exception as error:  # noqa: BLE001 - see above
            failures = [_stopped(record, error) for record in records]
            if self._on_failure is None:
                return failures
            for failure, record in zip(failures, records, strict=True):
                if isinstance(self._on_failure, logging.Logger):
                    self._on_failure.error("%s: %s", failure.message, one_line(record.to_dict()))
                else:
                    self._on_failure(failure, record)
        return ()

    def _state_before(self, target: Mapping[str, Any]) -> dict[str, Any] | None:
        kind = next((kind for kind, name in _STATES.items() if name in target), None)
        if kind is None:
            return None
        read: Callable[[str], User | Group] = self.manager.get_user if kind == "user" else self.manager.get_group
        try:
            return {kind: state_of(read(target[_STATES[kind]]))}
        except NotFoundError:
            return {kind: None}
        except UsermgrError as error:
            return {"error": error.code}


def _as_actor(actor: object) -> Actor:
    if isinstance(actor, Actor):
        return actor
    if not isinstance(actor, str):
        raise InvalidInputError("actor must be a name, an Actor, or a callable that returns one", field="actor")
    return Actor(actor)


def _as_accesses(accesses: Any) -> frozenset[Access]:
    """What a mistake would leave unrecorded without a word is refused, such as a text for a list of one."""
    try:
        if not isinstance(accesses, str):
            return frozenset(Access(access) for access in accesses)
    except (TypeError, ValueError):
        pass
    names = ", ".join(Access)
    raise InvalidInputError(f"accesses must be a collection of {names}", field="accesses")


def _ended(
    record: Record, error: BaseException | None, result: object, seconds: float, request_ids: Iterable[str]
) -> Record:
    """The record of a change that is over."""
    described = record.described
    if isinstance(result, User):
        described = replace(described, target={**described.target, "username": result.username, "sub": result.sub})
    code = error.code if isinstance(error, UsermgrError) else None if error is None else type(error).__name__
    outcome = Outcome.DONE if error is None else outcome_of(error)
    return replace(
        record,
        described=described,
        outcome=outcome,
        error=code,
        seconds=seconds,
        request_ids=tuple(request_ids),
    )


def _raise_first(failures: Sequence[AuditError]) -> None:
    if failures:
        raise failures[0]


def _stopped(record: Record, error: Exception) -> AuditError:
    """The error for a record that was not kept. Of an exception that is not ours, only the name is repeated."""
    problem = error.message if isinstance(error, UsermgrError) else type(error).__name__
    begun = record.outcome is Outcome.BEGUN
    became = {
        Outcome.BEGUN: "nothing was changed",
        Outcome.DONE: "the change was made, and has no audit record",
        Outcome.FAILED: f"the change failed ({record.error}), and has no audit record",
        Outcome.UNKNOWN: f"the change may have been made ({record.error}), and has no audit record",
    }[record.outcome]
    failure = AuditError(
        f"{record.operation}: {became}: {problem}",
        outcome="not_made" if begun else record.outcome.value,
        operation=record.operation,
    )
    failure.__cause__ = error
    return failure


Audited: type[AuditedManager] = AuditedManager
"""Makes an `AuditedManager`. A variable, because type checkers take the class for an abstract one: they do not see the
operations that it forwards.
"""

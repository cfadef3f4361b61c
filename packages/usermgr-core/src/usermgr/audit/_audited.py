"""`AuditedManager`: a manager that writes a record of each change. Nothing here names an operation."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeAlias

from usermgr import request_ids
from usermgr._forwarding import ForwardingManager
from usermgr._manager import Access, UserManager
from usermgr._models import Group, User
from usermgr.audit._record import Actor, Outcome, Record, describe, outcome_of, state_of
from usermgr.audit._sink import Sink, one_line
from usermgr.errors import AuditError, InvalidInputError, NotFoundError, UsermgrError
from usermgr.operations import Operation

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
        self._on_failure = on_failure
        self._accesses = frozenset(accesses)
        self._now = now

    def __repr__(self) -> str:
        return f"Audited({self.manager!r}, {self._sink!r})"

    def _call(self, operation: Operation, arguments: Mapping[str, Any], call: Callable[[], Any]) -> Any:
        if operation.access not in self._accesses:
            return call()
        record = self._begin(operation, arguments)
        started = time.monotonic()
        with request_ids.collect() as ids:
            try:
                result = call()
            except BaseException as error:  # an interruption too: the change may have been made
                try:
                    self._finish(record, time.monotonic() - started, ids, error)
                except AuditError:
                    if isinstance(error, Exception):
                        raise
                raise
        if isinstance(result, User):
            target = {**record.described.target, "username": result.username, "sub": result.sub}
            record = replace(record, described=replace(record.described, target=target))
        self._finish(record, time.monotonic() - started, ids, None)
        return result

    def _begin(self, operation: Operation, arguments: Mapping[str, Any]) -> Record:
        """The record as far as it is known; nothing has been changed yet. Raises `AuditError`."""
        actor = self._actor if isinstance(self._actor, Actor) else _as_actor(self._actor())
        described = describe(operation, arguments, values=self._values)
        state = self._state_before(described.target) if self._before else None
        record = Record(
            os.urandom(16).hex(), self._now(), actor, operation.name, described, Outcome.BEGUN, before=state
        )
        if self._begun:
            self._deliver(record)
        elif self._on_failure is None:
            try:
                self._sink.ready()
            except Exception as error:
                raise _stopped(record, error) from error
        return record

    def _finish(self, record: Record, seconds: float, ids: Iterable[str], error: BaseException | None) -> None:
        code = error.code if isinstance(error, UsermgrError) else None if error is None else type(error).__name__
        outcome = Outcome.DONE if error is None else outcome_of(error)
        self._deliver(replace(record, outcome=outcome, error=code, seconds=seconds, request_ids=tuple(ids)))

    def _deliver(self, record: Record) -> None:
        """Hands the record to the sink; a sink is somebody's code, and whatever it raises means the same here."""
        try:
            self._sink.write(record)
        except Exception as error:
            failure = _stopped(record, error)
            if self._on_failure is None:
                raise failure from error
            if isinstance(self._on_failure, logging.Logger):
                self._on_failure.error("%s: %s", failure.message, one_line(record.to_dict()))
            else:
                self._on_failure(failure, record)

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
    return AuditError(
        f"{record.operation}: {became}: {problem}",
        outcome="not_made" if begun else record.outcome.value,
        operation=record.operation,
    )


Audited: type[AuditedManager] = AuditedManager
"""Makes an `AuditedManager`. A variable, because type checkers take the class for an abstract one: they do not see the
operations that it forwards.
"""

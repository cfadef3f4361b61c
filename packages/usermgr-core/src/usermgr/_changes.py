"""Changes as values, for `UserManager.write_many`, and what became of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Self

from usermgr._frozen import FrozenDict, freeze, frozen
from usermgr.errors import InvalidInputError, UsermgrError
from usermgr.validation import check_type

__all__ = ["BATCH", "Change", "Outcome", "batches", "checked_changes"]

BATCH = 250
"""How many changes are made together: enough to share a sync, and few enough that others need not wait long."""


@dataclass(frozen=True, slots=True)
class Change:
    """One call of an operation that changes something: its name and its arguments, by name.

    >>> Change("disable_user", {"username": "alice"})
    Change(operation='disable_user')

    The arguments never show in the `repr`, because a password may be among them.

    Raises:
        InvalidInputError: there is no such operation, it changes nothing, or it does not take these arguments.
    """

    operation: str
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)

    def __post_init__(self) -> None:
        freeze(self, "arguments")
        self._check()
        kept = {name: frozen(value) for name, value in self.arguments.items()}  # a batch is made later
        object.__setattr__(self, "arguments", FrozenDict(kept))

    def _check(self) -> None:
        from usermgr.operations import OPERATIONS, Access  # noqa: PLC0415 - they are derived from what takes a Change

        operation = OPERATIONS.get(self.operation) if isinstance(self.operation, str) else None  # pyright: ignore[reportUnnecessaryIsInstance] - for callers without types
        if operation is None or operation.access is not Access.WRITE:
            raise InvalidInputError("a change must name an operation that changes something", field="operation")
        if not isinstance(self.arguments, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance] - as above
            raise InvalidInputError("the arguments of a change must be a mapping", field="arguments")
        for name in self.arguments:
            if name not in operation.parameters:
                known = ", ".join(operation.parameters)
                raise InvalidInputError(f"{self.operation} takes {known}, and no other arguments", field="arguments")
        for name in operation.parameters:
            if name not in self.arguments and name not in operation.defaults:
                raise InvalidInputError(f"{self.operation} needs {name}", field=name)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a change: the operation's result, or the error that it ended with."""

    change: Change
    result: Any = field(default=None, repr=False)
    error: UsermgrError | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the change was made."""
        return self.error is None

    @classmethod
    def of(cls, change: Change, manager: Any) -> Self:
        """Makes the change with that manager."""
        try:
            return cls(change, getattr(manager, change.operation)(**change.arguments))
        except UsermgrError as error:
            return cls(change, error=error)


def checked_changes(changes: Iterable[Change]) -> Iterator[Change]:
    """The changes as they come. Raises `InvalidInputError` for what is not one, or no iterable of them."""
    check_type("changes", changes, Iterable)
    for change in changes:
        check_type("changes", change, Change)
        yield change


def batches(changes: Iterable[Change]) -> Iterator[list[Change]]:
    """The changes, up to `BATCH` of them at a time; those before an error of the iterable's come before the error."""
    waiting = checked_changes(changes)
    while True:
        batch: list[Change] = []
        try:
            for change in islice(waiting, BATCH):
                batch.append(change)  # noqa: PERF402 - what came before an error is kept
        except Exception:
            if batch:
                yield batch
            raise
        if not batch:
            return
        yield batch

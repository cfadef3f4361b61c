"""One change for each of the users that a command names: what became of each, and the exit status of all.

One name is told as a sentence, and its error as any other. Several are rows; one that fails does not stop the others,
unless what failed would meet every one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import click

from usermgr_cli._exits import Exit, exit_of
from usermgr_cli._problems import tell
from usermgr_cli.commands._telling import for_people, listed, told, whom

if TYPE_CHECKING:
    from usermgr import User
    from usermgr.commands import Done
    from usermgr.errors import UsermgrError
    from usermgr_cli._line import Line

__all__ = ["DRY_RUN", "USERNAMES", "UserOutcome", "each_user"]

NOT_TRIED = "not tried"

F = TypeVar("F", bound=Callable[..., Any])
R = TypeVar("R", bound="UserOutcome")


def USERNAMES(command: F) -> F:  # noqa: N802 - a decorator like click's, and the same for all
    """The argument of a command that takes several users."""
    return click.argument("usernames", metavar="USERNAME...", nargs=-1, required=True)(command)


def DRY_RUN(command: F) -> F:  # noqa: N802 - as above
    """The option of a command that changes more than one user."""
    return click.option("--dry-run", is_flag=True, help="Say what would be done, without doing it.")(command)


@dataclass(frozen=True, slots=True)
class UserOutcome:
    """What became of one user."""

    username: str
    outcome: str
    """What was done, such as `disabled`, or `would be disabled`, `failed` or `not tried`."""
    code: str | None = None
    """The error's code, where it failed."""
    message: str | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the change was made, or would be."""
        return self.code is None and self.outcome != NOT_TRIED


class _Named(NamedTuple):
    """A user by the name that was typed, and as the store has them where they were looked up."""

    name: str
    user: User | None

    @property
    def real(self) -> str:
        """The name to call the store with."""
        return self.name if self.user is None else self.user.username


def each_user(
    line: Line,
    usernames: Iterable[str],
    act: Callable[[str], R | None],
    *,
    done: str,
    kind: Callable[..., R] = UserOutcome,
    question: str | None = None,
    dry_run: bool = False,
    sentence: Callable[[R], str] = lambda row: f"{row.username} is {row.outcome}",
) -> list[R] | Done:
    """Does it to each, in order and each once.

    Args:
        line: The command's.
        usernames: As they were typed.
        act: Makes the change. The row that it returns is the user's; without one, the row says `done`.
        done: What the user is afterwards, such as `disabled`.
        kind: Makes a row: the class, or a call of it.
        question: What is asked before anything changes, such as `Delete`, unless with `--yes`: the users are looked up,
            named and counted.
        dry_run: Look the users up, and change nothing.
        sentence: What people are told of a single user.

    Returns rows, or for people the one sentence that says it all. Sets the status: 0, 5 where some were done, else that
    of the failures; missing credentials and an interruption go before 5.
    """
    names = list(dict.fromkeys(usernames))
    run = _Run(line, kind, done, alone=len(names) == 1)
    named = [_Named(name, None) for name in names]
    asks = question is not None and not line.options.get("yes")
    if dry_run or asks:
        named = run.look_up(names)
    if dry_run:
        run.rows |= {each.name: kind(each.real, f"would be {done}") for each in named}
    elif named:
        if question is not None and asks:
            _confirm(line, question, [each.user for each in named if each.user is not None])
        run.make(named, act)
    rows = [run.rows[name] for name in names]
    line.exit = run.status()
    if run.alone and rows[0].succeeded:
        return told(line, f"{rows[0].username} {rows[0].outcome}" if dry_run else sentence(rows[0]), rows)
    line.done = f"{len(rows) - run.failed} of {len(rows)} users {'would be' if dry_run else 'are'} {done}"
    if for_people(line):
        line.note(line.done)
    return rows


def _confirm(line: Line, verb: str, users: Sequence[User]) -> None:
    """Asks before something that cannot be undone, naming and counting."""
    names = [user.username for user in users]
    what = f"the user {whom(users[0])}" if len(users) == 1 else f"{len(users)} users: {listed(names)}"
    line.confirm(f"{verb} {what}? This cannot be undone.")


class _Run(Generic[R]):
    """The rows so far, and what ended the run."""

    def __init__(self, line: Line, kind: Callable[..., R], done: str, *, alone: bool) -> None:
        self.line, self.kind, self.done, self.alone = line, kind, done, alone
        self.rows: dict[str, R] = {}
        """By the name that was typed."""
        self.statuses: list[Exit] = []
        """Of the errors."""
        self.end: Exit | None = None
        """Where no other user could fare better, the status of what was met."""

    @property
    def failed(self) -> int:
        """How many were not done."""
        return sum(not row.succeeded for row in self.rows.values())

    def look_up(self, names: Sequence[str]) -> list[_Named]:
        """Those who exist; the others have their rows, and are told at once, before any question."""
        from usermgr.errors import UserNotFoundError  # noqa: PLC0415 - a command's, once it runs

        found: list[_Named] = []
        for name in names:
            try:
                found.append(_Named(name, self.line.users.get_user(name)))
            except UserNotFoundError as error:
                self._fail(name, name, error)
                self.line.note(error.message)
        return found

    def make(self, named: Sequence[_Named], act: Callable[[str], R | None]) -> None:
        """Makes the change for each, until one meets what would meet all; where that is the first, it raises it."""
        from usermgr.errors import UsermgrError  # noqa: PLC0415 - as above

        for each in named:
            if self.end is not None:
                self.rows[each.name] = self.kind(each.real, NOT_TRIED)
                continue
            made = self.line.interrupts.made
            try:
                self.rows[each.name] = act(each.real) or self.kind(each.real, self.done)
            except UsermgrError as error:
                meets_all = _meets_all(error)
                if meets_all and each is named[0]:
                    raise
                self._fail(each.name, each.real, error)
                if meets_all:
                    tell(self.line, error.message, error.code, error=error)
                    self.end = exit_of(error)
            except KeyboardInterrupt:
                if self.alone:
                    raise
                is_made = self.line.interrupts.made > made  # it was let end, or had just ended
                self.rows[each.name] = self.kind(each.real, self.done if is_made else NOT_TRIED)
                tell(self.line, "interrupted: the rows say what was done", "interrupted")
                self.end = self.line.interrupts.status

    def status(self) -> Exit:
        """The status of the whole."""
        if not self.failed:
            return Exit.OK
        if self.end is not None and self.end.goes_before_partial:
            return self.end
        if self.failed < len(self.rows):
            return Exit.PARTIAL
        return self.statuses[0] if len(set(self.statuses)) == 1 else Exit.FAILURE

    def _fail(self, name: str, real: str, error: UsermgrError) -> None:
        if self.alone:
            raise error
        self.statuses.append(exit_of(error))
        self.rows[name] = self.kind(real, "failed", error.code, error.message)


def _meets_all(error: UsermgrError) -> bool:
    """Whether no other user can fare better."""
    from usermgr.errors import (  # noqa: PLC0415 - as above
        AccessDeniedError,
        AuditError,
        AuthenticationError,
        ConfigurationError,
        GroupNotFoundError,
        RemoteNotFoundError,
        StoreNotFoundError,
        UnsupportedOperationError,
        VersionMismatchError,
    )

    all_alike = (
        AccessDeniedError, AuditError, AuthenticationError, ConfigurationError, GroupNotFoundError, RemoteNotFoundError,
        StoreNotFoundError, UnsupportedOperationError, VersionMismatchError,
    )  # fmt: skip
    return isinstance(error, all_alike)

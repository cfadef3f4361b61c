"""Many changes in few transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from usermgr import Change, Outcome, UserManager
from usermgr.errors import InvalidInputError, ServiceError, UsermgrError, UserNotFoundError
from usermgr.validation import check_type
from usermgr_local._database import Database
from usermgr_local._invitations import Message, Outbox
from usermgr_local._passwords import Hashed, PasswordPolicy, Passwords
from usermgr_local._records import UsernameRule

__all__ = ["BATCH", "Batches"]

BATCH = 250
"""How many changes one transaction makes: enough to share its sync, and few enough that others need not wait long."""

_NEED_A_USER = frozenset({"set_password", "resend_invitation"})
"""Those operations that cost an Argon2 and whose user must be there; for the others, nobody may have the name."""


class Batches:
    """`write_many` of `UserManager`; see there."""

    def __init__(
        self,
        manager: UserManager,
        database: Database,
        rule: UsernameRule,
        *,
        passwords: Passwords,
        policy: PasswordPolicy,
        outbox: Outbox | None,
    ) -> None:
        self._manager = manager
        self._database = database
        self._rule = rule
        self._passwords = passwords
        self._policy = policy
        self._outbox = outbox

    def write(self, changes: Iterable[Change]) -> Iterator[Outcome]:
        """Takes up to `BATCH` changes, makes them, and yields what became of them, until there are no more."""
        check_type("changes", changes, Iterable)
        waiting = iter(changes)
        more = True
        while more:
            batch: list[Change] = []
            try:
                for change in islice(waiting, BATCH):
                    check_type("changes", change, Change)
                    batch.append(change)
                more = bool(batch)
            except Exception:  # what came before an error of the iterable's is made, as it is one by one
                yield from self._make(batch)
                raise
            yield from self._make(batch)

    def _make(self, changes: Sequence[Change]) -> Sequence[Outcome]:
        """Makes the changes in one transaction; if that fails as a whole, it is the outcome of each."""
        if not changes:
            return ()
        try:
            hashed = self._passwords.hash_all(self._passwords_of(changes))
            made = self._transact(changes, hashed)
        except UsermgrError as error:
            return [Outcome(change, error=error) for change in changes]
        return [self._deliver(outcome, message) for outcome, message in made]

    def _transact(
        self, changes: Sequence[Change], hashed: Sequence[Hashed | None]
    ) -> Sequence[tuple[Outcome, Message | None]]:
        made: list[tuple[Outcome, Message | None]] = []
        with self._database.batch() as connection:
            for change, ready in zip(changes, hashed, strict=True):
                outcome, message = self._change(change, ready)
                if not connection.in_transaction:
                    raise outcome.error or ServiceError()
                made.append((outcome, message))
        return made

    def _change(self, change: Change, ready: Hashed | None) -> tuple[Outcome, Message | None]:
        with self._passwords.ahead(ready):
            if self._outbox is None:
                return Outcome.of(change, self._manager), None
            with self._outbox.hold() as messages:
                outcome = Outcome.of(change, self._manager)
            return outcome, messages[0] if messages else None

    def _deliver(self, outcome: Outcome, message: Message | None) -> Outcome:
        if message is None or self._outbox is None:
            return outcome
        problem = self._outbox.deliver(message)
        return outcome if problem is None else Outcome(outcome.change, error=problem)

    # --- Passwords -----------------------------------------------------------------------------------

    def _passwords_of(self, changes: Sequence[Change]) -> list[str | None]:
        """The password that each change will need the hash of, as far as can be told beforehand.

        A hash that is missing here, as when the same batch adds the user first, is computed where it is needed.
        """
        with self._database.read() as connection:
            return [self._password_of(connection, change) for change in changes]

    def _password_of(self, connection: sqlite3.Connection, change: Change) -> str | None:
        password: object = change.arguments.get("password")
        match change.operation:
            case "add_user" | "set_password":
                if not isinstance(password, str) or not self._policy.accepts(password):
                    return None
            case "invite_user" | "resend_invitation" if self._outbox is not None:
                password = self._policy.new_password()
            case _:
                return None
        is_there = self._is_there(connection, change.arguments["username"])
        return password if is_there is (change.operation in _NEED_A_USER) else None

    def _is_there(self, connection: sqlite3.Connection, username: str) -> bool | None:
        try:
            self._rule.find(connection, username)
        except UserNotFoundError:
            return False
        except InvalidInputError:
            return None
        return True

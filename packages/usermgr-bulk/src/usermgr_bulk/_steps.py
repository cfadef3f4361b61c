"""The steps of one row of an import.

    began before? ──yes──▶ look: is it ours? ──▶ finish it, or leave it to the policy
            │ no
            ▼
    create ──exists──▶ the policy: fail, skip, or update what differs
            │   └──no answer──▶ look, as above; create again only where nobody is there
            ▼
    password, enabled, groups: each brings to a state, so it may be done again

An invitation is one creation, which a second one cannot repeat, because the name is taken by then. Where the first one
got no answer and the user is there, whether the message was sent is not known, and it is not sent again.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from usermgr import StoreDescription, User, UserStatus
from usermgr.errors import DeliveryError, UserExistsError, UsermgrError, UserNotFoundError
from usermgr_bulk._calls import UNCERTAIN, Call
from usermgr_bulk._looking import different_attributes, groups_of
from usermgr_bulk._options import Existing, ImportOptions
from usermgr_bulk._results import RowOutcome, RowResult
from usermgr_bulk._tasks import Steps
from usermgr_bulk._wanted import Wanted, asked_to_confirm

__all__ = ["MESSAGE_UNKNOWN", "TRIES", "RowImport", "partly"]

SKEW = timedelta(seconds=30)
"""How far the clocks of this machine and of the store may differ, for a user to be known as our own."""

TRIES = 4
"""How often a creation is sent that gets no answer and leaves nobody behind."""

MESSAGE_UNKNOWN = "message_unknown"
"""The one code of a report that no error class has."""

Doing = Generator[Call, Any, Any]


class RowImport:
    """Brings one row into the store."""

    def __init__(self, row: Wanted, store: StoreDescription, options: ImportOptions) -> None:
        self._row = row
        self._store = store
        self._options = options
        self._changed: list[str] = []
        self._may_have_asked: list[str] = []
        """The addresses that an earlier run may have sent, each with a message to its user."""

    def steps(self, began: datetime | None) -> Steps:
        """See `Task.start`."""
        try:
            result = yield from self._steps(began)
        except UsermgrError as error:
            result = RowResult(RowOutcome.FAILED, error.code, error.message)
        password, message = self._row.password, result.message
        if password and message and password in message:  # a store of a stranger may repeat what it was given
            message = "the store refused the row"
        sub = self._row.old_sub
        return RowResult(result.outcome, result.code, message, sub, result.new_sub)

    def _steps(self, since: datetime | None) -> Steps:
        """`since` is when a creation of ours began of which nobody knows how it ended."""
        lost: UsermgrError | None = None
        for attempt in range(TRIES + 1):
            if since is not None:
                try:
                    user = yield from self._find()
                except UsermgrError as error:
                    message = f"the user may have been created, and looking failed: {error.message}"
                    return RowResult(RowOutcome.UNKNOWN, error.code, message)
                if user is not None:
                    return (yield from self._found(user, since))
                if attempt == TRIES or (lost is not None and not lost.retryable):
                    break
            now = datetime.now(UTC)
            try:
                user = yield self._creation()
            except UserExistsError as error:
                if since is None:
                    return (yield from self._existing(None))
                lost = error
            except DeliveryError as error:
                return (yield from self._finish_undelivered(error))
            except UNCERTAIN as error:
                since, lost = since or now, error
            else:
                return (yield from self._finish(user))
        raise lost or UserExistsError(username=self._row.name)

    def _creation(self) -> Call:
        row = self._row
        present = {name: value for name, value in row.attributes.items() if value is not None}
        arguments: dict[str, Any] = {"username": row.name, "attributes": present}
        if self._options.invite is not None:
            return Call("invite_user", {**arguments, "medium": self._options.invite})
        return Call("add_user", arguments if row.password is None else {**arguments, "password": row.password})

    def _finish_undelivered(self, undelivered: DeliveryError) -> Steps:
        try:
            user: User = yield Call("get_user", {"username": self._row.name})
        except UsermgrError as error:
            return partly(error, f"the user was created, invitation not delivered ({undelivered.code})", None)
        return (yield from self._finish(user, not_delivered=undelivered))

    # --- Looking ------------------------------------------------------------------------------------

    def _find(self) -> Generator[Call, Any, User | None]:
        try:
            user: User = yield Call("get_user", {"username": self._row.name})
        except UserNotFoundError:
            return None
        return user

    def _found(self, user: User, since: datetime) -> Steps:
        if not self._is_own(user, since):
            return (yield from self._existing(user, again=True))
        return (yield from self._finish(user, may_be_invited=self._options.invite is not None))

    def _is_own(self, user: User, since: datetime) -> bool:
        """Whether the creation that began then has made the user: the time fits, and so do the attributes."""
        given = ((name, value) for name, value in self._row.attributes.items() if value is not None)
        return user.created_at >= since - SKEW and all(
            user.attributes.get(name, "").lower() == value.lower() for name, value in given
        )

    # --- Bringing to the wanted state ---------------------------------------------------------------

    def _finish(self, user: User, *, not_delivered: DeliveryError | None = None, may_be_invited: bool = False) -> Steps:
        try:
            yield from self._complete_password(user)
            yield from self._enable(user)
            if self._row.groups:
                yield from self._join(user, self._row.groups)
        except UsermgrError as error:
            return partly(error, "the user was created", user.sub)
        if not_delivered is not None:
            message = f"created, invitation not delivered: {not_delivered.message}"
            return RowResult(RowOutcome.CREATED, not_delivered.code, message, new_sub=user.sub)
        if may_be_invited:
            message = "created, and the invitation may have been sent: ask the user, or use resend_invitation"
            return RowResult(RowOutcome.UNKNOWN, MESSAGE_UNKNOWN, message, new_sub=user.sub)
        return RowResult(RowOutcome.CREATED, new_sub=user.sub)

    def _existing(self, user: User | None, *, again: bool = False) -> Steps:
        """`again` says that an earlier run, which was killed, may have done some of it."""
        if self._options.existing is Existing.FAIL:
            error = UserExistsError(username=self._row.name)
            return RowResult(RowOutcome.FAILED, error.code, error.message)
        if self._options.existing is Existing.SKIP:
            return RowResult(RowOutcome.SKIPPED, message="the user exists already")
        if user is None:
            found: User = yield Call("get_user", {"username": self._row.name})
            return (yield from self._bring(found, again=again))
        return (yield from self._bring(user, again=again))

    def _bring(self, user: User, *, again: bool) -> Steps:
        try:
            yield from self._update(user, again=again)
            yield from self._enable(user)
            yield from self._set_groups(user)
        except UsermgrError as error:
            done = f"the user's {', '.join(self._changed)} changed" if self._changed else "nothing changed"
            return partly(error, done, user.sub)
        if self._may_have_asked:
            addresses = " and ".join(self._may_have_asked)
            message = f"the user may have been asked to confirm the new {addresses}, and was not asked again"
            return RowResult(RowOutcome.UNKNOWN, MESSAGE_UNKNOWN, message, new_sub=user.sub)
        if not self._changed:
            return RowResult(RowOutcome.UNCHANGED, new_sub=user.sub)
        return RowResult(RowOutcome.CHANGED, message=f"changed: {', '.join(self._changed)}", new_sub=user.sub)

    def _update(self, user: User, *, again: bool) -> Doing:
        different = different_attributes(user, self._row.attributes)
        asks = [name for name in asked_to_confirm(self._row.attributes, self._store) if name in different]
        if again and asks:
            self._may_have_asked = asks
            different = {name: value for name, value in different.items() if name not in asks}
        if different:
            arguments = {"username": user.username, "attributes": different}
            yield Call("update_user", arguments, once=any(name in different for name in asks))
            self._changed += different
        yield from self._complete_password(user)

    def _complete_password(self, user: User) -> Doing:
        """Sets the password of a user who has none yet; whether another's is the row's, no store tells."""
        if self._row.password is not None and user.status is UserStatus.FORCE_CHANGE_PASSWORD:
            yield Call("set_password", {"username": user.username, "password": self._row.password})
            self._changed.append("password")

    def _enable(self, user: User) -> Doing:
        if self._row.enabled is not None and self._row.enabled is not user.enabled:
            operation = "enable_user" if self._row.enabled else "disable_user"
            yield Call(operation, {"username": user.username})
            self._changed.append("enabled")

    def _join(self, user: User, groups: Iterable[str]) -> Doing:
        for group in groups:
            yield Call("add_user_to_group", {"username": user.username, "group": group})

    def _set_groups(self, user: User) -> Doing:
        if self._row.groups is None:
            return
        present = yield from groups_of(user.username)
        joins = [group for group in self._row.groups if group not in present]
        leaves = sorted(present - set(self._row.groups))
        yield from self._join(user, joins)
        for group in leaves:
            yield Call("remove_user_from_group", {"username": user.username, "group": group})
        if joins or leaves:
            self._changed.append("groups")


def partly(error: UsermgrError, done: str, sub: str | None) -> RowResult:
    """The row failed on the way."""
    outcome = RowOutcome.UNKNOWN if isinstance(error, UNCERTAIN) else RowOutcome.FAILED
    return RowResult(outcome, error.code, f"{done}, and then this failed: {error.message}", new_sub=sub)

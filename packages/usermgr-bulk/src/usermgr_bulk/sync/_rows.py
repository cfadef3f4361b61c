"""The steps of one row of a plan: look again, refuse what is no longer as the plan saw it, then change that alone.

Somebody new is brought by the steps of an import that expects nobody to be there.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from datetime import datetime
from typing import Any

from usermgr import Group, Medium, StoreDescription, User, UserMatches, where
from usermgr.errors import ConflictError, GroupExistsError, GroupNotFoundError, UsermgrError, UserNotFoundError
from usermgr_bulk._calls import UNCERTAIN, Call
from usermgr_bulk._options import ImportOptions
from usermgr_bulk._results import RowOutcome, RowResult
from usermgr_bulk._steps import TRIES, RowImport, partly
from usermgr_bulk._tasks import Steps
from usermgr_bulk._wanted import Wanted
from usermgr_bulk.sync._plan import Action, Difference, GroupChange, UserChange, digest_of_group, digest_of_user

__all__ = ["GroupRow", "UserRow"]


def _moved(what: str) -> RowResult:
    return RowResult(
        RowOutcome.FAILED, ConflictError.code, f"{what} since the plan was made: nothing was changed, make a new plan"
    )


def _as_wished(began: datetime | None, sub: str | None = None) -> RowResult:
    """All is as the plan wants it: by somebody else, or by an earlier run that was killed before it could say so."""
    if began is not None:
        return RowResult(RowOutcome.CHANGED, message="changed before the run was interrupted", new_sub=sub)
    return RowResult(RowOutcome.UNCHANGED, message="was so already", new_sub=sub)


class UserRow:
    """Does what a plan says of one person."""

    def __init__(self, change: UserChange, store: StoreDescription, invite: Medium | None) -> None:
        self._change = change
        self._store = store
        self._invite = invite
        self._done: list[str] = []

    def steps(self, began: datetime | None) -> Steps:
        """See `Task.start`."""
        match self._change.action:
            case Action.CREATE:
                return (yield from self._creation(began))
            case Action.DELETE:
                return (yield from self._deletion(began))
            case Action.CHANGE:
                return (yield from self._changing(began))

    def _creation(self, began: datetime | None) -> Steps:
        change = self._change
        attributes = {name: difference.after for name, difference in change.attributes.items()}
        name = change.username
        wanted = Wanted(name, name, attributes, change.enabled, change.joins or None, password=None, old_sub=None)
        return (yield from RowImport(wanted, self._store, ImportOptions(invite=self._invite)).steps(began))

    # --- Deletion -----------------------------------------------------------------------------------

    def _deletion(self, began: datetime | None) -> Steps:
        change = self._change
        deleted = RowResult(RowOutcome.CHANGED, message="deleted")
        try:
            user: User = yield Call("get_user", {"username": change.username})
        except UserNotFoundError:
            return deleted if began is not None else RowResult(RowOutcome.UNCHANGED, message="had gone already")
        if digest_of_user(user) != change.seen:
            return _moved(f"{change.username} has changed")
        try:
            yield Call("delete_user", {"username": user.username})
        except UserNotFoundError:  # of a repeat, whose first try had no answer
            return deleted
        return deleted

    # --- Change -------------------------------------------------------------------------------------

    def _changing(self, began: datetime | None) -> Steps:
        change = self._change
        try:
            user: User = yield Call("get_user", {"username": change.username})
        except UserNotFoundError:
            return _moved(f"{change.username} has gone")
        moved = self._difference(user)
        if moved is not None:
            return _moved(moved)
        try:
            yield from self._do(user)
        except UsermgrError as error:
            done = f"done: {', '.join(self._done)}" if self._done else "nothing changed"
            return partly(error, done, user.sub)
        if not self._done:
            return _as_wished(began, user.sub)
        return RowResult(RowOutcome.CHANGED, message=f"changed: {', '.join(self._done)}", new_sub=user.sub)

    def _difference(self, user: User) -> str | None:
        """What is no longer as the plan saw it, and not as it is to be either."""
        change = self._change
        if user.sub != change.sub:
            return f"{change.username} has become somebody else"
        if change.seen is not None:
            as_seen = user if change.enabled is None else replace(user, enabled=not change.enabled)
            if digest_of_user(as_seen) != change.seen:
                return f"{change.username} has changed"
        moved = [
            name
            for name, difference in change.attributes.items()
            if user.attributes.get(name) not in (difference.before, difference.after)
        ]
        return f"the {' and '.join(sorted(moved))} of {change.username} has changed" if moved else None

    def _do(self, user: User) -> Generator[Call, Any, None]:
        """What gives comes before what takes."""
        change, name = self._change, user.username
        different = {
            attribute: difference.after
            for attribute, difference in change.attributes.items()
            if user.attributes.get(attribute) != difference.after
        }
        for address in ("email", "phone_number"):
            flag = f"{address}_verified"
            if address in different and flag in change.attributes:
                different[flag] = change.attributes[flag].after
        if different:
            yield Call("update_user", {"username": name, "attributes": different})
            self._done += different
        if change.enabled is True and not user.enabled:
            yield Call("enable_user", {"username": name})
            self._done.append("enabled")
        for group in change.joins:
            yield Call("add_user_to_group", {"username": name, "group": group})
            self._done.append(f"joined {group}")
        if change.enabled is False and user.enabled:
            yield Call("disable_user", {"username": name})
            self._done.append("disabled")
        for group in change.leaves:
            yield Call("remove_user_from_group", {"username": name, "group": group})
            self._done.append(f"left {group}")


class GroupRow:
    """Does what a plan says of one group."""

    def __init__(self, change: GroupChange) -> None:
        self._change = change

    def steps(self, began: datetime | None) -> Steps:
        """See `Task.start`."""
        match self._change.action:
            case Action.CREATE:
                return (yield from self._creation(again=began is not None))
            case Action.DELETE:
                return (yield from self._deletion(began))
            case Action.CHANGE:
                return (yield from self._changing(began))

    def _differences(self) -> dict[str, Difference[Any]]:
        found = {"description": self._change.description, "precedence": self._change.precedence}
        return {name: difference for name, difference in found.items() if difference is not None}

    def _wish(self) -> dict[str, Any]:
        return {name: difference.after for name, difference in self._differences().items()}

    def _creation(self, *, again: bool) -> Steps:
        """`again` says that a creation of ours may have been made, so it is looked for first."""
        name = self._change.name
        for attempt in range(TRIES):
            if again:
                try:
                    group: Group = yield Call("get_group", {"name": name})
                except GroupNotFoundError:
                    pass
                else:
                    return self._created_before(group)
            try:
                yield Call("add_group", {"name": name, **self._wish()})
            except GroupExistsError:
                return _moved(f"somebody else has made the group {name}")
            except UNCERTAIN:
                again = True
                if attempt == TRIES - 1:
                    raise
            else:
                break
        return RowResult(RowOutcome.CREATED)

    def _created_before(self, group: Group) -> RowResult:
        if any(getattr(group, name) != value for name, value in self._wish().items()):
            return _moved(f"somebody else has made the group {group.name}")
        return RowResult(RowOutcome.CREATED)

    def _changing(self, began: datetime | None) -> Steps:
        change = self._change
        try:
            group: Group = yield Call("get_group", {"name": change.name})
        except GroupNotFoundError:
            return _moved(f"the group {change.name} has gone")
        now = {"description": group.description or "", "precedence": group.precedence}
        given: dict[str, Any] = {}
        for name, difference in self._differences().items():
            if now[name] not in (difference.before, difference.after):
                return _moved(f"the {name} of the group {change.name} has changed")
            if now[name] != difference.after:
                given[name] = difference.after
        if not given:
            return _as_wished(began)
        yield Call("update_group", {"name": change.name, **given})
        return RowResult(RowOutcome.CHANGED, message=f"changed: {', '.join(given)}")

    def _members(self) -> Generator[Call, Any, list[str]]:
        found: set[str] = set()
        token: str | None = None
        while True:
            conditions = [where("group").equals(self._change.name)]
            page: UserMatches = yield Call("find_users", {"conditions": conditions, "page_token": token})
            found.update(user.username for user in page.users)
            token = page.next_token
            if token is None:
                return sorted(found)

    def _deletion(self, began: datetime | None) -> Steps:
        change = self._change
        deleted = RowResult(RowOutcome.CHANGED, message="deleted")
        try:
            group: Group = yield Call("get_group", {"name": change.name})
            members = yield from self._members()
        except GroupNotFoundError:
            return deleted if began is not None else RowResult(RowOutcome.UNCHANGED, message="had gone already")
        if digest_of_group(group, members) != change.seen:
            return _moved(f"the group {change.name}, or who is in it, has changed")
        try:
            yield Call("delete_group", {"name": change.name})
        except GroupNotFoundError:  # of a repeat, whose first try had no answer
            return deleted
        return deleted

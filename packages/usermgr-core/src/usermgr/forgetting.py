"""Forgetting a person: the user and every row of their activity.

>>> from usermgr import Factory
>>> users, activity = Factory.create(), Factory.create_activity()  # doctest: +SKIP
>>> person = users.get_user("alice")                               # doctest: +SKIP
>>> forget_user(users, activity, person)                           # doctest: +SKIP
Forgotten(sub='3f0c...', username='alice', deleted=True, rows=42)
"""

from __future__ import annotations

from dataclasses import dataclass

from usermgr._manager import UserManager
from usermgr._models import User
from usermgr.activity import ActivityStore
from usermgr.errors import InvalidInputError, UnsupportedOperationError, UsermgrError, UserNotFoundError
from usermgr.validation import check_texts

__all__ = ["Forgotten", "forget_user"]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What one call of `forget_user` removed."""

    sub: str
    username: str | None
    """`None` where there was no such user, and their name is not known."""
    deleted: bool
    """Whether this call deleted the user; `False` where the user was gone already."""
    rows: int
    """How many rows of activity this call removed."""


def forget_user(users: UserManager, activity: ActivityStore, person: User | str) -> Forgotten:
    """Deletes the user, and then removes every row of their activity. May be repeated with the same `person`.

    `person` is a `User` that was read before, or the `sub`: after the user is deleted nobody can look the `sub` up,
    so it has to be known before. Keep it until the call has returned. A call that raised or was interrupted is
    finished by the next one, which finds the user gone and goes on with the rows. For a user that was made a moment
    ago pass the `User`, because a `sub` is looked up in the listing, which may lag behind.

    The user goes first, because as long as they can sign in or refresh, a recorder writes new rows. One that was
    already at work then may still finish within seconds: a call some minutes later, whose `rows` is 0, shows that
    nothing is left.

    A user name can be given to somebody else: a user of that name with another `sub` is left alone.

    Raises:
        InvalidInputError: `person` is the name of a user, and no `sub`; nothing was done.
        UnsupportedOperationError: the activity store cannot forget; nothing was done.
        UsermgrError: what `delete_user` or `forget` raises.
    """
    if type(activity).forget is ActivityStore.forget:
        raise UnsupportedOperationError(operation="forget")
    sub = person.sub if isinstance(person, User) else person
    check_texts(sub=sub)
    user = _find(users, person)
    deleted = user is not None and _delete(users, user)
    name = user.username if user is not None else person.username if isinstance(person, User) else None
    return Forgotten(sub, name, deleted, activity.forget(sub))


def _find(users: UserManager, person: User | str) -> User | None:
    """The user as they are now; `None` where they are gone, or their name is somebody else's by now."""
    try:
        user = users.get_user_by_sub(person) if isinstance(person, str) else users.get_user(person.username)
    except UserNotFoundError:
        if isinstance(person, str):
            _refuse_name(users, person)
        return None
    return user if isinstance(person, str) or user.sub == person.sub else None


def _refuse_name(users: UserManager, sub: str) -> None:
    """Nobody has the sub: a name that was given instead would seem to be forgotten already."""
    try:
        named = users.get_user(sub)
    except UsermgrError:  # no such name, or nobody may ask
        return
    if named.sub != sub:
        raise InvalidInputError(
            "person must be a User, or the sub of one, and this is a name: pass users.get_user(name)", field="person"
        )


def _delete(users: UserManager, user: User) -> bool:
    try:
        users.delete_user(user.username)
    except UserNotFoundError:  # somebody else was faster, or the listing lags behind
        return False
    return True

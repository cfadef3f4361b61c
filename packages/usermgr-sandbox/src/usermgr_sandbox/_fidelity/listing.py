"""ListUsers: the filter's grammar, and a listing that may lag behind.

https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html
https://docs.aws.amazon.com/cognito/latest/developerguide/how-to-manage-user-accounts.html#manage-user-accounts-searching-user-attributes
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

from moto.cognitoidp.exceptions import InvalidParameterException
from moto.cognitoidp.models import CognitoIdpUser, CognitoIdpUserPool
from moto.cognitoidp.utils import flatten_attrs

from usermgr_sandbox._fidelity.base import Base
from usermgr_sandbox._fidelity.pool import all_pools
from usermgr_sandbox._fidelity.world import World

__all__ = ["Listing", "forget_listings", "remember"]

_FILTER = re.compile(r'\s*([\w:]+)\s*(\^?=)\s*"((?:[^"\\]|\\.)*)"\s*', re.DOTALL)
_SEARCHABLE = {"username", "email", "phone_number", "name", "given_name", "family_name", "preferred_username",
               "cognito:user_status", "status", "sub"}  # fmt: skip
MAX_FILTER = 256
STRETCH = 60


class Listing(Base):
    """`ListUsers`, without moto's decorator, whose tokens differ from AWS's."""

    def list_users(  # type: ignore[override]
        self, user_pool_id: str, filt: str, limit: int | None = None, pagination_token: str | None = None
    ) -> tuple[list[CognitoIdpUser], str | None]:
        pool = self._pool(user_pool_id)
        meets = _compile(filt) if filt else _everybody
        place = pool.places()

        def place_of(user: CognitoIdpUser) -> int:
            return place[user.id]

        query = ("ListUsers", user_pool_id, filt or "")
        rest = self.world.pages.rest(query, sorted(self._listed(pool), key=place_of), place_of, pagination_token)
        found: list[CognitoIdpUser] = []
        looked = 0
        # A call looks through one stretch of users, whether or not any match: a page can be empty and not the last.
        while looked < min(STRETCH, len(rest)) and len(found) < (limit or STRETCH):
            if meets(rest[looked]):
                found.append(rest[looked])
            looked += 1
        if looked >= len(rest):
            return found, None
        return found, self.world.pages.give(query, place_of(rest[looked - 1]))

    def _listed(self, pool: CognitoIdpUserPool) -> list[CognitoIdpUser]:
        """The users as they were before the configured delay: ListUsers is eventually consistent."""
        if not self.world.listing_delay:
            return list(pool.users.values())
        return seen_before(_history(pool), self.world.now() - self.world.listing_delay)


_CASE_SENSITIVE = {"username", "status", "sub"}
"""ListUsers' page marks the first two as case-sensitive; the guide to searching calls all searches case-insensitive. A
`sub` has one spelling.
"""

Snapshot = tuple[float, list[CognitoIdpUser]]


def remember(world: World) -> None:
    """Keeps what ListUsers will show later. Called after each call while listings lag."""
    if not world.listing_delay:
        return
    now = world.now()
    for pool in all_pools():
        pool.places()
        history = _history(pool)
        history.append((now, [copy.copy(user) for user in pool.users.values()]))
        # Of those that are old enough, only the newest can still be needed.
        while len(history) > 1 and history[1][0] <= now - world.listing_delay:
            history.pop(0)


def forget_listings() -> None:
    """Starts a new history."""
    for pool in all_pools():
        _history(pool).clear()


def seen_before(history: list[Snapshot], moment: float) -> list[CognitoIdpUser]:
    """The newest snapshot that is old enough, or the oldest that there is."""
    old = [users for taken, users in history if taken <= moment]
    if old:
        return old[-1]
    return history[0][1] if history else []


def _history(pool: CognitoIdpUserPool) -> list[Snapshot]:
    if not hasattr(pool, "listing_history"):
        pool.listing_history = []  # type: ignore[attr-defined]
    return pool.listing_history  # type: ignore[attr-defined, no-any-return]


def _everybody(_: CognitoIdpUser) -> bool:
    return True


def _compile(text: str) -> Callable[[CognitoIdpUser], bool]:
    match = _FILTER.fullmatch(text)
    if match is None or len(text) > MAX_FILTER:
        raise InvalidParameterException("Error while parsing filter.")
    name, operator, value = match[1], match[2], re.sub(r"\\(.)", r"\1", match[3], flags=re.DOTALL)
    if name not in _SEARCHABLE:
        raise InvalidParameterException(f"Invalid search attribute: {name}")

    def meets(user: CognitoIdpUser) -> bool:
        present = _value(user, name)
        if present is None:
            return False
        wanted = value
        if name not in _CASE_SENSITIVE:
            present, wanted = present.lower(), value.lower()
        return present == wanted if operator == "=" else present.startswith(wanted)

    return meets


def _value(user: CognitoIdpUser, name: str) -> str | None:
    match name:
        case "username":
            return user.username
        case "status":
            return "Enabled" if user.enabled else "Disabled"
        case "cognito:user_status":
            status: Any = user.status
            return str(getattr(status, "value", status))
        case _:
            return flatten_attrs(user.attributes).get(name)

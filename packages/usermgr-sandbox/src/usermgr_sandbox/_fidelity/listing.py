"""ListUsers: the filter's grammar, tokens that live an hour, and a listing that may lag behind.

https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html
https://docs.aws.amazon.com/cognito/latest/developerguide/how-to-manage-user-accounts.html#manage-user-accounts-searching-user-attributes
"""

from __future__ import annotations

import copy
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from moto.cognitoidp.exceptions import InvalidParameterException
from moto.cognitoidp.models import CognitoIdpUser, CognitoIdpUserPool, cognitoidp_backends
from moto.cognitoidp.utils import flatten_attrs

from usermgr_sandbox._fidelity.base import Base
from usermgr_sandbox._fidelity.world import World

__all__ = ["Listing", "forget_listings", "remember"]

_FILTER = re.compile(r'\s*([\w:]+)\s*(\^?=)\s*"((?:[^"\\]|\\.)*)"\s*', re.DOTALL)
_SEARCHABLE = {"username", "email", "phone_number", "name", "given_name", "family_name", "preferred_username",
               "cognito:user_status", "status", "sub"}  # fmt: skip
MAX_FILTER = 256
TOKEN_LIVES = 3600.0
STRETCH = 60


class Listing(Base):
    """`ListUsers`, without moto's decorator, whose tokens differ from AWS's."""

    def list_users(  # type: ignore[override]
        self, user_pool_id: str, filt: str, limit: int | None = None, pagination_token: str | None = None
    ) -> tuple[list[CognitoIdpUser], str | None]:
        pool = self.describe_user_pool(user_pool_id)
        if limit is not None and not 0 <= limit <= 60:
            raise InvalidParameterException(
                "1 validation error detected: Value at 'limit' failed to satisfy constraint"
            )
        meets = _compile(filt) if filt else _everybody
        listed = self._listed(pool)
        start = self._start(pagination_token, user_pool_id, filt, listed)
        found: list[CognitoIdpUser] = []
        end = start
        # A call looks through one stretch of users, whether or not any match: a page can be empty and not the last.
        while end < min(start + STRETCH, len(listed)) and len(found) < (limit or STRETCH):
            if meets(listed[end]):
                found.append(listed[end])
            end += 1
        if end >= len(listed):
            return found, None
        token = str(uuid.uuid4())
        self._tokens()[token] = _Position(user_pool_id, filt, listed[end - 1].id, end, self.world.now() + TOKEN_LIVES)
        return found, token

    def _listed(self, pool: CognitoIdpUserPool) -> list[CognitoIdpUser]:
        """The users as they were before the configured delay: ListUsers is eventually consistent."""
        if not self.world.listing_delay:
            return list(pool.users.values())
        return seen_before(_history(pool), time.monotonic() - self.world.listing_delay)

    def _start(self, token: str | None, user_pool_id: str, filt: str, listed: list[CognitoIdpUser]) -> int:
        if token is None:
            return 0
        known = self._tokens().get(token)
        if known is None or (known.pool, known.filter) != (user_pool_id, filt) or known.until < self.world.now():
            raise InvalidParameterException("Invalid pagination token provided.")
        after = next((index + 1 for index, user in enumerate(listed) if user.id == known.last), None)
        # The last one of the page before may be deleted meanwhile.
        return known.index - 1 if after is None else after

    def _tokens(self) -> dict[str, _Position]:
        if not hasattr(self, "listing_tokens"):
            self.listing_tokens: dict[str, _Position] = {}
        return self.listing_tokens


@dataclass(frozen=True, slots=True)
class _Position:
    pool: str
    filter: str
    last: str
    index: int
    until: float


Snapshot = tuple[float, list[CognitoIdpUser]]


def remember(world: World) -> None:
    """Keeps what ListUsers will show later. Called after each call while listings lag."""
    if not world.listing_delay:
        return
    now = time.monotonic()
    for regions in cognitoidp_backends.values():
        for backend in regions.values():
            for pool in backend.user_pools.values():
                history = _history(pool)
                history.append((now, [copy.copy(user) for user in pool.users.values()]))
                # Of those that are old enough, only the newest can still be needed.
                while len(history) > 1 and history[1][0] <= now - world.listing_delay:
                    history.pop(0)


def forget_listings() -> None:
    """Starts a new history."""
    for regions in cognitoidp_backends.values():
        for backend in regions.values():
            for pool in backend.user_pools.values():
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
        if name == "cognito:user_status":
            return present.upper() == value.upper() if operator == "=" else present.upper().startswith(value.upper())
        return present == value if operator == "=" else present.startswith(value)

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

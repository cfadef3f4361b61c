"""ListUsers: the filter's grammar, tokens that live an hour, and a listing that may lag behind.

https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html
https://docs.aws.amazon.com/cognito/latest/developerguide/how-to-manage-user-accounts.html#manage-user-accounts-searching-user-attributes
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable
from typing import Any

from moto.cognitoidp.exceptions import InvalidParameterException
from moto.cognitoidp.models import CognitoIdpUser
from moto.cognitoidp.utils import flatten_attrs

from usermgr_sandbox.fidelity.base import Base

__all__ = ["Listing"]

_FILTER = re.compile(r'\s*([\w:]+)\s*(\^?=)\s*"((?:[^"\\]|\\.)*)"\s*', re.DOTALL)
_SEARCHABLE = {"username", "email", "phone_number", "name", "given_name", "family_name", "preferred_username",
               "cognito:user_status", "status", "sub"}  # fmt: skip
MAX_FILTER = 256
TOKEN_LIVES = 3600.0


class Listing(Base):
    """`ListUsers`, without moto's decorator: its tokens are of moto's own making."""

    def list_users(  # type: ignore[override]
        self, user_pool_id: str, filt: str, limit: int | None = None, pagination_token: str | None = None
    ) -> tuple[list[CognitoIdpUser], str | None]:
        pool = self.describe_user_pool(user_pool_id)
        if limit is not None and not 0 <= limit <= 60:
            raise InvalidParameterException(
                "1 validation error detected: Value at 'limit' failed to satisfy constraint"
            )
        meets = _compile(filt) if filt else lambda _: True
        users = [user for user in pool.users.values() if self._is_listed(user) and meets(user)]
        start = self._start(pagination_token, user_pool_id, filt)
        end = start + (limit or 60)
        if end >= len(users):
            return users[start:], None
        token = str(uuid.uuid4())
        self._tokens()[token] = (user_pool_id, filt, end, time.monotonic() + TOKEN_LIVES)
        return users[start:end], token

    def _is_listed(self, user: CognitoIdpUser) -> bool:
        """ "ListUsers is eventually consistent": a new user shows only after the delay that the sandbox was told."""
        return time.time() - user.create_date.timestamp() >= self.world.listing_delay

    def _start(self, token: str | None, user_pool_id: str, filt: str) -> int:
        if token is None:
            return 0
        known = self._tokens().get(token)
        if known is None or known[:2] != (user_pool_id, filt) or known[3] < time.monotonic():
            raise InvalidParameterException("Invalid pagination token provided.")
        return known[2]

    def _tokens(self) -> dict[str, tuple[str, str, int, float]]:
        if not hasattr(self, "listing_tokens"):
            self.listing_tokens: dict[str, tuple[str, str, int, float]] = {}
        return self.listing_tokens


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

"""Cognito's descriptions of the pool and its app client: read in one place, kept, and read again after a refusal.

DescribeUserPool and DescribeUserPoolClient share small quotas (15 requests a second for an account in a Region:
https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html), so nothing is read until somebody needs it.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from usermgr.errors import UsermgrError
from usermgr_cognito._client import call

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

__all__ = ["AppClient", "AttributeRule", "Descriptions", "Pool"]

T = TypeVar("T")

FRESH = 1.0
"""Seconds for which a description is not read again, however many refusals there are."""

DENIED_FOR = 60.0
"""Seconds after which a description that could not be read is tried again."""


@dataclass(frozen=True, slots=True)
class AttributeRule:
    """One attribute in the pool's schema."""

    kind: str
    """`String`, `Number`, `Boolean` or `DateTime`."""
    required: bool
    mutable: bool
    low: float | None
    """The least length of a String, or the least Number."""
    high: float | None


@dataclass(frozen=True, slots=True)
class Pool:
    """The part of a pool's description that decides what it accepts."""

    attributes: Mapping[str, AttributeRule]
    username_attributes: frozenset[str]
    """Where not empty, a user's name is one of these addresses."""
    alias_attributes: frozenset[str]
    case_sensitive: bool
    password_policy: Mapping[str, Any]

    @classmethod
    def read(cls, description: Mapping[str, Any]) -> Pool:
        """From the `UserPool` of DescribeUserPool."""
        return cls(
            attributes={shape["Name"]: _rule(shape) for shape in description.get("SchemaAttributes", ())},
            username_attributes=frozenset(description.get("UsernameAttributes", ())),
            alias_attributes=frozenset(description.get("AliasAttributes", ())),
            case_sensitive=description.get("UsernameConfiguration", {}).get("CaseSensitive", True),
            password_policy=description.get("Policies", {}).get("PasswordPolicy", {}),
        )


def _rule(shape: Mapping[str, Any]) -> AttributeRule:
    bounds: Mapping[str, str] = shape.get("StringAttributeConstraints") or shape.get("NumberAttributeConstraints") or {}
    low, high = (bounds.get(name) for name in ("MinLength", "MaxLength"))
    if "NumberAttributeConstraints" in shape:
        low, high = (bounds.get(name) for name in ("MinValue", "MaxValue"))
    return AttributeRule(
        kind=shape.get("AttributeDataType", "String"),
        required=shape.get("Required", False),
        mutable=shape.get("Mutable", True),
        low=_number(low),
        high=_number(high),
    )


def _number(text: str | None) -> float | None:
    """A bound, which Cognito writes as a string; none where it is not a number."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class AppClient:
    """The part of an app client's description that decides how a sign-in must be made."""

    secret: str | None = field(repr=False)
    flows: frozenset[str]
    """Its `ExplicitAuthFlows`."""
    rotates: bool
    """Whether it has refresh token rotation, and with it no REFRESH_TOKEN_AUTH."""


class Descriptions:
    """The pool's description, and the app client's. Each is `None` where it may not, or cannot, be read."""

    def __init__(
        self, client: CognitoIdentityProviderClient, user_pool_id: str, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._id = user_pool_id
        self._now = now
        client.meta.events.register(
            "after-call.cognito-idp.DescribeUserPoolClient", _keep_rotation, unique_id="usermgr-refresh-token-rotation"
        )
        self._pool = _Kept(self._read_pool, now)
        self._clients: dict[str, _Kept[AppClient]] = {}

    def _read_pool(self) -> Pool:
        return Pool.read(call(self._client.describe_user_pool, UserPoolId=self._id)["UserPool"])

    def _read_client(self, client_id: str) -> AppClient:
        answer = call(self._client.describe_user_pool_client, UserPoolId=self._id, ClientId=client_id)
        shape = answer["UserPoolClient"]
        rotation = shape.get("RefreshTokenRotation", {})
        return AppClient(
            secret=shape.get("ClientSecret"),
            flows=frozenset(shape.get("ExplicitAuthFlows", ())),
            rotates=rotation.get("Feature") == "ENABLED",
        )

    def pool(self, *, anew: bool = False) -> Pool | None:
        """The pool; `anew` after a refusal, which the kept description may be too old to explain."""
        return self._pool.get(anew=anew)

    def app_client(self, client_id: str, *, anew: bool = False) -> AppClient | None:
        """The app client; `anew` after a refusal."""
        return self._kept_client(client_id).get(anew=anew)

    def _kept_client(self, client_id: str) -> _Kept[AppClient]:
        return self._clients.setdefault(client_id, _Kept(partial(self._read_client, client_id), self._now))

    def require_app_client(self, client_id: str) -> AppClient:
        """The app client, for a sign-in that needs it. Raises the error that kept it from being read."""
        known = self.app_client(client_id)
        return known if known is not None else self._kept_client(client_id).require()


def _keep_rotation(http_response: Any, parsed: dict[str, Any], **_: Any) -> None:
    """Keeps a member of the answer that an SDK older than refresh token rotation drops."""
    try:
        rotation = json.loads(http_response.content)["UserPoolClient"]["RefreshTokenRotation"]
    except (ValueError, LookupError, TypeError):
        return
    parsed.setdefault("UserPoolClient", {}).setdefault("RefreshTokenRotation", rotation)


class _Kept(Generic[T]):
    """A value that is read when it is first needed, and again when it is asked for anew. Safe to share."""

    def __init__(self, read: Callable[[], T], now: Callable[[], float]) -> None:
        self._read = read
        self._now = now
        self._lock, self._process = threading.Lock(), os.getpid()
        self._value: T | None = None
        self._read_at: float | None = None

    def get(self, *, anew: bool) -> T | None:
        with self._own_lock():
            age = None if self._read_at is None else self._now() - self._read_at
            due = DENIED_FOR if self._value is None else FRESH
            if age is None or ((anew or self._value is None) and age > due):
                self._read_at = self._now()
                try:
                    self._value = self._read()
                except UsermgrError:
                    self._value = None  # not allowed, or not available now: the caller must do without it
            return self._value

    def _own_lock(self) -> threading.Lock:
        """A forked child inherits a lock that a thread of its parent may hold, and nobody would ever release."""
        if self._process != os.getpid():
            self._lock, self._process = threading.Lock(), os.getpid()
        return self._lock

    def require(self) -> T:
        """The value, read now and kept. Raises the error that keeps it from being read."""
        value = self._read()
        with self._own_lock():
            self._value, self._read_at = value, self._now()
        return value

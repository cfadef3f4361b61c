"""Cognito's descriptions of the pool and its app client: read in one place, kept, and read again after a refusal.

DescribeUserPool, DescribeUserPoolClient and GetUserPoolMfaConfig have small quotas (15 to 20 requests a second for an
account in a Region: https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html), so nothing is read until
somebody needs it.
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

from usermgr import MfaMethod, MfaMode
from usermgr.errors import UsermgrError
from usermgr_cognito._client import call

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

__all__ = ["AppClient", "AttributeRule", "Descriptions", "Pool", "SecondFactors"]

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
    administrators_only: bool = False
    """`DeveloperOnlyAttribute`: users cannot set it themselves."""


@dataclass(frozen=True, slots=True)
class Pool:
    """The part of a pool's description that tells what it accepts, and what it is."""

    attributes: Mapping[str, AttributeRule]
    username_attributes: frozenset[str]
    """Where not empty, a user's name is one of these addresses."""
    alias_attributes: frozenset[str]
    case_sensitive: bool
    password_policy: Mapping[str, Any]
    confirmed_before_change: frozenset[str] = frozenset()
    estimated_users: int | None = None
    arn: str = ""

    @classmethod
    def read(cls, description: Mapping[str, Any]) -> Pool:
        """From the `UserPool` of DescribeUserPool."""
        return cls(
            attributes={shape["Name"]: _rule(shape) for shape in description.get("SchemaAttributes", ())},
            username_attributes=frozenset(description.get("UsernameAttributes", ())),
            alias_attributes=frozenset(description.get("AliasAttributes", ())),
            case_sensitive=description.get("UsernameConfiguration", {}).get("CaseSensitive", True),
            password_policy=description.get("Policies", {}).get("PasswordPolicy", {}),
            confirmed_before_change=frozenset(
                description.get("UserAttributeUpdateSettings", {}).get("AttributesRequireVerificationBeforeUpdate", ())
            ),
            estimated_users=description.get("EstimatedNumberOfUsers"),
            arn=description.get("Arn", ""),
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
        administrators_only=shape.get("DeveloperOnlyAttribute", False),
    )


def _number(text: str | None) -> float | None:
    """A bound, which Cognito writes as a string; none where it is not a number."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


_MODES = {"OPTIONAL": MfaMode.OPTIONAL, "ON": MfaMode.REQUIRED}


@dataclass(frozen=True, slots=True)
class SecondFactors:
    """Whether the pool asks for a second factor, and which it offers."""

    mode: MfaMode
    methods: tuple[MfaMethod, ...]
    """Those that are configured; none where second factors are off."""

    @classmethod
    def read(cls, config: Mapping[str, Any]) -> SecondFactors:
        """From the answer of GetUserPoolMfaConfig.

        https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetUserPoolMfaConfig.html
        """
        mode = _MODES.get(config["MfaConfiguration"], MfaMode.OFF)
        configured = {
            MfaMethod.SMS: bool(config.get("SmsMfaConfiguration", {}).get("SmsConfiguration")),
            MfaMethod.EMAIL: "EmailMfaConfiguration" in config,
            MfaMethod.TOTP: config.get("SoftwareTokenMfaConfiguration", {}).get("Enabled", False),
        }
        return cls(mode, tuple(m for m, on in configured.items() if on and mode is not MfaMode.OFF))


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
        self._factors = _Kept(self._read_factors, now)
        self._clients: dict[str, _Kept[AppClient]] = {}

    def _read_pool(self) -> Pool:
        return Pool.read(call(self._client.describe_user_pool, UserPoolId=self._id)["UserPool"])

    def _read_factors(self) -> SecondFactors:
        return SecondFactors.read(call(self._client.get_user_pool_mfa_config, UserPoolId=self._id))

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

    def require_pool(self) -> Pool:
        """The pool as it is now. Raises the error that keeps it from being read."""
        return self._pool.require()

    def require_factors(self) -> SecondFactors:
        """The second factors as they are now. Raises the error that keeps them from being read."""
        return self._factors.require()

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
        """The value, read now or a moment ago, and kept. Raises the error that keeps it from being read."""
        with self._own_lock():
            if self._value is not None and self._read_at is not None and self._now() - self._read_at <= FRESH:
                return self._value
        value = self._read()
        with self._own_lock():
            self._value, self._read_at = value, self._now()
        return value

"""What a verifier requires of the claims of a token whose signature is good."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, Literal, cast

from usermgr_jwt import errors
from usermgr_jwt._addresses import accepted_issuers
from usermgr_jwt._claims import CLIENT_CLAIM

__all__ = ["Policy", "names", "require"]

_STRINGS = frozenset([str])
_LATEST = 253_402_300_799  # 9999-12-31T23:59:59Z, the last second that a datetime can hold


class Policy:
    """The checks of one verifier. Building it raises a ValueError or TypeError that names the setting."""

    __slots__ = ("_clients", "_groups", "_issuers", "_leeway", "_scopes", "_token_use")

    def __init__(
        self,
        *,
        user_pool_id: str | None,
        issuer: str | None,
        client_id: str | Collection[str] | None,
        token_use: Literal["access", "id"] | None,
        groups: str | Collection[str] | None,
        scopes: str | Collection[str] | None,
        leeway: float,
    ) -> None:
        self._issuers = accepted_issuers(user_pool_id, issuer)
        self._clients = names("client_id", client_id)
        if token_use not in ("access", "id", None):
            raise ValueError('token_use must be "access", "id", or None')
        self._token_use = token_use
        self._groups = names("groups", groups)
        self._scopes = names("scopes", scopes)
        if token_use == "id" and self._scopes is not None:  # noqa: S105 - not a password
            raise ValueError("scopes cannot be required of id tokens: only access tokens have them")
        if isinstance(leeway, bool) or not isinstance(leeway, int | float) or not 0 <= leeway <= 3600:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ValueError("leeway must be between 0 and 3600 seconds")
        self._leeway = leeway

    def check(self, claims: dict[str, Any], now: float) -> None:
        """Raise the first error among: issuer, token use, client, claims' types, times, groups, scopes."""
        get = claims.get
        issuer = get("iss")
        if type(issuer) is not str or issuer not in self._issuers:
            raise errors.TokenIssuerError(_text(issuer), self._issuers)

        token_use = get("token_use")
        client_claim = CLIENT_CLAIM.get(token_use) if type(token_use) is str else None
        if client_claim is None or (self._token_use is not None and token_use != self._token_use):
            raise errors.TokenUseError(_text(token_use), self._token_use)

        client = get(client_claim)
        if type(client) is not str or (self._clients is not None and client not in self._clients):
            raise errors.TokenClientError(_text(client), self._clients)

        _check_types(claims)
        self.check_times(claims, now)
        if self._groups is not None:
            require(errors.TokenGroupError, get("cognito:groups", ()), self._groups)
        if self._scopes is not None:
            require(errors.TokenScopeError, get("scope", "").split(), self._scopes)

    def check_times(self, claims: dict[str, Any], now: float) -> None:
        """The part of `check` that a token must pass again each time it is used."""
        expires: int = claims["exp"]
        if now >= expires + self._leeway:
            raise errors.TokenExpiredError(datetime.fromtimestamp(expires, UTC))
        not_before: int | None = claims.get("nbf")
        if not_before is not None and now < not_before - self._leeway:
            raise errors.TokenNotYetValidError(datetime.fromtimestamp(not_before, UTC))


def names(setting: str, values: str | Collection[str] | None) -> frozenset[str] | None:
    """A setting that is a name, several names or None, as a set or None; ValueError for what can never match."""
    if values is None:
        return None
    found = frozenset([values] if isinstance(values, str) else values)
    if not found:
        raise ValueError(f"{setting} must not be empty, because nothing would match; pass None to accept any")
    if not all(isinstance(name, str) and name for name in found):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ValueError(f"{setting} must be a non-empty string or a collection of non-empty strings")
    return found


def require(
    error: type[errors.TokenGroupError | errors.TokenScopeError], there: Collection[str], wanted: Collection[str]
) -> None:
    """Raise `error` when none of `wanted` is among `there`."""
    if not any(name in there for name in wanted):
        raise error(tuple(there), wanted)


def _check_types(claims: dict[str, Any]) -> None:
    """Refuse claims of types that applications do not expect. Cognito's own tokens always pass."""
    get = claims.get
    expires: Any = get("exp")
    issued, not_before, signed_in = get("iat", 0), get("nbf", 0), get("auth_time", 0)
    # `type() is int` because True is an int too; Cognito always writes whole seconds. In one expression, because a good
    # token passes all of it.
    if not (
        type(expires) is type(issued) is type(not_before) is type(signed_in) is int
        and 0 <= expires <= _LATEST
        and 0 <= issued <= _LATEST
        and 0 <= not_before <= _LATEST
        and 0 <= signed_in <= _LATEST
    ):
        raise errors.TokenClaimError(_bad_time_claim(claims), "must be a whole number of seconds since 1970")
    subject = get("sub")
    if type(subject) is not str or not subject:
        raise errors.TokenClaimError("sub", "must be a non-empty string")
    if type(get("scope", "")) is not str:
        raise errors.TokenClaimError("scope", "must be a string")
    if type(get("jti", "")) is not str:
        raise errors.TokenClaimError("jti", "must be a string")
    if not _is_names(get("cognito:groups", [])):
        raise errors.TokenClaimError("cognito:groups", "must be a list of strings")
    audience = get("aud", "")
    if type(audience) is not str and not _is_names(audience):
        raise errors.TokenClaimError("aud", "must be a string or a list of strings")


def _is_names(value: object) -> bool:
    return type(value) is list and _STRINGS.issuperset(map(type, cast("list[object]", value)))


def _bad_time_claim(claims: dict[str, Any]) -> str:
    """The first time that is not one; a missing `exp` is one of them."""
    times = {"exp": claims.get("exp")} | {name: claims.get(name, 0) for name in ("iat", "nbf", "auth_time")}
    return next(name for name, value in times.items() if type(value) is not int or not 0 <= value <= _LATEST)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None

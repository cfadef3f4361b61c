"""The claims of a verified token."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CLIENT_CLAIM", "Claims", "raw_claims"]

# Cognito's two kinds of token have different names for the same things.
CLIENT_CLAIM = {"access": "client_id", "id": "aud"}
_USERNAME_CLAIM = {"access": "username", "id": "cognito:username"}


def _frozen(value: Any) -> Any:
    if type(value) is list:
        return tuple(_frozen(item) for item in cast("list[Any]", value))
    if type(value) is dict:
        return MappingProxyType({name: _frozen(member) for name, member in cast("dict[str, Any]", value).items()})
    return value


def _thawed(value: Any) -> Any:
    if type(value) is list:
        return [_thawed(item) for item in cast("list[Any]", value)]
    if type(value) is dict:
        return {name: _thawed(member) for name, member in cast("dict[str, Any]", value).items()}
    return value


def raw_claims(claims: Claims) -> dict[str, Any]:
    """The dict inside a Claims: only for this package, and only for reading."""
    return claims._claims  # pyright: ignore[reportPrivateUsage]


class Claims(Mapping[str, Any]):
    """A read-only mapping of claims, with those that every application needs as typed attributes.

    Nothing in it can be changed: a list is returned as a tuple, an object as a read-only mapping. `to_dict()` returns
    a copy that can be changed and serialised. The repr shows only `sub` and `token_use`, because an id token contains
    personal data.
    """

    __slots__ = ("_claims",)

    def __init__(self, claims: dict[str, Any]) -> None:
        # Not copied: the verifier passes a dict that it has just parsed and that nobody else sees.
        self._claims = claims

    def __getitem__(self, name: str) -> Any:
        return _frozen(self._claims[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._claims)

    def __len__(self) -> int:
        return len(self._claims)

    def __repr__(self) -> str:
        return f"<Claims sub={self._claims.get('sub')!r} token_use={self._claims.get('token_use')!r}>"

    def to_dict(self) -> dict[str, Any]:
        """A deep copy as plain dicts and lists."""
        return cast("dict[str, Any]", _thawed(self._claims))

    @property
    def sub(self) -> str:
        """The user's identifier, which is never reused, unlike a user name. For a machine, its client id."""
        return cast("str", self._claims["sub"])

    @property
    def token_use(self) -> str:
        """`"access"` or `"id"`."""
        return cast("str", self._claims["token_use"])

    @property
    def client_id(self) -> str:
        """The app client that the token was issued to: `client_id` of an access token, `aud` of an id token."""
        return cast("str", self._claims[CLIENT_CLAIM[self.token_use]])

    @property
    def issuer(self) -> str:
        """The pool's issuer address."""
        return cast("str", self._claims["iss"])

    @property
    def username(self) -> str | None:
        """The user name, or None in a machine's token (client credentials)."""
        name = self._claims.get(_USERNAME_CLAIM[self.token_use])
        return name if isinstance(name, str) else None

    @property
    def groups(self) -> tuple[str, ...]:
        """The user's groups, highest precedence first; empty when there are none."""
        return tuple(cast("list[str]", self._claims.get("cognito:groups", ())))

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes of an access token; empty in an id token."""
        return tuple(cast("str", self._claims.get("scope", "")).split())

    @property
    def expires_at(self) -> datetime:
        """When the token expires, in UTC."""
        return datetime.fromtimestamp(cast("int", self._claims["exp"]), UTC)

    @property
    def issued_at(self) -> datetime | None:
        """When the token was issued, in UTC."""
        issued_at = cast("int | None", self._claims.get("iat"))
        return None if issued_at is None else datetime.fromtimestamp(issued_at, UTC)

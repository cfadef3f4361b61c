"""The claims of Cognito's tokens.

https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-id-token.html
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from moto.cognitoidp.models import CognitoIdpGroup, CognitoIdpUser, CognitoIdpUserPool, CognitoIdpUserPoolClient
from moto.cognitoidp.utils import flatten_attrs

from usermgr_sandbox._fidelity.world import World

__all__ = ["Overrides", "issue", "refresh_lifetime"]

_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
SCOPE = "aws.cognito.signin.user.admin"
"""What a sign-in through the API grants: the user's own profile."""
_BOOLEAN = ("email_verified", "phone_number_verified")


@dataclass(frozen=True, slots=True)
class Overrides:
    """What a pre token generation trigger asked for, for each token."""

    added: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: {"id": {}, "access": {}})
    suppressed: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {"id": (), "access": ()})
    groups: tuple[str, ...] | None = None
    scopes_added: tuple[str, ...] = ()
    scopes_suppressed: tuple[str, ...] = ()


def issue(
    world: World,
    pool: CognitoIdpUserPool,
    client: CognitoIdpUserPoolClient,
    user: CognitoIdpUser,
    *,
    origin_jti: str,
    auth_time: int,
    overrides: Overrides,
) -> dict[str, Any]:
    """The access and the id token, as in an `AuthenticationResult`; the pool remembers whose the access token is."""
    now, event_id = int(world.now()), str(uuid.uuid4())
    groups = overrides.groups
    if groups is None:
        ordered = sorted(user.groups, key=_by_precedence)
        groups = tuple(group.group_name for group in ordered)
    common: dict[str, Any] = {
        "sub": user.id,
        "iss": f"https://cognito-idp.{pool.region}.amazonaws.com/{pool.id}",
        "origin_jti": origin_jti,
        "event_id": event_id,
        "auth_time": auth_time,
        "iat": now,
        **({"cognito:groups": list(groups)} if groups else {}),
    }
    lives = {use: _lifetime(client, use) for use in ("access", "id")}
    access = {
        **common,
        "client_id": client.id,
        "token_use": "access",
        "scope": _scope(overrides),
        "username": user.username,
        "exp": now + lives["access"],
        "jti": str(uuid.uuid4()),
    }
    identity = {
        **common,
        **_attributes(user, client),
        "aud": client.id,
        "token_use": "id",
        "cognito:username": user.username,
        "exp": now + lives["id"],
        "jti": str(uuid.uuid4()),
    }
    tokens = {
        use: world.keys.sign(pool.id, use, _override(claims, overrides, use))
        for use, claims in (("access", access), ("id", identity))
    }
    pool.access_tokens[tokens["access"]] = (client.id, user.username)
    return {
        "AccessToken": tokens["access"],
        "IdToken": tokens["id"],
        "ExpiresIn": lives["access"],
        "TokenType": "Bearer",
    }


def _by_precedence(group: CognitoIdpGroup) -> tuple[bool, int, str]:
    """Groups without a precedence come last."""
    precedence = cast("int | None", group.precedence)  # moto types it as always there
    return precedence is None, precedence or 0, group.group_name


def _scope(overrides: Overrides) -> str:
    scopes = [scope for scope in (SCOPE,) if scope not in overrides.scopes_suppressed]
    return " ".join([*scopes, *overrides.scopes_added])


def _override(claims: dict[str, Any], overrides: Overrides, use: str) -> dict[str, Any]:
    kept = {name: value for name, value in claims.items() if name not in overrides.suppressed[use]}
    return {**kept, **overrides.added[use]}


def _attributes(user: CognitoIdpUser, client: CognitoIdpUserPoolClient) -> dict[str, Any]:
    readable = client.extended_config.get("ReadAttributes")
    attributes = {
        name: value
        for name, value in flatten_attrs(user.attributes).items()
        if name != "sub" and (not readable or name in readable)
    }
    return {name: value == "true" if name in _BOOLEAN else value for name, value in attributes.items()}


def refresh_lifetime(client: CognitoIdpUserPoolClient) -> int:
    """Seconds. The default is 30 days, and the default unit is days."""
    value = client.extended_config.get("RefreshTokenValidity") or 30
    return int(value) * _unit(client, "RefreshToken", "days")


def _lifetime(client: CognitoIdpUserPoolClient, use: str) -> int:
    """Seconds. The default is one hour, and the default unit is hours."""
    member = {"access": "AccessToken", "id": "IdToken"}[use]
    value = client.extended_config.get(f"{member}Validity")
    if not value:
        return 3600
    return int(value) * _unit(client, member, "hours")


def _unit(client: CognitoIdpUserPoolClient, member: str, default: str) -> int:
    units: dict[str, str] = client.extended_config.get("TokenValidityUnits") or {}
    return _SECONDS[units.get(member, default)]

"""Reads Cognito's pre token generation event, of all three versions: the members used here are the same.

https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from usermgr.activity import SightingKind
from usermgr.errors import InvalidInputError

KINDS = {
    "TokenGeneration_HostedAuth": SightingKind.SIGN_IN,
    "TokenGeneration_Authentication": SightingKind.SIGN_IN,
    "TokenGeneration_NewPasswordChallenge": SightingKind.SIGN_IN,
    "TokenGeneration_AuthenticateDevice": SightingKind.SIGN_IN,
    "TokenGeneration_RefreshTokens": SightingKind.REFRESH,
}
MACHINE = "TokenGeneration_ClientCredentials"


@dataclass(frozen=True, slots=True)
class TokenEvent:
    """Who gets tokens. `kind` and `sub` are `None` for a machine, which gets them in its own name."""

    user_pool_id: str
    client_id: str
    kind: SightingKind | None
    sub: str | None


def parse_event(event: object) -> TokenEvent:
    """Raises `InvalidInputError`, which names the member that is missing or unknown, and not its value."""
    source = _text(event, "triggerSource")
    pool = _text(event, "userPoolId")
    client = _text(event, "callerContext", "clientId")
    if source == MACHINE:
        return TokenEvent(pool, client, None, None)
    if source not in KINDS:
        raise InvalidInputError("the event's triggerSource is not known here", field="triggerSource")
    return TokenEvent(pool, client, KINDS[source], _text(event, "request", "userAttributes", "sub"))


def _text(event: object, *path: str) -> str:
    value = event
    for name in path:
        value = cast("dict[str, object]", value).get(name) if isinstance(value, dict) else None
    if not isinstance(value, str) or not value:
        raise InvalidInputError(f"the event has no text at {'.'.join(path)}", field=".".join(path))
    return value

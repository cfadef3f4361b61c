"""Reads Cognito's pre token generation event, of all three versions: the members used here are the same.

https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html
"""

from __future__ import annotations

from datetime import datetime
from typing import cast

from usermgr.activity import Sighting, SightingKind
from usermgr.errors import InvalidInputError
from usermgr_activity import MachineSighting

__all__ = ["KINDS", "MACHINE", "parse_event"]

KINDS = {
    "TokenGeneration_HostedAuth": SightingKind.SIGN_IN,
    "TokenGeneration_Authentication": SightingKind.SIGN_IN,
    "TokenGeneration_NewPasswordChallenge": SightingKind.SIGN_IN,
    "TokenGeneration_AuthenticateDevice": SightingKind.SIGN_IN,
    "TokenGeneration_RefreshTokens": SightingKind.REFRESH,
}
MACHINE = "TokenGeneration_ClientCredentials"


def parse_event(event: object, now: datetime) -> tuple[str, Sighting | MachineSighting]:
    """The id of the user pool, and the person or the machine that gets tokens at `now`, an aware time.

    Raises `InvalidInputError`, which names the member that is missing or unknown, and not its value.
    """
    source = _text(event, "triggerSource")
    pool = _text(event, "userPoolId")
    client = _text(event, "callerContext", "clientId")
    if source == MACHINE:
        return pool, MachineSighting(client, now)
    if source not in KINDS:
        raise InvalidInputError("the event's triggerSource is not known here", field="triggerSource")
    return pool, Sighting(_text(event, "request", "userAttributes", "sub"), KINDS[source], client, now)


def _text(event: object, *path: str) -> str:
    value = event
    for name in path:
        value = cast("dict[str, object]", value).get(name) if isinstance(value, dict) else None
    if not isinstance(value, str) or not value:
        raise InvalidInputError(f"the event has no non-empty string at {'.'.join(path)}", field=".".join(path))
    return value

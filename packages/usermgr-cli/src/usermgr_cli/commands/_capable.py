"""What a store cannot do is said in a sentence that names the service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from usermgr_cli._line import Line

if TYPE_CHECKING:
    from usermgr.errors import UnsupportedOperationError

__all__ = ["StoreGroup"]

PHRASES = {
    "invitations": "send invitations",
    "temporary-passwords": "give temporary passwords",
    "password-reset": "reset passwords; `usermgr user set-password` sets a new one",
    "sign-out": "end the sessions of a user",
    "mfa": "tell or change second factors",
    "mfa-reset": "take away second factors",
    "status": "confirm users, because it has no statuses of accounts",
    "group-descriptions": "keep descriptions of groups",
    "group-precedence": "keep precedences of groups",
    "custom-attributes": "keep custom attributes",
}
"""What a store without the capability cannot do."""


class StoreGroup(click.Group):
    """Commands over the store."""

    def invoke(self, ctx: click.Context) -> Any:
        """As click does. An `UnsupportedOperationError` gets its sentence; only then is the store's name read."""
        try:
            return super().invoke(ctx)
        except click.ClickException:
            raise
        except Exception as error:
            line, capability = ctx.find_object(Line), getattr(error, "capability", None)
            if line is None or capability not in PHRASES:
                raise
            raise _named(line, error, capability) from error


def _named(line: Line, error: Exception, capability: str) -> UnsupportedOperationError:
    from usermgr.errors import UnsupportedOperationError, UsermgrError  # noqa: PLC0415 - only this failure needs them

    try:
        name = f"this store ({line.users.describe().service})"
    except UsermgrError:  # what it cannot do is worth telling without its name
        name = "this store"
    evidence = {each: getattr(error, each, None) for each in ("operation", "field")}
    message = f"{name} cannot {PHRASES[capability]} (it lacks the capability {capability})"
    return UnsupportedOperationError(message, capability=capability, **evidence)

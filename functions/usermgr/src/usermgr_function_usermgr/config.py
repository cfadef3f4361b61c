"""The function's environment, read once, at cold start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from usermgr import Access
from usermgr.operations import allowed_operations
from usermgr.settings import Environment, SettingsReader
from usermgr_cognito import CognitoSettings

__all__ = ["Config"]

_ACCESS = {"full": (Access.READ, Access.WRITE), "read-only": (Access.READ,)}


@dataclass(frozen=True, slots=True)
class Config:
    """`USERPOOL_ID`, `USERMGR_ACCESS` (`full` or `read-only`), `USERMGR_SIGN_IN` (`true` or `false`) and, where
    sign-in is allowed, `CLIENT_ID`. The client's secret is never configured: it is read from Cognito.
    """

    cognito: CognitoSettings
    allowed: frozenset[str]

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Config:
        """Raises `usermgr.errors.ConfigurationError`, which names all that is missing or malformed."""
        reader = SettingsReader("the user management function", [Environment(environ)])
        access = reader.optional("access", "USERMGR_ACCESS", pattern="full|read-only") or "full"
        sign_in = reader.optional("sign_in", "USERMGR_SIGN_IN", pattern="true|false") == "true"
        if sign_in:
            reader.text("client_id", "CLIENT_ID")
        reader.finish()
        names = ("AWS_REGION", "USERPOOL_ID", *(("CLIENT_ID",) if sign_in else ()))
        known = {name: environ[name] for name in names if name in environ}
        accesses = (*_ACCESS[access], *((Access.SIGN_IN,) if sign_in else ()))
        return cls(
            cognito=CognitoSettings.read(environ=known, discover_client_secret=sign_in),
            allowed=allowed_operations(*accesses),
        )

"""Offline verifier of Amazon Cognito tokens, and its JWKS file.

Start at `CognitoVerifier`. The errors are in `usermgr_jwt.errors`, whose docstring draws their tree; its three roots
are exported here too.
"""

from typing import TYPE_CHECKING

from usermgr_jwt._claims import Claims
from usermgr_jwt._jwks_file import JwksFile
from usermgr_jwt._keys import Keys, KeySet, parse_jwks
from usermgr_jwt._sources import HttpsSource, InvokeSource, KeysSource, PullResult, pull
from usermgr_jwt._verifier import CognitoVerifier, Verifier
from usermgr_jwt.errors import KeysError, TokenError, VerifierError

__all__ = [
    "CognitoVerifier",
    "Verifier",
    "Claims",
    "JwksFile",
    "Keys",
    "KeySet",
    "parse_jwks",
    "HttpsSource",
    "InvokeSource",
    "KeysSource",
    "PullResult",
    "pull",
    "VerifierError",
    "TokenError",
    "KeysError",
]

if not TYPE_CHECKING:  # a type checker must still report a misspelt import

    def __getattr__(name: str) -> type[VerifierError]:
        """The other classes of `usermgr_jwt.errors`, kept for callers of 0.1; new code imports them from there."""
        from usermgr_jwt import errors  # noqa: PLC0415 - a module-level name would become part of the surface

        if name in errors.__all__:
            return getattr(errors, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

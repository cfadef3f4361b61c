"""From an Authorization header to claims, or to the HTTP answer that denies the request (RFC 6750, 3).

Every integration answers alike because the header, the status codes and the challenges are defined here.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from usermgr_jwt._policy import names, require
from usermgr_jwt.errors import KeysError, TokenError, TokenGroupError, TokenScopeError

if TYPE_CHECKING:
    from collections.abc import Collection

    from usermgr_jwt._claims import Claims
    from usermgr_jwt._verifier import Verifier

__all__ = ["REALM", "VARY", "BearerCheck", "DeniedError", "Rights", "bearer_token", "challenge"]

REALM = "api"  # the default name of the protected part
VARY = "Authorization"  # what every answer depends on, so that no cache gives it to another caller (RFC 9110, 12.5.5)
_RETRY_AFTER = "10"  # seconds: a JWKS file that is being written, or pulled again, is back by then
_logger = logging.getLogger("usermgr_jwt.integrations.bearer")  # a documented name


class DeniedError(Exception):
    """The HTTP answer to a request without a good token. Its text is for a log, and does not contain the token.

    `status`: 401 (no token or a bad one), 403 (good token, missing group or scope) or 503 (no keys to verify with).
    `headers`: `WWW-Authenticate`, or `Retry-After` with 503; and `Vary`.
    `body`: a small JSON object with the RFC's `error` and our stable `code`.
    """

    def __init__(self, status: int, headers: dict[str, str], body: dict[str, str]) -> None:
        super().__init__(status, body)
        self.status = status
        self.headers = headers | {"Vary": VARY}
        self.body = body

    @classmethod
    def unauthorized(cls, realm: str = REALM) -> DeniedError:
        """The answer to a request without a token: no error code for a client that has not tried (RFC 6750, 3.1)."""
        return cls(401, {"WWW-Authenticate": challenge(realm)}, {"error": "unauthorized"})


def challenge(realm: str = REALM) -> str:
    """The value of `WWW-Authenticate`, to which an error may be added."""
    return f'Bearer realm="{realm}"'


class Rights:
    """The groups and scopes that claims must have, after the token is verified.

    `groups`, `scopes`: at least one of them must be in the token, as in `CognitoVerifier`.
    `realm`: the name of the protected part in the challenge.
    """

    def __init__(
        self,
        *,
        groups: str | Collection[str] | None = None,
        scopes: str | Collection[str] | None = None,
        realm: str = REALM,
    ) -> None:
        if not realm.isprintable() or not realm.isascii() or '"' in realm or "\\" in realm:
            raise ValueError("realm must be printable ASCII without quotes and backslashes")
        self._groups = names("groups", groups)
        self._scopes = names("scopes", scopes)
        self.realm = realm

    def check(self, claims: Claims) -> None:
        """Raise DeniedError (403) when the claims have none of the groups, or none of the scopes."""
        try:
            if self._groups is not None:
                require(TokenGroupError, claims.groups, self._groups)
            if self._scopes is not None:
                require(TokenScopeError, claims.scopes, self._scopes)
        except (TokenGroupError, TokenScopeError) as error:
            raise self.denied(error) from error

    def check_all_scopes(self, claims: Claims, scopes: Collection[str]) -> None:
        """Raise DeniedError (403) unless the claims have every one of `scopes`."""
        if not set(scopes).issubset(claims.scopes):
            raise self.denied(TokenScopeError(claims.scopes, frozenset(scopes)))

    def denied(self, error: TokenGroupError | TokenScopeError) -> DeniedError:
        """The answer to a good token without the right."""
        header = f'{challenge(self.realm)}, error="insufficient_scope", error_description="{error.code}"'
        wanted = " ".join(sorted(error.required))
        if isinstance(error, TokenScopeError) and wanted.isascii() and not {'"', "\\"} & set(wanted):
            header += f', scope="{wanted}"'
        return DeniedError(403, {"WWW-Authenticate": header}, {"error": "insufficient_scope", "code": error.code})


class BearerCheck:
    """A verifier, with the groups and scopes that one part of an application also requires. Options as in `Rights`."""

    def __init__(
        self,
        verifier: Verifier,
        *,
        groups: str | Collection[str] | None = None,
        scopes: str | Collection[str] | None = None,
        realm: str = REALM,
    ) -> None:
        self._verifier = verifier
        self.rights = Rights(groups=groups, scopes=scopes, realm=realm)

    def claims(self, authorization: str | None) -> Claims:
        """The claims of the token in the value of an Authorization header; DeniedError when it is not good enough."""
        token = bearer_token(authorization)
        if token is None:
            raise DeniedError.unauthorized(self.rights.realm)
        try:
            claims = self._verifier.verify(token)
        except (TokenGroupError, TokenScopeError) as error:
            raise self.rights.denied(error) from error
        except TokenError as error:
            header = f'{challenge(self.rights.realm)}, error="invalid_token", error_description="{error.code}"'
            body = {"error": "invalid_token", "code": error.code}
            raise DeniedError(401, {"WWW-Authenticate": header}, body) from error
        except KeysError as error:
            _logger.error("tokens cannot be verified: %s", error)  # noqa: TRY400 - a traceback would add nothing
            body = {"error": "temporarily_unavailable", "code": error.code}
            raise DeniedError(503, {"Retry-After": _RETRY_AFTER}, body) from error
        self.rights.check(claims)
        return claims


def bearer_token(authorization: str | None) -> str | None:
    """The token of a Bearer header (the scheme in any case, RFC 9110, 11.1); None for no header or another scheme."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip(" ") if scheme.lower() == "bearer" else None

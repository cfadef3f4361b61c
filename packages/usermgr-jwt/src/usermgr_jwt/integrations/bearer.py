"""From an Authorization header to claims, or to the HTTP answer that refuses it (RFC 6750, 3)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from usermgr_jwt.errors import KeysError, TokenError, TokenGroupError, TokenScopeError
from usermgr_jwt.policy import names, require

if TYPE_CHECKING:
    from collections.abc import Collection

    from usermgr_jwt.claims import Claims
    from usermgr_jwt.verifier import Verifier

__all__ = ["BearerCheck", "RefusedError"]

_RETRY_AFTER = "10"  # seconds: a JWKS file that is being written, or pulled again, is back by then
_logger = logging.getLogger(__name__)


class RefusedError(Exception):
    """The HTTP answer to a request without a good token. Its text is for a log, and holds no token.

    `status`: 401 (no or bad token), 403 (good token, missing group or scope) or 503 (no keys to verify with).
    `headers`: `WWW-Authenticate`, or `Retry-After` with 503.
    `body`: a small JSON object with the RFC's `error` and our stable `code`.
    """

    def __init__(self, status: int, headers: dict[str, str], body: dict[str, str]) -> None:
        super().__init__(status, body)
        self.status = status
        self.headers = headers
        self.body = body


class BearerCheck:
    """A verifier with the groups and scopes that one part of an application wants on top of its policy.

    `groups`, `scopes`: at least one of them must be in the token, as in `CognitoVerifier`.
    `realm`: the name of the protected part in the challenge.
    """

    def __init__(
        self,
        verifier: Verifier,
        *,
        groups: str | Collection[str] | None = None,
        scopes: str | Collection[str] | None = None,
        realm: str = "api",
    ) -> None:
        if not realm.isprintable() or not realm.isascii() or '"' in realm or "\\" in realm:
            raise ValueError("realm must be printable ASCII without quotes and backslashes")
        self._verifier = verifier
        self._rights = Rights(groups=groups, scopes=scopes, realm=realm)
        self.challenge = f'Bearer realm="{realm}"'

    def claims(self, authorization: str | None) -> Claims:
        """The claims of the token in an Authorization header's value; RefusedError when it is not good enough."""
        token = bearer_token(authorization)
        if token is None:
            # No error code for who has not even tried (RFC 6750, 3.1).
            raise RefusedError(401, {"WWW-Authenticate": self.challenge}, {"error": "unauthorized"})
        try:
            claims = self._verifier.verify(token)
        except (TokenGroupError, TokenScopeError) as error:
            raise self._rights.refused(error) from error
        except TokenError as error:
            headers = {"WWW-Authenticate": f'{self.challenge}, error="invalid_token", error_description="{error.code}"'}
            raise RefusedError(401, headers, {"error": "invalid_token", "code": error.code}) from error
        except KeysError as error:
            _logger.error("tokens cannot be verified: %s", error)  # noqa: TRY400 - the text says all, and it may recur
            body = {"error": "temporarily_unavailable", "code": error.code}
            raise RefusedError(503, {"Retry-After": _RETRY_AFTER}, body) from error
        self._rights.check(claims)
        return claims


class Rights:
    """Groups and scopes to ask of claims that are verified already."""

    def __init__(
        self,
        *,
        groups: str | Collection[str] | None = None,
        scopes: str | Collection[str] | None = None,
        realm: str = "api",
    ) -> None:
        self._groups = names("groups", groups)
        self._scopes = names("scopes", scopes)
        self._challenge = f'Bearer realm="{realm}"'

    def check(self, claims: Claims) -> None:
        """Raise RefusedError (403) when none of the groups, or none of the scopes, is there."""
        try:
            if self._groups is not None:
                require(TokenGroupError, claims.groups, self._groups)
            if self._scopes is not None:
                require(TokenScopeError, claims.scopes, self._scopes)
        except (TokenGroupError, TokenScopeError) as error:
            raise self.refused(error) from error

    def refused(self, error: TokenGroupError | TokenScopeError) -> RefusedError:
        """The answer to a good token without the right."""
        challenge = f'{self._challenge}, error="insufficient_scope", error_description="{error.code}"'
        wanted = " ".join(sorted(error.required))
        if isinstance(error, TokenScopeError) and wanted.isascii() and not {'"', "\\"} & set(wanted):
            challenge += f', scope="{wanted}"'
        return RefusedError(403, {"WWW-Authenticate": challenge}, {"error": "insufficient_scope", "code": error.code})


def bearer_token(authorization: str | None) -> str | None:
    """The token of a Bearer header (the scheme in any case, RFC 9110, 11.1), or None for none or another scheme."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip(" ") if scheme.lower() == "bearer" else None

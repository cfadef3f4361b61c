"""Starlette: `claims = await bearer(request)` in an endpoint. Extra `starlette`; for FastAPI see `fastapi.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.requests import Request

from usermgr_jwt.integrations.bearer import BearerCheck, RefusedError

if TYPE_CHECKING:
    from collections.abc import Collection

    from usermgr_jwt.claims import Claims
    from usermgr_jwt.verifier import Verifier

__all__ = ["CognitoBearer"]


class CognitoBearer:
    """Gives a request's claims, or raises the HTTPException that refuses it: 401, 403 or 503.

    Verifying takes tens of microseconds and no input or output, so it runs on the event loop.
    """

    def __init__(
        self,
        verifier: Verifier,
        *,
        groups: str | Collection[str] | None = None,
        scopes: str | Collection[str] | None = None,
        realm: str = "api",
    ) -> None:
        self._check = BearerCheck(verifier, groups=groups, scopes=scopes, realm=realm)

    async def __call__(self, request: Request) -> Claims:
        """The claims of the request's bearer token."""
        # A second Authorization header must not be a way around the first: together they are no token.
        authorization = ", ".join(request.headers.getlist("authorization")) or None
        try:
            return self._check.claims(authorization)
        except RefusedError as refused:
            raise HTTPException(refused.status, refused.body["error"], refused.headers) from refused

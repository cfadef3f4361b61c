"""Starlette: `claims = await bearer(request)` in an endpoint. Extra `starlette`; for FastAPI see `fastapi.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.requests import Request

from usermgr_jwt.integrations._bearer import BearerCheck, DeniedError

if TYPE_CHECKING:
    from usermgr_jwt._claims import Claims

__all__ = ["CognitoBearer"]


class CognitoBearer(BearerCheck):
    """Returns a request's claims, or raises the HTTPException that denies it: 401, 403 or 503.

    Verifying takes tens of microseconds and no input or output, so it runs on the event loop.
    """

    async def __call__(self, request: Request) -> Claims:
        """The claims of the request's bearer token."""
        # A second Authorization header must not be a way around the first: together they are not a token.
        authorization = ", ".join(request.headers.getlist("authorization")) or None
        try:
            return self.claims(authorization)
        except DeniedError as denied:
            raise HTTPException(denied.status, denied.body["error"], denied.headers) from denied

"""Starlette: `claims = await bearer(request)` in an endpoint. Extra `starlette`; for FastAPI see `fastapi.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException, WebSocketException
from starlette.requests import HTTPConnection

from usermgr_jwt.integrations._bearer import VARY, BearerCheck, DeniedError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from usermgr_jwt._claims import Claims

__all__ = ["CognitoBearer", "VaryMiddleware"]

_DECIDED = "usermgr_jwt.decided"  # in a request's scope: a list that is not empty once a bearer was asked
_POLICY_VIOLATION, _TRY_AGAIN_LATER = 1008, 1013  # https://www.iana.org/assignments/websocket/websocket.xhtml


class CognitoBearer(BearerCheck):
    """Returns the claims of a request or a WebSocket, or raises what denies it.

    A request gets an HTTPException (401, 403 or 503), a WebSocket a WebSocketException (1008, or 1013 without keys),
    which ends the handshake with 403, or closes the connection where it was accepted already.

    Verifying takes tens of microseconds and no input or output, so it runs on the event loop.
    """

    async def __call__(self, connection: HTTPConnection) -> Claims:
        """The claims of the connection's bearer token."""
        try:
            return self.claims_of(connection)
        except DeniedError as denied:
            raise denied_exception(connection, denied) from denied

    def claims_of(self, connection: HTTPConnection) -> Claims:
        """The claims, or DeniedError; and a note for `VaryMiddleware`."""
        decided: list[bool] | None = connection.scope.get(_DECIDED)
        if decided is not None:
            decided.append(True)
        # A second Authorization header must not be a way around the first: together they are not a token.
        return self.claims(", ".join(connection.headers.getlist("authorization")) or None)


def denied_exception(connection: HTTPConnection, denied: DeniedError) -> HTTPException | WebSocketException:
    """What Starlette makes the answer from."""
    if connection.scope["type"] == "websocket":
        code = _TRY_AGAIN_LATER if denied.status == 503 else _POLICY_VIOLATION
        return WebSocketException(code, denied.body.get("code", denied.body["error"]))
    return HTTPException(denied.status, denied.body["error"], denied.headers)


class VaryMiddleware:
    """Adds `Vary: Authorization` to every response of a request that a CognitoBearer decided.

    A bearer adds the header by itself to the answer that denies a request, and in FastAPI to what is not returned as a
    Response. It cannot reach a Response that an endpoint makes: for these add `app.add_middleware(VaryMiddleware)`, so
    that no cache gives the page of one caller to another.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and add the header to its response."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        decided: list[bool] = []

        async def send_varied(message: Message) -> None:
            if decided and message["type"] == "http.response.start":
                add_vary(MutableHeaders(scope=message))
            await send(message)

        scope[_DECIDED] = decided  # in the same dict, in which middleware outside of this one finds the route later
        await self._app(scope, receive, send_varied)


def add_vary(headers: MutableHeaders) -> None:
    """Add `Vary: Authorization` to the headers of a response, unless it is there."""
    present = {name.strip().lower() for value in headers.getlist("vary") for name in value.split(",")}
    if not present & {"*", VARY.lower()}:
        headers.append("Vary", VARY)

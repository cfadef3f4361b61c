"""What a route declares, and the one door through which every request reaches its handler.

A handler is a plain function that takes a `Call` and returns a response. It runs in a thread, so it may wait for the
store, and it runs only after the door has asked, in this order: is there a session, is its person still staff, has the
person the role, can the store do this at all, and, for a change, is the form's token good.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route as StarletteRoute

from usermgr.errors import UsermgrError
from usermgr_console import _refusals
from usermgr_console._acting import acting
from usermgr_console._call import Call
from usermgr_console._faults import log_fault
from usermgr_console._refusals import Refusal
from usermgr_console._roles import Role
from usermgr_console._tokens import Use

if TYPE_CHECKING:
    from usermgr_console._services import Services

__all__ = ["Handler", "Route", "door"]

Handler = Callable[[Call], Response]
T = TypeVar("T")

_log = logging.getLogger("usermgr_console")

MAX_FIELDS = 2000


@dataclass(frozen=True, slots=True)
class Route:
    """One path with one method."""

    method: Literal["GET", "POST"]
    path: str
    """With parameters in braces; a person is always a `{sub}`, because a name can be somebody else's later."""
    handler: Handler
    role: Role | None
    """The least role that may come here; `None` for who is not signed in, too."""
    needs: str | None = None
    """The capability (`usermgr.Capability`) that the store must have, or `activity` or `audit` where the console must
    have been given that."""
    files: int = 0
    """How many bytes a body with files may have; 0 where the route takes no file."""

    @property
    def name(self) -> str:
        """What logs call it."""
        return f"{self.method} {self.path}"


def door(services: Services, routes: tuple[Route, ...]) -> list[StarletteRoute]:
    """The routes as Starlette takes them."""
    return [_starlette(services, route) for route in routes]


def _starlette(services: Services, route: Route) -> StarletteRoute:
    async def endpoint(request: Request) -> Response:
        request.state.route = route.name
        if route.files:  # nobody fills the disk who may not come here
            answer = await run_in_threadpool(_turned_away, services, route, request)
            if answer is not None:
                return answer
        try:
            form = await _form(request, route, services.config.max_body) if route.method == "POST" else FormData()
        except Refusal as refusal:
            return await run_in_threadpool(_refused, services, route, request, refusal)
        try:
            return await run_in_threadpool(_answer, services, route, request, form)
        finally:
            await form.close()

    return StarletteRoute(route.path, endpoint, methods=[route.method], name=route.name)


async def _form(request: Request, route: Route, max_body: int) -> FormData:
    """The body as a form. Raises `Refusal`."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    kinds = ("application/x-www-form-urlencoded", "multipart/form-data")
    if kind not in (kinds if route.files else kinds[:1]):
        raise _refusals.malformed(415)
    most = route.files if kind == kinds[1] else max_body
    try:
        if int(request.headers.get("content-length", 0)) > most:
            raise _refusals.too_large(most)
    except ValueError:
        raise _refusals.malformed(400) from None
    receive, size = request.receive, 0

    async def counted() -> object:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > most:
            raise _refusals.too_large(most)
        return message

    request = Request(request.scope, counted)  # pyright: ignore[reportArgumentType] - the same messages
    try:
        return await request.form(max_fields=MAX_FIELDS, max_files=1 if route.files else 0)
    except (HTTPException, MultiPartException, ValueError, ClientDisconnect):
        raise _refusals.malformed(400) from None


def _refused(services: Services, route: Route, request: Request, refusal: Refusal) -> Response:
    call = Call(services, request, route, FormData())
    return call.refuse(refusal)


def _turned_away(services: Services, route: Route, request: Request) -> Response | None:
    """In a thread, before a file is read: the refusal for somebody who may not come here. Never raises."""
    call = Call(services, request, route, FormData())
    return _safely(call, route, lambda: _ask(call, route))


def _answer(services: Services, route: Route, request: Request, form: FormData) -> Response:
    """In a thread: asks what must be asked, and runs the handler. Never raises."""
    call = Call(services, request, route, form)

    def run() -> Response:
        services.work.tidy()
        _ask(call, route)
        if route.method == "POST":
            _use_token(call)
        with acting(call.acting()):
            return call.finish(route.handler(call))

    return _safely(call, route, run)


def _safely(call: Call, route: Route, run: Callable[[], T]) -> T | Response:
    """What `run` returns, or the page for what it raises."""
    try:
        try:
            return run()
        except Refusal as refusal:
            return call.refuse(refusal)
        except UsermgrError as error:
            if error.http_status >= 500:
                _log.warning("%s %s: %s", call.request_id, route.name, error.code)
            return call.refuse(_refusals.from_error(error, call.language))
    except Exception as error:  # noqa: BLE001 - the boundary: no trace may reach a browser; texts may quote anything
        log_fault(_log, f"{call.request_id} {route.name}", error)
        return call.refuse(_refusals.broken())


def _ask(call: Call, route: Route) -> None:
    """Raises `Refusal` where the handler must not run."""
    if route.role is not None:
        call.recheck()
        if call.session is None:
            raise _refusals.signed_out()
        if call.session.person.role < route.role:
            raise _refusals.forbidden(route.role)
    if route.needs is not None and not call.services.can(route.needs):
        raise _refusals.missing()


def _use_token(call: Call) -> None:
    """Raises `Refusal` where the form's token is none, or was used."""
    match call.use_token():
        case Use.SPENT:
            raise _refusals.sent_before()
        case Use.WRONG:
            raise _refusals.stale()
        case Use.GOOD:
            pass

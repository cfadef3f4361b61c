"""`create_app`: the console as an ASGI application."""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as StarletteRoute
from starlette.types import Receive, Scope, Send

from usermgr import ActivityStore, UserManager
from usermgr.frontends import AuditFile
from usermgr_console import _refusals
from usermgr_console._call import Call
from usermgr_console._config import Config
from usermgr_console._roles import Role
from usermgr_console._routes import NAVIGATION, ROUTES
from usermgr_console._routing import door
from usermgr_console._services import Services
from usermgr_console._shield import Shield

__all__ = ["Console", "create_app"]

LINK_SECONDS = 10 * 60


class Console:
    """One console: an ASGI application. `create_app` makes it."""

    def __init__(self, services: Services) -> None:
        self.services = services
        opened = {route.path: route for route in ROUTES if route.method == "GET"}
        services.menu = [(item, opened[item.path]) for item in NAVIGATION if item.path in opened]
        routes = [*door(services, ROUTES), StarletteRoute("/static/{name}", services.static.answer)]
        handlers = {404: self._not_there, 405: self._not_there}
        starlette = Starlette(routes=routes, exception_handlers=handlers)  # pyright: ignore[reportArgumentType] - handlers of HTTPException
        starlette.router.redirect_slashes = False
        self._app = Shield(starlette, services.config)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    def make_link(self, role: Role = Role.ADMINISTRATOR, *, seconds: int = LINK_SECONDS) -> str:
        """A link that signs whoever opens it in, once, with that role; for a console on this machine alone.

        Raises `ValueError` for a console that others can reach.
        """
        if not self.services.config.is_loopback:
            raise ValueError("one-time links are for a console on loopback: others sign in")
        return f"{self.services.config.origin}/enter?link={self.services.links.make(role, seconds)}"

    def close(self) -> None:
        """Closes the console's own file; the managers belong to whoever made them."""
        self.services.close()

    async def _not_there(self, request: Request, error: HTTPException) -> Response:
        """404 and 405 look alike: a method that a page does not have is no page."""

        def answer() -> Response:
            call = Call(self.services, request, None, FormData())
            refusal = _refusals.missing()
            refusal.status = error.status_code
            response = call.refuse(refusal)
            response.headers.update(error.headers or {})  # what a path allows
            return response

        return await run_in_threadpool(answer)


def create_app(
    users: UserManager,
    activity: ActivityStore | None = None,
    *,
    config: Config,
    audit: AuditFile | None = None,
    now: Callable[[], float] = time.time,
) -> Console:
    """The console over a store.

    Args:
        users: The store's manager. The console guards the account that acts and the last administrator by itself; pass
            an `Audited` manager, with `current_actor` as its actor, where changes are to be recorded.
        activity: Who was last seen when; without it, nothing about it is shown.
        config: See `Config`.
        audit: The audit file that the manager writes, to be shown; without it, there is no audit page.
        now: The time in seconds since 1970.

    Raises:
        ConfigurationError: the folder cannot be used.
    """
    return Console(Services(users, activity, config, audit=audit, now=now))

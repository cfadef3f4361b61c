"""`Call`: one request as a handler sees it, with everything that it may need to answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from markupsafe import Markup
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from usermgr import ActivityStore, StoreDescription, User, UserManager
from usermgr.audit import Actor
from usermgr_console import _labels, _refusals
from usermgr_console._acting import Acting
from usermgr_console._config import LANGUAGES
from usermgr_console._i18n import Language, language_of, preferred
from usermgr_console._preferences import Preferences
from usermgr_console._refusals import ROLE_NAMES, Refusal
from usermgr_console._roles import Role
from usermgr_console._sessions import Person, Session, new_browser
from usermgr_console._tokens import Use
from usermgr_console._told import Told, of_code, of_message

if TYPE_CHECKING:
    from usermgr_console._routes import MenuItem
    from usermgr_console._routing import Route
    from usermgr_console._services import Services

__all__ = ["TOKEN", "Call"]

TOKEN = "form-token"  # noqa: S105 - a field's name
MAX_COOKIE = 128

LATER = Markup("<!-- later -->")
"""Where a page is cut in two; no value can hold it, because values are escaped."""


class Call:
    """One request. Everything is looked up when it is first asked for."""

    def __init__(self, services: Services, request: Request, route: Route | None, form: FormData) -> None:
        self.services = services
        self.request = request
        self.route = route
        self.form = form
        self._new_browser: str | None = None

    # --- What was asked ------------------------------------------------------------------------------

    @property
    def request_id(self) -> str:
        """The id that the log, the audit record and the answer have in common."""
        return self.request.state.request_id

    @property
    def address(self) -> str:
        """Where the request is from."""
        return self.request.state.address

    @property
    def now(self) -> datetime:
        """The time."""
        return self.services.now()

    def param(self, name: str) -> str:
        """A parameter of the path."""
        return self.request.path_params[name]

    def query(self, name: str) -> str:
        """A parameter of the query, without spaces around it; empty where there is none."""
        return self.request.query_params.get(name, "").strip()

    def field(self, name: str) -> str:
        """A field of the form as it was sent; empty where there is none, or a file."""
        value = self.form.get(name, "")
        return value if isinstance(value, str) else ""

    def fields(self, name: str) -> list[str]:
        """All fields of that name."""
        return [value for value in self.form.getlist(name) if isinstance(value, str)]

    def file(self, name: str) -> UploadFile | None:
        """The file of that field, where one was chosen."""
        value = self.form.get(name)
        return value if isinstance(value, UploadFile) and value.filename else None

    # --- Who asks ------------------------------------------------------------------------------------

    @cached_property
    def browser(self) -> str | None:
        """The number in the browser's cookie, if it is one."""
        value = self.request.cookies.get(self.services.config.cookie)
        return value if value and len(value) <= MAX_COOKIE and value.isascii() else None

    @cached_property
    def session(self) -> Session | None:
        """Who is signed in."""
        return None if self.browser is None else self.services.sessions.find(self.browser)

    @property
    def person(self) -> Person:
        """Who is signed in, for routes that have a role. Raises `Refusal`."""
        if self.session is None:
            raise _refusals.signed_out()
        return self.session.person

    def may(self, role: Role) -> bool:
        """Whether whoever is signed in has the role."""
        return self.session is not None and self.session.person.role >= role

    def is_self(self, user: User) -> bool:
        """Whether the user is who is signed in."""
        return self.session is not None and self.session.person.sub == user.sub

    def recheck(self) -> None:
        """Ends the session of somebody who is no longer staff; looks once in `config.recheck`."""
        session = self.session
        if session is None or self.services.clock() < session.checked + self.services.config.recheck.total_seconds():
            return
        if self.services.is_still_staff(session.person):
            self.services.sessions.checked(session.id)
        else:
            self.services.sessions.end(session.id)
            self.session = None

    def acting(self) -> Acting:
        """For the audit and the guard. Somebody who is not signed in changes nothing but that."""
        person = None if self.session is None else self.session.person
        # Not the name that is shown, which people can choose for themselves.
        name = "console" if person is None else person.username or person.subject or person.name
        details = {"address": self.address, "by": "usermgr-console"}
        if person is not None:
            details |= {"signed_in_by": person.method, **({"sub": person.sub} if person.sub else {})}
            if person.subject is not None:
                details["name"] = person.name
        return Acting(Actor(name, details, self.request_id), None if person is None else person.sub)

    def sign_in(self, person: Person) -> None:
        """Opens a session, under a new number."""
        if self.session is not None:
            self.services.sessions.end(self.session.id)
        self._new_browser = self.services.sessions.open(person)

    def sign_out(self) -> None:
        """Ends the session."""
        if self.session is not None:
            self.services.sessions.end(self.session.id)
        self._new_browser = new_browser()

    # --- Forms ---------------------------------------------------------------------------------------

    def own_browser(self) -> str:
        """The browser's number; a new one where it has none."""
        if self._new_browser is None and self.browser is None:
            self._new_browser = new_browser()
        return self._new_browser or self.browser or ""

    def form_token(self) -> Markup:
        """The hidden field that every form needs; each call makes another token."""
        token = self.services.forms.make(self.own_browser())
        return Markup('<input type="hidden" name="{}" value="{}">').format(TOKEN, token)

    def use_token(self) -> Use:
        """Uses up the token of the form that was sent."""
        if self.browser is None:
            return Use.WRONG
        return self.services.forms.use(self.browser, self.field(TOKEN))

    # --- The store -----------------------------------------------------------------------------------

    @property
    def users(self) -> UserManager:
        """The store's manager, guarded; audited where the console was given one that is."""
        return self.services.users

    @property
    def activity(self) -> ActivityStore | None:
        """The activity store, where there is one."""
        return self.services.activity

    @cached_property
    def store(self) -> StoreDescription:
        """What the store says of itself."""
        return self.services.describe()

    def can(self, need: str) -> bool:
        """Whether the store can do that; templates show nothing that it cannot."""
        return self.services.can(need)

    # --- The menu ------------------------------------------------------------------------------------

    def navigation(self) -> list[MenuItem]:
        """The lines of the menu that lead somewhere for whoever is signed in."""
        return [item for item, route in self.services.menu if self._may_open(route)]

    def _may_open(self, route: Route) -> bool:
        return (route.role is None or self.may(route.role)) and (route.needs is None or self.can(route.needs))

    def offers(self, path: str) -> bool:
        """Whether the menu has that page for whoever is signed in."""
        return any(item.path == path for item in self.navigation())

    def is_under(self, path: str) -> bool:
        """Whether this page is that one, or one below it."""
        here = self.request.scope["path"].removeprefix(self.request.scope.get("root_path", ""))
        return here == path or here.startswith(f"{path}/")

    # --- The answer ----------------------------------------------------------------------------------

    @cached_property
    def preferences(self) -> Preferences:
        """What whoever is signed in has chosen."""
        return Preferences() if self.session is None else self.services.preferences.of(self.session.person.key)

    def prefer(self, wanted: Mapping[str, Any]) -> None:
        """Keeps what the person has chosen, and goes on in the language that may be among it."""
        self.preferences = self.preferences.changed(wanted)
        self.services.preferences.keep(self.person.key, self.preferences)
        self.__dict__.pop("language", None)

    @cached_property
    def language(self) -> Language:
        """The language to answer in: chosen, or named in the address before sign-in, or what the browser asks for."""
        asked = self.request.query_params.get("lang")
        chosen = self.preferences.language or (asked if asked in LANGUAGES else None)
        accepted = self.request.headers.get("accept-language", "")
        return language_of(chosen or preferred(accepted, self.services.config.language))

    def text(self, message: str, /, **values: object) -> str:
        """The message of the catalog in the reader's language."""
        return self.language.text(message, **values)

    def told(self, code: str, message: str, field: str | None = None) -> Told:
        """An error that was written down: that of a row, or one that a piece of work ended with."""
        return of_code(code, message, self.language, field=field)

    def translated(self, message: str) -> Told:
        """A message that has no code; as it was written, where nobody knows it."""
        return of_message(message, self.language) or Told("", message)

    def url(self, path: str, /, **values: object) -> str:
        """The address of a path of ours: `{name}` is filled from `values`, and the others become its query."""
        query: list[tuple[str, str]] = []
        for name, value in values.items():
            if "{" + name + "}" in path:
                path = path.replace("{" + name + "}", quote(str(value), safe=""))
            elif isinstance(value, (list, tuple)):
                query += [(name, str(item)) for item in value]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - any sequence
            elif value not in (None, ""):
                query.append((name, str(value)))
        address = self.request.scope.get("root_path", "") + path
        return f"{address}?{urlencode(query)}" if query else address

    def page(
        self, template: str, status: int = 200, later: Callable[[], str] | None = None, /, **values: Any
    ) -> Response:
        """The template as a page.

        What `later` returns stands where the template has `{{ later }}`, and is asked for when all that stands before
        is sent: the page begins as soon as without it.
        """
        notice = None if self.session is None else self.services.sessions.told(self.session.id)
        text = self.render(template, notice=notice, later="" if later is None else LATER, **values)
        if later is None:
            return HTMLResponse(text, status)
        before, _, after = text.partition(LATER)

        def parts() -> Iterator[str]:
            yield before
            yield later()
            yield after

        return StreamingResponse(parts(), status, media_type=HTMLResponse.media_type)

    def render(self, template: str, /, **values: Any) -> str:
        """The template as text."""
        common = {
            "call": self, "url": self.url, "form_token": self.form_token, "language": self.language, "Role": Role,
            "config": self.services.config, "zone": self.services.config.zone, "now": self.now,
            "moment": _moment, "iso": datetime.fromisoformat,
            "role_names": ROLE_NAMES, "labels": _labels, "plural": self.language.plural,
        }  # fmt: skip
        return self.services.pages.render(template, self.language.code, common | values)

    def go(self, path: str, /, *, notice: str | None = None, **values: object) -> Response:
        """Leads to a path of ours, where the notice, a message in the reader's language, is shown once."""
        if notice is not None and self.session is not None:
            self.services.sessions.tell(self.session.id, notice)
        return RedirectResponse(self.url(path, **values), 303)

    def refuse(self, refusal: Refusal) -> Response:
        """The answer to what is refused: a page, or the way to the sign-in."""
        if refusal.signs_in and self.request.method in ("GET", "HEAD"):
            path = self.request.scope["path"].removeprefix(self.request.scope.get("root_path", ""))
            query = self.request.url.query
            following = f"{path}?{query}" if query else path
            return self.finish(self.go("/sign-in", next=None if following == "/" else following))
        return self.finish(self.page("refusal.html", refusal.status, refusal=refusal))

    def finish(self, response: Response) -> Response:
        """The response with the cookie, where the browser gets another number."""
        if self._new_browser is not None:
            config = self.services.config
            response.set_cookie(
                config.cookie, self._new_browser, path="/", secure=config.is_secure, httponly=True, samesite="lax"
            )
        return response


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)

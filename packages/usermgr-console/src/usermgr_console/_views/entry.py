"""Ways in and out: the store's own sign-in with its challenges, the one-time link on loopback, and sign-out.

A GET never uses anything up: the link leads to a page with a button, and the secret leaves the address bar at once.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from usermgr import AuthResult, Capability, Challenge, ChallengeName, Tokens
from usermgr.errors import (
    AuthenticationError,
    InvalidCredentialsError,
    InvalidInputError,
    LimitExceededError,
    UsermgrError,
)
from usermgr_console import _refusals
from usermgr_console._call import Call
from usermgr_console._i18n import N_
from usermgr_console._provider import ProviderError
from usermgr_console._sessions import Person, stored
from usermgr_console._told import of_error

__all__ = [
    "enter",
    "enter_page",
    "following_of",
    "no_staff",
    "sign_in",
    "sign_in_page",
    "sign_out",
    "step",
    "step_page",
]

STEP_SECONDS = 5 * 60
"""How long a challenge waits for its answer; stores give up earlier."""

FACTORS = (
    ChallengeName.SMS_MFA, ChallengeName.EMAIL_OTP, ChallengeName.SOFTWARE_TOKEN_MFA, ChallengeName.MFA_SETUP,
)  # fmt: skip
"""The challenges whose answer is a second factor."""


# --- The store's own sign-in -------------------------------------------------------------------------


def sign_in_page(call: Call) -> Response:
    """The form; whoever is signed in is led on."""
    if call.session is not None:
        return call.go(following_of(call.query("next")))
    return _form(call, following=call.query("next"))


def sign_in(call: Call) -> Response:
    """Name and password."""
    _check_offered(call)
    name, following = call.field("username").strip(), call.field("next")
    if not call.services.attempts.begin(call.address, name):
        raise _refusals.too_many()
    try:
        result = call.users.authenticate(name, call.field("password"))
    except (AuthenticationError, InvalidInputError, LimitExceededError) as error:
        return _form(call, following=following, username=name, error=error)
    return _go_on(call, result, {"name": name, "next": following, "factor": False})


def step_page(call: Call) -> Response:
    """What the store asks for next."""
    waiting = _waiting(call)
    if waiting is None:
        return call.go("/sign-in")
    return _challenge(call, waiting)


def step(call: Call) -> Response:
    """The answer to it."""
    waiting = _waiting(call)
    if waiting is None:
        raise _refusals.told(403, N_("The sign-in took too long"), N_("Begin again with your name and password."))
    challenge = Challenge.from_dict(waiting["challenge"])
    if not call.services.attempts.begin(call.address, *_names(waiting)):
        raise _refusals.too_many()
    try:
        result = call.users.answer_challenge(challenge, call.field("answer").strip())
    except (AuthenticationError, InvalidInputError, LimitExceededError) as error:
        return _challenge(call, waiting, error=error)
    call.services.steps.take(call.own_browser(), "challenge")
    waiting["factor"] = waiting["factor"] or challenge.name in FACTORS
    return _go_on(call, result, waiting)


def sign_out(call: Call) -> Response:
    """Ends this session. That at an identity provider is another one, whose end the next page offers."""
    ended = call.person.method if call.person.method == "oidc" else None
    call.sign_out()
    return call.go("/sign-in", ended=ended)


def _sign_out_elsewhere(call: Call) -> str | None:
    """Where the session at the identity provider ends."""
    provider = call.services.provider
    if provider is None:
        return None
    try:
        return provider.sign_out_url(f"{call.services.config.origin}{call.url('/sign-in')}")
    except ProviderError:
        return None


def _check_offered(call: Call) -> None:
    if not call.services.config.store_sign_in or not call.can(Capability.SIGN_IN):
        raise _refusals.missing()


def _form(call: Call, *, following: str, username: str = "", error: UsermgrError | None = None) -> Response:
    offered = call.services.config.store_sign_in and call.can(Capability.SIGN_IN)
    ended = call.query("ended") == "oidc"
    text = None
    if error is not None:  # one sentence for every reason, so that a guess learns nothing
        shown = error if isinstance(error, AuthenticationError) else InvalidCredentialsError()
        text = of_error(shown, call.language).text
    return call.page(
        "sign_in.html", 200 if error is None else 403, following=following, username=username, error=text,
        offered=offered, provider=call.services.provider is not None, ended=ended,
        elsewhere=_sign_out_elsewhere(call) if ended else None,
    )  # fmt: skip


def _waiting(call: Call) -> dict[str, Any] | None:
    return None if call.browser is None else call.services.steps.peek(call.browser, "challenge")


def _names(waiting: dict[str, Any]) -> list[str]:
    """By what this attempt counts: a code is guessed for an account, however its name was typed."""
    challenge = waiting.get("challenge")
    return [waiting["name"], *([] if challenge is None else [challenge["username"]])]


def _challenge(call: Call, waiting: dict[str, Any], error: UsermgrError | None = None) -> Response:
    challenge = Challenge.from_dict(waiting["challenge"])
    told = None if error is None else of_error(error, call.language)
    methods = [name for name in challenge.parameters.get("methods", "").split(",") if name]
    return call.page(
        "step.html", 200 if error is None else 403, challenge=challenge, methods=methods, error=told,
        policy=call.store.password_policy,
    )  # fmt: skip


def _go_on(call: Call, result: AuthResult, waiting: dict[str, Any]) -> Response:
    """To the next challenge, or in."""
    call.services.attempts.was_right(call.address, *_names(waiting))
    if isinstance(result, Challenge):
        waiting["challenge"] = result.to_dict()
        call.services.steps.put(call.own_browser(), "challenge", waiting, STEP_SECONDS)
        return call.go("/sign-in/step")
    call.sign_in(_staff(call, result, factor=waiting["factor"]))
    return call.go(following_of(waiting["next"]))


def _staff(call: Call, tokens: Tokens, *, factor: bool) -> Person:
    """Whoever signed in, as a member of the staff. The tokens are not kept: the console acts with its own rights."""
    if call.services.config.second_factor and not factor:
        raise _refusals.told(
            403, N_("A second factor is needed"), N_("Set one up in your app, and sign in here again.")
        )
    user = call.users.get_user(tokens.username)
    role = call.services.role_of(user)
    if role is None or not user.enabled:
        raise no_staff()
    return Person(user.attributes.get("name") or user.username, role, "store", user.username, user.sub)


def no_staff() -> _refusals.Refusal:
    """For somebody whose groups give no role, or who is disabled."""
    return _refusals.told(403, N_("You are no member of the staff"), N_("Ask an administrator to add you to a group."))


def following_of(path: str) -> str:
    """A path of ours to go on with; the first page for anything else."""
    is_ours = path.startswith("/") and path.isprintable() and "\\" not in path and not path.startswith("//")
    return path if is_ours else "/"


# --- The one-time link -------------------------------------------------------------------------------


def enter_page(call: Call) -> Response:
    """The button of a link. The secret is kept for this browser, and goes from the address bar and the history."""
    secret = call.query("link")
    if secret:
        if call.services.links.is_good(stored(secret)):
            call.services.steps.put(call.own_browser(), "link", stored(secret).hex(), STEP_SECONDS)
        return call.go("/enter")
    waiting = None if call.browser is None else call.services.steps.peek(call.browser, "link")
    if waiting is None or not call.services.links.is_good(bytes.fromhex(waiting)):
        return call.page("enter.html", 403, good=False)
    return call.page("enter.html", 200, good=True)


def enter(call: Call) -> Response:
    """Uses the link up."""
    waiting = call.services.steps.take(call.own_browser(), "link")
    role = None if waiting is None else call.services.links.use(bytes.fromhex(waiting))
    if role is None:
        return call.page("enter.html", 403, good=False)
    call.sign_in(Person("one-time link", role, "link"))
    return call.go("/")

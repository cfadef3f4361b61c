"""Sign-in at an identity provider: to it by a form of ours, and back by a link of its own.

What the answer must fit lies on the server for the browser that began, is good once, and for ten minutes. The way to
the provider is a page that leads on and no redirect of the form: browsers hold every redirect of a form to
`form-action`, and a provider may lead on to another one.
"""

from __future__ import annotations

import logging
from dataclasses import asdict

from starlette.responses import Response

from usermgr.errors import UserNotFoundError
from usermgr_console import _refusals
from usermgr_console._call import Call
from usermgr_console._i18n import N_
from usermgr_console._provider import Identity, Provider, ProviderError, Waiting
from usermgr_console._roles import role_of
from usermgr_console._sessions import Person
from usermgr_console._views.entry import following_of, no_staff

__all__ = ["begin", "end"]

WAITING_SECONDS = 10 * 60
"""How long somebody may take at the provider."""

CALLBACK = "/sign-in/callback"

_log = logging.getLogger("usermgr_console")


def begin(call: Call) -> Response:
    """The page that leads to the provider."""
    provider = _offered(call)
    # Counted as a failure until somebody comes back: it writes a row, and asks nobody who they are.
    if not call.services.attempts.begin(call.address, f"provider {call.own_browser()}"):
        raise _refusals.too_many()
    try:
        address, state, waiting = provider.begin(_callback(call), following_of(call.field("next")))
    except ProviderError as error:
        raise _unreachable(call, error) from None
    call.services.steps.put(call.own_browser(), f"provider {state}", asdict(waiting), WAITING_SECONDS)
    return call.page("provider.html", address=address)


def end(call: Call) -> Response:
    """Whoever comes back. The one GET that uses something up, because that is how providers answer; nothing of ours can
    be guessed or given to another browser, and the code leaves the address bar at once."""
    provider, browser, state = _offered(call), call.browser, call.query("state")
    kept = None if browser is None or not state else call.services.steps.take(browser, f"provider {state}")
    if browser is None or kept is None:
        raise _refusals.told(
            403, N_("This sign-in is over"), N_("It took too long, or began in another browser. Begin again.")
        )
    call.services.attempts.was_right(call.address, f"provider {browser}")
    waiting = Waiting(**kept)
    try:
        provider.check_answerer(call.query("iss") or None)
        if call.query("error") or not call.query("code"):
            _log.warning("%s OpenID Connect: the provider refuses: %s", call.request_id, _known(call.query("error")))
            raise _refusals.told(
                403,
                N_("You were not signed in"),
                N_("The identity provider refused, or you stopped there. Begin again."),
            )
        identity = provider.identify(call.query("code"), waiting, _callback(call))
    except ProviderError as error:
        raise _unreachable(call, error) from None
    call.sign_in(_staff(call, identity))
    return call.go(following_of(waiting.following))


def _offered(call: Call) -> Provider:
    if call.services.provider is None:
        raise _refusals.missing()
    return call.services.provider


def _callback(call: Call) -> str:
    """Where the provider leads back to: one of the addresses that it was told."""
    return f"{call.services.config.origin}{call.url(CALLBACK)}"


def _staff(call: Call, identity: Identity) -> Person:
    """Whoever signed in, as a member of the staff, by the groups that the provider names.

    Where its people are the store's, the store must agree: the person is there, enabled, and has the role.
    """
    role = role_of(identity.groups, call.services.config)
    if role is None:
        raise no_staff()
    if not call.services.is_provider_store:
        return Person(identity.name, role, "oidc", subject=identity.sub)
    try:
        user = call.users.get_user_by_sub(identity.sub)
    except UserNotFoundError:
        raise no_staff() from None
    person = Person(user.attributes.get("name") or user.username, role, "oidc", user.username, identity.sub)
    if not call.services.is_still_staff(person):
        raise no_staff()
    return person


def _unreachable(call: Call, error: ProviderError) -> _refusals.Refusal:
    _log.warning("%s OpenID Connect: %s", call.request_id, error)
    return _refusals.told(
        502,
        N_("The identity provider does not answer as it should"),
        N_("Nobody was signed in. Try again in a moment."),
    )


ERRORS = frozenset((
    "access_denied", "invalid_request", "unauthorized_client", "unsupported_response_type", "invalid_scope",
    "server_error", "temporarily_unavailable", "login_required", "consent_required", "interaction_required",
    "account_selection_required",
))  # fmt: skip
"""Those of RFC 6749, 4.1.2.1, and of OpenID Connect Core, 3.1.2.6."""


def _known(error: str) -> str:
    """The error for the log, which repeats nothing that an address says."""
    return error if error in ERRORS else "an unknown error"

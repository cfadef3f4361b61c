"""Answers that are not what was asked for: a status and a sentence in the reader's language, and never a trace."""

from __future__ import annotations

from dataclasses import dataclass

from usermgr.errors import UsermgrError
from usermgr_console._i18n import N_, Language
from usermgr_console._roles import Role

__all__ = [
    "ROLE_NAMES",
    "Refusal",
    "broken",
    "forbidden",
    "from_error",
    "malformed",
    "missing",
    "protected",
    "sent_before",
    "sentence_for",
    "sentence_of",
    "signed_out",
    "stale",
    "too_large",
    "too_many",
    "told",
]

ROLE_NAMES = {
    Role.READER: N_("Reader"),
    Role.SUPPORT: N_("Support"),
    Role.ADMINISTRATOR: N_("Administrator"),
}


@dataclass
class Refusal(Exception):  # noqa: N818 - an answer, and no fault
    """Ends a request. `title` and `text` are messages of the catalog, `detail` is shown as it is."""

    status: int
    title: str
    text: str
    detail: str | None = None
    signs_in: bool = False
    """Whether signing in would help."""
    values: dict[str, object] | None = None


def signed_out() -> Refusal:
    return Refusal(401, N_("You are signed out"), N_("Sign in again to go on. Nothing was changed."), signs_in=True)


def forbidden(role: Role) -> Refusal:
    text = {
        Role.READER: N_("This page is for readers. Nothing was changed."),
        Role.SUPPORT: N_("This is for the role Support. Nothing was changed."),
        Role.ADMINISTRATOR: N_("This is for the role Administrator. Nothing was changed."),
    }
    return Refusal(403, N_("Your role does not allow this"), text[role])


def protected(text: str) -> Refusal:
    """Something that is refused for the sake of an account; `text` is a message of the catalog."""
    return Refusal(409, N_("This account is protected"), text)


def missing() -> Refusal:
    return Refusal(404, N_("There is no such page"), N_("The address is wrong, or this store has no such thing."))


def stale() -> Refusal:
    return Refusal(
        403, N_("This form is too old"), N_("It belongs to another session. Nothing was changed: open the page again.")
    )


def sent_before() -> Refusal:
    return Refusal(
        409, N_("This was sent already"), N_("A form counts once. Look at the page to see what became of it.")
    )


def malformed(status: int) -> Refusal:
    return Refusal(status, N_("The request is malformed"), N_("Nothing was changed: open the page again."))


def too_large(most: int) -> Refusal:
    return Refusal(
        413, N_("That is too large"), N_("At most %(bytes)s bytes are taken here."), values={"bytes": f"{most:,}"}
    )


def too_many() -> Refusal:
    return Refusal(429, N_("Too many attempts"), N_("Wait a quarter of an hour, and try again."))


def broken() -> Refusal:
    return Refusal(
        500, N_("Something broke"), N_("It was written to the server's log. A change may or may not have been made.")
    )


def told(status: int, title: str, text: str) -> Refusal:
    """Both are messages of the catalog."""
    return Refusal(status, title, text)


_STATUS = {500: 502}
"""What went wrong behind the console is no fault of the browser, nor of the console."""

_SENTENCES = {
    "invalid_input": N_("A value is not valid."),
    "invalid_password": N_("The password does not meet the password policy."),
    "invalid_page_token": N_("This page of the list is too old: start again at the first one."),
    "invalid_search": N_("The search does not parse."),
    "unsupported_operation": N_("This store cannot do that."),
    "not_found": N_("It is not there any more."),
    "user_not_found": N_("There is no such person any more."),
    "group_not_found": N_("There is no such group any more."),
    "store_not_found": N_("The store of users does not exist: the console's settings are wrong."),
    "conflict": N_("The current state does not allow this."),
    "user_exists": N_("Somebody of that name exists already."),
    "alias_exists": N_("Somebody else has that e-mail address, phone number or preferred name."),
    "group_exists": N_("A group of that name exists already."),
    "invalid_state": N_("The status of this account does not allow this."),
    "protected_user": N_("This would lock out the account that acts, or leave a group without anybody."),
    "concurrent_change": N_("Somebody else changed the same thing at the same time: try again."),
    "invalid_credentials": N_("The name or the password is wrong, or the account is disabled."),
    "password_reset_required": N_("Your password was reset: choose a new one in your app first."),
    "user_not_confirmed": N_("This account is not confirmed yet."),
    "invalid_code": N_("The code is wrong."),
    "expired_code": N_("The code is too old: sign in again."),
    "mfa_not_available": N_("This second factor is not set up."),
    "access_denied": N_("The console's own credentials do not allow this."),
    "no_credentials": N_("The console has no credentials."),
    "operation_not_allowed": N_("The store's configuration does not allow this."),
    "limit_exceeded": N_("A limit of the store is reached: try again later."),
    "audit": N_("The audit record could not be kept."),
    "bulk_stopped": N_("The run could not go on."),
    "desired_state": N_("The desired state is not valid."),
    "too_many_losses": N_("The plan takes more away than its limits allow."),
    "throttled": N_("The store is busy: try again in a moment."),
    "service_unavailable": N_("The store does not answer: try again in a moment."),
    "service_timeout": N_("The store took too long. A change may or may not have been made."),
    "trigger_failed": N_("A trigger of the store refused this."),
    "delivery_failed": N_("The account is there, but the message could not be sent."),
    "incomplete_creation": N_("The account was begun and not finished: look at it before you try again."),
}
"""What the codes of `usermgr.errors` mean to staff. Every code that is not here is `_OTHER`."""

_OTHER = N_("The store refused, or could not be reached.")


def sentence_for(code: str, message: str, language: Language) -> str:
    """As `sentence_of`, for an error that was written down."""
    known = code in _SENTENCES
    return message if language.code == "en" and known else language.text(_SENTENCES.get(code, _OTHER))


def sentence_of(error: UsermgrError, language: Language) -> str:
    """The error in one sentence: core's own in English, which knows most, else a translation by its code."""
    if language.code == "en" and error.http_status < 500:
        return error.message[:1].upper() + error.message[1:]
    return language.text(_SENTENCES.get(error.code, _OTHER))


def from_error(error: UsermgrError, language: Language) -> Refusal:
    """The refusal for an error of the store; its own words, where they are not the sentence already, as the detail."""
    sentence = sentence_of(error, language)
    status = _STATUS.get(error.http_status, error.http_status)
    status = 409 if status == 401 else status  # our own session is as good as before
    detail = error.message if error.http_status < 500 and language.code != "en" else None
    return Refusal(status, N_("That did not work"), sentence, detail=detail)

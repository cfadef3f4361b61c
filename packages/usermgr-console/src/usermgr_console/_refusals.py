"""Answers that are not what was asked for: a status and a sentence in the reader's language, and never a trace."""

from __future__ import annotations

from dataclasses import dataclass

from usermgr.errors import UsermgrError
from usermgr_console._i18n import N_, Language
from usermgr_console._roles import Role
from usermgr_console._told import of_error

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


def from_error(error: UsermgrError, language: Language) -> Refusal:
    """The refusal for an error of the store; its own words as the detail, where they say more."""
    said = of_error(error, language)
    status = _STATUS.get(error.http_status, error.http_status)
    status = 409 if status == 401 else status  # our own session is as good as before
    return Refusal(status, N_("That did not work"), said.text, detail=said.original)

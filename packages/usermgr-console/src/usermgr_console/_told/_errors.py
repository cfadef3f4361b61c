"""The messages of usermgr-core, as they are written: the sentences of its error classes, its validation and its search.

A class owns its sentence, so these are all there are, but for what a backend or a service adds. `%(name)s` stands for
what a message fills in; `_told` says what becomes of some names.
"""

from __future__ import annotations

from usermgr_console._i18n import N_

__all__ = ["AUDIT", "CHECKS", "CLASSES", "CONSOLE", "GUARDS", "SEARCH", "VALIDATION"]

CLASSES = (
    N_("the operation failed"),
    N_("the settings are missing or malformed"),
    N_("the backend %(backend)s is not installed"),
    N_("no backend is named %(backend)s"),
    N_("the value of %(field)s is not valid"),
    N_("the password does not meet the password policy"),
    N_("the page token is malformed, too old, or from another query: start again without one"),
    N_("the search does not parse at character %(position)s: expected %(wish)s"),
    N_("this store does not support %(operation)s: it lacks the capability %(capability)s"),
    N_("something that the call names does not exist"),
    N_("there is no user named %(username)s"),
    N_("there is no group named %(group)s"),
    N_("the store of users does not exist: check the settings that name it"),
    N_("the current state does not allow the call"),
    N_("the user %(username)s already exists"),
    N_("another user already has the e-mail address, phone number or preferred user name of %(username)s"),
    N_("the group %(group)s already exists"),
    N_("the status of %(username)s does not allow this operation"),
    N_("this would take away %(username)s, which the configuration protects"),
    N_("somebody else changed the same thing at the same time: try again"),
    N_("the sign-in was refused"),
    N_("the sign-in was refused: the name or the password is wrong, the user is disabled, or the session has ended"),
    N_("the password was reset: the user must choose a new one first"),
    N_("the user has not confirmed the account yet"),
    N_("the code is wrong"),
    N_("the code or the challenge has expired: sign in again"),
    N_("the user has not set up this second factor: sign in again"),
    N_("the caller does not have permission to do this"),
    N_("the caller has no credentials, or the service does not accept them"),
    N_("this deployment does not allow %(operation)s: ask its owner to widen the function's access"),
    N_("a limit is reached: too many of these exist, or there were too many attempts"),
    N_("the audit record cannot be written"),
    N_("the service failed"),
    N_("the service received too many requests and did nothing: try again later"),
    N_("the service could not be reached, or failed inside: try again later"),
    N_("the service did not answer in time: a change may or may not have been made"),
    N_("a function that the service calls during the operation failed or refused"),
    N_("the message to %(username)s could not be sent, and the change that it is about was made"),
    N_(
        "the user %(username)s was created without its password and could not be deleted again: delete the user, or "
        "set the password"
    ),
    N_("the function %(function)s could not be called"),
    N_("there is no function named %(function)s"),
    N_("the function %(function)s ended without an answer: a change may or may not have been made"),
    N_("the function %(function)s ran out of time: a change may or may not have been made"),
    N_("the request or the reply is not part of the wire protocol"),
    N_(
        "the other side speaks version %(theirs)s of the wire protocol and this side version %(ours)s: deploy both "
        "from one release"
    ),
    # usermgr-bulk's
    N_("the run stopped"),
    N_("the desired state is not valid"),
    N_("the plan takes more away than the limits allow"),
)
"""`usermgr.errors`."""

VALIDATION = (
    N_("%(field)s must be a non-empty string"),
    N_("%(field)s must be a %(type)s"),
    N_("%(field)s must be an %(type)s"),
    N_("the name of an attribute must be a non-empty string"),
    N_("the attribute %(attribute)s must be a string"),
    N_("the attribute %(attribute)s must be a string or None"),
    N_("groups must be names of groups, in a list"),
    N_("limit must be a whole number from 1 to %(most)s"),
    N_("these tokens have no refresh token: sign in again"),
    N_(
        "%(username)s signs in through an external identity provider: a password would turn the account into a local "
        "one"
    ),
    N_("the attribute %(attribute)s must %(wish)s"),
    N_("be an address such as ada@example.org"),
    N_("be a number in E.164 form, such as +81312345678"),
    N_("be a date such as 1815-12-10"),
    N_("be a number of seconds since 1970, such as 1767225600"),
    N_("be true or false"),
    N_("the password does not meet the policy: it needs %(parts)s"),
    N_("an upper-case letter"),
    N_("a lower-case letter"),
    N_("a digit"),
    N_("a symbol"),
    N_("no space at the beginning or end"),
    N_("at least %(count)s characters"),
    N_("at most %(count)s characters"),
    N_("%(flag)s cannot be true without a value for %(attribute)s: set both"),
    N_("%(username)s is disabled, so the password cannot be reset: use enable_user first"),
    N_("%(username)s has not chosen a password yet, so there is none to reset: use set_password"),
    N_("%(username)s is %(status)s, and only the password of a confirmed user can be reset"),
    N_(
        "%(username)s has no verified e-mail address or phone number to send a code to: set email_verified or "
        "phone_number_verified to true first"
    ),
)
"""`usermgr.validation`."""

GUARDS = (
    N_("%(username)s is the account that acts"),
    N_("%(username)s is the account that acts, and would no longer be in %(group)s"),
    N_("the group %(group)s is required, so it cannot be deleted"),
    N_("%(username)s is the last enabled member of %(group)s: add another one first"),
)
"""`usermgr.guard`."""

SEARCH = (
    N_('a space or the end: a value that holds " or \\ stands between double quotes, as \\" and \\\\'),
    N_("a word with at least one character between the quotes"),
    N_("the name of an attribute right after the minus, such as -phone_number"),
    N_("a space or the end: a minus asks for users without an attribute, and turns no condition round"),
    N_("an attribute, and %(field)s is none that a user can be without"),
    N_("a word, a field such as in email~ada, or a minus and an attribute such as -phone_number"),
    N_("a space or the end after %(name)s, which is no field in this language"),
    N_("%(choices)s right after the field, such as in name~ada: %(what)s"),
    N_("a colon is part of a name, as in custom:team"),
    N_('a word that holds one of = ~ < > ! ^ $ : " \\ stands between double quotes'),
    N_("%(choices)s after %(name)s"),
    N_('a value right after the operator, or "" for an empty one'),
    N_("a value: one that begins with one of = ~ < > ! ^ $ : ' \\ stands between double quotes"),
    N_("another double quote somewhere after this one"),
    N_('one of the escapes \\" \\\\ \\n \\r \\t and \\u{1f600}'),
    N_("a date such as 2026-01-31, or a time such as 2026-01-31T09:30 or 2026-01-31T09:30+09:00"),
    N_("true or false"),
)
"""What a search expects: `usermgr`'s query language."""

AUDIT = (
    N_("there is no operation of that name: %(parts)s"),
    N_("the audit file %(path)s cannot be read: …"),
    N_("there is no line"),
    N_("the line with the hash that was noted is not there: lines were removed from the end, or changed"),
    N_("the lines after this one are not proven: give the key, or a newer hash"),
    N_("the line does not end, or is longer than a line may be"),
    N_("it is gone, so lines may be missing at the end"),
    N_("it is changed, or sealed with another key, so lines may be missing at the end"),
    N_("%(count)s lines are missing after it: %(written)s were written"),
    N_("it is not the last line that was written"),
    N_("it is not a line of a chain"),
    N_("it was sealed with the key %(key)s, which was not given"),
    N_("its seal is wrong"),
    N_("%(count)s lines are missing before it"),
    N_("it is line %(line)s of the chain, and %(due)s would be next"),
    N_("it is not the line that the next one was written after"),
)
"""`usermgr.audit`: what is wrong with a file, or with what is asked of it."""

CHECKS = (
    N_("%(count)s packages of usermgr, all %(version)s"),
    N_("usermgr-core is %(version)s, and others are of another release: %(packages)s"),
    N_("install all packages of usermgr from one release"),
    N_("the check itself failed with %(type)s"),
    N_("the check %(name)s of %(package)s cannot be loaded (%(type)s): reinstall %(again)s"),
    N_("name one of %(choices)s"),
    N_("correct this: …"),
)
"""`usermgr.checks`: core's own check, and one that broke. What the checks of other packages find stays in English."""

CONSOLE = (
    N_("%(field)s must be a whole number of days from %(least)s to %(most)s"),
    N_("since must be a date, such as 2026-01-31"),
    N_("there is no activity store"),
    N_("seen is none of the choices"),
    N_("precedence must be a whole number, 0 or more"),
    N_("two attributes would become %(parts)s: choose one of them"),
    N_("the header row has too many columns"),
    N_("no installed format can read the file"),
    N_("nobody is signed in to make this change"),
)
"""Our own."""

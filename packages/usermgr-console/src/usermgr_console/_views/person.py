"""One person: how they are, and what helps them. All that is dangerous asks for the name to be typed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from starlette.responses import Response

from usermgr import Activity, Capability, Group, MfaSettings, User, UserStatus
from usermgr.errors import UsermgrError
from usermgr_console._call import Call
from usermgr_console._forms import AttributesForm, Changes
from usermgr_console._i18n import N_
from usermgr_console._passwords import new_password
from usermgr_console._roles import Role
from usermgr_console._subjects import check_name, check_not_self, check_rank, person_of
from usermgr_console._told import Told, of_error
from usermgr_console._trail import trail_of

__all__ = [
    "confirm",
    "delete",
    "disable",
    "enable",
    "join",
    "leave",
    "page",
    "password",
    "resend",
    "reset_mfa",
    "reset_password",
    "save",
    "sign_out",
]


def page(call: Call) -> Response:
    """The person."""
    return _show(call, person_of(call))


def save(call: Call) -> Response:
    """Writes the attributes that were changed in the form, and no others."""
    user = person_of(call)
    check_rank(call, user)
    changes = AttributesForm(call.store, call.language).changes(call.form, user.attributes)
    if changes.errors or changes.conflicts:
        return _show(call, user, changes)
    if not changes.attributes:
        return _back(call, user, call.text("Nothing was changed: the form is as it was."))
    call.users.update_user(user.username, changes.attributes)
    asked = sorted(set(changes.attributes) & set(call.store.confirmed_before_change))
    if asked:
        text = call.text("Saved. A new address counts once the person has confirmed it: the store sends a message.")
        return _back(call, user, text)
    return _back(call, user, call.text("Saved."))


# --- Sign-in -----------------------------------------------------------------------------------------


def enable(call: Call) -> Response:
    """Lets the person sign in again."""
    return _do(call, call.users.enable_user, N_("The person may sign in again."))


def disable(call: Call) -> Response:
    """Keeps the person from signing in."""
    return _do(call, call.users.disable_user, N_("The person cannot sign in any more."), typed=True, ends=True)


def sign_out(call: Call) -> Response:
    """Ends the person's sessions."""
    text = N_("Signed out everywhere. Access tokens that are out count until they expire.")
    return _do(call, call.users.sign_out_user, text, own=False, ends=True)


def reset_password(call: Call) -> Response:
    """Has the person choose a new password."""
    return _do(call, call.users.reset_password, N_("The password was reset."), own=False, ends=True)


def reset_mfa(call: Call) -> Response:
    """Takes the second factors away, for somebody who has lost the device."""
    user = person_of(call)
    check_rank(call, user)
    check_not_self(call, user)
    check_name(call, user)
    done = call.users.reset_mfa(user.username)
    if done.next_sign_in_enrols:
        text = call.text("The second factor was reset: the next sign-in sets up a new one.")
    else:
        text = call.text("The second factor was reset: the next sign-in asks for the password alone.")
    return _back(call, user, text)


def resend(call: Call) -> Response:
    """Sends the invitation again."""
    return _do(call, call.users.resend_invitation, N_("The invitation was sent again, with a new password."))


def confirm(call: Call) -> Response:
    """Confirms somebody who signed up."""
    return _do(call, call.users.confirm_user, N_("The account is confirmed."))


def password(call: Call) -> Response:
    """Sets a temporary password that is made up here, and shows it once: it is kept nowhere."""
    user = person_of(call)
    check_rank(call, user)
    check_not_self(call, user)
    secret = new_password(call.store.password_policy)
    call.users.set_password(user.username, secret, permanent=False)
    call.services.sessions.end_all(user.sub)
    return call.page("password.html", user=user, password=secret)


# --- Groups ------------------------------------------------------------------------------------------


def join(call: Call) -> Response:
    """Puts the person into a group."""
    user = person_of(call)
    call.users.add_user_to_group(user.username, call.field("group").strip())
    return _back(call, user, call.text("Added to the group."))


def leave(call: Call) -> Response:
    """Takes the person out of a group; nobody takes their own role away."""
    user = person_of(call)
    group = call.field("group")
    config = call.services.config
    if group in config.readers | config.support | config.administrators:
        check_not_self(call, user)
    call.users.remove_user_from_group(user.username, group)
    return _back(call, user, call.text("Removed from the group."))


def delete(call: Call) -> Response:
    """Deletes the person, and what is known of their activity."""
    user = person_of(call)
    check_name(call, user)
    if call.activity is None:
        call.users.delete_user(user.username)
    else:
        from usermgr.forgetting import forget_user  # noqa: PLC0415 - only here

        forget_user(call.users, call.activity, user)
    call.services.sessions.end_all(user.sub)
    return call.go("/people", notice=call.text("%(name)s was deleted.", name=user.username))


# --- What they share ---------------------------------------------------------------------------------


def _do(
    call: Call,
    operation: Callable[[str], None],
    done: str,
    *,
    typed: bool = False,
    own: bool = True,
    ends: bool = False,
) -> Response:
    """One operation on the person of the path; `done` is a message of the catalog.

    Args:
        typed: Whether the name must have been typed.
        own: Whether it may be one's own account.
        ends: Whether it ends the person's sessions in the console, too, where the person is staff.
    """
    user = person_of(call)
    check_rank(call, user)
    if not own:
        check_not_self(call, user)
    if typed:
        check_name(call, user)
    operation(user.username)
    if ends:
        call.services.sessions.end_all(user.sub)
    return _back(call, user, call.text(done))


def _back(call: Call, user: User, notice: str) -> Response:
    return call.go("/people/{sub}", sub=user.sub, notice=notice)


def _show(call: Call, user: User, changes: Changes | None = None) -> Response:
    form = AttributesForm(call.store, call.language)
    sent = None if changes is None else call.form
    fields = form.fields(user.attributes, sent, None if changes is None else changes.errors)
    conflicts = [] if changes is None else [field for field in fields if field.name in changes.conflicts]
    groups, problem = _groups(call, user)
    seen, is_blind = _seen(call, user)
    later = partial(_trail, call, user) if call.offers("/audit") else None
    return call.page(
        "person.html", 200 if changes is None else 409 if conflicts else 400, later, user=user, fields=fields,
        conflicts=conflicts, current=user.attributes, groups=groups, problem=problem,
        mfa=_mfa(call, user), seen=seen, is_blind=is_blind,
        timeline=_timeline(user, seen), may_change=call.may(Role.SUPPORT) and not call.store.read_only,
        proposed=_proposed(call, groups), Status=UserStatus,
    )  # fmt: skip


def _groups(call: Call, user: User) -> tuple[list[Group], Told | None]:
    try:
        return list(call.users.iter_groups_for_user(user.username)), None
    except UsermgrError as error:  # the page is worth having without them
        return [], of_error(error, call.language)


def _proposed(call: Call, groups: list[Group]) -> list[str]:
    if not call.may(Role.ADMINISTRATOR):
        return []
    present = {group.name for group in groups}
    return [name for name in call.services.some_groups() if name not in present]


def _mfa(call: Call, user: User) -> MfaSettings | None:
    try:
        return call.users.get_mfa(user.username) if call.can(Capability.MFA) else None
    except UsermgrError:  # the page is worth having without them
        return None


def _seen(call: Call, user: User) -> tuple[Activity | None, bool]:
    """When the person was seen, and whether that cannot be known at the moment."""
    try:
        return (None if call.activity is None else call.activity.last_seen(user.sub)), call.activity is None
    except UsermgrError:  # as above
        return None, True


def _trail(call: Call, user: User) -> str:
    """The part of the page that says who changed the person last."""
    audit = call.services.audit
    assert audit is not None, "the audit page needs one"
    try:
        trail = trail_of(audit.path, user.username)
    except UsermgrError:  # as above
        trail = None
    return call.render("trail.html", user=user, trail=trail)


def _timeline(user: User, seen: Activity | None) -> list[tuple[datetime, str, dict[str, Any]]]:
    """What is known to have happened, newest first: times with messages of the catalog and their values."""
    events: list[tuple[datetime, str, dict[str, Any]]] = [(user.created_at, N_("The account was created"), {})]
    if user.updated_at != user.created_at:
        events.append((user.updated_at, N_("The account was changed"), {}))
    if seen is not None:
        events.append((seen.first_seen, N_("First seen"), {}))
        if seen.last_sign_in is not None:
            events.append(
                (seen.last_sign_in, N_("Signed in; sign-ins in all: %(count)s"), {"count": seen.sign_in_count})
            )
        events.append((seen.last_seen, N_("Last seen, through %(client)s"), {"client": seen.client_id}))
    return sorted(events, key=lambda event: event[0], reverse=True)

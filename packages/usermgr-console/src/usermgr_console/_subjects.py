"""The person whom a page is about, found by `sub`, and who may do something to them.

What core guards (the account that acts, the last administrator) it guards on the effect. What is refused here besides
is the ladder of roles: support cannot take over an administrator's account by resetting its password.
"""

from __future__ import annotations

from usermgr import User
from usermgr.errors import UserNotFoundError
from usermgr_console import _refusals
from usermgr_console._call import Call
from usermgr_console._i18n import N_
from usermgr_console._roles import Role

__all__ = ["check_name", "check_not_self", "check_rank", "person_of"]


def person_of(call: Call) -> User:
    """The person of the path, read consistently. Raises `Refusal` where there is none.

    The listing gives the name for the `sub`, and the name the person, who must still be the same: a name that was freed
    can be somebody else's.
    """
    sub = call.param("sub")
    try:
        user = call.users.get_user(call.users.get_user_by_sub(sub).username)
    except UserNotFoundError:
        raise _nobody() from None
    if user.sub != sub:
        raise _nobody()
    return user


def check_rank(call: Call, user: User) -> None:
    """Raises `Refusal` where the person has a higher role than who is signed in, who could take the account over."""
    if call.may(Role.ADMINISTRATOR):
        return
    role = call.services.role_of(user)
    if role is not None and role > call.person.role:
        raise _refusals.protected(N_("It has a higher role than yours: ask an administrator. Nothing was changed."))


def check_not_self(call: Call, user: User) -> None:
    """Raises `Refusal` for one's own account."""
    if call.is_self(user):
        raise _refusals.protected(N_("It is your own: ask a colleague, or use your app. Nothing was changed."))


def check_name(call: Call, user: User) -> None:
    """Raises `Refusal` where the name was not typed as it is."""
    if call.field("typed").strip() != user.username:
        raise _refusals.told(
            400, N_("The name does not match"), N_("Type the user name as it stands there. Nothing was changed.")
        )


def _nobody() -> _refusals.Refusal:
    return _refusals.told(
        404, N_("There is no such person"), N_("They may have been deleted; somebody new can take a moment to appear.")
    )

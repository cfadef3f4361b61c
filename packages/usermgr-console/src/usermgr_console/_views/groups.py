"""The groups, and who is in one. A group is named in the query, because its name may hold a slash."""

from __future__ import annotations

from starlette.responses import Response

from usermgr import Capability
from usermgr.errors import GroupExistsError, InvalidInputError
from usermgr_console import _refusals
from usermgr_console._call import Call
from usermgr_console._i18n import N_
from usermgr_console._roles import role_of
from usermgr_console._told import Told, of_error

__all__ = ["add", "delete", "edit", "listing", "page"]

PAGE = 50


def listing(call: Call) -> Response:
    """The groups, a page at a time."""
    return _list(call, {})


def add(call: Call) -> Response:
    """Adds a group."""
    name = call.field("name").strip()
    try:
        call.users.add_group(name, description=_description(call) or None, precedence=_precedence(call))
    except (InvalidInputError, GroupExistsError) as error:
        return _list(call, {"name": of_error(error, call.language)})
    call.services.groups_changed()
    return call.go("/groups/one", name=name, notice=call.text("The group was added."))


def page(call: Call) -> Response:
    """One group with its members."""
    name = call.query("name")
    group = call.users.get_group(name)
    found = call.users.list_users_in_group(name, limit=PAGE, page_token=call.query("cursor") or None)
    return call.page(
        "group.html", group=group, members=found.items, next_token=found.next_token,
        is_first=not call.query("cursor"), role=role_of({name}, call.services.config),
    )  # fmt: skip


def edit(call: Call) -> Response:
    """Changes description and precedence."""
    name = call.field("name")
    call.users.update_group(name, description=_description(call), precedence=_precedence(call))
    return call.go("/groups/one", name=name, notice=call.text("Saved."))


def delete(call: Call) -> Response:
    """Deletes the group, whose name must be typed; its members stay. One that gives a role stays, too."""
    name = call.field("name")
    if call.field("typed").strip() != name:
        raise _refusals.told(
            400, N_("The name does not match"), N_("Type the name as it stands there. Nothing was changed.")
        )
    if role_of({name}, call.services.config) is not None:
        raise _refusals.told(
            409, N_("This group gives a role"), N_("Take it out of the console's settings first. Nothing was changed.")
        )
    call.users.delete_group(name)
    call.services.groups_changed()
    return call.go("/groups", notice=call.text("The group was deleted. Its members are still here."))


def _list(call: Call, errors: dict[str, Told]) -> Response:
    found = call.users.list_groups(limit=PAGE, page_token=call.query("cursor") or None)
    return call.page(
        "groups.html", 400 if errors else 200, groups=found.items, next_token=found.next_token,
        is_first=not call.query("cursor"), errors=errors,
    )  # fmt: skip


def _description(call: Call) -> str | None:
    return call.field("description").strip() if call.can(Capability.GROUP_DESCRIPTIONS) else None


def _precedence(call: Call) -> int | None:
    text = call.field("precedence").strip()
    if not text or not call.can(Capability.GROUP_PRECEDENCE):
        return None
    if not text.isdecimal() or len(text) > 9:
        raise InvalidInputError("precedence must be a whole number, 0 or more", field="precedence")
    return int(text)

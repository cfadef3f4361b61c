"""The effect of a plan on the acting account and on groups that must keep an enabled member."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usermgr.errors import GroupNotFoundError, ProtectedUserError
from usermgr_bulk.sync._plan import Action, Plan

if TYPE_CHECKING:
    from usermgr_bulk.sync._present import Present, PresentReader

__all__ = ["check_protected"]


def check_protected(plan: Plan, present: Present, reader: PresentReader) -> None:
    """Raises `ProtectedUserError` for a plan that would lock somebody out.

    The members of required groups are read where the plan takes anything and they were not read yet.
    """
    _check_acting(plan)
    for change in plan.groups:
        if change.is_deletion and change.name in plan.required_groups:
            raise ProtectedUserError(
                f"the group {change.name} is required, so it cannot be deleted: declare it", group=change.name
            )
    if any(change.takes for change in plan.users):
        for group in plan.required_groups:
            _check_group(plan, group, present, reader)


def _check_acting(plan: Plan) -> None:
    for change in plan.users:
        if change.sub not in plan.acting:
            continue
        if change.takes_person:
            raise ProtectedUserError(
                f"{change.username} is the account that acts, and would be deleted or disabled: declare it as enabled",
                username=change.username,
            )
        for group in change.leaves:
            if group in plan.required_groups:
                raise ProtectedUserError(
                    f"{change.username} is the account that acts, and would no longer be in {group}: declare it there",
                    username=change.username,
                    group=group,
                )


def _check_group(plan: Plan, group: str, present: Present, reader: PresentReader) -> None:
    try:
        members = present.members[group] if group in present.members else reader.members(group)
    except GroupNotFoundError:
        return
    enabled = {user.username: user.enabled for user in present.users}
    before = {name for name in members if enabled.get(name)}
    after, last = set(before), ""
    for change in plan.users:
        stays = change.action is not Action.DELETE and group not in change.leaves and change.enabled is not False
        if change.username in before and not stays:
            after.discard(change.username)
            last = change.username
        is_in = group in change.joins or change.username in members
        becomes = enabled.get(change.username, True) if change.enabled is None else change.enabled
        if stays and is_in and becomes:
            after.add(change.username)
    if before and not after:
        raise ProtectedUserError(
            f"the plan would take {last}, the last enabled member of {group}: declare another one first",
            username=last,
            group=group,
        )

"""What can be done to many people alike: an operation on one user, and when there is nothing to do."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from usermgr import Capability, Change, Medium, StoreDescription, User, UserStatus
from usermgr.errors import InvalidInputError, UnsupportedOperationError
from usermgr.operations import OPERATIONS
from usermgr.validation import check_attributes, check_texts
from usermgr_bulk._options import ImportOptions, one_of
from usermgr_bulk._wanted import attribute_complaints

__all__ = ["ACTIONS", "Action"]


@dataclass(frozen=True, slots=True)
class _Kind:
    """What is known of an action besides its operation."""

    is_done: Callable[[User], bool] | None = None
    """Whether the user is as the action would leave them, where a `User` tells."""
    done: str = ""
    """What is then said of the user."""
    sends: bool = False
    """Whether the service may send the user a message, so that a second time is not like the first."""


def _has_own_password(user: User) -> bool:
    return user.status in (UserStatus.CONFIRMED, UserStatus.RESET_REQUIRED)


_KINDS: Mapping[str, _Kind] = {
    "disable_user": _Kind(lambda user: not user.enabled, "is disabled already"),
    "enable_user": _Kind(lambda user: user.enabled, "is enabled already"),
    "delete_user": _Kind(),
    "sign_out_user": _Kind(),
    "reset_password": _Kind(sends=True),
    "reset_mfa": _Kind(done="had no second factor"),
    "resend_invitation": _Kind(_has_own_password, "has a password of their own already", sends=True),
    "confirm_user": _Kind(lambda user: user.status is not UserStatus.UNCONFIRMED, "is confirmed already"),
    "add_user_to_group": _Kind(done="is in the group already"),
    "remove_user_from_group": _Kind(done="is not in the group"),
    "update_user": _Kind(done="has these attributes already"),
}

ACTIONS = tuple(_KINDS)
"""The operations that can be an action."""


@dataclass(frozen=True, slots=True)
class Action:
    """An operation of one user, with its other arguments, which are the same for everybody.

    >>> Action("add_user_to_group", {"group": "staff"})
    Action(operation='add_user_to_group')

    Raises `InvalidInputError` for an operation that is not one of `ACTIONS`, and for arguments that it does not take.
    """

    operation: str
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)

    def __post_init__(self) -> None:
        if self.operation not in ACTIONS:
            raise InvalidInputError(f"an action must be one of {', '.join(ACTIONS)}", field="operation")
        if "username" in self.arguments:
            raise InvalidInputError("an action is for all of a selection: leave the username out", field="username")
        given = dict(Change(self.operation, {**self.arguments, "username": "?"}).arguments)
        del given["username"]
        if "group" in given:
            check_texts(group=given["group"])
        if "attributes" in given:
            check_attributes(given["attributes"], removable=True)
            if not given["attributes"]:
                raise InvalidInputError("attributes must name at least one attribute", field="attributes")
        if "medium" in given:
            given["medium"] = one_of(Medium, "medium", given["medium"])
        object.__setattr__(self, "arguments", given)

    @property
    def sends(self) -> bool:
        """Whether the service may send each user a message; a change of addresses may too, see `asked_to_confirm`."""
        return _KINDS[self.operation].sends

    def done(self, user: User, store: StoreDescription) -> str | None:
        """What is said of a user with whom there is nothing to do, as far as a `User` tells; else `None`."""
        kind = _KINDS[self.operation]
        by_status = self.operation == "resend_invitation" and not store.can(Capability.STATUS)
        return kind.done if kind.is_done is not None and not by_status and kind.is_done(user) else None

    @property
    def nothing(self) -> str:
        """What is said of a user with whom there was nothing to do."""
        return _KINDS[self.operation].done

    def check(self, store: StoreDescription) -> None:
        """Raises what the store would refuse for everybody, as far as its description tells."""
        needs = OPERATIONS[self.operation].capability
        if needs is not None and not store.can(needs):
            raise UnsupportedOperationError(operation=self.operation, capability=needs)
        for complaint in self._complaints(store):
            raise complaint

    def _complaints(self, store: StoreDescription) -> Iterator[InvalidInputError]:
        for name, value in self.arguments.get("attributes", {}).items():
            found = attribute_complaints(name, value, store, ImportOptions())
            yield from (complaint.error for complaint in found if complaint.certain)

    def settings(self) -> dict[str, Any]:
        """For the journal: the operation, and a hash of the arguments, whose values are nobody's business there."""
        text = json.dumps(self.arguments, sort_keys=True).encode()
        return {"operation": self.operation, "arguments": hashlib.sha256(text).hexdigest()}

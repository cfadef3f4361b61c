"""What the methods that bring a user or a group to a wanted state found and did, and what one of them must remember."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from usermgr._models import Group, User

__all__ = ["Ensured", "EnsuredGroup", "GroupsChange", "UnconfirmedAddresses"]

ADDRESSES = frozenset({"email", "phone_number"})
"""The attributes that have a verification of their own, in `email_verified` and `phone_number_verified`."""

MAX_UNCONFIRMED = 10_000
"""How many new addresses that wait for their users' confirmation a manager remembers."""


@dataclass(frozen=True, slots=True)
class Ensured:
    """What `ensure_user` found and did."""

    user: User
    created: bool
    changed: tuple[str, ...]
    """The attributes that were set or removed, plus `enabled` or `password`; empty if there was nothing to do."""


@dataclass(frozen=True, slots=True)
class EnsuredGroup:
    """What `ensure_group` found and did."""

    group: Group
    created: bool
    changed: tuple[str, ...]
    """`description`, `precedence`, or both; empty if there was nothing to do."""


@dataclass(frozen=True, slots=True)
class GroupsChange:
    """What `set_groups` did: the groups that the user joined, and those that the user left."""

    joined: tuple[str, ...]
    left: tuple[str, ...]


class UnconfirmedAddresses:
    """The new addresses that `ensure_user` has sent and the users have not confirmed yet."""

    def __init__(self) -> None:
        self._new: dict[tuple[str, str], str] = {}
        """By `sub` and attribute."""

    def different(self, user: User, wanted: Mapping[str, str | None]) -> dict[str, str | None]:
        """What has to be sent to bring the user to the wanted attributes.

        An address and its verification go in the same request, because a store takes an address that comes alone for
        unverified. An address that the store changes only after the user has confirmed it is not sent again, because
        each time would send the user another message.
        """
        different = {name: value for name, value in wanted.items() if user.attributes.get(name) != value}
        for address in ADDRESSES:
            flag = f"{address}_verified"
            if address in different and flag in wanted:
                different[flag] = wanted[flag]
            waiting = self._new.get((user.sub, address))
            if waiting is not None and waiting == wanted.get(address) and different.get(flag) != "true":
                different.pop(address, None)
        return different

    def note(self, user: User, sent: Mapping[str, str | None]) -> None:
        """Remembers each address that was sent and that the user does not have yet."""
        for address in ADDRESSES & sent.keys():
            self._new.pop((user.sub, address), None)
            new = sent[address]
            if new is not None and user.attributes.get(address) != new:
                self._new[user.sub, address] = new
        while len(self._new) > MAX_UNCONFIRMED:
            del self._new[next(iter(self._new))]

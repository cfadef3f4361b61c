"""How much a plan may take away: people who are deleted or disabled, deleted groups, members who are taken out.

Of each kind, the limits allow a share of what is managed and never more than a number. One is always allowed while the
share is above 0, so that a store of nine can lose somebody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import TYPE_CHECKING

from usermgr.errors import InvalidInputError
from usermgr.records import JsonValue
from usermgr_bulk.sync._errors import TooManyLossesError

if TYPE_CHECKING:
    from usermgr_bulk.sync._plan import Plan

__all__ = ["Loss", "LossKind", "SyncLimits", "check_limits", "losses_of"]


class LossKind(StrEnum):
    """What a plan can take away."""

    PEOPLE = "people"
    """Deleted or disabled."""
    GROUPS = "groups"
    """Deleted."""
    MEMBERSHIPS = "memberships"
    """Ended, also by the deletion of the group."""


@dataclass(frozen=True, slots=True)
class SyncLimits(JsonValue):
    """The most that a plan may take away of each kind. Raises `InvalidInputError` for what is out of bounds."""

    share: float = 0.1
    """Of what is managed, from 0 to 1."""
    number: int = 20

    def __post_init__(self) -> None:
        if isinstance(self.share, bool) or not isinstance(self.share, (int, float)) or not 0 <= self.share <= 1:  # pyright: ignore[reportUnnecessaryIsInstance] - for callers without types
            raise InvalidInputError("share must be a number from 0 to 1", field="share")
        if isinstance(self.number, bool) or not isinstance(self.number, int) or self.number < 0:  # pyright: ignore[reportUnnecessaryIsInstance] - as above
            raise InvalidInputError("number must be a whole number, at least 0", field="number")

    def allowed(self, managed: int) -> int:
        """How many of that many may be lost."""
        if self.share == 0:
            return 0
        return min(self.number, max(1, int(self.share * managed + 1e-9)))


@dataclass(frozen=True, slots=True)
class Loss:
    """How much of a kind a plan takes away."""

    kind: LossKind
    count: int
    managed: int
    allowed: int

    @property
    def share(self) -> float:
        """The share of what is managed."""
        return self.count / self.managed if self.managed else 1.0

    def __str__(self) -> str:
        return f"{self.count} of {self.managed} {self.kind} ({self.share:.0%}), where {self.allowed} may be taken"


def losses_of(plan: Plan) -> Sequence[Loss]:
    """What the plan takes away, of each kind of which it takes anything."""
    people = sum(change.takes_person for change in plan.users)
    groups = [change for change in plan.groups if change.is_deletion]
    ended = sum(len(change.leaves) for change in plan.users) + sum(change.members for change in groups)
    managed = plan.managed
    found = (
        (LossKind.PEOPLE, people, managed.people),
        (LossKind.GROUPS, len(groups), managed.groups),
        (LossKind.MEMBERSHIPS, ended, managed.memberships),
    )
    return [Loss(kind, count, of, plan.limits.allowed(of)) for kind, count, of in found if count]


def check_limits(plan: Plan) -> None:
    """Raises `TooManyLossesError` where the plan takes more than its limits allow."""
    over = [loss for loss in plan.losses if loss.count > loss.allowed]
    if not over:
        return
    share = max(plan.limits.share, ceil(max(loss.share for loss in over) * 1000) / 1000)
    number = max(plan.limits.number, *(loss.count for loss in over))
    error = TooManyLossesError(
        f"the plan takes away {'; '.join(map(str, over))}. Nothing was changed. If that is meant, raise the limits of "
        f"the plan: share to {share:g} and number to {number}"
    )
    error.losses, error.plan = over, plan
    raise error

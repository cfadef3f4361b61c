"""What keeps a desired state from being read, planned or carried out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from usermgr.errors import ConflictError, InvalidInputError

if TYPE_CHECKING:
    from usermgr_bulk.sync._limits import Loss
    from usermgr_bulk.sync._plan import Plan

__all__ = ["DesiredProblem", "DesiredStateError", "TooManyLossesError", "desired_state_error"]

SHOWN = 5
"""How many problems the message tells; the error has all."""


@dataclass(frozen=True, slots=True)
class DesiredProblem:
    """One thing that is wrong with a desired state."""

    line: int | None
    """Where it is, counted from 1; `None` in a desired state that was not read from a document."""
    field: str
    """Which member, such as `users.enabled`."""
    message: str
    """What is wrong, and what to do."""

    def __str__(self) -> str:
        return self.message if self.line is None else f"line {self.line}: {self.message}"


class DesiredStateError(InvalidInputError):
    """The desired state cannot be read, or does not fit the store; `problems` has all that was found, by line."""

    code = "desired_state"
    sentence = "the desired state is not valid"
    problems: Sequence[DesiredProblem] | None = None


def desired_state_error(problems: Sequence[DesiredProblem]) -> DesiredStateError:
    """The error that tells these problems, of which there is at least one."""
    found = sorted(problems, key=lambda problem: problem.line or 0)
    more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    message = "; ".join(str(problem) for problem in found[:SHOWN]) + more
    error = DesiredStateError(message, field=found[0].field)
    error.problems = tuple(found)
    return error


class TooManyLossesError(ConflictError):
    """A plan takes more than the limits allow; `losses` has the numbers, and `plan` is what was refused."""

    code = "too_many_losses"
    sentence = "the plan takes more away than the limits allow"
    losses: Sequence[Loss] | None = None
    plan: Plan | None = None

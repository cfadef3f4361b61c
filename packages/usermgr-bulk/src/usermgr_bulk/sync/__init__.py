"""Bringing a store to a desired state: people and groups declared in YAML or JSON, a plan, and carrying out that plan.

>>> from usermgr_bulk.sync import apply_plan, plan_sync, read_desired
>>> plan = plan_sync(users, read_desired("people.yaml"))           # doctest: +SKIP
>>> print(plan.to_text())                                          # doctest: +SKIP
>>> summary = apply_plan(users, plan, journal="people.journal")    # doctest: +SKIP
"""

from usermgr_bulk.sync._apply import apply_plan
from usermgr_bulk.sync._desired import Desired, DesiredGroup, DesiredUser, Unmanaged
from usermgr_bulk.sync._document import parse_desired, read_desired
from usermgr_bulk.sync._errors import DesiredProblem, DesiredStateError, TooManyLossesError
from usermgr_bulk.sync._limits import Loss, LossKind, SyncLimits
from usermgr_bulk.sync._plan import Action, Counts, Difference, GroupChange, Plan, Prune, UserChange
from usermgr_bulk.sync._planning import plan_sync

__all__ = [
    "read_desired",
    "parse_desired",
    "Desired",
    "DesiredUser",
    "DesiredGroup",
    "Unmanaged",
    "plan_sync",
    "Prune",
    "SyncLimits",
    "Plan",
    "UserChange",
    "GroupChange",
    "Action",
    "Difference",
    "Counts",
    "apply_plan",
    "DesiredStateError",
    "DesiredProblem",
    "TooManyLossesError",
    "Loss",
    "LossKind",
]

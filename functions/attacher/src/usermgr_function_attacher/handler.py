"""The attacher: makes the recorder the trigger of a pool that Terraform does not own, and takes it away again.

A refusal is raised: Lambda then reports a failed function, and `terraform apply` stops with the text.
"""

from __future__ import annotations

from typing import Any, Protocol

from usermgr.errors import ConflictError, StoreNotFoundError
from usermgr_cognito.trigger import RetryBudget, UserPool, attach, detach
from usermgr_function_attacher.event import Action, Attachment, DestroyGuard, Event

__all__ = ["handler"]

RESERVE = 20.0
"""Seconds of the function's time that trying again leaves for the last try and the answer."""


_PROTECTED = (
    "nothing was detached: the activity table has deletion protection, so destroy would fail half-way; "
    "first apply with table_deletion_protection = false, then destroy"
)


class Context(Protocol):
    """What the handler uses of Lambda's context."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends the function."""
        ...


def handler(event: Any, context: Context) -> dict[str, str | None]:
    """`{"user_pool_id", "trigger_arn", "hash"}` of the pool as it is now, which Terraform keeps in its state.

    Every action may be repeated. Raises an error of usermgr's tree, whose text names the remedy.
    """
    what = Event.read(event)
    if isinstance(what, DestroyGuard):
        return _guard(what)
    left = max(context.get_remaining_time_in_millis() / 1000 - RESERVE, 0.0)
    match what.action:
        case Action.CREATE:
            return _attach(what.now, None, RetryBudget(busy=left, access=min(left, 60.0)))
        case Action.UPDATE:
            return _update(what.now, what.before, RetryBudget(busy=left, access=min(left, 60.0)))
        case Action.DELETE:
            return _detach(what.now, RetryBudget(busy=left))


def _guard(guard: DestroyGuard) -> dict[str, str | None]:
    """Stops a destroy that would fail half-way, before anything is detached."""
    if guard.protected and guard.action is Action.DELETE:
        raise ConflictError(_PROTECTED)
    return {}


def _attach(attachment: Attachment, before: Attachment | None, budget: RetryBudget) -> dict[str, str | None]:
    result = attach(
        UserPool.connect(attachment.user_pool_id),
        attachment.trigger,
        replaces=attachment.replaces,
        previous=before.trigger if before else None,
        permissions=attachment.grants,
        budget=budget,
    )
    return {"user_pool_id": result.user_pool_id, "trigger_arn": attachment.trigger.arn, "hash": result.hash}


def _update(attachment: Attachment, before: Attachment | None, budget: RetryBudget) -> dict[str, str | None]:
    if before is not None and before.user_pool_id != attachment.user_pool_id:
        _detach(before, budget)
        before = None
    return _attach(attachment, before, budget)


def _detach(attachment: Attachment, budget: RetryBudget) -> dict[str, str | None]:
    try:
        result = detach(
            UserPool.connect(attachment.user_pool_id),
            attachment.trigger,
            restores=attachment.replaces,
            permissions=attachment.grants,
            budget=budget,
        )
    except StoreNotFoundError:  # the pool went first: nothing is attached to it any more
        return {"user_pool_id": attachment.user_pool_id, "trigger_arn": None, "hash": None}
    trigger_arn = result.trigger.arn if result.trigger else None
    return {"user_pool_id": result.user_pool_id, "trigger_arn": trigger_arn, "hash": result.hash}

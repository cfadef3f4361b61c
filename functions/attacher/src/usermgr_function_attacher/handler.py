"""The attacher: makes the recorder the trigger of a pool that Terraform does not own, and removes it again.

What it attaches and what it restores come from its environment: an event that names anything else is refused, so that
permission to invoke this function is not permission to choose a pool's trigger.

A refusal is raised: Lambda then reports a failed function, and `terraform apply` stops with the message.
"""

from __future__ import annotations

import os
from typing import Any, Protocol

from usermgr.errors import InvalidInputError, OperationNotAllowedError, StoreNotFoundError
from usermgr_cognito.trigger import Result, RetryBudget, Trigger, TriggerOccupiedError, UserPool, attach, detach
from usermgr_function_attacher.config import Config, same_place
from usermgr_function_attacher.event import Action, Attachment, Event

__all__ = ["handler"]

RESERVE = 20.0
"""Seconds of the function's time that retries leave for the last try and the answer."""


_REMEDY = "if an apply was interrupted, repeat terraform apply first"


class Context(Protocol):
    """What the handler uses of Lambda's context."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends the function."""
        ...


def handler(event: Any, context: Context) -> dict[str, str | None]:
    """`{"user_pool_id", "trigger_arn", "hash", "stack"}` of the pool as it is now, which Terraform keeps in its state.

    Every action may be repeated. Raises an error of usermgr's tree, whose message names the remedy.
    """
    config = Config.read(os.environ)
    what = Event.read(event)
    _refuse_others(what.now, config)
    left = max(context.get_remaining_time_in_millis() / 1000 - RESERVE, 0.0)
    match what.action:
        case Action.CREATE | Action.UPDATE:
            previous = _previous(what, config)
            return _attach(what.now, previous, config, RetryBudget(busy=left, access=min(left, 60.0)))
        case Action.DELETE:
            return _detach(what.now, config, RetryBudget(busy=left))


def _refuse_others(attachment: Attachment, config: Config) -> None:
    """Refuses an event that does not agree with the environment."""
    if attachment.trigger.arn != config.recorder_arn:
        raise OperationNotAllowedError(
            f"nothing was changed: this function attaches and detaches {config.recorder_arn} only, and the event names "
            f"{attachment.trigger.arn}; {_REMEDY}"
        )
    if attachment.replaces != config.replaced:
        raise OperationNotAllowedError(
            f"nothing was changed: this function overwrites and restores {config.replaced or 'no other trigger'} only, "
            f"and the event names {attachment.replaces or 'none'}; {_REMEDY}"
        )


def _previous(event: Event, config: Config) -> Trigger | None:
    """The trigger that an earlier apply attached, which this one succeeds."""
    if event.action is Action.CREATE or event.before is None:
        return None
    if event.before.user_pool_id != event.now.user_pool_id:
        raise InvalidInputError("an update cannot change the pool: delete, then create", field="user_pool_id")
    if not same_place(event.before.trigger.arn, config.recorder_arn):
        raise OperationNotAllowedError("the previous trigger is not a function of this account and Region")
    return event.before.trigger


def _attach(
    attachment: Attachment, previous: Trigger | None, config: Config, budget: RetryBudget
) -> dict[str, str | None]:
    def attached(replaces: Trigger | None) -> Result:
        return attach(
            UserPool.connect(attachment.user_pool_id),
            attachment.trigger,
            replaces=replaces,
            previous=previous,
            permissions=attachment.permissions,
            budget=budget,
        )

    try:
        result = attached(config.replaced)
    except TriggerOccupiedError as error:
        if error.found_arn is not None:
            raise
        result = attached(None)  # somebody removed ours: the plan has made sure that what it replaced was there once
    return _answer(result)


def _detach(attachment: Attachment, config: Config, budget: RetryBudget) -> dict[str, str | None]:
    try:
        result = detach(
            UserPool.connect(attachment.user_pool_id),
            attachment.trigger,
            restores=config.replaced,
            permissions=attachment.permissions,
            budget=budget,
        )
    except StoreNotFoundError:  # the pool was deleted first: nothing is attached to it any more
        return {"user_pool_id": attachment.user_pool_id, "trigger_arn": None, "hash": None, "stack": None}
    return _answer(result)


def _answer(result: Result) -> dict[str, str | None]:
    trigger_arn = result.trigger.arn if result.trigger else None
    return {
        "user_pool_id": result.user_pool_id,
        "trigger_arn": trigger_arn,
        "hash": result.hash,
        "stack": result.stack,
    }

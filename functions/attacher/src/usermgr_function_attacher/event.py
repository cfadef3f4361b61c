"""The event that Terraform sends, typed.

`aws_lambda_invocation` with `lifecycle_scope = "CRUD"` adds `tf` to the input, with the action and, after the first
time, the input before: https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/lambda_invocation.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from usermgr.errors import InvalidInputError
from usermgr_cognito.trigger import Permissions, Trigger

__all__ = ["Action", "Event", "DestroyGuard", "Attachment"]

_GRANTS = ("sms_role_arn", "sender_kms_key_arn", "ses_source_arn")


class Action(enum.Enum):
    """What happens to the resource."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Attachment:
    """One input: this trigger on this pool, in the place of `replaces`, with these grants."""

    user_pool_id: str
    trigger: Trigger
    replaces: Trigger | None
    grants: Permissions

    @classmethod
    def read(cls, members: Mapping[str, Any]) -> Attachment:
        """Raises `InvalidInputError`, which names every member that is missing or malformed."""
        problems = [
            f"{name} must be a text"
            for name in ("user_pool_id", "trigger_arn", "lambda_version")
            if not isinstance(members.get(name), str)
        ]
        replaces, grants = members.get("replaces"), _object(members.get("grants"))
        if replaces is not None and not _is_trigger(replaces):
            problems.append("replaces must be null or have the texts arn and version")
        if any(not isinstance(grants.get(name), str | None) for name in _GRANTS):
            problems.append(f"of grants, {', '.join(_GRANTS)} must be texts or null")
        if problems:
            raise InvalidInputError(f"the trigger function's event: {'; '.join(problems)}", field="event")
        return cls(
            user_pool_id=members["user_pool_id"],
            trigger=Trigger(members["trigger_arn"], members["lambda_version"]),
            replaces=Trigger(replaces["arn"], replaces["version"]) if replaces else None,
            grants=Permissions(**{name: grants.get(name) for name in _GRANTS}),
        )


@dataclass(frozen=True, slots=True)
class DestroyGuard:
    """The input `{"guard": {"protected": true}}` of the resource that destroy comes to first, and stops at."""

    action: Action
    protected: bool


@dataclass(frozen=True, slots=True)
class Event:
    """What to do: `now` is the input as it is, `before` the one of the last time."""

    action: Action
    now: Attachment
    before: Attachment | None

    @classmethod
    def read(cls, event: object) -> Event | DestroyGuard:
        """Raises `InvalidInputError`, which says what is wrong."""
        members = _object(event)
        lifecycle = _object(members.get("tf"))
        before = _object(lifecycle.get("prev_input"))
        try:
            action = Action(lifecycle.get("action"))
        except ValueError as error:
            raise InvalidInputError(
                "the trigger function's event has no tf.action: invoke it by aws_lambda_invocation with "
                'lifecycle_scope = "CRUD"',
                field="tf",
            ) from error
        if "guard" in members:
            return DestroyGuard(action, protected=_object(members["guard"]).get("protected") is True)
        if action is Action.DELETE and "user_pool_id" not in members:
            members = before
        return cls(action, Attachment.read(members), Attachment.read(before) if before else None)


def _object(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def _is_trigger(value: object) -> bool:
    return all(isinstance(_object(value).get(name), str) for name in ("arn", "version"))

"""The event that Terraform sends, typed.

`aws_lambda_invocation` with `lifecycle_scope = "CRUD"` adds `tf` to the input, with the action and, after the first
time, the previous input: https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/lambda_invocation.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from usermgr.errors import InvalidInputError
from usermgr_cognito.trigger import Permissions, Trigger

__all__ = ["Action", "Attachment", "Event"]

_GRANTS = ("sms_role_arn", "sender_kms_key_arn", "ses_source_arn")


class Action(enum.Enum):
    """What happens to the resource."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Attachment:
    """One input: this trigger on this pool, in the place of `replaces`, with these permissions."""

    user_pool_id: str
    trigger: Trigger
    replaces: Trigger | None
    permissions: Permissions

    @classmethod
    def read(cls, members: Mapping[str, Any]) -> Attachment:
        """Raises `InvalidInputError`, which names every member that is missing or malformed."""
        problems = [
            f"{name} must be a string"
            for name in ("user_pool_id", "trigger_arn", "lambda_version")
            if not isinstance(members.get(name), str)
        ]
        replaces, grants = members.get("replaces"), _object(members.get("grants"))
        if replaces is not None and not _is_trigger(replaces):
            problems.append("replaces must be null or have the strings arn and version")
        if any(not isinstance(grants.get(name), str | None) for name in _GRANTS):
            problems.append(f"of grants, {', '.join(_GRANTS)} must be strings or null")
        if problems:
            raise InvalidInputError(f"the attacher's event: {'; '.join(problems)}", field="event")
        trigger = Trigger(members["trigger_arn"], members["lambda_version"])
        trigger.validate()
        return cls(
            user_pool_id=members["user_pool_id"],
            trigger=trigger,
            replaces=Trigger(replaces["arn"], replaces["version"]) if replaces else None,
            permissions=Permissions(**{name: grants.get(name) for name in _GRANTS}),
        )


@dataclass(frozen=True, slots=True)
class Event:
    """What to do: `now` is the current input, `before` the previous one."""

    action: Action
    now: Attachment
    before: Attachment | None

    @classmethod
    def read(cls, event: object) -> Event:
        """Raises `InvalidInputError`, which says what is wrong."""
        members = _object(event)
        lifecycle = _object(members.get("tf"))
        before = _object(lifecycle.get("prev_input"))
        try:
            action = Action(lifecycle.get("action"))
        except ValueError as error:
            raise InvalidInputError(
                "the attacher's event has no tf.action: invoke it by aws_lambda_invocation with "
                'lifecycle_scope = "CRUD"',
                field="tf",
            ) from error
        if action is Action.DELETE and "user_pool_id" not in members:
            members = before
        return cls(action, Attachment.read(members), Attachment.read(before) if before else None)


def _object(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def _is_trigger(value: object) -> bool:
    return all(isinstance(_object(value).get(name), str) for name in ("arn", "version"))

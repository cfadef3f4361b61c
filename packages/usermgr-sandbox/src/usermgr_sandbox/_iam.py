"""Evaluates the identity policies of a role or a user: enough of IAM to show that a policy is sufficient and necessary.

A deny overrides an allow, and what is not allowed is denied:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
A condition that is not supported never allows: the denial names it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.models import iam_backends

__all__ = ["DenialError", "evaluate", "policies_of_role", "policies_of_user"]


class DenialError(Exception):
    """Why a request is denied, in a sentence."""


def policies_of_role(role_arn: str) -> list[dict[str, Any]]:
    """The documents of the role's inline and attached policies; none where the role does not exist."""
    for role in iam_backends[DEFAULT_ACCOUNT_ID]["aws"].roles.values():
        if role.arn == role_arn:
            return _documents(role.policies.values(), role.managed_policies.values())
    return []


def policies_of_user(name: str) -> list[dict[str, Any]]:
    """The documents of the user's inline and attached policies, and of the user's groups."""
    backend = iam_backends[DEFAULT_ACCOUNT_ID]["aws"]
    holders = [backend.users[name], *backend.get_groups_for_user(name)]
    return [
        document
        for holder in holders
        for document in _documents(holder.policies.values(), holder.managed_policies.values())
    ]


def _documents(inline: Iterable[Any], managed: Iterable[Any]) -> list[dict[str, Any]]:
    """An attached policy counts in its default version."""
    attached = [
        version.document
        for policy in managed
        for version in policy.versions
        if version.version_id == policy.default_version_id
    ]
    return [json.loads(text) for text in (*inline, *attached)]


def evaluate(
    policies: Sequence[Mapping[str, Any]], action: str, resources: Sequence[str], context: Mapping[str, str]
) -> None:
    """Raises `DenialError` unless every resource is allowed the action."""
    for resource in resources:
        effects = [
            statement["Effect"]
            for statement in _statements(policies)
            if _matches_any(statement, "Action", action, ignore_case=True)
            and _matches_any(statement, "Resource", resource)
            and _meets(statement.get("Condition", {}), context)
        ]
        if "Deny" in effects:
            raise DenialError(f"{action} on resource: {resource} with an explicit deny in an identity-based policy")
        if "Allow" not in effects:
            raise DenialError(
                f"{action} on resource: {resource} because no identity-based policy allows the {action} action"
            )


def _statements(policies: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for policy in policies:
        yield from _list(policy.get("Statement", []))


def _list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def _matches_any(statement: Mapping[str, Any], key: str, value: str, *, ignore_case: bool = False) -> bool:
    negated = f"Not{key}"
    if negated in statement:
        return not any(_like(pattern, value, ignore_case=ignore_case) for pattern in _list(statement[negated]))
    return any(_like(pattern, value, ignore_case=ignore_case) for pattern in _list(statement.get(key, [])))


def _like(pattern: str, value: str, *, ignore_case: bool = False) -> bool:
    """IAM's wildcards: `*` any text, `?` one character."""
    expression = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch(expression, value, re.DOTALL | (re.IGNORECASE if ignore_case else 0)) is not None


def _meets(condition: Mapping[str, Mapping[str, Any]], context: Mapping[str, str]) -> bool:
    known = {name.lower(): value for name, value in context.items()}
    for operator, wanted in condition.items():
        for key, values in wanted.items():
            present = known.get(key.lower())
            match operator:
                case "StringEquals":
                    met = present is not None and present in _list(values)
                case "StringLike" | "ArnLike" | "ArnEquals":
                    met = present is not None and any(_like(value, present) for value in _list(values))
                case _:
                    raise DenialError(f"(the sandbox does not support the condition operator {operator})")
            if not met:
                return False
    return True

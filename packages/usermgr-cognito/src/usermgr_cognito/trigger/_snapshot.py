"""A pool as it was read: its trigger, the request that changes the trigger, and how two readings compare.

UpdateUserPool: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserPool.html.
LambdaConfigType: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_LambdaConfigType.html.
"""

from __future__ import annotations

import copy
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from usermgr.errors import InvalidInputError, ServiceError
from usermgr_aws import FUNCTION_ARN

__all__ = ["VERSIONS", "Difference", "Snapshot", "Trigger", "canonical", "differences"]

VERSIONS = ("V1_0", "V2_0", "V3_0")

NOT_ACCEPTED_BACK = frozenset(
    {
        "AliasAttributes",
        "Arn",
        "CreationDate",
        "CustomDomain",
        "Domain",
        "EmailConfigurationFailure",
        "EstimatedNumberOfUsers",
        "Id",
        "LastModifiedDate",
        "Name",
        "SchemaAttributes",
        "SmsConfigurationFailure",
        "Status",
        "UsernameAttributes",
        "UsernameConfiguration",
    }
)
"""What DescribeUserPool returns and UpdateUserPool does not take."""

KEPT_WITHOUT = frozenset({"DcrConfiguration"})
"""What Cognito keeps when it is not sent, and would complete with defaults when it is."""

ONLY_ABOVE_LITE = frozenset({"AcrConfiguration"})
"""What DescribeUserPool fills with defaults on every plan, and UpdateUserPool takes on Essentials and Plus only."""

TAGS_OF_AWS = "aws:"
"""The prefix of the tags that only AWS itself may set, and that no request takes away."""

VOLATILE = frozenset({"LastModifiedDate", "EstimatedNumberOfUsers"})
"""What changes by itself, or with any write."""

Json = Any
"""A JSON value, as `json.loads` gives it."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """A pre token generation trigger: the function's ARN and the version of the event that it gets.

    The ARN is the function's own or an alias's; Cognito takes no version's. V2_0 and V3_0 need the pool's feature
    plan to be Essentials or Plus.
    """

    arn: str
    version: str = "V1_0"

    def validate(self) -> None:
        """Raises `InvalidInputError` for what Cognito would not take. A trigger that a pool has is not validated."""
        found = re.fullmatch(FUNCTION_ARN, self.arn)
        if found is None:
            raise InvalidInputError(f"not the ARN of a Lambda function: {self.arn!r}", field="arn")
        qualifier = found["qualifier"] or ""
        if qualifier == "$LATEST" or qualifier.isdecimal():
            raise InvalidInputError(f"{self.arn} is a version: Cognito takes a function or an alias", field="arn")
        if self.version not in VERSIONS:
            raise InvalidInputError(f"the version must be one of {', '.join(VERSIONS)}", field="version")

    def __str__(self) -> str:
        return f"{self.arn} ({self.version})"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What DescribeUserPool (its `UserPool`) and GetUserPoolMfaConfig answered, as raw JSON."""

    description: Mapping[str, Json]
    mfa: Mapping[str, Json]

    @property
    def trigger(self) -> Trigger | None:
        """The pool's pre token generation trigger; the legacy member alone means V1_0."""
        triggers = section(self.description, "LambdaConfig")
        legacy: str | None = triggers.get("PreTokenGeneration")
        config = section(triggers, "PreTokenGenerationConfig")
        if not config:
            return None if legacy is None else Trigger(legacy)
        if legacy is not None and legacy != config.get("LambdaArn"):
            raise ServiceError(
                "the pool names two pre token generation triggers, in PreTokenGeneration and in "
                "PreTokenGenerationConfig, and they differ: correct them first"
            )
        return Trigger(config["LambdaArn"], config.get("LambdaVersion", "V1_0"))

    @property
    def stack(self) -> str | None:
        """The CloudFormation stack that owns the pool, as CDK and Amplify make one too: its next update of the pool
        resets a trigger that the stack does not name.
        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html
        """
        name: str | None = section(self.description, "UserPoolTags").get("aws:cloudformation:stack-name")
        return name

    @property
    def hash(self) -> str:
        """SHA-256, in hexadecimal, of the canonical form."""
        return hashlib.sha256(canonical(self).encode()).hexdigest()

    def request_with(self, trigger: Trigger | None) -> dict[str, Json]:
        """The UpdateUserPool request (without `UserPoolId`) that sets the trigger, and nothing else.

        A member that is not known here is sent back as it is. `docs/trigger.md` has all of them, one by one.
        """
        left_out = NOT_ACCEPTED_BACK | KEPT_WITHOUT
        if self.description.get("UserPoolTier") == "LITE":
            left_out |= ONLY_ABOVE_LITE
        request = {k: copy.deepcopy(v) for k, v in self.description.items() if k not in left_out}
        if tags := section(request, "UserPoolTags"):
            request["UserPoolTags"] = {k: v for k, v in tags.items() if not k.lower().startswith(TAGS_OF_AWS)}
        _move_temporary_password_days(request)
        _set_trigger(request, trigger)
        return request


@dataclass(frozen=True, slots=True)
class Difference:
    """One member that differs: its path, such as `UserPool.Policies.PasswordPolicy`, and both values.

    A missing member is `None`.
    """

    path: str
    before: Json
    after: Json


def canonical(snapshot: Snapshot) -> str:
    """The pool's description and MFA configuration as one canonical JSON text.

    Left out are exactly LastModifiedDate and EstimatedNumberOfUsers. What AWS derives from another member is
    written as derived: the two forms of the trigger as one, and AdminCreateUserConfig.UnusedAccountValidityDays
    as the password policy's TemporaryPasswordValidityDays. An empty LambdaConfig is the same as none.
    """
    return _text(_comparable(snapshot))


def differences(before: Snapshot, after: Snapshot, *, but_the_trigger: bool = False) -> list[Difference]:
    """Where the canonical forms differ; empty when the pool is as it was."""
    return list(_differences("", _comparable(before, but_the_trigger), _comparable(after, but_the_trigger)))


# --- The trigger in a description ---------------------------------------------------------------------


def section(description: Mapping[str, Json], name: str) -> dict[str, Json]:
    """The object called `name`, or an empty one."""
    return description.get(name) or {}


def _set_trigger(description: dict[str, Json], trigger: Trigger | None) -> None:
    """Sets both forms, which Cognito wants equal, or clears both."""
    config = section(description, "LambdaConfig")
    for member in ("PreTokenGeneration", "PreTokenGenerationConfig"):
        config.pop(member, None)
    if trigger is not None:
        config["PreTokenGeneration"] = trigger.arn
        config["PreTokenGenerationConfig"] = {"LambdaArn": trigger.arn, "LambdaVersion": trigger.version}
    description["LambdaConfig"] = config


def _move_temporary_password_days(description: dict[str, Json]) -> None:
    """UpdateUserPool refuses UnusedAccountValidityDays; TemporaryPasswordValidityDays has taken its place."""
    days: int | None = section(description, "AdminCreateUserConfig").pop("UnusedAccountValidityDays", None)
    if days is not None:
        policy = description.setdefault("Policies", {}).setdefault("PasswordPolicy", {})
        policy.setdefault("TemporaryPasswordValidityDays", days)


# --- Comparison ---------------------------------------------------------------------------------------


def _text(value: Json) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _comparable(snapshot: Snapshot, but_the_trigger: bool = False) -> dict[str, Json]:
    description = {k: copy.deepcopy(v) for k, v in snapshot.description.items() if k not in VOLATILE}
    _move_temporary_password_days(description)
    _set_trigger(description, None if but_the_trigger else snapshot.trigger)
    if not description["LambdaConfig"]:
        del description["LambdaConfig"]
    return {"UserPool": description, "MfaConfig": dict(snapshot.mfa)}


def _differences(path: str, before: Json, after: Json) -> Iterator[Difference]:
    if isinstance(before, dict) and isinstance(after, dict):
        ours, theirs = cast("dict[str, Json]", before), cast("dict[str, Json]", after)
        for name in sorted(ours.keys() | theirs.keys()):
            yield from _differences(f"{path}.{name}" if path else name, ours.get(name), theirs.get(name))
    elif _text(before) != _text(after):  # as text, since for Python True == 1
        yield Difference(path, before, after)

"""The function's environment: what it attaches, and what it restores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from usermgr.settings import Environment, SettingsReader
from usermgr_aws import FUNCTION_ARN
from usermgr_cognito.trigger import VERSIONS, Trigger

__all__ = ["Config"]


@dataclass(frozen=True, slots=True)
class Config:
    """Terraform sets it, so whoever may only invoke the function does not choose any of it."""

    recorder_arn: str
    """`TRIGGER_ARN`: the only function that is attached."""

    replaced: Trigger | None
    """`REPLACED_TRIGGER_ARN` and `REPLACED_TRIGGER_VERSION`: the only trigger that may be overwritten, and is restored;
    a function of the recorder's account and Region."""

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Config:
        """Raises `usermgr.errors.ConfigurationError`, which names everything that is missing or malformed."""
        reader = SettingsReader("the attacher", [Environment(environ)])
        recorder = reader.text("trigger_arn", "TRIGGER_ARN", pattern=FUNCTION_ARN)
        arn = reader.optional("replaced_trigger_arn", "REPLACED_TRIGGER_ARN", pattern=FUNCTION_ARN)
        version = reader.optional("replaced_trigger_version", "REPLACED_TRIGGER_VERSION", pattern="|".join(VERSIONS))
        if (arn is None) != (version is None):
            reader.problem("REPLACED_TRIGGER_ARN and REPLACED_TRIGGER_VERSION must be set together")
        if arn is not None and not same_place(arn, recorder):
            reader.problem("REPLACED_TRIGGER_ARN must be a function of the account and the Region of TRIGGER_ARN")
        reader.finish()
        return cls(recorder, Trigger(arn, version) if arn and version else None)


def same_place(arn: str, other: str) -> bool:
    """Whether two ARNs of functions are of one partition, Region and account."""
    return arn.split(":")[:5] == other.split(":")[:5]

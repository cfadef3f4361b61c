"""The settings of a pool that only a caller with more than UpdateUserPool can send back.

UpdateUserPool hands a role to Cognito for text messages (https://docs.aws.amazon.com/cognito/latest/developerguide/
user-pool-sms-settings.html), uses a KMS key for custom senders (.../user-pool-lambda-custom-sender-triggers.html) and
a service-linked role for Amazon SES (.../using-service-linked-roles.html). Whether AWS asks for the permission when
the setting stays the same is not documented, so we ask for it beforehand, instead of failing half-way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from usermgr_cognito.trigger._errors import MissingPermissionsError
from usermgr_cognito.trigger._snapshot import section

__all__ = ["Permissions"]


@dataclass(frozen=True, slots=True)
class Permissions:
    """What the caller's role may do beyond the three operations on the pool; each names the resource, exactly."""

    sms_role_arn: str | None = None
    """`iam:PassRole` on this role, with `iam:PassedToService` = `cognito-idp.amazonaws.com`."""

    sender_kms_key_arn: str | None = None
    """`kms:CreateGrant` on this key."""

    ses_source_arn: str | None = None
    """`iam:CreateServiceLinkedRole` for `email.cognito-idp.amazonaws.com`, for this SES identity."""

    def require(self, user_pool_id: str, description: Mapping[str, Any]) -> None:
        """Raises `MissingPermissionsError`, which names every permission that is missing."""
        missing = [text for setting, value, text in _needed(description) if getattr(self, setting) != value]
        if missing:
            raise MissingPermissionsError(
                f"nothing was changed: to send all settings of {user_pool_id} back, the attacher's role needs "
                + "; ".join(missing),
                user_pool_id=user_pool_id,
                permissions=missing,
            )


def _needed(description: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(setting, value, what to allow) for each setting that needs more."""
    sms = section(description, "SmsConfiguration")
    role: str | None = sms.get("SnsCallerArn") or section(sms, "EumsSms").get("CallerArn")  # a pool has one of the two
    if role:
        grant = f"iam:PassRole on {role} (with iam:PassedToService = cognito-idp.amazonaws.com)"
        yield "sms_role_arn", role, _say(grant, "sms_role_arn", role)
    key: str | None = section(description, "LambdaConfig").get("KMSKeyID")
    if key:
        yield "sender_kms_key_arn", key, _say(f"kms:CreateGrant on {key}", "sender_kms_key_arn", key)
    email = section(description, "EmailConfiguration")
    if email.get("EmailSendingAccount") == "DEVELOPER":
        source: str = email.get("SourceArn", "")
        grant = "iam:CreateServiceLinkedRole (with iam:AWSServiceName = email.cognito-idp.amazonaws.com)"
        yield "ses_source_arn", source, _say(grant, "ses_source_arn", source)


def _say(grant: str, setting: str, value: str) -> str:
    return f'{grant}: allow it, and declare that with {setting} = "{value}"'

"""What a store says of itself."""

from __future__ import annotations

from usermgr import (
    AttributeDescription,
    AttributeType,
    Capability,
    MfaMode,
    PasswordPolicy,
    StoreDescription,
    UsernameRules,
)
from usermgr.validation import STANDARD_ATTRIBUTES
from usermgr_local._attributes import MAX_VALUE
from usermgr_local._mfa import METHODS
from usermgr_local._passwords import MAX_LENGTH
from usermgr_local._settings import LocalSettings

__all__ = ["describe"]

ALWAYS = frozenset({
    Capability.SIGN_IN, Capability.TEMPORARY_PASSWORDS, Capability.PASSWORD_RESET, Capability.SIGN_OUT,
    Capability.GROUP_DESCRIPTIONS, Capability.GROUP_PRECEDENCE, Capability.STATUS, Capability.EVENTUAL_LISTING,
    Capability.BATCHES,
})  # fmt: skip

_STANDARD = {
    "email_verified": AttributeDescription("email_verified", AttributeType.BOOLEAN),
    "phone_number_verified": AttributeDescription("phone_number_verified", AttributeType.BOOLEAN),
    "phone_number": AttributeDescription("phone_number", max_length=16),
    "birthdate": AttributeDescription("birthdate", min_length=10, max_length=10),
    "updated_at": AttributeDescription("updated_at", AttributeType.NUMBER, max_length=20, minimum=0),
}
"""Those whose form `usermgr.validation.check_form` knows."""

SUB = AttributeDescription("sub", mutable=False, writers=())


def describe(settings: LocalSettings, store_id: str, users: int, *, delivers: bool) -> StoreDescription:
    """The description of a store with that many users. It has no rates and no costs: nothing is limited."""
    policy = settings.password_policy
    capabilities = set(ALWAYS)
    if settings.custom_attributes:
        capabilities.add(Capability.CUSTOM_ATTRIBUTES)
    if delivers:
        capabilities.add(Capability.INVITATIONS)
    if settings.mfa is not MfaMode.OFF:
        capabilities |= {Capability.MFA, Capability.MFA_RESET}
    return StoreDescription(
        service="local",
        store=store_id,
        capabilities=frozenset(capabilities),
        attributes=(SUB, *map(_attribute, sorted(STANDARD_ATTRIBUTES | settings.custom_attributes))),
        password_policy=PasswordPolicy(
            min_length=policy.minimum_length,
            max_length=MAX_LENGTH,
            needs_uppercase="uppercase" in policy.requires,
            needs_lowercase="lowercase" in policy.requires,
            needs_number="numbers" in policy.requires,
            needs_symbol="symbols" in policy.requires,
            temporary_days=policy.temporary_days,
        ),
        usernames=UsernameRules(case_sensitive=settings.case_sensitive),
        mfa=settings.mfa,
        mfa_methods=() if settings.mfa is MfaMode.OFF else METHODS,
        estimated_users=users,
    )


def _attribute(name: str) -> AttributeDescription:
    return _STANDARD.get(name) or AttributeDescription(name, max_length=MAX_VALUE)

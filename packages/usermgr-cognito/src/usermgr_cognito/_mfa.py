"""Second factors of one user: which are on, switching them, and taking them away from who has lost the device.

How a pool decides what a sign-in asks for:
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from usermgr import Capability, MfaMethod, MfaMode, MfaReset, MfaSettings, User
from usermgr.errors import InvalidInputError, InvalidStateError, StoreNotFoundError, UnsupportedOperationError
from usermgr.validation import check_texts
from usermgr_cognito._client import call
from usermgr_cognito._descriptions import Descriptions, SecondFactors
from usermgr_cognito._shapes import to_user
from usermgr_cognito._software_token import delete_software_token

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

__all__ = ["METHODS", "Mfa"]

METHODS: Mapping[str, MfaMethod] = {
    "SMS_MFA": MfaMethod.SMS,
    "EMAIL_OTP": MfaMethod.EMAIL,
    "EMAIL_MFA": MfaMethod.EMAIL,
    "SOFTWARE_TOKEN_MFA": MfaMethod.TOTP,
}
"""Cognito's words for the methods; its API reference has two for e-mail:
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminGetUser.html and
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminRespondToAuthChallenge.html
"""

_SETTINGS = {
    MfaMethod.SMS: "SMSMfaSettings",
    MfaMethod.EMAIL: "EmailMfaSettings",
    MfaMethod.TOTP: "SoftwareTokenMfaSettings",
}
_ADDRESSES = {MfaMethod.SMS: "phone_number", MfaMethod.EMAIL: "email"}
_CODES = {MfaMethod.SMS: "a code by text message", MfaMethod.EMAIL: "a code by e-mail"}


class Mfa:
    """The operations of `UserManager` on second factors; see there.

    The pool's configuration is read each time: these are rare calls, and an old answer would mislead.
    """

    def __init__(self, client: CognitoIdentityProviderClient, user_pool_id: str, descriptions: Descriptions) -> None:
        self._client = client
        self._pool = user_pool_id
        self._descriptions = descriptions

    def get(self, username: str) -> MfaSettings:
        check_texts(username=username)
        self._factors("get_mfa", Capability.MFA)
        return _settings(self._call(self._client.admin_get_user, username))

    def set(self, username: str, methods: Sequence[MfaMethod], preferred: MfaMethod | None) -> None:
        check_texts(username=username)
        wanted = _check_methods(methods, preferred)
        factors = self._factors("set_mfa", Capability.MFA)
        for method in wanted:
            if method not in factors.methods:
                offered = ", ".join(factors.methods) or "none"
                raise InvalidInputError(f"the pool offers other second factors: {offered}", field="methods")
        shape = self._call(self._client.admin_get_user, username)
        user, now = to_user(shape), _settings(shape)
        _check_addresses(user, wanted)
        if factors.mode is MfaMode.REQUIRED and not wanted:
            raise InvalidStateError(
                f"the pool requires a second factor, so {user.username} must keep one: name it in methods",
                username=user.username,
            )
        changes = {method for method in _SETTINGS if method in wanted or method in now.methods}
        try:
            self._prefer(username, {m: {"Enabled": m in wanted, "PreferredMfa": m == preferred} for m in changes})
        except InvalidInputError as refusal:
            raise _explain(refusal, user, [m for m in wanted if m not in now.methods]) from None

    def reset(self, username: str) -> MfaReset:
        """See `UserManager.reset_mfa`.

        Cognito forgets an authenticator app (AdminDeleteSoftwareToken, since August 2026); codes by text message and by
        e-mail can be switched off only where the pool does not require a second factor:
        https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDeleteSoftwareToken.html
        """
        check_texts(username=username)
        factors = self._factors("reset_mfa", Capability.MFA_RESET)
        shape = self._call(self._client.admin_get_user, username)
        user, now = to_user(shape), _settings(shape)
        is_required = factors.mode is MfaMode.REQUIRED
        if is_required:
            _check_can_enrol(user, factors)
        forgotten = self._forget_authenticator(username)
        if is_required:  # the pool may ask for an app that is not among the user's settings
            removed = tuple(now.methods) or ((MfaMethod.TOTP,) if forgotten else ())
            return MfaReset(removed, next_sign_in_enrols=True)
        self._prefer(username, {m: {"Enabled": False, "PreferredMfa": False} for m in now.methods if m in _ADDRESSES})
        return MfaReset(now.methods, next_sign_in_enrols=False)

    def _forget_authenticator(self, username: str) -> bool:
        """Whether there was one."""
        try:
            delete_software_token(self._client, self._pool, username)
        except StoreNotFoundError:  # not the pool: the user was read from it just now
            return False
        return True

    def _factors(self, operation: str, capability: Capability) -> SecondFactors:
        """What the pool offers. Raises `UnsupportedOperationError` where its second factors are off."""
        factors = self._descriptions.require_factors()
        if factors.mode is MfaMode.OFF:
            raise UnsupportedOperationError(
                f"this pool does not support {operation}: its second factors are off (MfaConfiguration)",
                operation=operation,
                capability=capability.value,
            )
        return factors

    def _prefer(self, username: str, changes: Mapping[MfaMethod, Mapping[str, bool]]) -> None:
        """Sends only what is on or shall be: Cognito may refuse even to switch off what a user or a pool lacks."""
        if changes:
            settings = {_SETTINGS[method]: dict(change) for method, change in changes.items()}
            self._call(self._client.admin_set_user_mfa_preference, username, **settings)

    def _call(self, method: Callable[..., Any], username: str, **parameters: Any) -> Any:
        return call(method, UserPoolId=self._pool, Username=username, **parameters)


def _settings(shape: Mapping[str, Any]) -> MfaSettings:
    """From the answer of AdminGetUser; `MFAOptions` is the older form, for text messages alone."""
    found = [_method(word) for word in shape.get("UserMFASettingList", ())]
    if any(option.get("DeliveryMedium") == "SMS" for option in shape.get("MFAOptions", ())):
        found.append(MfaMethod.SMS)
    word = shape.get("PreferredMfaSetting")
    order = list(MfaMethod)
    methods = sorted(dict.fromkeys(found), key=lambda m: (order.index(m) if m in order else len(order), m))
    return MfaSettings(tuple(methods), _method(word) if word else None)


def _method(word: str) -> MfaMethod:
    return METHODS.get(word) or MfaMethod(word.lower())


def _check_methods(methods: Any, preferred: Any) -> list[MfaMethod]:
    if isinstance(methods, str) or not isinstance(methods, Sequence):
        raise InvalidInputError("methods must be second factors, in a list", field="methods")
    wanted: list[MfaMethod] = []
    for method in methods:  # pyright: ignore[reportUnknownVariableType] - for callers without types
        check_texts(methods=method)
        wanted.append(MfaMethod(method))
    if preferred is not None:
        check_texts(preferred=preferred)
        if preferred not in wanted:
            raise InvalidInputError("preferred must be one of methods", field="preferred")
    return list(dict.fromkeys(wanted))


def _check_addresses(user: User, wanted: Sequence[MfaMethod]) -> None:
    for method in wanted:
        address = _ADDRESSES.get(method)
        if address is not None and not user.attributes.get(address):
            raise InvalidStateError(
                f"{user.username} has no {address}, which {_CODES[method]} needs: set it with update_user first",
                username=user.username,
            )


def _explain(refusal: InvalidInputError, user: User, new: Sequence[MfaMethod]) -> InvalidInputError | InvalidStateError:
    """What was refused: by all that was checked before, an app that the user has not set up."""
    if refusal.service_code is None:
        return refusal
    evidence: dict[str, Any] = {"operation": refusal.operation, "service_code": refusal.service_code}
    if MfaMethod.TOTP in new:
        return InvalidStateError(
            f"{user.username} has not set up an authenticator app: only the user can, with AssociateSoftwareToken and "
            "VerifySoftwareToken",
            username=user.username,
            **evidence,
        )
    return InvalidInputError(
        f"the pool does not take these second factors for {user.username}: one may be how the pool lets users recover "
        "their account",
        field="methods",
        **evidence,
    )


def _check_can_enrol(user: User, factors: SecondFactors) -> None:
    """The user would be asked to set up an app (MFA_SETUP), and not for a code at an address.

    "When the user has another factor available, such as SMS or email message MFA, sign-in falls back to that factor":
    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDeleteSoftwareToken.html
    """
    for method, address in _ADDRESSES.items():
        if method in factors.methods and user.attributes.get(address):
            raise InvalidStateError(
                f"the pool requires a second factor, and would ask {user.username} for {_CODES[method]} instead of "
                f"enrolling anew: if that is what you want, use set_mfa with {method.value!r} as preferred; if not, "
                f"correct or remove the user's {address} with update_user first",
                username=user.username,
            )
    if MfaMethod.TOTP not in factors.methods:
        addresses = " or ".join(_ADDRESSES[method] for method in factors.methods if method in _ADDRESSES)
        raise InvalidStateError(
            f"the pool requires a second factor, and {user.username} could not set up one: add a value for {addresses} "
            "with update_user",
            username=user.username,
        )

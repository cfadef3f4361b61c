"""Second factors on pools that offer, require or lack them, directly on Cognito and through the wire protocol."""

from __future__ import annotations

import os
from typing import Any

import boto3
import pytest

from tests.contract.conftest import Make, totp
from usermgr import (
    Capability,
    Challenge,
    ChallengeName,
    MfaMethod,
    MfaMode,
    MfaReset,
    MfaSettings,
    Tokens,
    UserManager,
)
from usermgr.errors import (
    InvalidCodeError,
    InvalidInputError,
    InvalidStateError,
    MfaNotAvailableError,
    UnsupportedOperationError,
    UsermgrError,
)
from usermgr_sandbox import Sandbox

PASSWORD, NEW_PASSWORD = "a-Long-passw0rd", "An0ther-password"
SMS, EMAIL, TOTP = MfaMethod.SMS, MfaMethod.EMAIL, MfaMethod.TOTP
ADDRESSES = {"email": "alice@example.org", "phone_number": "+81312345678"}
CONFIGURED: dict[MfaMethod, dict[str, Any]] = {
    SMS: {"SmsMfaConfiguration": {"SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}}},
    EMAIL: {"EmailMfaConfiguration": {"Subject": "Your code"}},
    TOTP: {"SoftwareTokenMfaConfiguration": {"Enabled": True}},
}


def pool_with(make: Make, mode: str, *methods: MfaMethod) -> UserManager:
    """A pool that offers these methods."""
    users = make()
    members = {name: value for method in methods for name, value in CONFIGURED[method].items()}
    boto3.client("cognito-idp").set_user_pool_mfa_config(
        UserPoolId=os.environ["USERPOOL_ID"], MfaConfiguration=mode, **members
    )
    return users


def challenged(result: object, name: ChallengeName) -> Challenge:
    """The challenge of that name, which must have come."""
    assert isinstance(result, Challenge)
    assert result.name is name
    return result


def enrolled(users: UserManager, username: str = "alice") -> str:
    """Sets an authenticator app up, as a signed-in user does; its secret."""
    cognito, tokens = boto3.client("cognito-idp"), users.authenticate(username, PASSWORD)
    assert isinstance(tokens, Tokens)
    secret = cognito.associate_software_token(AccessToken=tokens.access_token)["SecretCode"]
    cognito.verify_software_token(AccessToken=tokens.access_token, UserCode=totp(secret))
    return secret


def test_pool_that_requires_an_app_enrols_at_sign_in(make: Make) -> None:
    """The first sign-in gives the app's secret, and takes its code alone; from then on a sign-in asks for a code."""
    users = pool_with(make, "ON", TOTP)
    users.add_user("alice", PASSWORD, temporary=True)
    challenge = challenged(users.authenticate("alice", PASSWORD), ChallengeName.NEW_PASSWORD_REQUIRED)

    setup = challenged(users.answer_challenge(challenge, NEW_PASSWORD), ChallengeName.MFA_SETUP)

    secret = setup.parameters["secret_code"]
    assert secret not in repr(setup)
    for wrong, error in (
        ("a wrong one", InvalidInputError),
        (f"{(int(totp(secret)) + 1) % 10**6:06d}", InvalidCodeError),
    ):
        with pytest.raises(error):
            users.answer_challenge(setup, wrong)
    assert isinstance(users.answer_challenge(setup, totp(secret)), Tokens)
    again = challenged(users.authenticate("alice", NEW_PASSWORD), ChallengeName.SOFTWARE_TOKEN_MFA)
    assert isinstance(users.answer_challenge(again, totp(secret)), Tokens)


def test_lost_app_is_enrolled_anew_where_it_is_required(make: Make) -> None:
    """reset_mfa says that the next sign-in enrols, and it does, with another secret."""
    users = pool_with(make, "ON", TOTP)
    users.add_user("alice", PASSWORD)
    setup = challenged(users.authenticate("alice", PASSWORD), ChallengeName.MFA_SETUP)
    users.answer_challenge(setup, totp(setup.parameters["secret_code"]))

    assert users.reset_mfa("alice") == MfaReset((TOTP,), next_sign_in_enrols=True)

    anew = challenged(users.authenticate("alice", PASSWORD), ChallengeName.MFA_SETUP)
    assert anew.parameters["secret_code"] != setup.parameters["secret_code"]
    assert isinstance(users.answer_challenge(anew, totp(anew.parameters["secret_code"])), Tokens)
    with pytest.raises(InvalidStateError, match="must keep one"):
        users.set_mfa("alice", [])


def test_required_pool_that_would_not_enrol_says_what_helps(make: Make) -> None:
    """With an address that codes go to, nothing is taken away, and the error says what helps; which it does."""
    users = pool_with(make, "ON", EMAIL, TOTP)
    users.add_user("alice", PASSWORD, {"email": "alice@example.org"})
    with pytest.raises(InvalidStateError, match="email with update_user") as caught:
        users.reset_mfa("alice")
    assert caught.value.username == "alice"
    challenged(users.authenticate("alice", PASSWORD), ChallengeName.EMAIL_OTP)

    users.update_user("alice", {"email": None})

    assert users.reset_mfa("alice") == MfaReset((), next_sign_in_enrols=True)


def test_required_pool_without_an_app_asks_for_an_address(make: Make) -> None:
    """Where codes go to addresses only, a user without one cannot enrol here; reset and sign-in say what to set."""
    users = pool_with(make, "ON", SMS)
    users.add_user("alice", PASSWORD)
    with pytest.raises(InvalidStateError, match="add a value for phone_number"):
        users.reset_mfa("alice")
    setup = challenged(users.authenticate("alice", PASSWORD), ChallengeName.MFA_SETUP)
    with pytest.raises(MfaNotAvailableError, match="set phone_number"):
        users.answer_challenge(setup, "123456")


def test_optional_factors_are_switched_and_chosen(make: Make, usermgr_sandbox: Sandbox) -> None:
    """Exactly the named methods are on; a user with several chooses, in our words, unless one is preferred."""
    users = pool_with(make, "OPTIONAL", SMS, EMAIL, TOTP)
    users.add_user("alice", PASSWORD, ADDRESSES)
    assert users.describe().mfa_methods == (SMS, EMAIL, TOTP)
    secret = enrolled(users)
    users.set_mfa("alice", [TOTP, EMAIL], preferred=TOTP)
    assert users.get_mfa("alice") == MfaSettings((EMAIL, TOTP), TOTP)
    challenged(users.authenticate("alice", PASSWORD), ChallengeName.SOFTWARE_TOKEN_MFA)

    users.set_mfa("alice", [SMS, EMAIL, TOTP])

    assert users.get_mfa("alice") == MfaSettings((SMS, EMAIL, TOTP))
    choice = challenged(users.authenticate("alice", PASSWORD), ChallengeName.SELECT_MFA_TYPE)
    assert choice.parameters["methods"] == "sms,email,totp"
    with pytest.raises(InvalidInputError) as caught:
        users.answer_challenge(choice, "carrier pigeon")
    assert caught.value.field == "answer"
    by_mail = challenged(users.answer_challenge(choice, EMAIL), ChallengeName.EMAIL_OTP)
    code = usermgr_sandbox.messages(os.environ["USERPOOL_ID"], "alice")[-1].code
    assert isinstance(users.answer_challenge(by_mail, code), Tokens)
    choice = challenged(users.authenticate("alice", PASSWORD), ChallengeName.SELECT_MFA_TYPE)
    by_app = challenged(users.answer_challenge(choice, TOTP), ChallengeName.SOFTWARE_TOKEN_MFA)
    assert isinstance(users.answer_challenge(by_app, totp(secret)), Tokens)


def test_lost_factors_are_taken_away_where_they_are_optional(make: Make) -> None:
    """reset_mfa removes all, forgets the app, and says that the next sign-in asks for the password alone; it does."""
    users = pool_with(make, "OPTIONAL", SMS, TOTP)
    users.add_user("alice", PASSWORD, ADDRESSES)
    enrolled(users)
    users.set_mfa("alice", [SMS, TOTP])

    assert users.reset_mfa("alice") == MfaReset((SMS, TOTP), next_sign_in_enrols=False)

    assert users.get_mfa("alice") == MfaSettings()
    assert isinstance(users.authenticate("alice", PASSWORD), Tokens)
    with pytest.raises(InvalidStateError, match="authenticator app"):
        users.set_mfa("alice", [TOTP])
    with pytest.raises(InvalidInputError) as caught:
        users.set_mfa("alice", [EMAIL])
    assert (type(caught.value), caught.value.field) == (InvalidInputError, "methods")


@pytest.mark.parametrize("operation", ["get_mfa", "set_mfa", "reset_mfa"])
def test_pool_without_second_factors_lacks_the_capability(make: Make, operation: str) -> None:
    """Where second factors are off, the description lacks them and every operation of theirs names what is missing."""
    users = make()
    users.add_user("alice", PASSWORD)
    described = users.describe()
    assert (described.mfa, described.mfa_methods) == (MfaMode.OFF, ())
    assert not described.capabilities & {Capability.MFA, Capability.MFA_RESET}
    arguments: tuple[object, ...] = ([],) if operation == "set_mfa" else ()

    with pytest.raises(UnsupportedOperationError) as caught:
        getattr(users, operation)("alice", *arguments)

    assert caught.value.capability == ("mfa-reset" if operation == "reset_mfa" else "mfa")


def test_wrong_methods_are_refused_before_anything_is_sent(make: Make) -> None:
    """Methods that are no list, no texts or not offered name the field."""
    users = pool_with(make, "OPTIONAL", TOTP)
    users.add_user("alice", PASSWORD)
    for methods in ("totp", None, [7], [""], [SMS], {TOTP}):
        with pytest.raises(UsermgrError) as caught:
            users.set_mfa("alice", methods)  # type: ignore[arg-type]
        assert isinstance(caught.value, InvalidInputError)
        assert caught.value.field == "methods"

"""Challenges: new passwords that replace temporary ones, codes by text message, and codes of an authenticator."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time

import pytest

PASSWORD = "a-Long-passw0rd"
PHONE = {"phone_number": "+81312345678", "phone_number_verified": "true"}
CHOICE = {"USERNAME": "alice", "NEW_PASSWORD": "another-Passw0rd"}
TEMPORARY = {"TemporaryPassword": PASSWORD, "MessageAction": "SUPPRESS"}
REQUIRED = [{"Name": "name", "AttributeDataType": "String", "Required": True, "Mutable": True}]


def _totp(secret: str, moment: float) -> str:
    """RFC 6238, written a second time, so that the sandbox is not its own witness."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8), casefold=True)
    mac = hmac.new(key, int(moment // 30).to_bytes(8, "big"), hashlib.sha1).digest()
    at = mac[-1] & 15
    return str((int.from_bytes(mac[at : at + 4], "big") & 0x7FFFFFFF) % 1_000_000).zfill(6)


def _challenge(cloud, pool, client, **more):
    """The arguments that answer the NEW_PASSWORD_REQUIRED of alice's first sign-in."""
    asked = cloud.sign_in(pool, client, **more)
    assert asked["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    name = {"ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": asked["Session"]}
    return {"UserPoolId": pool, "ClientId": client, **name}, asked["ChallengeParameters"]


def test_a_challenge_takes_the_hash_too(differs, error_of, secret_hash):
    """NEW_PASSWORD_REQUIRED is answered with a SECRET_HASH, or refused."""

    def check(cloud):
        pool = cloud.pool()
        client = cloud.app(pool, GenerateSecret=True)
        cloud.cognito.admin_create_user(UserPoolId=pool, Username="alice", **TEMPORARY)
        right = secret_hash(client, "alice")
        answer, _ = _challenge(cloud, pool, client["ClientId"], SECRET_HASH=right)
        call = cloud.cognito.admin_respond_to_auth_challenge

        assert error_of(call, **answer, ChallengeResponses=CHOICE)[0] == "NotAuthorizedException"

        assert "AuthenticationResult" in call(**answer, ChallengeResponses={**CHOICE, "SECRET_HASH": right})

    differs(check)


def _asked_for_a_password(cloud):
    """The call that answers alice's first challenge, with its arguments but the responses."""
    pool = cloud.pool()
    cloud.cognito.admin_create_user(UserPoolId=pool, Username="alice", **TEMPORARY)
    answer, _ = _challenge(cloud, pool, cloud.app(pool)["ClientId"])
    return cloud.cognito.admin_respond_to_auth_challenge, answer


def test_a_session_is_used_once(cloud, error_of):
    """The session of an answered challenge is worth nothing."""
    call, answer = _asked_for_a_password(cloud)
    call(**answer, ChallengeResponses=CHOICE)
    assert error_of(call, **answer, ChallengeResponses=CHOICE)[0] == "NotAuthorizedException"


def test_a_weak_new_password_leaves_the_challenge_open(cloud, error_of):
    """A NEW_PASSWORD that breaks the policy is InvalidPasswordException, and a better one may follow."""
    call, answer = _asked_for_a_password(cloud)
    weak = {**CHOICE, "NEW_PASSWORD": "weakweak"}
    assert error_of(call, **answer, ChallengeResponses=weak)[0] == "InvalidPasswordException"
    assert "AuthenticationResult" in call(**answer, ChallengeResponses=CHOICE)


@pytest.mark.parametrize("missing", ["USERNAME", "NEW_PASSWORD"])
def test_a_challenge_needs_all_its_responses(cloud, error_of, missing):
    """Without the name or the password the answer is refused, and the challenge stays open."""
    call, answer = _asked_for_a_password(cloud)
    partial = {name: value for name, value in CHOICE.items() if name != missing}
    code, _ = error_of(call, **answer, ChallengeResponses=partial)
    assert code == {"USERNAME": "NotAuthorizedException", "NEW_PASSWORD": "InvalidParameterException"}[missing]
    assert "AuthenticationResult" in call(**answer, ChallengeResponses=CHOICE)


def _with_sms(cloud):
    pool, cognito = cloud.pool(), cloud.cognito
    sms = {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}
    cognito.set_user_pool_mfa_config(
        UserPoolId=pool, SmsMfaConfiguration={"SmsConfiguration": sms}, MfaConfiguration="OPTIONAL"
    )
    cloud.user(pool, **PHONE)
    cognito.admin_set_user_mfa_preference(
        UserPoolId=pool, Username="alice", SMSMfaSettings={"Enabled": True, "PreferredMfa": True}
    )
    client = cloud.app(pool)["ClientId"]
    asked = cloud.sign_in(pool, client)
    assert asked["ChallengeName"] == "SMS_MFA"
    answer = {"UserPoolId": pool, "ClientId": client, "ChallengeName": "SMS_MFA", "Session": asked["Session"]}
    return pool, answer


def test_a_wrong_text_message_code_is_refused(differs, error_of):
    """SMS_MFA takes no code but the one that was sent."""

    def check(cloud):
        _, answer = _with_sms(cloud)
        responses = {"USERNAME": "alice", "SMS_MFA_CODE": "not-it"}
        call = cloud.cognito.admin_respond_to_auth_challenge
        assert error_of(call, **answer, ChallengeResponses=responses)[0] == "CodeMismatchException"

    differs(check)


def test_the_text_message_code_signs_in(sandbox, cloud):
    """The code that the sandbox would have sent is readable, and right."""
    pool, answer = _with_sms(cloud)
    responses = {"USERNAME": "alice", "SMS_MFA_CODE": sandbox.sms_code(pool, "alice")}
    done = cloud.cognito.admin_respond_to_auth_challenge(**answer, ChallengeResponses=responses)
    assert "AuthenticationResult" in done


def _with_totp(cloud, name="alice"):
    pool, cognito = cloud.pool(), cloud.cognito
    cognito.set_user_pool_mfa_config(
        UserPoolId=pool, SoftwareTokenMfaConfiguration={"Enabled": True}, MfaConfiguration="OPTIONAL"
    )
    client = cloud.app(pool)["ClientId"]
    cloud.user(pool, name)
    access = cloud.sign_in(pool, client, name)["AuthenticationResult"]["AccessToken"]
    return pool, client, access, cognito.associate_software_token(AccessToken=access)["SecretCode"]


def test_each_user_has_a_totp_secret_of_their_own(differs):
    """AssociateSoftwareToken gives every user another base32 secret."""

    def check(cloud):
        secrets = [_with_totp(cloud, name)[3] for name in ("alice", "bob")]
        assert len(set(secrets)) == 2
        assert all(len(base64.b32decode(secret + "=" * (-len(secret) % 8))) >= 20 for secret in secrets)

    differs(check)


def test_a_totp_code_is_checked_at_association_and_at_sign_in(differs, error_of):
    """VerifySoftwareToken and SOFTWARE_TOKEN_MFA take the code of RFC 6238, and no other."""

    def check(cloud):
        pool, client, access, secret = _with_totp(cloud)
        cognito = cloud.cognito
        right = _totp(secret, time.time())
        wrong = str((int(right) + 1) % 1_000_000).zfill(6)
        assert error_of(cognito.verify_software_token, AccessToken=access, UserCode=wrong)[0] == (
            "EnableSoftwareTokenMFAException"
        )
        assert cognito.verify_software_token(AccessToken=access, UserCode=right)["Status"] == "SUCCESS"
        cognito.admin_set_user_mfa_preference(
            UserPoolId=pool, Username="alice", SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True}
        )
        asked = cloud.sign_in(pool, client)
        assert asked["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
        answer = {
            "UserPoolId": pool,
            "ClientId": client,
            "ChallengeName": "SOFTWARE_TOKEN_MFA",
            "Session": asked["Session"],
        }
        call = cognito.admin_respond_to_auth_challenge
        responses = {"USERNAME": "alice", "SOFTWARE_TOKEN_MFA_CODE": wrong}
        assert error_of(call, **answer, ChallengeResponses=responses)[0] == "CodeMismatchException"
        done = call(**answer, ChallengeResponses={**responses, "SOFTWARE_TOKEN_MFA_CODE": _totp(secret, time.time())})
        assert "AuthenticationResult" in done

    differs(check)


def test_mfa_is_not_preferred_before_it_is_verified(cloud, error_of):
    """A software token that was never verified cannot be a user's second factor."""
    pool, _, _, _ = _with_totp(cloud)
    code, _ = error_of(
        cloud.cognito.admin_set_user_mfa_preference,
        UserPoolId=pool,
        Username="alice",
        SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True},
    )
    assert code == "InvalidParameterException"


def test_a_temporary_password_expires(sandbox, cloud, error_of):
    """After the pool's TemporaryPasswordValidityDays it is NotAuthorizedException, until it is set or sent again."""
    pool, cognito = cloud.pool(Policies={"PasswordPolicy": {"TemporaryPasswordValidityDays": 2}}), cloud.cognito
    client = cloud.app(pool)["ClientId"]
    cognito.admin_create_user(UserPoolId=pool, Username="alice", **TEMPORARY)
    try:
        sandbox.shift_clock(2 * 86400 - 60)
        _challenge(cloud, pool, client)
        sandbox.shift_clock(2 * 86400 + 60)
        code, message = error_of(cloud.sign_in, pool=pool, client=client)
        assert (code, "expired" in message) == ("NotAuthorizedException", True)
        assert "expired" not in error_of(cloud.sign_in, pool=pool, client=client, password="wrong-Passw0rd")[1]
        again = {**TEMPORARY, "MessageAction": "RESEND"}
        cognito.admin_create_user(UserPoolId=pool, Username="alice", **again)
        _challenge(cloud, pool, client)
        sandbox.shift_clock(5 * 86400)
        assert error_of(cloud.sign_in, pool=pool, client=client)[0] == "NotAuthorizedException"
        cognito.admin_set_user_password(UserPoolId=pool, Username="alice", Password=PASSWORD, Permanent=False)
        _challenge(cloud, pool, client)
        cognito.admin_set_user_password(UserPoolId=pool, Username="alice", Password=PASSWORD, Permanent=True)
        sandbox.shift_clock(50 * 86400)
        assert "AuthenticationResult" in cloud.sign_in(pool, client)
    finally:
        sandbox.shift_clock(0)


def test_a_temporary_password_lives_seven_days_by_default(sandbox, cloud, error_of):
    """Also where the pool says 0, which means the default."""
    for settings in ({}, {"Policies": {"PasswordPolicy": {"TemporaryPasswordValidityDays": 0}}}):
        pool = cloud.pool(**settings)
        client = cloud.app(pool)["ClientId"]
        cloud.cognito.admin_create_user(UserPoolId=pool, Username="alice", **TEMPORARY)
        try:
            sandbox.shift_clock(7 * 86400 - 60)
            _challenge(cloud, pool, client)
            sandbox.shift_clock(7 * 86400 + 60)
            assert error_of(cloud.sign_in, pool=pool, client=client)[0] == "NotAuthorizedException"
        finally:
            sandbox.shift_clock(0)


@pytest.mark.parametrize("code", ["\uff11\uff12\uff13\uff14\uff15\uff16", "é", ""])
def test_a_code_that_is_not_ascii_is_a_wrong_code(differs, error_of, code):
    """SMS_MFA and SOFTWARE_TOKEN_MFA answer CodeMismatchException."""

    def check(cloud):
        call = cloud.cognito.admin_respond_to_auth_challenge
        _, answer = _with_sms(cloud)
        wrong = {"USERNAME": "alice", "SMS_MFA_CODE": code}
        assert error_of(call, **answer, ChallengeResponses=wrong)[0] == "CodeMismatchException"
        pool, client, access, secret = _with_totp(cloud)
        cloud.cognito.verify_software_token(AccessToken=access, UserCode=_totp(secret, time.time()))
        preferred = {"Enabled": True, "PreferredMfa": True}
        cloud.cognito.admin_set_user_mfa_preference(
            UserPoolId=pool, Username="alice", SoftwareTokenMfaSettings=preferred
        )
        session = {"ChallengeName": "SOFTWARE_TOKEN_MFA", "Session": cloud.sign_in(pool, client)["Session"]}
        wrong = {"USERNAME": "alice", "SOFTWARE_TOKEN_MFA_CODE": code}
        assert error_of(call, UserPoolId=pool, ClientId=client, **session, ChallengeResponses=wrong)[0] == (
            "CodeMismatchException"
        )

    differs(check)


def test_a_provided_required_attribute_is_not_modified_by_a_challenge(differs, error_of):
    """The answer to NEW_PASSWORD_REQUIRED may repeat the value, and not change it."""

    def check(cloud):
        pool, cognito = cloud.pool(Schema=REQUIRED), cloud.cognito
        client = cloud.app(pool)["ClientId"]
        given = [{"Name": "name", "Value": "A"}]
        cognito.admin_create_user(UserPoolId=pool, Username="alice", UserAttributes=given, **TEMPORARY)
        answer, _ = _challenge(cloud, pool, client)
        call = cognito.admin_respond_to_auth_challenge
        responses = {"USERNAME": "alice", "NEW_PASSWORD": "another-Passw0rd", "userAttributes.name": "B"}

        assert error_of(call, **answer, ChallengeResponses=responses) == (
            "NotAuthorizedException",
            "Cannot modify an already provided name",
        )

        done = call(**answer, ChallengeResponses={**responses, "userAttributes.name": "A"})
        assert "AuthenticationResult" in done

    differs(check)


def test_a_challenge_asks_for_the_required_attributes_that_are_missing(sandbox, cloud, error_of):
    """An answer that lacks one is InvalidParameterException and changes nothing; with it the attribute is stored."""
    pool, cognito = cloud.pool(Schema=REQUIRED), cloud.cognito
    client = cloud.app(pool)["ClientId"]
    sandbox.allow_incomplete_users()
    try:
        cognito.admin_create_user(UserPoolId=pool, Username="alice", **TEMPORARY)
    finally:
        sandbox.allow_incomplete_users(False)
    answer, parameters = _challenge(cloud, pool, client)
    assert json.loads(parameters["requiredAttributes"]) == ["userAttributes.name"]
    call, responses = cognito.admin_respond_to_auth_challenge, {"USERNAME": "alice", "NEW_PASSWORD": "another-Passw0rd"}

    refused = error_of(call, **answer, ChallengeResponses=responses)

    assert refused == ("InvalidParameterException", "Invalid attributes given, name is missing")
    verified = {**responses, "userAttributes.name": "A", "userAttributes.email_verified": "true"}
    assert error_of(call, **answer, ChallengeResponses=verified)[0] == "NotAuthorizedException"
    named = {"userAttributes.name": "A", "userAttributes.nickname": "Al"}
    assert "AuthenticationResult" in call(**answer, ChallengeResponses={**responses, **named})
    found = cognito.admin_get_user(UserPoolId=pool, Username="alice")["UserAttributes"]
    assert {each["Name"]: each["Value"] for each in found if each["Name"] != "sub"} == {"name": "A", "nickname": "Al"}
    assert error_of(cognito.admin_create_user, UserPoolId=pool, Username="bob")[0] == "InvalidParameterException"

"""Sign-in: secret hash, flows, what is told about names, challenges, refresh, second factors."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time

import pytest

PASSWORD = "a-Long-passw0rd"
PHONE = {"phone_number": "+81312345678", "phone_number_verified": "true"}


def _totp(secret: str, moment: float) -> str:
    """RFC 6238, written a second time, so that the sandbox is not its own witness."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8), casefold=True)
    mac = hmac.new(key, int(moment // 30).to_bytes(8, "big"), hashlib.sha1).digest()
    at = mac[-1] & 15
    return str((int.from_bytes(mac[at : at + 4], "big") & 0x7FFFFFFF) % 1_000_000).zfill(6)


def _refresh(cloud, pool, client, token, **more):
    return cloud.cognito.admin_initiate_auth(
        UserPoolId=pool,
        ClientId=client,
        AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={"REFRESH_TOKEN": token, **more},
    )


def test_the_secret_hash_is_checked_with_a_password(differs, error_of, secret_hash):
    """A client with a secret signs nobody in without the right SECRET_HASH."""

    def check(cloud):
        pool = cloud.pool()
        client = cloud.app(pool, GenerateSecret=True)
        cloud.user(pool)
        assert error_of(cloud.sign_in, pool=pool, client=client["ClientId"])[0] == "NotAuthorizedException"
        assert error_of(cloud.sign_in, pool=pool, client=client["ClientId"], SECRET_HASH="d3Jvbmc=")[0] == (
            "NotAuthorizedException"
        )
        right = secret_hash(client, "alice")
        assert "AuthenticationResult" in cloud.sign_in(pool, client["ClientId"], SECRET_HASH=right)

    differs(check)


def test_a_refresh_takes_the_hash_of_the_real_username(differs, error_of, secret_hash):
    """In an e-mail pool a refresh with the alias's hash is refused, and with the username's it passes."""

    def check(cloud):
        pool = cloud.pool(UsernameAttributes=["email"])
        client = cloud.app(pool, GenerateSecret=True)
        user = cloud.user(pool, "alice@example.com")
        by_alias, by_name = secret_hash(client, "alice@example.com"), secret_hash(client, user["Username"])
        signed_in = cloud.sign_in(pool, client["ClientId"], "alice@example.com", SECRET_HASH=by_alias)
        token = signed_in["AuthenticationResult"]["RefreshToken"]
        wrong = {"cloud": cloud, "pool": pool, "client": client["ClientId"], "token": token}
        assert error_of(_refresh, **wrong, SECRET_HASH=by_alias)[0] == "NotAuthorizedException"
        assert "AuthenticationResult" in _refresh(cloud, pool, client["ClientId"], token, SECRET_HASH=by_name)

    differs(check)


def test_a_challenge_takes_the_hash_too(differs, error_of, secret_hash):
    """NEW_PASSWORD_REQUIRED is answered with a SECRET_HASH, or refused."""

    def check(cloud):
        pool, cognito = cloud.pool(), cloud.cognito
        client = cloud.app(pool, GenerateSecret=True)
        cognito.admin_create_user(UserPoolId=pool, Username="alice", TemporaryPassword=PASSWORD)
        right = secret_hash(client, "alice")
        asked = cloud.sign_in(pool, client["ClientId"], SECRET_HASH=right)
        answer = {
            "UserPoolId": pool,
            "ClientId": client["ClientId"],
            "ChallengeName": "NEW_PASSWORD_REQUIRED",
            "Session": asked["Session"],
        }
        responses = {"USERNAME": "alice", "NEW_PASSWORD": "another-Passw0rd"}
        call = cognito.admin_respond_to_auth_challenge
        assert error_of(call, **answer, ChallengeResponses=responses)[0] == "NotAuthorizedException"
        done = call(**answer, ChallengeResponses={**responses, "SECRET_HASH": right})
        assert "AuthenticationResult" in done

    differs(check)


def test_a_flow_that_the_client_lacks_is_refused(differs, error_of):
    """ExplicitAuthFlows decides which flows a client may use."""

    def check(cloud):
        pool = cloud.pool()
        client = cloud.app(pool, ExplicitAuthFlows=["ALLOW_REFRESH_TOKEN_AUTH"])["ClientId"]
        cloud.user(pool)
        code, message = error_of(cloud.sign_in, pool=pool, client=client)
        assert (code, message) == ("InvalidParameterException", "Auth flow not enabled for this client")

    differs(check)


def test_an_unknown_name_can_be_told_or_hidden(differs, error_of):
    """PreventUserExistenceErrors=ENABLED answers an unknown name as a wrong password; LEGACY says it."""

    def check(cloud):
        pool = cloud.pool()
        cloud.user(pool)
        hiding = cloud.app(pool, PreventUserExistenceErrors="ENABLED")["ClientId"]
        telling = cloud.app(pool, PreventUserExistenceErrors="LEGACY")["ClientId"]
        wrong = error_of(cloud.sign_in, pool=pool, client=hiding, password="wrong-Passw0rd")
        assert wrong == ("NotAuthorizedException", "Incorrect username or password.")
        assert error_of(cloud.sign_in, pool=pool, client=hiding, name="nobody") == wrong
        assert error_of(cloud.sign_in, pool=pool, client=telling, name="nobody")[0] == "UserNotFoundException"

    differs(check)


def test_a_garbage_refresh_token_is_not_authorized(differs, error_of):
    """A refresh token that nobody issued is a 400, not a 500."""

    def check(cloud):
        pool = cloud.pool()
        client = cloud.app(pool)["ClientId"]
        assert error_of(_refresh, cloud=cloud, pool=pool, client=client, token="garbage")[0] == "NotAuthorizedException"

    differs(check)


def test_an_old_refresh_token_is_not_authorized(sandbox, cloud, error_of):
    """A refresh token dies after the client's RefreshTokenValidity."""
    pool = cloud.pool()
    validity = {"RefreshTokenValidity": 60, "TokenValidityUnits": {"RefreshToken": "minutes"}}
    client = cloud.app(pool, **validity)["ClientId"]
    cloud.user(pool)
    token = cloud.sign_in(pool, client)["AuthenticationResult"]["RefreshToken"]
    try:
        sandbox.shift_clock(3500)
        assert "AuthenticationResult" in _refresh(cloud, pool, client, token)
        sandbox.shift_clock(3700)
        assert error_of(_refresh, cloud=cloud, pool=pool, client=client, token=token)[0] == "NotAuthorizedException"
    finally:
        sandbox.shift_clock(0)


def test_global_sign_out_kills_refresh_tokens(cloud, error_of):
    """After AdminUserGlobalSignOut no earlier refresh token works."""
    pool = cloud.pool()
    client = cloud.app(pool)["ClientId"]
    cloud.user(pool)
    token = cloud.sign_in(pool, client)["AuthenticationResult"]["RefreshToken"]
    cloud.cognito.admin_user_global_sign_out(UserPoolId=pool, Username="alice")
    assert error_of(_refresh, cloud=cloud, pool=pool, client=client, token=token)[0] == "NotAuthorizedException"


def test_a_refresh_token_belongs_to_its_client(cloud, error_of):
    """Another client of the pool cannot use it."""
    pool = cloud.pool()
    first, second = cloud.app(pool)["ClientId"], cloud.app(pool)["ClientId"]
    cloud.user(pool)
    token = cloud.sign_in(pool, first)["AuthenticationResult"]["RefreshToken"]
    assert error_of(_refresh, cloud=cloud, pool=pool, client=second, token=token)[0] == "NotAuthorizedException"


def test_a_reset_password_must_be_changed_first(differs, error_of):
    """After AdminResetUserPassword a sign-in is PasswordResetRequiredException."""

    def check(cloud):
        pool = cloud.pool()
        client = cloud.app(pool)["ClientId"]
        cloud.user(pool, email="alice@example.com", email_verified="true")
        cloud.cognito.admin_reset_user_password(UserPoolId=pool, Username="alice")
        assert error_of(cloud.sign_in, pool=pool, client=client)[0] == "PasswordResetRequiredException"

    differs(check)


def test_a_disabled_user_cannot_sign_in(cloud, error_of):
    """Neither with a password nor with an earlier refresh token."""
    pool = cloud.pool()
    client = cloud.app(pool)["ClientId"]
    cloud.user(pool)
    token = cloud.sign_in(pool, client)["AuthenticationResult"]["RefreshToken"]
    cloud.cognito.admin_disable_user(UserPoolId=pool, Username="alice")
    assert error_of(cloud.sign_in, pool=pool, client=client) == ("NotAuthorizedException", "User is disabled.")
    assert error_of(_refresh, cloud=cloud, pool=pool, client=client, token=token)[0] == "NotAuthorizedException"


def test_a_session_is_used_once(cloud, error_of):
    """The session of an answered challenge is worth nothing."""
    pool, cognito = cloud.pool(), cloud.cognito
    client = cloud.app(pool)["ClientId"]
    cognito.admin_create_user(UserPoolId=pool, Username="alice", TemporaryPassword=PASSWORD)
    answer = {
        "UserPoolId": pool,
        "ClientId": client,
        "ChallengeName": "NEW_PASSWORD_REQUIRED",
        "Session": cloud.sign_in(pool, client)["Session"],
        "ChallengeResponses": {"USERNAME": "alice", "NEW_PASSWORD": "another-Passw0rd"},
    }
    cognito.admin_respond_to_auth_challenge(**answer)
    assert error_of(cognito.admin_respond_to_auth_challenge, **answer)[0] == "NotAuthorizedException"


def test_a_weak_new_password_leaves_the_challenge_open(cloud, error_of):
    """A NEW_PASSWORD that breaks the policy is InvalidPasswordException, and a better one may follow."""
    pool, cognito = cloud.pool(), cloud.cognito
    client = cloud.app(pool)["ClientId"]
    cognito.admin_create_user(UserPoolId=pool, Username="alice", TemporaryPassword=PASSWORD)
    asked = {
        "UserPoolId": pool,
        "ClientId": client,
        "ChallengeName": "NEW_PASSWORD_REQUIRED",
        "Session": cloud.sign_in(pool, client)["Session"],
    }
    call = cognito.admin_respond_to_auth_challenge
    weak = {"USERNAME": "alice", "NEW_PASSWORD": "weakweak"}
    assert error_of(call, **asked, ChallengeResponses=weak)[0] == "InvalidPasswordException"
    strong = {**weak, "NEW_PASSWORD": "another-Passw0rd"}
    assert "AuthenticationResult" in call(**asked, ChallengeResponses=strong)


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


def test_a_federated_user_keeps_its_status_until_a_password_is_set(sandbox, cloud, error_of):
    """A user of another provider is EXTERNAL_PROVIDER, cannot sign in here, and becomes CONFIRMED by a password."""
    pool, cognito = cloud.pool(), cloud.cognito
    client = cloud.app(pool)["ClientId"]
    name = sandbox.federate_user(pool, "Google", "1234", {"email": "alice@example.com"})
    found = cognito.admin_get_user(UserPoolId=pool, Username=name)
    assert (name, found["UserStatus"]) == ("Google_1234", "EXTERNAL_PROVIDER")
    assert "identities" in {each["Name"] for each in found["UserAttributes"]}
    assert error_of(cloud.sign_in, pool=pool, client=client, name=name)[0] == "NotAuthorizedException"
    cognito.admin_set_user_password(UserPoolId=pool, Username=name, Password=PASSWORD, Permanent=True)
    assert cognito.admin_get_user(UserPoolId=pool, Username=name)["UserStatus"] == "CONFIRMED"


@pytest.mark.parametrize("flow", ["USER_SRP_AUTH", "CUSTOM_AUTH"])
def test_a_flow_that_the_sandbox_cannot_speak_is_refused_aloud(cloud, error_of, flow):
    """SRP and custom challenges are refused rather than waved through."""
    pool = cloud.pool()
    client = cloud.app(pool, ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH"])["ClientId"]
    cloud.user(pool)
    code, message = error_of(
        cloud.cognito.initiate_auth,
        ClientId=client,
        AuthFlow=flow,
        AuthParameters={"USERNAME": "alice", "SRP_A": "ab"},
    )
    assert (code, "sandbox" in message) == ("InvalidParameterException", True)


TEMPORARY = {"TemporaryPassword": PASSWORD, "MessageAction": "SUPPRESS"}


def _challenge(cloud, pool, client, **more):
    """The arguments that answer the NEW_PASSWORD_REQUIRED of alice's first sign-in."""
    asked = cloud.sign_in(pool, client, **more)
    assert asked["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    name = {"ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": asked["Session"]}
    return {"UserPoolId": pool, "ClientId": client, **name}, asked["ChallengeParameters"]


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
        cognito.admin_create_user(UserPoolId=pool, Username="alice", MessageAction="RESEND")
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


def test_a_disabled_users_password_cannot_be_reset(cloud, error_of):
    """Whatever state it is in."""
    pool, cognito = cloud.pool(), cloud.cognito
    cloud.user(pool, email="alice@example.com", email_verified="true")
    cognito.admin_disable_user(UserPoolId=pool, Username="alice")
    refused = ("NotAuthorizedException", "User is disabled")
    assert error_of(cognito.admin_reset_user_password, UserPoolId=pool, Username="alice") == refused
    cognito.admin_set_user_password(UserPoolId=pool, Username="alice", Password=PASSWORD, Permanent=False)
    assert error_of(cognito.admin_reset_user_password, UserPoolId=pool, Username="alice") == refused


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


def test_a_hash_or_a_password_that_is_not_ascii_is_wrong(cloud, error_of, secret_hash):
    """NotAuthorizedException, as for any other wrong one."""
    pool = cloud.pool()
    client = cloud.app(pool, GenerateSecret=True)
    cloud.user(pool)
    asked = {"pool": pool, "client": client["ClientId"]}
    assert error_of(cloud.sign_in, **asked, SECRET_HASH="é")[0] == "NotAuthorizedException"
    right = secret_hash(client, "alice")
    assert error_of(cloud.sign_in, **asked, password="é", SECRET_HASH=right)[0] == "NotAuthorizedException"


def test_a_client_without_a_secret_takes_no_hash(differs, error_of):
    """A SECRET_HASH for it is InvalidParameterException."""

    def check(cloud):
        pool = cloud.pool()
        cloud.user(pool)
        client = cloud.app(pool)["ClientId"]
        code, _ = error_of(cloud.sign_in, pool=pool, client=client, SECRET_HASH="d3Jvbmc=")
        assert code == "InvalidParameterException"

    differs(check)


REQUIRED = [{"Name": "name", "AttributeDataType": "String", "Required": True, "Mutable": True}]


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

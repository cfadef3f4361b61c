"""Second factors: what a pool offers, what users switch on, and what a sign-in then asks for."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time

import pytest

PASSWORD = "a-Long-passw0rd"
PHONE, EMAIL = "+81312345678", "alice@example.org"
SMS = {"SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}}
ON, OFF, PREFERRED = {"Enabled": True}, {"Enabled": False}, {"Enabled": True, "PreferredMfa": True}


def _totp(secret: str) -> str:
    """RFC 6238, written a second time, so that the sandbox is not its own witness."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8), casefold=True)
    mac = hmac.new(key, int(time.time() // 30).to_bytes(8, "big"), hashlib.sha1).digest()
    at = mac[-1] & 15
    return str((int.from_bytes(mac[at : at + 4], "big") & 0x7FFFFFFF) % 1_000_000).zfill(6)


def _pool(cloud, mode="OPTIONAL", *, email=False):
    """A pool that offers text messages and apps, and codes by e-mail if asked to; its id and an app client's."""
    pool = cloud.pool()
    by_mail = {"EmailMfaConfiguration": {"Subject": "Your code"}} if email else {}
    cloud.cognito.set_user_pool_mfa_config(
        UserPoolId=pool,
        MfaConfiguration=mode,
        SmsMfaConfiguration=SMS,
        SoftwareTokenMfaConfiguration={"Enabled": True},
        **by_mail,
    )
    return pool, cloud.app(pool)["ClientId"]


def _enrol(cloud, pool, client):
    """Sets alice's app up with an access token; its secret."""
    cognito, access = cloud.cognito, cloud.sign_in(pool, client)["AuthenticationResult"]["AccessToken"]
    secret = cognito.associate_software_token(AccessToken=access)["SecretCode"]
    cognito.verify_software_token(AccessToken=access, UserCode=_totp(secret))
    return secret, access


def _prefer(cloud, pool, **settings):
    cloud.cognito.admin_set_user_mfa_preference(UserPoolId=pool, Username="alice", **settings)


def _factors(cloud, pool):
    found = cloud.cognito.admin_get_user(UserPoolId=pool, Username="alice")
    return found.get("UserMFASettingList", []), found.get("PreferredMfaSetting"), "MFAOptions" in found


def test_codes_by_email_are_a_setting_of_the_pool(differs):
    """GetUserPoolMfaConfig shows what SetUserPoolMfaConfig set, and nothing that was not."""

    def check(cloud):
        pool, _ = _pool(cloud, email=True)
        found = cloud.cognito.get_user_pool_mfa_config(UserPoolId=pool)
        assert (found["MfaConfiguration"], found.get("EmailMfaConfiguration")) == ("OPTIONAL", {"Subject": "Your code"})
        found = cloud.cognito.get_user_pool_mfa_config(UserPoolId=cloud.pool())
        assert found.keys() & {"SmsMfaConfiguration", "EmailMfaConfiguration"} == set()

    differs(check)


def test_a_method_is_set_up_before_it_is_switched_on(differs, error_of):
    """Without a phone number, an address or a verified token it is InvalidParameterException, and nothing changes."""

    def check(cloud):
        pool, _ = _pool(cloud, email=True)
        cloud.user(pool)
        for member in ("SMSMfaSettings", "EmailMfaSettings", "SoftwareTokenMfaSettings"):
            code, _ = error_of(_prefer, cloud=cloud, pool=pool, **{member: ON})
            assert code == "InvalidParameterException"
        assert _factors(cloud, pool) == ([], None, False)

    differs(check)


def test_the_methods_of_a_user_are_listed(differs):
    """UserMFASettingList and PreferredMfaSetting have all three methods, and are absent without any."""

    def check(cloud):
        pool, client = _pool(cloud, email=True)
        cloud.user(pool, phone_number=PHONE, email=EMAIL)
        assert _factors(cloud, pool) == ([], None, False)
        _enrol(cloud, pool, client)
        _prefer(cloud, pool, SMSMfaSettings=ON, EmailMfaSettings=PREFERRED, SoftwareTokenMfaSettings=ON)
        assert _factors(cloud, pool) == (["SMS_MFA", "EMAIL_OTP", "SOFTWARE_TOKEN_MFA"], "EMAIL_OTP", False)
        _prefer(cloud, pool, EmailMfaSettings=OFF)
        assert _factors(cloud, pool) == (["SMS_MFA", "SOFTWARE_TOKEN_MFA"], None, False)

    differs(check)


def test_a_pool_that_requires_a_factor_lets_nobody_switch_it_off(differs):
    """There only the preference counts."""

    def check(cloud):
        pool, _ = _pool(cloud)
        cloud.user(pool, phone_number=PHONE)
        _prefer(cloud, pool, SMSMfaSettings=PREFERRED)
        cloud.cognito.set_user_pool_mfa_config(UserPoolId=pool, MfaConfiguration="ON", SmsMfaConfiguration=SMS)
        _prefer(cloud, pool, SMSMfaSettings=OFF)
        assert _factors(cloud, pool) == (["SMS_MFA"], None, False)

    differs(check)


def _setup(cloud):
    """The call that answers alice's MFA_SETUP, its arguments but the session, and the challenge."""
    pool, client = _pool(cloud, "ON")
    cloud.user(pool)
    asked = cloud.sign_in(pool, client)
    assert asked.get("ChallengeName") == "MFA_SETUP"
    assert "SOFTWARE_TOKEN_MFA" in json.loads(asked["ChallengeParameters"]["MFAS_CAN_SETUP"])
    given = {"UserPoolId": pool, "ClientId": client, "ChallengeName": "MFA_SETUP"}
    return {**given, "ChallengeResponses": {"USERNAME": "alice"}}, asked["Session"]


def test_a_required_app_is_set_up_at_sign_in(differs, error_of):
    """The session goes through AssociateSoftwareToken and VerifySoftwareToken, whose code is checked, to the tokens."""

    def check(cloud):
        cognito = cloud.cognito
        given, session = _setup(cloud)
        begun = cognito.associate_software_token(Session=session)
        right = _totp(begun["SecretCode"])
        wrong = str((int(right) + 1) % 1_000_000).zfill(6)
        verify, answer = cognito.verify_software_token, cognito.admin_respond_to_auth_challenge
        assert error_of(verify, Session=begun["Session"], UserCode=wrong)[0] == "EnableSoftwareTokenMFAException"
        done = verify(Session=begun["Session"], UserCode=right)
        assert done["Status"] == "SUCCESS"
        assert "AuthenticationResult" in answer(**given, Session=done["Session"])
        pool, client = given["UserPoolId"], given["ClientId"]
        assert cloud.sign_in(pool, client)["ChallengeName"] == "SOFTWARE_TOKEN_MFA"

    differs(check)


def test_a_setup_that_was_not_verified_signs_nobody_in(cloud, error_of):
    """Neither the challenge's own session nor that of AssociateSoftwareToken answers MFA_SETUP; a garbage one does not
    begin it."""
    cognito = cloud.cognito
    given, session = _setup(cloud)
    assert error_of(cognito.associate_software_token, Session="x" * 40)[0] == "NotAuthorizedException"
    begun = cognito.associate_software_token(Session=session)
    for each in (session, begun["Session"]):
        assert error_of(cognito.admin_respond_to_auth_challenge, **given, Session=each)[0] == "NotAuthorizedException"


def test_several_methods_are_a_choice(differs, error_of):
    """Without a preferred one, SELECT_MFA_TYPE is answered with one of the methods, and their challenge follows."""

    def check(cloud):
        pool, client = _pool(cloud)
        cloud.user(pool, phone_number=PHONE)
        _enrol(cloud, pool, client)
        _prefer(cloud, pool, SMSMfaSettings=ON, SoftwareTokenMfaSettings=ON)
        asked = cloud.sign_in(pool, client)
        assert asked.get("ChallengeName") == "SELECT_MFA_TYPE"
        assert json.loads(asked["ChallengeParameters"]["MFAS_CAN_CHOOSE"]) == ["SMS_MFA", "SOFTWARE_TOKEN_MFA"]
        given = {"UserPoolId": pool, "ClientId": client, "ChallengeName": "SELECT_MFA_TYPE"}
        call, session = cloud.cognito.admin_respond_to_auth_challenge, asked["Session"]
        wrong = {"USERNAME": "alice", "ANSWER": "EMAIL_OTP"}
        assert error_of(call, **given, Session=session, ChallengeResponses=wrong)[0] == "InvalidParameterException"
        next_ = call(**given, Session=session, ChallengeResponses={**wrong, "ANSWER": "SMS_MFA"})
        assert next_["ChallengeName"] == "SMS_MFA"

    differs(check)


def test_a_code_by_email_signs_in(sandbox, cloud, error_of):
    """EMAIL_OTP takes the code that was sent, and no other."""
    pool, client = _pool(cloud, email=True)
    cloud.user(pool, email=EMAIL)
    _prefer(cloud, pool, EmailMfaSettings=ON)
    asked = cloud.sign_in(pool, client)
    parameters = asked["ChallengeParameters"]
    assert (asked["ChallengeName"], parameters["CODE_DELIVERY_DELIVERY_MEDIUM"]) == ("EMAIL_OTP", "EMAIL")
    given = {"UserPoolId": pool, "ClientId": client, "ChallengeName": "EMAIL_OTP", "Session": asked["Session"]}
    call, right = cloud.cognito.admin_respond_to_auth_challenge, sandbox.messages(pool, "alice")[-1].code
    wrong = {"USERNAME": "alice", "EMAIL_OTP_CODE": "not-it"}
    assert error_of(call, **given, ChallengeResponses=wrong)[0] == "CodeMismatchException"
    assert "AuthenticationResult" in call(**given, ChallengeResponses={**wrong, "EMAIL_OTP_CODE": right})


def test_a_software_token_can_be_deleted(differs, error_of):
    """AdminDeleteSoftwareToken forgets it with the preference; there is then none to delete."""

    def check(cloud):
        cognito = cloud.cognito
        pool, client = _pool(cloud)
        cloud.user(pool)
        _enrol(cloud, pool, client)
        _prefer(cloud, pool, SoftwareTokenMfaSettings=PREFERRED)
        cognito.admin_delete_software_token(UserPoolId=pool, Username="alice")
        assert _factors(cloud, pool) == ([], None, False)
        assert "AuthenticationResult" in cloud.sign_in(pool, client)
        again = error_of(cognito.admin_delete_software_token, UserPoolId=pool, Username="alice")
        assert again[0] == "ResourceNotFoundException"

    differs(check)


def test_a_token_counts_until_another_is_verified(cloud):
    """AssociateSoftwareToken alone does not disassociate the one before."""
    pool, client = _pool(cloud)
    cloud.user(pool)
    secret, access = _enrol(cloud, pool, client)
    _prefer(cloud, pool, SoftwareTokenMfaSettings=ON)
    cloud.cognito.associate_software_token(AccessToken=access)
    asked = cloud.sign_in(pool, client)
    responses = {"USERNAME": "alice", "SOFTWARE_TOKEN_MFA_CODE": _totp(secret)}
    done = cloud.cognito.admin_respond_to_auth_challenge(
        UserPoolId=pool,
        ClientId=client,
        ChallengeName=asked["ChallengeName"],
        Session=asked["Session"],
        ChallengeResponses=responses,
    )
    assert "AuthenticationResult" in done


def test_only_who_signed_up_is_confirmed(differs, error_of):
    """AdminConfirmSignUp of a user in another status than UNCONFIRMED is NotAuthorizedException."""

    def check(cloud):
        pool, cognito = cloud.pool(), cloud.cognito
        cloud.user(pool)
        cognito.admin_create_user(UserPoolId=pool, Username="new", MessageAction="SUPPRESS")
        for name in ("alice", "new"):
            code, message = error_of(cognito.admin_confirm_sign_up, UserPoolId=pool, Username=name)
            assert (code, "Current status is" in message) == ("NotAuthorizedException", True)

    differs(check)


@pytest.mark.parametrize(("medium", "kind"), [("EMAIL", "email"), ("SMS", "phone_number")])
def test_an_invitation_goes_by_the_wanted_medium(sandbox, cloud, medium, kind):
    """DesiredDeliveryMediums names the address; the message holds the password that signs in."""
    pool, cognito = cloud.pool(), cloud.cognito
    client = cloud.app(pool)["ClientId"]
    given = [{"Name": "email", "Value": EMAIL}, {"Name": "phone_number", "Value": PHONE}]
    cognito.admin_create_user(UserPoolId=pool, Username="alice", UserAttributes=given, DesiredDeliveryMediums=[medium])
    (message,) = sandbox.messages(pool, "alice")
    assert (message.reason, message.kind) == ("invitation", kind)
    assert cloud.sign_in(pool, client, password=message.code)["ChallengeName"] == "NEW_PASSWORD_REQUIRED"


def test_a_message_that_is_lost_leaves_the_user(sandbox, cloud, error_of):
    """With lost messages, AdminCreateUser is CodeDeliveryFailureException, and has created the user."""
    pool, cognito = cloud.pool(), cloud.cognito
    given = [{"Name": "email", "Value": EMAIL}]
    sandbox.lose_messages()
    try:
        code, _ = error_of(cognito.admin_create_user, UserPoolId=pool, Username="alice", UserAttributes=given)
    finally:
        sandbox.lose_messages(lost=False)
    assert code == "CodeDeliveryFailureException"
    assert cognito.admin_get_user(UserPoolId=pool, Username="alice")["UserStatus"] == "FORCE_CHANGE_PASSWORD"

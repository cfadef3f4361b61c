"""Users: what is checked when they are made and changed, names in any case, addresses as names."""

from __future__ import annotations

import pytest

EMAIL = "alice@example.com"


def test_a_resent_invitation_keeps_the_user(differs):
    """MessageAction=RESEND invites the same user again, with the same sub."""

    def check(cloud):
        pool, cognito = cloud.pool(), cloud.cognito
        cognito.admin_create_user(UserPoolId=pool, Username="alice")
        before = cognito.admin_get_user(UserPoolId=pool, Username="alice")["UserAttributes"]
        cognito.admin_create_user(UserPoolId=pool, Username="alice", MessageAction="RESEND")
        assert cognito.admin_get_user(UserPoolId=pool, Username="alice")["UserAttributes"] == before

    differs(check)


def test_a_confirmed_user_is_not_invited_again(differs, error_of):
    """RESEND to a user who has a password of their own is UnsupportedUserStateException."""

    def check(cloud):
        pool = cloud.pool()
        cloud.user(pool)
        call = cloud.cognito.admin_create_user
        code, _ = error_of(call, UserPoolId=pool, Username="alice", MessageAction="RESEND")
        assert code == "UnsupportedUserStateException"

    differs(check)


def test_a_weak_temporary_password_is_refused(differs, error_of):
    """AdminCreateUser holds the temporary password to the pool's policy, and makes no user otherwise."""

    def check(cloud):
        pool, cognito = cloud.pool(), cloud.cognito
        code, _ = error_of(cognito.admin_create_user, UserPoolId=pool, Username="alice", TemporaryPassword="weakweak")
        assert code == "InvalidPasswordException"
        assert error_of(cognito.admin_get_user, UserPoolId=pool, Username="alice")[0] == "UserNotFoundException"

    differs(check)


@pytest.mark.parametrize("password", ["Sh0rt-a", "no-upper-1", "NO-LOWER-1", "No-Digits-x", "NoSymbols1x"])
def test_every_rule_of_the_policy_is_checked(cloud, error_of, password):
    """A password that breaks one rule is refused, and the user keeps the old one."""
    pool = cloud.pool()
    cloud.user(pool)
    call = cloud.cognito.admin_set_user_password
    code, _ = error_of(call, UserPoolId=pool, Username="alice", Password=password, Permanent=True)
    assert code == "InvalidPasswordException"
    assert "AuthenticationResult" in cloud.sign_in(pool, cloud.app(pool)["ClientId"])


def test_an_undeclared_custom_attribute_is_refused(differs, error_of):
    """A custom attribute that the schema does not declare can be neither created nor updated."""

    def check(cloud):
        pool, cognito = cloud.pool(), cloud.cognito
        wrong = [{"Name": "custom:unknown", "Value": "x"}]
        created = error_of(cognito.admin_create_user, UserPoolId=pool, Username="alice", UserAttributes=wrong)
        cloud.user(pool, "bob")
        updated = error_of(cognito.admin_update_user_attributes, UserPoolId=pool, Username="bob", UserAttributes=wrong)
        assert (created[0], updated[0]) == ("InvalidParameterException", "InvalidParameterException")

    differs(check)


def test_sub_cannot_be_deleted(differs, error_of):
    """AdminDeleteUserAttributes refuses sub, and leaves it."""

    def check(cloud):
        pool, cognito = cloud.pool(), cloud.cognito
        sub = cloud.user(pool)["sub"]
        call = cognito.admin_delete_user_attributes
        assert error_of(call, UserPoolId=pool, Username="alice", UserAttributeNames=["sub"])[0] == (
            "InvalidParameterException"
        )
        attributes = cognito.admin_get_user(UserPoolId=pool, Username="alice")["UserAttributes"]
        assert {"Name": "sub", "Value": sub} in attributes

    differs(check)


def test_an_immutable_custom_attribute_cannot_change(differs, error_of):
    """A custom attribute that the schema calls immutable keeps its first value."""

    def check(cloud):
        pool = cloud.pool(Schema=[{"Name": "born", "AttributeDataType": "String", "Mutable": False}])
        cloud.user(pool, **{"custom:born": "1990"})
        code, _ = error_of(
            cloud.cognito.admin_update_user_attributes,
            UserPoolId=pool,
            Username="alice",
            UserAttributes=[{"Name": "custom:born", "Value": "2000"}],
        )
        assert code == "InvalidParameterException"

    differs(check)


def test_a_required_attribute_must_be_given(differs, error_of):
    """A pool that requires a name makes no user without one; in an e-mail pool the username is the address."""

    def check(cloud):
        required = [{"Name": "name", "AttributeDataType": "String", "Required": True, "Mutable": True}]
        call = cloud.cognito.admin_create_user
        assert (
            error_of(call, UserPoolId=cloud.pool(Schema=required), Username="alice")[0] == "InvalidParameterException"
        )
        address = [{"Name": "email", "AttributeDataType": "String", "Required": True, "Mutable": True}]
        call(UserPoolId=cloud.pool(Schema=address, UsernameAttributes=["email"]), Username=EMAIL)

    differs(check)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("custom:short", "x" * 6),
        ("custom:short", "x"),
        ("custom:count", "many"),
        ("custom:count", "11"),
        ("nickname", "x" * 2049),
        ("email", "no address"),
        ("phone_number", "0312345678"),
    ],
)
def test_a_value_that_the_schema_does_not_allow_is_refused(differs, error_of, name, value):
    """Lengths, numbers, addresses and phone numbers are checked at creation and at update, and the old value stays."""
    schema = [
        {
            "Name": "short",
            "AttributeDataType": "String",
            "Mutable": True,
            "StringAttributeConstraints": {"MinLength": "2", "MaxLength": "5"},
        },
        {
            "Name": "count",
            "AttributeDataType": "Number",
            "Mutable": True,
            "NumberAttributeConstraints": {"MinValue": "1", "MaxValue": "10"},
        },
    ]

    def check(cloud):
        pool, cognito = cloud.pool(Schema=schema), cloud.cognito
        wrong = [{"Name": name, "Value": value}]
        created = error_of(cognito.admin_create_user, UserPoolId=pool, Username="alice", UserAttributes=wrong)
        cloud.user(pool, "bob", **{"custom:short": "abc", "custom:count": "10", "email": EMAIL})
        updated = error_of(cognito.admin_update_user_attributes, UserPoolId=pool, Username="bob", UserAttributes=wrong)
        assert (created[0], updated[0]) == ("InvalidParameterException", "InvalidParameterException")

    differs(check)


def test_a_username_has_a_form(differs, error_of):
    """White space is refused, and an address where addresses are aliases."""

    def check(cloud):
        call = cloud.cognito.admin_create_user
        assert error_of(call, UserPoolId=cloud.pool(), Username="a b")[0] == "InvalidParameterException"
        pool = cloud.pool(AliasAttributes=["email"])
        assert error_of(call, UserPoolId=pool, Username=EMAIL)[0] == "InvalidParameterException"

    differs(check)


def test_names_are_one_in_any_case_where_the_pool_says_so(differs, error_of):
    """In a case-insensitive pool ALICE is alice, and cannot be made twice."""

    def check(cloud):
        pool, cognito = cloud.pool(UsernameConfiguration={"CaseSensitive": False}), cloud.cognito
        sub = cloud.user(pool, "alice")["sub"]
        found = cognito.admin_get_user(UserPoolId=pool, Username="ALICE")
        assert {"Name": "sub", "Value": sub} in found["UserAttributes"]
        code, _ = error_of(cognito.admin_create_user, UserPoolId=pool, Username="Alice")
        assert code == "UsernameExistsException"

    differs(check)


def test_names_differ_by_case_by_default(cloud):
    """Without a UsernameConfiguration, alice and ALICE are two users."""
    pool = cloud.pool()
    assert cloud.user(pool, "alice")["sub"] != cloud.user(pool, "ALICE")["sub"]


def test_a_verified_alias_finds_the_user(differs):
    """With AliasAttributes, a verified address is as good as the name; an unverified one is not."""

    def check(cloud):
        pool, cognito = cloud.pool(AliasAttributes=["email"]), cloud.cognito
        cloud.user(pool, "alice", email=EMAIL, email_verified="true")
        cloud.user(pool, "bob", email="bob@example.com")
        assert cognito.admin_get_user(UserPoolId=pool, Username=EMAIL)["Username"] == "alice"
        with pytest.raises(cognito.exceptions.UserNotFoundException):
            cognito.admin_get_user(UserPoolId=pool, Username="bob@example.com")

    differs(check)


def test_an_alias_belongs_to_one_user(differs, error_of):
    """A second user with the same verified address is AliasExistsException."""

    def check(cloud):
        pool = cloud.pool(AliasAttributes=["email"])
        cloud.user(pool, "alice", email=EMAIL, email_verified="true")
        given = [{"Name": "email", "Value": EMAIL}, {"Name": "email_verified", "Value": "true"}]
        code, _ = error_of(cloud.cognito.admin_create_user, UserPoolId=pool, Username="bob", UserAttributes=given)
        assert code == "AliasExistsException"

    differs(check)


def test_in_an_email_pool_the_username_is_the_sub(cloud, error_of):
    """A pool with UsernameAttributes generates the username, and finds the user by address."""
    pool, cognito = cloud.pool(UsernameAttributes=["email"]), cloud.cognito
    user = cloud.user(pool, EMAIL)
    assert user["Username"] == user["sub"]
    assert cognito.admin_get_user(UserPoolId=pool, Username=EMAIL)["Username"] == user["sub"]
    assert "AuthenticationResult" in cloud.sign_in(pool, cloud.app(pool)["ClientId"], EMAIL)
    assert error_of(cognito.admin_create_user, UserPoolId=pool, Username=EMAIL)[0] == "UsernameExistsException"


def test_an_address_in_another_case_is_the_same_address(differs, error_of):
    """In a case-insensitive email pool the address cannot be taken twice."""

    def check(cloud):
        pool = cloud.pool(UsernameAttributes=["email"], UsernameConfiguration={"CaseSensitive": False})
        cloud.user(pool, EMAIL)
        code, _ = error_of(cloud.cognito.admin_create_user, UserPoolId=pool, Username=EMAIL.upper())
        assert code == "UsernameExistsException"

    differs(check)


def test_a_user_cannot_be_in_more_than_a_hundred_groups(differs, error_of):
    """The 101st group of a user is LimitExceededException."""

    def check(cloud):
        pool, cognito = cloud.pool(), cloud.cognito
        cloud.user(pool)
        for number in range(101):
            cognito.create_group(UserPoolId=pool, GroupName=f"g{number}")
        for number in range(100):
            cognito.admin_add_user_to_group(UserPoolId=pool, Username="alice", GroupName=f"g{number}")
        code, _ = error_of(cognito.admin_add_user_to_group, UserPoolId=pool, Username="alice", GroupName="g100")
        assert code == "LimitExceededException"

    differs(check)

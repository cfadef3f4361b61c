"""Attributes: an update is whole, blank values delete, addresses lose their verification, aliases have one owner."""

from __future__ import annotations

import pytest

from usermgr_sandbox import SandboxError

OLD, NEW = "old@example.com", "new@example.com"
PHONES = ("+81312345678", "+81312345679")
REQUIRED = [{"Name": "name", "AttributeDataType": "String", "Required": True, "Mutable": True}]
BEFORE_UPDATE = {
    "AutoVerifiedAttributes": ["email"],
    "UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": ["email"]},
}


def _update(cloud, pool, username="alice", /, **attributes):
    pairs = [{"Name": name, "Value": value} for name, value in attributes.items()]
    cloud.cognito.admin_update_user_attributes(UserPoolId=pool, Username=username, UserAttributes=pairs)


def _delete(cloud, pool, *names):
    cloud.cognito.admin_delete_user_attributes(UserPoolId=pool, Username="alice", UserAttributeNames=names)


def _attributes(cloud, pool, username="alice"):
    found = cloud.cognito.admin_get_user(UserPoolId=pool, Username=username)["UserAttributes"]
    return {each["Name"]: each["Value"] for each in found if each["Name"] != "sub"}


def test_a_blank_value_deletes_the_attribute(differs):
    """AdminUpdateUserAttributes with a blank value; a number and an address are no exception."""

    def check(cloud):
        pool = cloud.pool(Schema=[{"Name": "age", "AttributeDataType": "Number", "Mutable": True}])
        cloud.user(pool, name="A", email=OLD, email_verified="true", **{"custom:age": "7"})

        _update(cloud, pool, name="", email="", **{"custom:age": ""})

        assert _attributes(cloud, pool) == {}

    differs(check)


def test_a_blank_value_creates_no_attribute(differs):
    """AdminCreateUser treats a blank value as none."""

    def check(cloud):
        pool = cloud.pool()

        cloud.user(pool, name="", nickname="Al")

        assert _attributes(cloud, pool) == {"nickname": "Al"}

    differs(check)


def test_a_required_attribute_cannot_be_deleted(differs, error_of):
    """Neither by a blank value nor by AdminDeleteUserAttributes."""

    def check(cloud):
        pool = cloud.pool(Schema=REQUIRED)
        cloud.user(pool, name="A")

        for call in (lambda: _update(cloud, pool, name=""), lambda: _delete(cloud, pool, "name")):
            assert error_of(call)[0] == "InvalidParameterException"

        assert _attributes(cloud, pool) == {"name": "A"}

    differs(check)


def test_an_immutable_attribute_cannot_be_deleted(differs, error_of):
    """Neither by a blank value nor by AdminDeleteUserAttributes."""

    def check(cloud):
        pool = cloud.pool(Schema=[{"Name": "born", "AttributeDataType": "String", "Mutable": False}])
        cloud.user(pool, **{"custom:born": "1990"})

        for call in (lambda: _update(cloud, pool, **{"custom:born": ""}), lambda: _delete(cloud, pool, "custom:born")):
            assert error_of(call)[0] == "InvalidParameterException"

        assert _attributes(cloud, pool) == {"custom:born": "1990"}

    differs(check)


@pytest.mark.parametrize(
    "refused",
    [
        pytest.param({"custom:none": "x"}, id="undeclared"),
        pytest.param({"sub": "x"}, id="sub"),
        pytest.param({"phone_number": "0312"}, id="malformed"),
        pytest.param({"phone_number_verified": "true"}, id="verified without an address"),
        pytest.param({"email_verified": "perhaps"}, id="not a truth value"),
        pytest.param({"birthdate": "1815-13-10"}, id="not a date"),
    ],
)
def test_an_update_with_one_refused_member_changes_nothing(differs, error_of, refused):
    """The other members of the request are not stored either."""

    def check(cloud):
        pool = cloud.pool()
        cloud.user(pool, name="A")

        code, _ = error_of(lambda: _update(cloud, pool, name="B", **refused))

        assert (code, _attributes(cloud, pool)) == ("InvalidParameterException", {"name": "A"})

    differs(check)


def test_a_deletion_with_one_refused_name_changes_nothing(cloud, error_of):
    """AdminDeleteUserAttributes is whole too."""
    pool = cloud.pool()
    cloud.user(pool, name="A")

    code, _ = error_of(lambda: _delete(cloud, pool, "name", "sub"))

    assert (code, _attributes(cloud, pool)) == ("InvalidParameterException", {"name": "A"})


@pytest.mark.parametrize("kind", ["email", "phone_number"])
def test_nothing_is_verified_that_is_not_there(differs, error_of, kind):
    """AdminCreateUser with `email_verified` true needs an `email`; an empty one is none."""

    def check(cloud):
        pool = cloud.pool()
        flag = {"Name": f"{kind}_verified", "Value": "true"}
        for given in ([flag], [flag, {"Name": kind, "Value": ""}]):
            create = cloud.cognito.admin_create_user
            code, _ = error_of(create, UserPoolId=pool, Username="alice", UserAttributes=given)
            assert code == "InvalidParameterException"

    differs(check)


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [pytest.param("email", OLD, NEW, id="email"), pytest.param("phone_number", *PHONES, id="phone")],
)
def test_a_changed_address_is_not_verified(differs, kind, old, new):
    """A new address sets its `_verified` to false, unless the same request says true."""

    def check(cloud):
        pool, flag = cloud.pool(), f"{kind}_verified"
        cloud.user(pool, **{kind: old, flag: "true"})

        _update(cloud, pool, **{kind: new, flag: "true"})
        assert _attributes(cloud, pool) == {kind: new, flag: "true"}
        _update(cloud, pool, **{kind: new})
        assert _attributes(cloud, pool) == {kind: new, flag: "true"}
        _update(cloud, pool, **{kind: old})
        assert _attributes(cloud, pool) == {kind: old, flag: "false"}

    differs(check)


def test_an_address_keeps_its_value_until_it_is_verified(differs):
    """With AttributesRequireVerificationBeforeUpdate, unless the same request verifies the new value."""

    def check(cloud):
        pool = cloud.pool(**BEFORE_UPDATE)
        cloud.user(pool, email=OLD, email_verified="true")

        _update(cloud, pool, email=NEW, name="A")
        assert _attributes(cloud, pool) == {"email": OLD, "email_verified": "true", "name": "A"}
        _update(cloud, pool, email=NEW, email_verified="true")
        assert _attributes(cloud, pool) == {"email": NEW, "email_verified": "true", "name": "A"}

    differs(check)


def test_each_request_for_verification_sends_a_message(sandbox, cloud):
    """The same new address twice is two messages; an update that verifies it, or leaves it, sends none."""
    pool = cloud.pool(**BEFORE_UPDATE)
    cloud.user(pool, email=OLD, email_verified="true")
    for attributes in ({"email": NEW}, {"email": NEW}, {"email": OLD}, {"name": "A"}):
        _update(cloud, pool, **attributes)

    sent = sandbox.messages(pool, "alice")

    assert [(each.reason, each.kind, each.destination) for each in sent] == [("verification", "email", NEW)] * 2
    _update(cloud, pool, email=NEW, email_verified="true")
    assert len(sandbox.messages(pool, "alice")) == 2


def test_the_code_of_the_message_verifies_the_address(sandbox, cloud, error_of):
    """VerifyUserAttribute takes the last code once; any other is CodeMismatchException."""
    pool, cognito = cloud.pool(**BEFORE_UPDATE), cloud.cognito
    cloud.user(pool, email=OLD, email_verified="true")
    access = cloud.sign_in(pool, cloud.app(pool)["ClientId"])["AuthenticationResult"]["AccessToken"]
    _update(cloud, pool, email=NEW)
    code = sandbox.messages(pool, "alice")[-1].code
    asked = {"AccessToken": access, "AttributeName": "email"}

    wrong = "1" + code if not code.startswith("1") else "2" + code
    for other in (wrong, "\uff11\uff12\uff13\uff14\uff15\uff16"):
        assert error_of(cognito.verify_user_attribute, **asked, Code=other)[0] == "CodeMismatchException"
    cognito.verify_user_attribute(**asked, Code=code)

    assert _attributes(cloud, pool) == {"email": NEW, "email_verified": "true"}
    assert error_of(cognito.verify_user_attribute, **asked, Code=code)[0] == "ExpiredCodeException"


def test_a_code_belongs_to_its_address(sandbox, cloud, error_of):
    """The code for an address is worth nothing when an administrator has set another address since."""
    pool, cognito = cloud.pool(**BEFORE_UPDATE), cloud.cognito
    cloud.user(pool, email=OLD, email_verified="true")
    access = cloud.sign_in(pool, cloud.app(pool)["ClientId"])["AuthenticationResult"]["AccessToken"]
    _update(cloud, pool, email=NEW)
    code = sandbox.messages(pool, "alice")[-1].code
    _update(cloud, pool, email="third@example.com", email_verified="true")

    late = error_of(cognito.verify_user_attribute, AccessToken=access, AttributeName="email", Code=code)

    assert late[0] == "ExpiredCodeException"


def test_a_code_for_the_present_address_is_used_once(sandbox, cloud, error_of):
    """GetUserAttributeVerificationCode sends it there; without an address it is InvalidParameterException."""
    pool, cognito = cloud.pool(), cloud.cognito
    cloud.user(pool, email=OLD)
    access = cloud.sign_in(pool, cloud.app(pool)["ClientId"])["AuthenticationResult"]["AccessToken"]
    asked = {"AccessToken": access, "AttributeName": "email"}
    cognito.get_user_attribute_verification_code(**asked)
    message = sandbox.messages(pool, "alice")[-1]

    cognito.verify_user_attribute(**asked, Code=message.code)

    assert (message.destination, _attributes(cloud, pool)["email_verified"]) == (OLD, "true")
    assert error_of(cognito.verify_user_attribute, **asked, Code=message.code)[0] == "ExpiredCodeException"
    without = {"AccessToken": access, "AttributeName": "phone_number"}
    assert error_of(cognito.get_user_attribute_verification_code, **without)[0] == "InvalidParameterException"


def test_messages_of_an_unknown_user(sandbox, cloud):
    """Nobody gets none; an unknown pool is an error of the caller."""
    assert sandbox.messages(cloud.pool(), "nobody") == []
    with pytest.raises(SandboxError, match="nowhere"):
        sandbox.messages("nowhere", "alice")


def test_an_invitation_and_a_reset_are_messages(sandbox, cloud):
    """AdminCreateUser without SUPPRESS, RESEND and AdminResetUserPassword each send one."""
    pool, cognito = cloud.pool(), cloud.cognito
    given = [{"Name": "email", "Value": OLD}, {"Name": "email_verified", "Value": "true"}]
    cognito.admin_create_user(UserPoolId=pool, Username="alice", UserAttributes=given)
    cognito.admin_create_user(UserPoolId=pool, Username="alice", MessageAction="RESEND")
    cognito.admin_set_user_password(UserPoolId=pool, Username="alice", Password="a-Long-passw0rd", Permanent=True)
    cognito.admin_reset_user_password(UserPoolId=pool, Username="alice")

    sent = sandbox.messages(pool, "alice")

    assert [(each.reason, bool(each.code)) for each in sent] == [
        ("invitation", True),
        ("invitation", True),
        ("reset", True),
    ]
    assert sent[0].code != sent[1].code


def test_what_is_verified_before_an_update_is_verified_automatically(differs, error_of):
    """CreateUserPool refuses AttributesRequireVerificationBeforeUpdate without AutoVerifiedAttributes."""

    def check(cloud):
        settings = {"UserAttributeUpdateSettings": BEFORE_UPDATE["UserAttributeUpdateSettings"]}
        code, _ = error_of(cloud.cognito.create_user_pool, PoolName="pool", **settings)
        assert code == "InvalidParameterException"

    differs(check)


def test_verifying_an_alias_moves_it(differs):
    """The former owner's address is then unverified, and the alias finds the new owner."""

    def check(cloud):
        pool = cloud.pool(AliasAttributes=["email"])
        cloud.user(pool, "alice", email=OLD, email_verified="true")
        cloud.user(pool, "bob", email=OLD)

        _update(cloud, pool, "bob", email_verified="true")

        assert _attributes(cloud, pool, "alice") == {"email": OLD, "email_verified": "false"}
        assert cloud.cognito.admin_get_user(UserPoolId=pool, Username=OLD)["Username"] == "bob"

    differs(check)


def test_an_alias_can_be_taken_at_creation(differs):
    """ForceAliasCreation moves the alias to the new user."""

    def check(cloud):
        pool = cloud.pool(AliasAttributes=["email"])
        cloud.user(pool, "alice", email=OLD, email_verified="true")
        given = [{"Name": "email", "Value": OLD}, {"Name": "email_verified", "Value": "true"}]
        cloud.cognito.admin_create_user(
            UserPoolId=pool, Username="bob", UserAttributes=given, ForceAliasCreation=True, MessageAction="SUPPRESS"
        )

        assert _attributes(cloud, pool, "alice")["email_verified"] == "false"
        assert cloud.cognito.admin_get_user(UserPoolId=pool, Username=OLD)["Username"] == "bob"

    differs(check)


@pytest.mark.parametrize("how", ["create", "update"])
def test_a_preferred_username_belongs_to_one_user(differs, error_of, how):
    """As an alias it is AliasExistsException for anybody else, at creation and at update."""

    def check(cloud):
        pool = cloud.pool(AliasAttributes=["preferred_username"])
        cloud.user(pool, "alice", preferred_username="boss")

        if how == "create":
            code, _ = error_of(lambda: cloud.user(pool, "bob", preferred_username="boss"))
        else:
            cloud.user(pool, "bob")
            code, _ = error_of(lambda: _update(cloud, pool, "bob", preferred_username="boss"))

        assert code == "AliasExistsException"
        _update(cloud, pool, "alice", preferred_username="boss", name="A")

    differs(check)


def test_truth_values_are_stored_in_lower_case(cloud):
    """`True`, as Python writes it, is `true`."""
    pool = cloud.pool()
    cloud.user(pool, email=OLD, email_verified="True")
    assert _attributes(cloud, pool) == {"email": OLD, "email_verified": "true"}


def test_a_user_does_not_verify_themselves(cloud, error_of):
    """UpdateUserAttributes and SignUp take no `_verified`; what they take is held to the schema."""
    pool, cognito = cloud.pool(), cloud.cognito
    client = cloud.app(pool)["ClientId"]
    cloud.user(pool, email=OLD, email_verified="true")
    access = cloud.sign_in(pool, client)["AuthenticationResult"]["AccessToken"]
    for name, code in (("email_verified", "NotAuthorizedException"), ("unknown", "InvalidParameterException")):
        pairs = [{"Name": name, "Value": "true"}]
        signing_up = {"ClientId": client, "Username": "bob", "Password": "a-Long-passw0rd"}
        assert error_of(cognito.update_user_attributes, AccessToken=access, UserAttributes=pairs)[0] == code
        assert error_of(cognito.sign_up, **signing_up, UserAttributes=pairs)[0] == code

    cognito.update_user_attributes(AccessToken=access, UserAttributes=[{"Name": "email", "Value": NEW}])

    assert _attributes(cloud, pool) == {"email": NEW, "email_verified": "false"}


def test_a_federated_user_takes_an_alias_too(sandbox, cloud):
    """A verified address that comes from another provider has one owner as well."""
    pool = cloud.pool(AliasAttributes=["email"])
    cloud.user(pool, "alice", email=OLD, email_verified="true")

    sandbox.federate_user(pool, "Google", "1", {"email": OLD, "email_verified": "true"})

    assert _attributes(cloud, pool, "alice")["email_verified"] == "false"
    assert cloud.cognito.admin_get_user(UserPoolId=pool, Username=OLD)["Username"] == "Google_1"

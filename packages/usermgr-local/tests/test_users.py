"""Names and attributes beyond the contract."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from usermgr.errors import InvalidInputError, UserExistsError
from usermgr_local import LocalUserManager

from .conftest import PASSWORD, VERIFIED


@pytest.mark.parametrize("name", ["two words", "tab\t", "nul\0", "sur\ud800rogate", "x" * 129])
def test_what_can_be_no_name_is_refused_everywhere(users: LocalUserManager, name: str) -> None:
    """A name with a space, a control character or too many characters raises InvalidInputError on its field."""
    operations: list[tuple[str, Callable[[], object]]] = [
        ("username", lambda: users.add_user(name)),
        ("username", lambda: users.get_user(name)),
        ("username", lambda: users.authenticate(name, PASSWORD)),
        ("username", lambda: users.delete_user(name)),
        ("username", lambda: users.list_groups_for_user(name)),
        ("name", lambda: users.add_group(name)),
        ("name", lambda: users.get_group(name)),
        ("group", lambda: users.list_users_in_group(name)),
    ]
    for field, operation in operations:
        with pytest.raises(InvalidInputError) as caught:
            operation()
        assert caught.value.field == field


@pytest.mark.parametrize("name", ["ada@example.org", "ünïcode", "日本語", "a+b=c", "x" * 128])
def test_names_may_be_any_letters_and_signs(users: LocalUserManager, name: str) -> None:
    """Letters of every language, symbols, numbers and punctuation make a name."""
    assert users.add_user(name).username == name
    assert users.get_user(name.upper()).username == name


@pytest.mark.parametrize(
    ("name", "same", "others"),
    [("ÉCOLE", "école", "ecole"), ("straße", "STRAßE", "STRASSE"), ("\u212a", "k", "\u03ba")],
)
def test_names_are_compared_in_lower_case(users: LocalUserManager, name: str, same: str, others: str) -> None:
    """Names whose lower cases are equal are one; letters that only look or sound alike are not."""
    users.add_user(name)

    with pytest.raises(UserExistsError):
        users.add_user(same)

    assert users.add_user(others).username == others


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("email", "no address"),
        ("phone_number", "0312345678"),
        ("birthdate", "yesterday"),
        ("email_verified", "yes"),
        ("name", "x" * 2049),
        ("name", "nul\0"),
        ("name", "sur\ud800rogate"),
        ("sub", "my own"),
        ("identities", "[]"),
        ("custom:unheard_of", "x"),
    ],
)
def test_attribute_that_the_schema_refuses_is_named(users: LocalUserManager, name: str, value: str) -> None:
    """A value that does not fit, and an attribute that nobody declared, raise InvalidInputError with the name."""
    users.add_user("alice", None, {"name": "before"})
    for operation in (
        lambda: users.add_user("bob", None, {name: value}),
        lambda: users.update_user("alice", {name: value}),
    ):
        with pytest.raises(InvalidInputError) as caught:
            operation()
        assert caught.value.field == name
    assert dict(users.get_user("alice").attributes) == {"name": "before"}
    assert users.user_exists("bob") is False


def test_declared_custom_attributes_are_known(make: Callable[..., LocalUserManager]) -> None:
    """The list of custom attributes is a setting, which replaces the default."""
    users = make(custom_attributes=["custom:team"])
    users.add_user("alice", None, {"custom:team": "red"})
    with pytest.raises(InvalidInputError):
        users.update_user("alice", {"custom:extra_info": "x"})


def test_empty_string_removes_an_attribute(users: LocalUserManager) -> None:
    """As in Cognito, an attribute that is set to an empty string is gone."""
    users.add_user("alice", None, {"name": "Alice", "nickname": ""})
    users.update_user("alice", {"name": ""})
    assert dict(users.get_user("alice").attributes) == {}


@pytest.mark.parametrize("precedence", [-1, 2**31, True, "3"])
def test_precedence_out_of_range_is_refused(users: LocalUserManager, precedence: int) -> None:
    """A precedence is a whole number from 0 to 2^31 - 1."""
    with pytest.raises(InvalidInputError) as caught:
        users.add_group("staff", precedence=precedence)
    assert caught.value.field == "precedence"


def test_changes_show_in_updated_at(users: LocalUserManager, clock: Callable[..., object]) -> None:
    """Every change of a user moves updated_at, and created_at never."""
    user = users.add_user("alice", PASSWORD)
    for change in (
        lambda: users.update_user("alice", {"name": "Alice"}),
        lambda: users.set_password("alice", PASSWORD),
        lambda: users.disable_user("alice"),
        lambda: users.enable_user("alice"),
    ):
        clock.forward(seconds=1)  # pyright: ignore[reportFunctionMemberAccess]
        change()
        read = users.get_user("alice")
        assert (read.created_at, read.updated_at) == (user.created_at, clock())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"email": "new@x.org"}, {"email": "new@x.org", "email_verified": "false"}, id="changed"),
        pytest.param({"email": "alice@example.org"}, VERIFIED, id="the same"),
        pytest.param({"name": "A"}, {**VERIFIED, "name": "A"}, id="another attribute"),
        pytest.param({"email": None}, {}, id="removed"),
        pytest.param({"email": ""}, {}, id="removed by a blank"),
        pytest.param(
            {"email": "new@example.org", "email_verified": "true"},
            {"email": "new@example.org", "email_verified": "true"},
            id="changed and verified",
        ),
        pytest.param({"email": "new@example.org", "email_verified": None}, {"email": "new@example.org"}, id="no flag"),
        pytest.param(
            {"phone_number": "+81312345678"},
            {**VERIFIED, "phone_number": "+81312345678", "phone_number_verified": "false"},
            id="a first number",
        ),
    ],
)
def test_verification_follows_the_address(
    users: LocalUserManager, changes: dict[str, str | None], expected: dict[str, str]
) -> None:
    """A changed address is unverified unless the same call says otherwise; a removed one takes its flag with it."""
    users.add_user("alice", None, VERIFIED)

    users.update_user("alice", changes)

    assert dict(users.get_user("alice").attributes) == expected


@pytest.mark.parametrize("flag", ["email_verified", "phone_number_verified"])
def test_address_that_is_not_there_cannot_be_verified(users: LocalUserManager, flag: str) -> None:
    """The flag without its address is refused by name, at creation and later, and with the address's removal."""
    address = flag.removesuffix("_verified")
    value = VERIFIED["email"] if address == "email" else "+81312345678"
    users.add_user("bob")
    users.add_user("carol", None, {address: value})
    for operation in (
        lambda: users.add_user("alice", None, {flag: "true"}),
        lambda: users.update_user("bob", {flag: "true", "name": "Bob"}),
        lambda: users.update_user("carol", {flag: "true", address: None, "name": "Carol"}),
    ):
        with pytest.raises(InvalidInputError) as caught:
            operation()
        assert caught.value.field == flag
    assert users.user_exists("alice") is False
    assert dict(users.get_user("bob").attributes) == {}
    assert dict(users.get_user("carol").attributes) == {address: value}
    users.update_user("bob", {flag: "false"})


def test_flags_are_booleans(users: LocalUserManager) -> None:
    """The text "false" does not mean True."""
    users.add_user("alice", PASSWORD)
    for field, call in (
        ("permanent", lambda: users.set_password("alice", PASSWORD, permanent="false")),  # pyright: ignore[reportArgumentType]
        ("temporary", lambda: users.add_user("bob", PASSWORD, temporary="false")),  # pyright: ignore[reportArgumentType]
    ):
        with pytest.raises(InvalidInputError) as caught:
            call()
        assert caught.value.field == field

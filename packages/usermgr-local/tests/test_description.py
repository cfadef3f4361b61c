"""What the store says of itself is what holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from usermgr import AttributeType, Capability, MfaMethod, MfaMode, UsernameRules, Writer
from usermgr import PasswordPolicy as DescribedPolicy
from usermgr.errors import InvalidInputError
from usermgr.validation import STANDARD_ATTRIBUTES
from usermgr_local import LocalUserManager, PasswordPolicy, create

from .conftest import CHEAP, PASSWORD

Make = Callable[..., LocalUserManager]


def test_settings_are_described(make: Make) -> None:
    """Policy, attributes, names and second factors are those of the settings; nothing is limited."""
    policy = PasswordPolicy(12, frozenset({"symbols", "numbers"}), 3)
    described = make(
        password_policy=policy, custom_attributes=["custom:team"], mfa=MfaMode.REQUIRED, deliver=id
    ).describe()
    assert (described.service, described.read_only, described.confirmed_before_change) == ("local", False, ())
    assert described.password_policy == DescribedPolicy(
        min_length=12, max_length=256, needs_number=True, needs_symbol=True, temporary_days=3
    )
    assert {attribute.name for attribute in described.attributes} == {*STANDARD_ATTRIBUTES, "sub", "custom:team"}
    assert described.usernames == UsernameRules(case_sensitive=False)
    assert (described.mfa, described.mfa_methods) == (MfaMode.REQUIRED, (MfaMethod.TOTP,))
    assert (dict(described.rates), dict(described.costs)) == ({}, {})


def test_capabilities_are_what_works(make: Make, users: LocalUserManager) -> None:
    """Invitations need `deliver`, custom attributes a declaration, and second factors a store that asks for them."""
    least = make(custom_attributes=[], mfa=MfaMode.OFF).describe().capabilities
    assert make(deliver=id).describe().capabilities - least == {
        Capability.INVITATIONS,
        Capability.CUSTOM_ATTRIBUTES,
        Capability.MFA,
        Capability.MFA_RESET,
    }
    assert users.describe().can(Capability.INVITATIONS) is False


@pytest.mark.parametrize(
    ("name", "longest", "longer"),
    [
        ("name", "x" * 2048, "x" * 2049),
        ("custom:extra_info", "x" * 2048, "x" * 2049),
        ("phone_number", "+" + "1" * 15, "+" + "1" * 16),
        ("birthdate", "1815-12-10", "11815-12-10"),
        ("updated_at", "9" * 20, "9" * 21),
    ],
)
def test_bounds_hold(users: LocalUserManager, name: str, longest: str, longer: str) -> None:
    """The longest value is as long as described, and one more character is refused."""
    attribute = users.describe().attribute(name)
    assert attribute is not None
    assert (attribute.max_length, attribute.required, attribute.mutable) == (len(longest), False, True)
    users.add_user("alice", PASSWORD, {name: longest})
    with pytest.raises(InvalidInputError) as caught:
        users.update_user("alice", {name: longer})
    assert caught.value.field == name


def test_types_and_writers_hold(users: LocalUserManager) -> None:
    """Verifications are booleans, `updated_at` is a number from 0, and nobody writes `sub`."""
    described = users.describe()
    types = {attribute.name: attribute.type for attribute in described.attributes}
    assert {name for name, kind in types.items() if kind is AttributeType.BOOLEAN} == {
        "email_verified",
        "phone_number_verified",
    }
    number, sub, name = (described.attribute(each) for each in ("updated_at", "sub", "name"))
    assert number is not None and sub is not None and name is not None  # noqa: PT018 - for the type checker
    assert (number.type, number.minimum) == (AttributeType.NUMBER, 0)
    assert (sub.writers, sub.mutable, name.writers) == ((), False, (Writer.ADMINISTRATOR,))


def test_store_has_an_id_of_its_own(users: LocalUserManager, path: Path, tmp_path: Path) -> None:
    """Two files have two ids, and no id says where its file is; the estimate is the exact number."""
    other = create(path=tmp_path / "other.db", argon2=CHEAP)
    other.add_user("alice")
    here, there = users.describe(), other.describe()
    other.close()
    assert here.store != there.store
    assert path.name not in repr((here, there))
    assert (here.estimated_users, there.estimated_users) == (0, 1)

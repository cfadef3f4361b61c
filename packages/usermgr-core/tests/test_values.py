"""The values of the API: frozen, hashable, copied and pickled, and plain JSON there and back."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usermgr import (
    AttributeDescription,
    Capability,
    Challenge,
    ChallengeName,
    Change,
    Group,
    MfaMethod,
    MfaReset,
    MfaSettings,
    Page,
    StoreDescription,
    Tokens,
    User,
    UserStatus,
)
from usermgr._frozen import FrozenDict
from usermgr.errors import InvalidInputError

NOW = datetime(2026, 1, 31, 12, 30, 0, 250000, tzinfo=UTC)
SECRET = "S3cret-planted"
VALUES: list[Any] = [
    User("alice", "s-1", UserStatus.CONFIRMED, True, NOW, NOW, {"email": "a@example.org"}),
    User("bob", "s-2", UserStatus("NEW_IN_2030"), False, NOW, NOW),
    Group("staff", "They work here", 3, NOW, NOW),
    Group("plain"),
    Tokens("alice", SECRET, SECRET, None, 3600),
    Challenge(ChallengeName.SELECT_MFA_TYPE, "alice", SECRET, {"methods": "sms,totp"}),
    MfaSettings([MfaMethod.TOTP], MfaMethod.TOTP),
    MfaReset([MfaMethod.SMS], next_sign_in_enrols=True),
    StoreDescription(
        capabilities=frozenset({"mfa", "telepathy"}),
        attributes=[AttributeDescription("email", required=True, max_length=2048)],
        rates={"creation": 50.0},
        costs={"add_user": {"creation": 1}, "add_user.password": {"creation": 0.5, "recovery": 1}},
    ),
]
each_value = pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)


@each_value
def test_value_is_equal_to_its_copies(value: Any) -> None:
    """A copy, deep or shallow, through pickle or through its own members, equals the value and has its hash."""
    members = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    pickled = [pickle.loads(pickle.dumps(value, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]  # noqa: S301 - our own
    copies = [copy.copy(value), copy.deepcopy(value), type(value)(**members), *pickled]
    assert copies == [value] * len(copies)
    assert {hash(made) for made in copies} == {hash(value)}
    assert dataclasses.asdict(value).keys() == members.keys()


@each_value
def test_value_survives_plain_json(value: Any) -> None:
    """`to_dict` gives plain JSON, and `from_dict` the same value, whatever a newer release has added to it."""
    there = json.loads(json.dumps(value.to_dict()))
    assert type(value).from_dict(there) == value
    assert type(value).from_dict({**there, "added_later": [1]}) == value


@each_value
def test_value_cannot_be_changed(value: Any) -> None:
    """No member can be set, and no mapping in it changed."""
    for field in dataclasses.fields(value):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, field.name, None)
        member = getattr(value, field.name)
        if isinstance(member, dict):
            for change in (
                lambda m=member: m.update(x="y"),
                lambda m=member: m.__setitem__("x", "y"),
                lambda m=member: m.pop("email", None),
                lambda m=member: m.setdefault("x", "y"),
                lambda m=member: m.clear(),
                lambda m=member: m.popitem(),
                lambda m=member: m.__delitem__("email"),
                lambda m=member: m.__ior__({"x": "y"}),
            ):
                with pytest.raises(TypeError, match="make a new one"):
                    change()


def test_attributes_that_were_given_can_go_on_changing() -> None:
    """A user keeps the attributes of its creation, whatever becomes of the mapping that was passed."""
    given = {"email": "a@example.org"}
    user = User("alice", "s-1", UserStatus.CONFIRMED, True, NOW, NOW, given)
    given["email"] = "mallory@example.org"
    assert user.email == "a@example.org"
    assert user.attributes == {"email": "a@example.org"}


@pytest.mark.parametrize(
    ("members", "field"),
    [
        pytest.param({"username": 7}, "username", id="wrong type"),
        pytest.param({"created_at": "yesterday"}, "created_at", id="no time"),
        pytest.param({"attributes": {"email": SECRET, "name": 7}}, "name", id="inside"),
        pytest.param({"sub": ...}, "sub", id="missing"),
    ],
)
def test_what_is_no_value_names_its_member(members: dict[str, Any], field: str) -> None:
    """A member that is missing or of another type raises InvalidInputError on it, and repeats no value."""
    there = {**VALUES[0].to_dict(), **members}
    with pytest.raises(InvalidInputError) as caught:
        User.from_dict({name: value for name, value in there.items() if value is not ...})
    assert caught.value.field == field
    assert SECRET not in str(caught.value)


def test_item_of_a_list_is_named_by_the_list() -> None:
    """An item of another type is named by the list that it is in, and not by its place there."""
    with pytest.raises(InvalidInputError, match=r"methods\.1 must be") as caught:
        MfaSettings.from_dict({"methods": ["sms", 7]})
    assert caught.value.field == "methods"


def test_value_that_json_cannot_say_names_its_member() -> None:
    """A member of another type, put there by a caller without types, raises InvalidInputError and is not repeated."""
    local = replace(VALUES[0], created_at=NOW.replace(tzinfo=None))
    odd = replace(VALUES[0], attributes={"email": [SECRET]})
    for value, field in ((local, "created_at"), (odd, "email")):
        with pytest.raises(InvalidInputError) as caught:
            value.to_dict()
        assert caught.value.field == field
        assert SECRET not in str(caught.value)


def test_set_of_capabilities_is_frozen() -> None:
    """A backend may give its capabilities as any set; they are kept, hashed and sent as a frozen one, in plain text."""
    given = {Capability.MFA, "telepathy"}
    described = StoreDescription(capabilities=given)  # type: ignore[arg-type] - what a caller without types writes
    given.clear()
    assert isinstance(hash(described), int)
    assert [(type(name), name) for name in described.to_dict()["capabilities"]] == [(str, "mfa"), (str, "telepathy")]


def test_change_keeps_the_arguments_of_its_creation() -> None:
    """A change is what it was made as, whatever becomes of the mappings and lists that were passed: a batch is made
    later."""
    attributes, methods = {"email": "a@example.org"}, [MfaMethod.TOTP]
    added = Change("add_user", {"username": "alice", "attributes": attributes})
    switched = Change("set_mfa", {"username": "alice", "methods": methods})
    attributes["email"] = "mallory@example.org"
    methods.clear()
    assert added.arguments == {"username": "alice", "attributes": {"email": "a@example.org"}}
    assert switched.arguments["methods"] == (MfaMethod.TOTP,)
    assert isinstance(hash((added, switched)), int)


def test_what_is_no_object_is_refused() -> None:
    """A list, or nothing, in the place of the members raises InvalidInputError."""
    for nothing in (None, [], "alice"):
        with pytest.raises(InvalidInputError):
            Group.from_dict(nothing)  # type: ignore[arg-type]


def test_page_iterates_and_has_no_length() -> None:
    """Iterating a page gives its items; it has no length and is never false, since an empty one may not be the last."""
    page = Page(("a", "b"), "next")
    assert list(page) == ["a", "b"]
    assert bool(Page((), "next")) is True
    with pytest.raises(TypeError):
        len(page)  # type: ignore[arg-type]


def test_secrets_stay_out_of_the_repr() -> None:
    """Tokens, sessions and the parameters of a challenge never show, whatever they hold."""
    for value in VALUES:
        assert SECRET not in repr(value)


@given(st.dictionaries(st.text(), st.text()))
def test_frozen_mapping_is_like_the_mapping(items: dict[str, str]) -> None:
    """It equals the mapping, has the hash of whatever equals it, and survives pickle and deep copies."""
    frozen = FrozenDict(items)
    assert frozen == items
    assert hash(frozen) == hash(FrozenDict(reversed(items.items())))
    assert pickle.loads(pickle.dumps(frozen)) == copy.deepcopy(frozen) == frozen  # noqa: S301 - our own
    assert type(frozen.copy()) is dict


def test_cost_of_a_call_is_that_of_its_arguments_too() -> None:
    """What an argument adds is added, by category; what has no cost is free."""
    described: StoreDescription = VALUES[-1]
    assert described.cost("add_user") == {"creation": 1}
    assert described.cost("add_user", "username", "password") == {"creation": 1.5, "recovery": 1}
    assert described.cost("get_user", "username") == {}

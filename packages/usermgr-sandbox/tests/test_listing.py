"""ListUsers: the filter's grammar, its limits, pages, and a listing that lags."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


def _names(cloud, pool, text, **more):
    return [user["Username"] for user in cloud.cognito.list_users(UserPoolId=pool, Filter=text, **more)["Users"]]


def test_an_escaped_value_is_found(differs):
    """A quote and a backslash in a value are escaped by a backslash."""

    def check(cloud):
        pool = cloud.pool()
        cloud.user(pool, "quoted", name='a"b')
        cloud.user(pool, "slashed", name="a\\b")
        assert _names(cloud, pool, r'name = "a\"b"') == ["quoted"]
        assert _names(cloud, pool, r'name = "a\\b"') == ["slashed"]

    differs(check)


def test_a_search_does_not_mind_case_but_for_names(differs):
    """An address is found in any case, a user name only in its own."""

    def check(cloud):
        pool = cloud.pool()
        cloud.user(pool, "Alice", email="Alice@Example.org")
        assert _names(cloud, pool, 'email = "alice@EXAMPLE.org"') == ["Alice"]
        assert _names(cloud, pool, 'email ^= "ALICE"') == ["Alice"]
        assert _names(cloud, pool, 'username = "alice"') == []

    differs(check)


def test_a_value_that_ends_early_is_an_error(differs, error_of):
    """An unescaped quote cannot widen a filter: the text after it does not parse."""

    def check(cloud):
        pool = cloud.pool()
        cloud.user(pool, "alice", name='x" or name ^= "')
        for text in ('name = "x" or name ^= ""', 'name = "x', "name = x", 'name == "x"'):
            code, _ = error_of(cloud.cognito.list_users, UserPoolId=pool, Filter=text)
            assert code == "InvalidParameterException"

    differs(check)


@settings(max_examples=25)
@given(value=st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=40))
def test_any_escaped_value_finds_its_user_alone(cloud, value):
    """For any printable value, the escaped filter finds the user who has it, and not the other."""
    pool = cloud.pool()
    for user, given_name in (("one", value), ("other", value + "x")):
        attributes = [{"Name": "given_name", "Value": given_name}]
        cloud.cognito.admin_create_user(
            UserPoolId=pool, Username=user, MessageAction="SUPPRESS", UserAttributes=attributes
        )
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    assert _names(cloud, pool, f'given_name = "{escaped}"') == ["one"]
    assert sorted(_names(cloud, pool, f'given_name ^= "{escaped}"')) == ["one", "other"]


@pytest.mark.parametrize("text", ['custom:team = "x"', 'locale = "x"', 'name = "' + "x" * 256 + '"'])
def test_what_cannot_be_searched_is_refused(cloud, error_of, text):
    """A custom attribute, an unlisted one, and a filter of more than 256 characters are errors."""
    pool = cloud.pool(Schema=[{"Name": "team", "AttributeDataType": "String", "Mutable": True}])
    assert error_of(cloud.cognito.list_users, UserPoolId=pool, Filter=text)[0] == "InvalidParameterException"


def test_pages_hold_every_user_once(cloud):
    """Following the tokens gives every user exactly once."""
    pool = cloud.pool()
    for number in range(7):
        cloud.cognito.admin_create_user(UserPoolId=pool, Username=f"u{number}", MessageAction="SUPPRESS")
    seen, more = [], {}
    while True:
        page = cloud.cognito.list_users(UserPoolId=pool, Limit=3, **more)
        seen += [user["Username"] for user in page["Users"]]
        if "PaginationToken" not in page:
            break
        more = {"PaginationToken": page["PaginationToken"]}
    assert sorted(seen) == [f"u{number}" for number in range(7)]


def test_a_filtered_page_can_be_empty_and_have_a_successor(differs):
    """With a filter, the service looks through a stretch of users a call: matches further on come later."""

    def check(cloud):
        pool = cloud.pool()
        for number in range(61):
            cloud.cognito.admin_create_user(UserPoolId=pool, Username=f"u{number:02}", MessageAction="SUPPRESS")
        first = cloud.cognito.list_users(UserPoolId=pool, Filter='username = "u60"')
        assert first["Users"] == []
        second = cloud.cognito.list_users(
            UserPoolId=pool, Filter='username = "u60"', PaginationToken=first["PaginationToken"]
        )
        assert [user["Username"] for user in second["Users"]] == ["u60"]

    differs(check)


def test_a_token_lives_one_hour(sandbox, cloud, error_of):
    """A pagination token is refused after an hour, and with another filter."""
    pool, call = cloud.pool(), cloud.cognito.list_users
    for name in ("alice", "bob"):
        cloud.cognito.admin_create_user(UserPoolId=pool, Username=name, MessageAction="SUPPRESS")
    token = call(UserPoolId=pool, Limit=1)["PaginationToken"]
    assert error_of(call, UserPoolId=pool, Filter='name = "x"', PaginationToken=token)[0] == "InvalidParameterException"
    try:
        sandbox.shift_clock(3500)
        assert len(call(UserPoolId=pool, Limit=1, PaginationToken=token)["Users"]) == 1
        sandbox.shift_clock(3700)
        assert error_of(call, UserPoolId=pool, PaginationToken=token)[0] == "InvalidParameterException"
    finally:
        sandbox.shift_clock(0)


def test_a_listing_can_lag(sandbox, cloud):
    """While listings lag, creations, changes and deletions show late; AdminGetUser shows them at once."""
    pool, cognito = cloud.pool(), cloud.cognito
    cloud.user(pool, "old", name="before")
    cloud.user(pool, "gone")
    try:
        sandbox.delay_listing(60)
        cloud.user(pool, "new")
        cognito.admin_delete_user(UserPoolId=pool, Username="gone")
        changed = [{"Name": "name", "Value": "after"}]
        cognito.admin_update_user_attributes(UserPoolId=pool, Username="old", UserAttributes=changed)
        assert cognito.admin_get_user(UserPoolId=pool, Username="new")["Username"] == "new"
        assert sorted(user["Username"] for user in cognito.list_users(UserPoolId=pool)["Users"]) == ["gone", "old"]
        assert _names(cloud, pool, 'name = "before"') == ["old"]
        sandbox.shift_clock(61)
        assert sorted(user["Username"] for user in cognito.list_users(UserPoolId=pool)["Users"]) == ["new", "old"]
        assert _names(cloud, pool, 'name = "after"') == ["old"]
    finally:
        sandbox.shift_clock(0)
        sandbox.delay_listing(0)

"""Page tokens: bound to their query, valid for one hour, and safe while users are deleted."""

from __future__ import annotations

import pytest


def _filled(cloud):
    """A pool with three users in each of two groups; the arguments of each listing, and of the same for another."""
    pool, cognito = cloud.pool(), cloud.cognito
    for group in ("a", "b", "c"):
        cognito.create_group(UserPoolId=pool, GroupName=group)
    for name in ("alice", "bob", "carol"):
        cognito.admin_create_user(UserPoolId=pool, Username=name, MessageAction="SUPPRESS")
        for group in ("a", "b", "c"):
            cognito.admin_add_user_to_group(UserPoolId=pool, Username=name, GroupName=group)
    return {
        "list_groups": ({"UserPoolId": pool}, {"UserPoolId": cloud.pool()}),
        "list_users_in_group": ({"UserPoolId": pool, "GroupName": "a"}, {"UserPoolId": pool, "GroupName": "b"}),
        "admin_list_groups_for_user": (
            {"UserPoolId": pool, "Username": "alice"},
            {"UserPoolId": pool, "Username": "bob"},
        ),
    }


@pytest.mark.parametrize("operation", ["list_groups", "list_users_in_group", "admin_list_groups_for_user"])
def test_a_group_token_belongs_to_its_query(differs, error_of, operation):
    """The token of another pool, group or user, and one that nobody gave out, are InvalidParameterException."""

    def check(cloud):
        query, other = _filled(cloud)[operation]
        call = getattr(cloud.cognito, operation)
        token = call(**query, Limit=1)["NextToken"]

        for arguments in (
            {**other, "NextToken": token},
            {**query, "NextToken": "invented"},
            {**query, "NextToken": "1"},
        ):
            assert error_of(call, **arguments)[0] == "InvalidParameterException"

        assert sum(map(len, (call(**query, NextToken=token).get(key, []) for key in ("Groups", "Users")))) == 2

    differs(check)


@pytest.mark.parametrize("operation", ["list_groups", "list_users_in_group", "admin_list_groups_for_user"])
def test_a_group_token_lives_one_hour(sandbox, cloud, error_of, operation):
    """Like those of ListUsers."""
    query, _ = _filled(cloud)[operation]
    call = getattr(cloud.cognito, operation)
    token = call(**query, Limit=1)["NextToken"]
    try:
        sandbox.shift_clock(3500)
        call(**query, NextToken=token)
        sandbox.shift_clock(3700)
        assert error_of(call, **query, NextToken=token)[0] == "InvalidParameterException"
    finally:
        sandbox.shift_clock(0)


@pytest.mark.parametrize("operation", ["list_users", "list_users_in_group"])
def test_deleting_while_listing_loses_nobody(cloud, operation):
    """131 users, deleted page by page: the next page begins where the last one ended."""
    pool, cognito = cloud.pool(), cloud.cognito
    cognito.create_group(UserPoolId=pool, GroupName="g")
    for number in range(131):
        cognito.admin_create_user(UserPoolId=pool, Username=f"u{number}", MessageAction="SUPPRESS")
        cognito.admin_add_user_to_group(UserPoolId=pool, Username=f"u{number}", GroupName="g")
    key, query = ("PaginationToken", {}) if operation == "list_users" else ("NextToken", {"GroupName": "g"})
    more = {}
    while True:
        page = getattr(cognito, operation)(UserPoolId=pool, **query, **more)
        for user in page["Users"]:
            cognito.admin_delete_user(UserPoolId=pool, Username=user["Username"])
        if key not in page:
            break
        more = {key: page[key]}

    assert cognito.list_users(UserPoolId=pool)["Users"] == []


def test_a_user_who_is_created_while_listing_is_on_a_later_page(cloud):
    """Also one with the name of a deleted user, and also while listings lag behind."""
    pool, cognito = cloud.pool(), cloud.cognito
    for name in ("alice", "bob", "carol"):
        cognito.admin_create_user(UserPoolId=pool, Username=name, MessageAction="SUPPRESS")
    first = cognito.list_users(UserPoolId=pool, Limit=2)
    cognito.admin_delete_user(UserPoolId=pool, Username="alice")
    cognito.admin_create_user(UserPoolId=pool, Username="alice", MessageAction="SUPPRESS")

    rest = cognito.list_users(UserPoolId=pool, PaginationToken=first["PaginationToken"])

    assert [user["Username"] for user in rest["Users"]] == ["carol", "alice"]

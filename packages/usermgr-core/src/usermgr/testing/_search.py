"""Searching: any number of conditions, and input that cannot change their meaning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from usermgr import Capability, Condition, UserManager, where
from usermgr.errors import GroupNotFoundError, InvalidInputError
from usermgr.testing._base import PASSWORD, ContractPart, needs

__all__ = ["SearchContract"]

AWKWARD = 'quo"te \\ back" or username ^= "'
NOW = datetime.now(UTC)


class SearchContract(ContractPart):
    """`search_users` and `plan_search`."""

    @pytest.fixture
    def people(self, users: UserManager) -> UserManager:
        """Three users to look for."""
        users.add_user("ada", PASSWORD, {"email": "ada@example.org", "name": "Ada L", "nickname": "red blue"})
        users.add_user("alan", PASSWORD, {"email": "alan@example.com", "name": AWKWARD})
        grace = {"email": "grace@example.org", "name": "Grace H", "nickname": "blue", "phone_number": "+819012345678"}
        users.add_user("grace", None, {**grace, "family_name": "ﾀﾅｶ 田中"})
        users.disable_user("alan")
        return users

    @pytest.mark.parametrize(
        ("conditions", "expected"),
        [
            ([], ["ada", "alan", "grace"]),
            ([where("username").equals("ada")], ["ada"]),
            ([where("username").starts_with("a")], ["ada", "alan"]),
            ([where("username").contains("a")], ["ada", "alan", "grace"]),
            ([where("username").ends_with("e")], ["grace"]),
            ([where("email").equals("ada@example.org")], ["ada"]),
            ([where("email").starts_with("al")], ["alan"]),
            ([where("email").ends_with(".org")], ["ada", "grace"]),
            ([where("nickname").equals("blue")], ["grace"]),
            ([where("nickname").contains("red")], ["ada"]),
            ([where("enabled").equals(value=False)], ["alan"]),
            ([where("enabled").equals(value=True), where("username").starts_with("a")], ["ada"]),
            ([where("email").ends_with(".org"), where("nickname").contains("blue")], ["ada", "grace"]),
            ([where("name").equals(AWKWARD)], ["alan"]),
            ([where("name").starts_with('quo"te \\')], ["alan"]),
            ([where("name").equals('x" or username ^= "a')], []),
            ([where("name").starts_with('"')], []),
            ([where("name").starts_with("\\")], []),
            ([where("name").equals("x" * 300)], []),
            ([where("username").equals("ada"), where("username").equals("alan")], []),
            ([where("created_at").after(NOW - timedelta(hours=1))], ["ada", "alan", "grace"]),
            ([where("created_at").before(NOW - timedelta(hours=1))], []),
            ([where("nickname").is_missing()], ["alan"]),
            ([where("phone_number").is_missing(), where("email").ends_with(".org")], ["ada"]),
        ],
    )
    def test_search_finds_exactly_those(
        self, people: UserManager, conditions: list[Condition], expected: list[str]
    ) -> None:
        """search_users gives exactly the users that meet all conditions."""
        assert sorted(user.username for user in people.search_users(*conditions)) == expected

    def test_plain_words_are_found(self, people: UserManager) -> None:
        """Words are found in names, addresses and phone numbers, in any case, width and form, however short they are
        and whatever characters they have."""
        for words, expected in (
            (["田中"], ["grace"]),
            (["中"], ["grace"]),
            (["タナカ", "\uff27RA"], ["grace"]),
            (["090-1234-5678"], ["grace"]),
            (["A"], ["ada", "alan", "grace"]),
            (["ADA l"], ["ada"]),
            ([AWKWARD.upper()], ["alan"]),
            (['"'], ["alan"]),
            (["'% OR 1=1 --"], []),
            (["x" * 300], []),
        ):
            found = people.search_users(*map(where("*").mentions, words))
            assert sorted(user.username for user in found) == expected, words
        joined = people.search_users(where("*").mentions("blue"), where("nickname").contains("red"))
        assert [user.username for user in joined] == ["ada"]

    @needs(Capability.STATUS)
    def test_status_is_found(self, people: UserManager) -> None:
        """Users are found by their status."""
        for status, expected in (("CONFIRMED", ["ada", "alan"]), ("FORCE_CHANGE_PASSWORD", ["grace"])):
            found = people.search_users(where("status").equals(status))
            assert sorted(user.username for user in found) == expected

    @needs(Capability.CUSTOM_ATTRIBUTES)
    def test_custom_attribute_is_found(self, people: UserManager) -> None:
        """Users are found by an attribute beyond the standard ones, wherever the condition is applied."""
        people.update_user("ada", {"custom:extra_info": "red blue"})
        people.update_user("grace", {"custom:extra_info": "blue"})
        for condition, expected in (
            (where("custom:extra_info").equals("blue"), ["grace"]),
            (where("custom:extra_info").contains("red"), ["ada"]),
            (where("custom:extra_info").is_missing(), ["alan"]),
        ):
            assert [user.username for user in people.search_users(condition)] == expected

    @pytest.mark.parametrize("address", ["ada@example.org", "ADA@Example.ORG"])
    def test_address_is_found_in_any_case(self, people: UserManager, address: str) -> None:
        """Where case does not matter to names, an address is found in any case; `equals` stays exact."""
        exactly = [user.username for user in people.search_users(where("email").equals(address))]

        assert [user.username for user in people.get_users_by_email(address)] == ["ada"]
        assert [user.username for user in people.search_users(where("email").same_as(address))] == ["ada"]
        assert exactly == (["ada"] if address == "ada@example.org" else [])

    def test_search_by_group(self, people: UserManager) -> None:
        """A condition on a group is joined with the others, and a second group with the first."""
        for group in ("admins", "staff"):
            people.add_group(group)
            people.add_user_to_group("ada", group)
        people.add_user_to_group("grace", "staff")

        def found(*conditions: Condition) -> list[str]:
            return sorted(user.username for user in people.search_users(*conditions))

        assert found(where("group").equals("staff")) == ["ada", "grace"]
        assert found(where("group").equals("staff"), where("username").starts_with("g")) == ["grace"]
        assert found(where("group").equals("staff"), where("group").equals("admins")) == ["ada"]

    def test_attribute_that_was_emptied_is_missing(self, people: UserManager) -> None:
        """An attribute that was set to an empty string is missing, though the store may keep the string."""
        people.update_user("ada", {"name": ""})

        assert [user.username for user in people.search_users(where("name").is_missing())] == ["ada"]

    @pytest.mark.parametrize("field", ["no_such_attribute", "custom:unheard_of"])
    def test_condition_on_an_unknown_attribute_is_named(self, people: UserManager, field: str) -> None:
        """A condition on an attribute that the store does not have raises InvalidInputError with the attribute.

        Without an error, a misspelt name would find nobody, and the lack of it everybody.
        """
        for condition in (where(field).equals("x"), where(field).is_missing()):
            with pytest.raises(InvalidInputError) as caught:
                list(people.search_users(where("email").equals("ada@example.org"), condition))
            assert caught.value.field == field

    def test_search_in_an_unknown_group_says_so(self, people: UserManager) -> None:
        """A condition on a group that does not exist raises GroupNotFoundError."""
        with pytest.raises(GroupNotFoundError) as caught:
            list(people.search_users(where("group").equals("nobody")))
        assert caught.value.group == "nobody"

    def test_plan_says_who_answers_what(self, people: UserManager) -> None:
        """plan_search puts every condition on exactly one side, and leaves `contains` on ours or the store's."""
        conditions = (where("email").equals("ada@example.org"), where("nickname").contains("red"))
        plan = people.plan_search(*conditions)
        assert sorted((*plan.by_service, *plan.by_client), key=str) == sorted(conditions, key=str)

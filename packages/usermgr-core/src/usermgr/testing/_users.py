"""Users: adding, reading, changing, deleting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from usermgr import Capability, UserManager, UserStatus
from usermgr.errors import (
    InvalidInputError,
    InvalidPageTokenError,
    InvalidPasswordError,
    InvalidStateError,
    UserExistsError,
    UserNotFoundError,
)
from usermgr.testing._base import PASSWORD, WEAK_PASSWORD, ContractPart, all_items, needs

__all__ = ["UsersContract"]

ATTRIBUTES = {"email": "alice@example.org", "name": 'Al "ice" \\ ünïcode'}
CUSTOM = {"email": "alice@example.org", "custom:extra_info": 'extra "info" \\ ünïcode'}


class UsersContract(ContractPart):
    """`add_user`, `get_user`, `update_user`, passwords, states, `delete_user`, listing, `ensure_user`."""

    def test_added_user_comes_back_as_it_was_described(self, users: UserManager) -> None:
        """An added user has the name, the attributes, a sub, and is confirmed and enabled."""
        added = users.add_user("alice", PASSWORD, ATTRIBUTES)
        read = users.get_user("alice")
        assert (added.username, added.sub, added.status, added.enabled, dict(added.attributes)) == (
            "alice",
            read.sub,
            UserStatus.CONFIRMED,
            True,
            ATTRIBUTES,
        )
        assert (read.username, read.status, read.enabled, dict(read.attributes)) == (
            "alice",
            UserStatus.CONFIRMED,
            True,
            ATTRIBUTES,
        )
        assert read.sub
        assert "sub" not in read.attributes

    def test_times_are_aware_and_in_utc(self, users: UserManager) -> None:
        """Creation and change are told in UTC, and both are about now."""
        user = users.add_user("alice", PASSWORD)
        assert user.created_at.tzinfo is UTC
        assert user.updated_at.tzinfo is UTC
        assert abs(datetime.now(UTC) - user.created_at) < timedelta(minutes=5)

    @needs(Capability.STATUS, Capability.TEMPORARY_PASSWORDS)
    def test_user_without_a_password_must_choose_one(self, users: UserManager) -> None:
        """A user that is added without a password, or with a temporary one, is in FORCE_CHANGE_PASSWORD."""
        users.add_user("none")
        users.add_user("temporary", PASSWORD, temporary=True)
        assert users.get_user("none").status == UserStatus.FORCE_CHANGE_PASSWORD
        assert users.get_user("temporary").status == UserStatus.FORCE_CHANGE_PASSWORD

    def test_existing_user_is_refused(self, users: UserManager) -> None:
        """Adding a name again raises UserExistsError with the name, and leaves the first user as it was."""
        first = users.add_user("alice", PASSWORD, ATTRIBUTES)
        with pytest.raises(UserExistsError) as caught:
            users.add_user("alice", "An0ther-password", {"email": "mallory@example.org"})
        assert caught.value.username == "alice"
        assert users.get_user("alice").sub == first.sub
        assert users.get_user("alice").attributes["email"] == "alice@example.org"

    @needs(Capability.STATUS, Capability.TEMPORARY_PASSWORDS)
    def test_invited_user_is_not_taken_over(self, users: UserManager) -> None:
        """A user that waits for its first sign-in is refused like any other, with the very same attributes too."""
        users.add_user("alice", PASSWORD, ATTRIBUTES, temporary=True)
        for attributes in (ATTRIBUTES, {"email": "mallory@example.org"}):
            with pytest.raises(UserExistsError):
                users.add_user("alice", PASSWORD, attributes)
        assert users.get_user("alice").status == UserStatus.FORCE_CHANGE_PASSWORD

    @needs(Capability.STATUS)
    def test_ensure_user_finishes_what_has_no_password(self, users: UserManager) -> None:
        """ensure_user gives its password to a user that has none of its own yet, and reports it once."""
        users.add_user("alice", None, ATTRIBUTES)
        assert users.ensure_user("alice", password=PASSWORD).changed == ("password",)
        assert users.ensure_user("alice", password=PASSWORD + "2").changed == ()
        assert users.get_user("alice").status == UserStatus.CONFIRMED

    def test_ensure_user_with_an_empty_attribute_settles(self, users: UserManager) -> None:
        """An empty text means that the attribute is not there, and asking for it again changes nothing."""
        users.add_user("alice", PASSWORD, ATTRIBUTES)
        assert users.ensure_user("alice", {"name": ""}).changed == ("name",)
        assert users.ensure_user("alice", {"name": ""}).changed == ()

    def test_weak_password_leaves_no_user_behind(self, users: UserManager) -> None:
        """A password that the policy refuses raises InvalidPasswordError, and nobody was added."""
        with pytest.raises(InvalidPasswordError):
            users.add_user("alice", WEAK_PASSWORD, ATTRIBUTES)
        assert users.user_exists("alice") is False

    @needs(Capability.TEMPORARY_PASSWORDS)
    def test_weak_temporary_password_leaves_no_user_behind(self, users: UserManager) -> None:
        """The policy holds for temporary passwords too."""
        with pytest.raises(InvalidPasswordError):
            users.add_user("alice", WEAK_PASSWORD, temporary=True)
        assert users.user_exists("alice") is False

    def test_undeclared_attribute_is_refused(self, users: UserManager) -> None:
        """An attribute that the store does not know raises InvalidInputError, on adding and on updating."""
        with pytest.raises(InvalidInputError):
            users.add_user("alice", PASSWORD, {"custom:unheard_of": "x"})
        assert users.user_exists("alice") is False
        users.add_user("alice", PASSWORD)
        with pytest.raises(InvalidInputError):
            users.update_user("alice", {"custom:unheard_of": "x"})

    @pytest.mark.parametrize(
        ("username", "password", "field"),
        [("", PASSWORD, "username"), ("alice", "", "password"), (7, PASSWORD, "username"), ("alice", 7, "password")],
    )
    def test_malformed_input_names_its_field(
        self, users: UserManager, username: str, password: str, field: str
    ) -> None:
        """A name or a password that is empty or not a string raises InvalidInputError with the field."""
        with pytest.raises(InvalidInputError) as caught:
            users.add_user(username, password)
        assert caught.value.field == field

    def test_attribute_that_is_not_a_string_is_refused(self, users: UserManager) -> None:
        """A number as an attribute's value raises InvalidInputError, and nobody was added."""
        with pytest.raises(InvalidInputError):
            users.add_user("alice", PASSWORD, {"name": 7})  # pyright: ignore[reportArgumentType]
        assert users.user_exists("alice") is False

    def test_names_in_another_case_are_the_same_user(self, users: UserManager) -> None:
        """A store that takes names in any case finds and refuses the same user by all of them."""
        added = users.add_user("Alice", PASSWORD)
        assert users.get_user("aLICE").sub == added.sub
        with pytest.raises(UserExistsError):
            users.add_user("ALICE", PASSWORD)

    def test_user_exists_tells(self, users: UserManager) -> None:
        """user_exists is true for a user and false for nobody."""
        users.add_user("alice", PASSWORD)
        assert users.user_exists("alice") is True
        assert users.user_exists("bob") is False

    @needs(Capability.EVENTUAL_LISTING)
    def test_user_exists_without_a_consistent_read(self, users: UserManager) -> None:
        """user_exists answers from the listing too, where that is said to be enough."""
        users.add_user("alice", PASSWORD)
        assert users.user_exists("alice", eventually_consistent=True) is True
        assert users.user_exists("bob", eventually_consistent=True) is False

    @needs(Capability.CUSTOM_ATTRIBUTES)
    def test_update_sets_and_removes_attributes(self, users: UserManager) -> None:
        """update_user sets what it names, removes what is None, and leaves the rest."""
        users.add_user("alice", PASSWORD, CUSTOM)
        users.update_user("alice", {"name": "Alice", "custom:extra_info": None})
        assert dict(users.get_user("alice").attributes) == {"email": "alice@example.org", "name": "Alice"}

    @pytest.mark.parametrize("refused", [{"sub": "another"}, {"sub": None}, {"custom:unheard_of": "x"}])
    def test_refused_update_changes_nothing(self, users: UserManager, refused: dict[str, str | None]) -> None:
        """An update is done as a whole: with one attribute that is refused, none is set and none is removed."""
        users.add_user("alice", PASSWORD, ATTRIBUTES)
        before = dict(users.get_user("alice").attributes)
        with pytest.raises(InvalidInputError):
            users.update_user("alice", {"nickname": "Al", "name": None, **refused})
        assert dict(users.get_user("alice").attributes) == before

    def test_blank_value_removes_an_attribute(self, users: UserManager) -> None:
        """An empty string removes an attribute, and is not kept when a user is added with one."""
        added = users.add_user("alice", PASSWORD, {**ATTRIBUTES, "nickname": ""})
        assert dict(added.attributes) == ATTRIBUTES
        users.update_user("alice", {"name": "", "nickname": "Al"})
        assert dict(users.get_user("alice").attributes) == {"email": "alice@example.org", "nickname": "Al"}

    @pytest.mark.parametrize(
        ("old", "new"), [("alice@example.org", "new@example.org"), ("+81312345678", "+81312345679")]
    )
    def test_changed_address_is_unverified(self, users: UserManager, old: str, new: str) -> None:
        """A changed address is unverified, unless the same call verifies it; one that stays the same stays verified."""
        kind = "email" if "@" in old else "phone_number"
        flag = f"{kind}_verified"
        users.add_user("alice", PASSWORD, {kind: old, flag: "true"})
        users.update_user("alice", {kind: old, "name": "Alice"})
        assert users.get_user("alice").attributes[flag] == "true"
        users.update_user("alice", {kind: new})
        changed = users.get_user("alice").attributes
        assert (changed[kind], changed.get(flag, "false")) == (new, "false")
        users.update_user("alice", {kind: old, flag: "true"})
        assert users.get_user("alice").attributes[flag] == "true"

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            pytest.param("birthdate", "1815-13-10", id="a month too many"),
            pytest.param("birthdate", "10.12.1815", id="another order"),
            pytest.param("updated_at", "yesterday", id="a time in words"),
            pytest.param("updated_at", "-1", id="a time before 1970"),
            pytest.param("email", "alice", id="no address"),
            pytest.param("phone_number", "0312345678", id="no country"),
            pytest.param("email_verified", "yes", id="not true or false"),
        ],
    )
    def test_attribute_of_another_form_is_named(self, users: UserManager, name: str, value: str) -> None:
        """A standard attribute without its form raises InvalidInputError with its name; nothing is done."""
        users.add_user("bob", PASSWORD)
        for call in (
            lambda: users.add_user("alice", PASSWORD, {name: value}),
            lambda: users.update_user("bob", {"nickname": "Bob", name: value}),
        ):
            with pytest.raises(InvalidInputError, match=name) as caught:
                call()
            assert caught.value.field == name

        assert users.user_exists("alice") is False
        assert dict(users.get_user("bob").attributes) == {}

    @pytest.mark.parametrize("password", [f"{PASSWORD} ", f" {PASSWORD}"], ids=["at the end", "at the beginning"])
    def test_space_around_a_password_is_refused(self, users: UserManager, password: str) -> None:
        """A password may not begin or end with a space: InvalidPasswordError, which says so; nothing is done."""
        users.add_user("bob", PASSWORD)
        for call in (
            lambda: users.add_user("alice", password),
            lambda: users.set_password("bob", password),
        ):
            with pytest.raises(InvalidPasswordError, match="no space at the beginning or end"):
                call()

        assert users.user_exists("alice") is False

    @pytest.mark.parametrize("flag", ["email_verified", "phone_number_verified"])
    def test_address_that_is_not_there_cannot_be_verified(self, users: UserManager, flag: str) -> None:
        """Verifying an address that the user does not have raises InvalidInputError with the flag; nothing is done."""
        users.add_user("bob", PASSWORD)
        for call in (
            lambda: users.add_user("alice", PASSWORD, {flag: "true"}),
            lambda: users.update_user("bob", {flag: "true", "name": "Bob"}),
        ):
            with pytest.raises(InvalidInputError) as caught:
                call()
            assert caught.value.field == flag
        assert users.user_exists("alice") is False
        assert dict(users.get_user("bob").attributes) == {}

    def test_sub_cannot_be_changed_or_removed(self, users: UserManager) -> None:
        """The sub is the store's own: setting or removing it raises InvalidInputError."""
        sub = users.add_user("alice", PASSWORD).sub
        for value in ("another", None):
            with pytest.raises(InvalidInputError):
                users.update_user("alice", {"sub": value})
        assert users.get_user("alice").sub == sub

    def test_disabled_user_can_be_enabled_again(self, users: UserManager) -> None:
        """disable_user and enable_user turn `enabled`, and doing it twice is not an error."""
        users.add_user("alice", PASSWORD)
        users.disable_user("alice")
        users.disable_user("alice")
        assert users.get_user("alice").enabled is False
        users.enable_user("alice")
        users.enable_user("alice")
        assert users.get_user("alice").enabled is True

    @needs(Capability.STATUS, Capability.TEMPORARY_PASSWORDS)
    def test_set_password_confirms_unless_temporary(self, users: UserManager) -> None:
        """A permanent password confirms the user; a temporary one asks for another at sign-in."""
        users.add_user("alice")
        users.set_password("alice", PASSWORD)
        assert users.get_user("alice").status == UserStatus.CONFIRMED
        users.set_password("alice", "An0ther-password", permanent=False)
        assert users.get_user("alice").status == UserStatus.FORCE_CHANGE_PASSWORD

    def test_weak_password_is_refused_later_too(self, users: UserManager) -> None:
        """set_password holds to the policy."""
        users.add_user("alice", PASSWORD)
        with pytest.raises(InvalidPasswordError):
            users.set_password("alice", WEAK_PASSWORD)

    @needs(Capability.PASSWORD_RESET, Capability.STATUS)
    def test_reset_password_asks_for_a_reset(self, users: UserManager) -> None:
        """reset_password puts the user into RESET_REQUIRED."""
        users.add_user("alice", PASSWORD, {"email": "alice@example.org", "email_verified": "true"})
        users.reset_password("alice")
        assert users.get_user("alice").status == UserStatus.RESET_REQUIRED

    @needs(Capability.PASSWORD_RESET, Capability.TEMPORARY_PASSWORDS)
    def test_reset_of_an_unused_invitation_is_refused(self, users: UserManager) -> None:
        """A user without a password of its own has none to reset: InvalidStateError, with the name."""
        verified = {"email": "alice@example.org", "email_verified": "true"}
        users.add_user("alice", PASSWORD, verified, temporary=True)
        with pytest.raises(InvalidStateError, match="set_password") as caught:
            users.reset_password("alice")
        assert caught.value.username == "alice"

    @needs(Capability.PASSWORD_RESET)
    def test_reset_of_a_disabled_user_is_refused(self, users: UserManager) -> None:
        """A disabled user's password cannot be reset: InvalidStateError, and nothing is changed."""
        users.add_user("alice", PASSWORD, {"email": "alice@example.org", "email_verified": "true"})
        users.disable_user("alice")
        with pytest.raises(InvalidStateError, match="enable_user") as caught:
            users.reset_password("alice")
        assert caught.value.username == "alice"
        assert users.get_user("alice").status == UserStatus.CONFIRMED

    @needs(Capability.PASSWORD_RESET)
    def test_reset_needs_a_verified_address(self, users: UserManager) -> None:
        """Without an address to send a code to, a reset raises InvalidInputError on `email_verified`."""
        users.add_user("alice", PASSWORD, {"email": "alice@example.org"})
        with pytest.raises(InvalidInputError) as caught:
            users.reset_password("alice")
        assert caught.value.field == "email_verified"
        assert users.get_user("alice").status == UserStatus.CONFIRMED

    @needs(Capability.PASSWORD_RESET)
    def test_password_of_nobody_is_not_reset(self, users: UserManager) -> None:
        """An unknown user raises UserNotFoundError with the name."""
        with pytest.raises(UserNotFoundError) as caught:
            users.reset_password("nobody")
        assert caught.value.username == "nobody"

    @needs(Capability.SIGN_OUT)
    def test_nobody_is_signed_out(self, users: UserManager) -> None:
        """An unknown user raises UserNotFoundError with the name."""
        with pytest.raises(UserNotFoundError) as caught:
            users.sign_out_user("nobody")
        assert caught.value.username == "nobody"

    def test_deleted_user_is_gone_and_the_name_free(self, users: UserManager) -> None:
        """A deleted user is not found, and a new one of that name is another user."""
        first = users.add_user("alice", PASSWORD)
        users.delete_user("alice")
        assert users.user_exists("alice") is False
        assert users.add_user("alice", PASSWORD).sub != first.sub

    @pytest.mark.parametrize(
        ("operation", "arguments"),
        [
            ("get_user", ("nobody",)),
            ("update_user", ("nobody", {"name": "x"})),
            ("update_user", ("nobody", {"name": None})),
            ("set_password", ("nobody", PASSWORD)),
            ("enable_user", ("nobody",)),
            ("disable_user", ("nobody",)),
            ("delete_user", ("nobody",)),
            ("list_groups_for_user", ("nobody",)),
        ],
    )
    def test_unknown_user_is_named(self, users: UserManager, operation: str, arguments: tuple[object, ...]) -> None:
        """Every operation on an unknown user raises UserNotFoundError with the name."""
        with pytest.raises(UserNotFoundError) as caught:
            getattr(users, operation)(*arguments)
        assert caught.value.username == "nobody"

    def test_listing_pages_through_everybody_once(self, users: UserManager) -> None:
        """The pages of list_users, and of a group's, hold everybody exactly once, none more than `limit`."""
        names = {f"user{number}" for number in range(7)}
        users.add_group("all")
        for name in names:
            users.add_user(name)
            users.add_user_to_group(name, "all")
        assert sorted(user.username for user in all_items(users.list_users, limit=3)) == sorted(names)
        members = all_items(partial(users.list_users_in_group, "all"), limit=3)
        assert sorted(user.username for user in members) == sorted(names)

    def test_iter_users_streams_everybody(self, users: UserManager) -> None:
        """iter_users gives everybody, over as many pages as it takes."""
        for number in range(4):
            users.add_user(f"user{number}")
        assert sorted(user.username for user in users.iter_users()) == [f"user{number}" for number in range(4)]

    def test_empty_store_has_an_empty_page(self, users: UserManager) -> None:
        """A store without users answers with no items and no next page."""
        page = users.list_users()
        assert (list(page.items), page.next_token) == ([], None)

    @pytest.mark.parametrize("limit", [0, 61, -1, "10"])
    def test_limit_out_of_range_is_refused(self, users: UserManager, limit: int) -> None:
        """A limit that is not a whole number from 1 to 60 raises InvalidInputError on `limit`."""
        with pytest.raises(InvalidInputError) as caught:
            users.list_users(limit=limit)
        assert caught.value.field == "limit"

    def test_strange_page_token_is_refused(self, users: UserManager) -> None:
        """A page token that nobody gave raises InvalidPageTokenError."""
        users.add_user("alice")
        with pytest.raises(InvalidPageTokenError):
            users.list_users(page_token="not a token")  # noqa: S106 - a page's token, not a secret

    def test_ensure_user_creates_then_changes_nothing(self, users: UserManager) -> None:
        """ensure_user creates the user once, reports it, and finds nothing to do the second time."""
        first = users.ensure_user("alice", ATTRIBUTES, password=PASSWORD)
        again = users.ensure_user("alice", ATTRIBUTES, password=PASSWORD)
        assert first.created is True
        assert set(first.changed) == {*ATTRIBUTES, "password"}
        assert (again.created, again.changed, again.user.sub) == (False, (), first.user.sub)

    def test_ensure_user_brings_to_the_wanted_state(self, users: UserManager) -> None:
        """ensure_user changes exactly what differs, and reports what."""
        users.add_user("alice", PASSWORD, ATTRIBUTES)
        ensured = users.ensure_user("alice", {"email": "new@example.org", "name": None}, enabled=False)
        assert set(ensured.changed) == {"email", "name", "enabled"}
        left = {name: value for name, value in ensured.user.attributes.items() if name != "email_verified"}
        assert (left, ensured.user.enabled) == ({"email": "new@example.org"}, False)

    @pytest.mark.parametrize("removal", [None, ""], ids=["none", "empty"])
    def test_ensure_user_removes_an_address(self, users: UserManager, removal: str | None) -> None:
        """ensure_user removes an e-mail address as it removes any other attribute, and then finds nothing to do."""
        users.add_user("alice", PASSWORD, {"email": "alice@example.org", "name": "Alice"})

        ensured = users.ensure_user("alice", {"email": removal, "name": removal})
        again = users.ensure_user("alice", {"email": removal, "name": removal})

        assert (ensured.changed, ensured.user.email) == (("email", "name"), None)
        assert again.changed == ()

    def test_look_up_by_sub_and_by_email(self, users: UserManager) -> None:
        """A user is found by its sub and by its e-mail address; nobody's sub raises UserNotFoundError."""
        alice = users.add_user("alice", PASSWORD, ATTRIBUTES)
        assert users.get_user_by_sub(alice.sub).username == "alice"
        assert [user.username for user in users.get_users_by_email("alice@example.org")] == ["alice"]
        assert users.get_users_by_email("nobody@example.org") == ()
        with pytest.raises(UserNotFoundError):
            users.get_user_by_sub("00000000-0000-0000-0000-000000000000")

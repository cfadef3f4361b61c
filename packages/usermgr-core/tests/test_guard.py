"""The guard for the acting account and for the last members of required groups, on the embedded store."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from usermgr import Change, Factory, Outcome, UserManager
from usermgr.errors import InvalidInputError, ProtectedUserError, UserNotFoundError
from usermgr.guard import Guarded
from usermgr.operations import OPERATIONS


@pytest.fixture
def store(tmp_path: Path) -> Iterator[UserManager]:
    """Ada and Alan are administrators, of whom Alan is disabled; Grace is nobody in particular."""
    with Factory.create(Factory.LOCAL, path=str(tmp_path / "users.db")) as users:
        for name in ("ada", "alan", "grace"):
            users.add_user(name)
        users.add_group("admins")
        users.add_group("staff")
        for name in ("ada", "alan"):
            users.add_user_to_group(name, "admins")
        users.disable_user("alan")
        yield users


@pytest.fixture
def users(store: UserManager) -> UserManager:
    """The guard in front of it; nobody of the store acts."""
    return Guarded(store, required_groups=["admins"])


LAST: dict[str, Callable[[UserManager], Any]] = {
    "delete": lambda users: users.delete_user("ada"),
    "delete by another case": lambda users: users.delete_user("ADA"),
    "disable": lambda users: users.disable_user("ada"),
    "demote": lambda users: users.remove_user_from_group("ada", "admins"),
    "ensure disabled": lambda users: users.ensure_user("ada", enabled=False),
    "set other groups": lambda users: users.set_groups("ada", ["staff"]),
}


@pytest.mark.parametrize("way", LAST.values(), ids=LAST)
def test_last_enabled_member_stays(way: Callable[[UserManager], Any], users: UserManager) -> None:
    """The last enabled member of a required group is refused by name, whatever the way, and is as before."""
    with pytest.raises(ProtectedUserError) as caught:
        way(users)
    assert (caught.value.username, caught.value.group) == ("ada", "admins")
    assert users.get_user("ada").enabled is True
    assert [user.username for user in users.iter_users_in_group("admins")] == ["ada", "alan"]


@pytest.mark.parametrize("way", [LAST["delete"], LAST["disable"], LAST["demote"]], ids=["delete", "disable", "demote"])
def test_one_of_several_may_go(way: Callable[[UserManager], Any], users: UserManager) -> None:
    """While another enabled member is there, nobody is refused; after that, the other one is."""
    users.enable_user("alan")
    way(users)
    with pytest.raises(ProtectedUserError) as caught:
        users.disable_user("alan")
    assert caught.value.username == "alan"


def test_batch_takes_all_but_the_last(users: UserManager) -> None:
    """Of a batch that would take every member, the last one is refused and the others are made."""
    users.enable_user("alan")
    changes = [Change("delete_user", {"username": name}) for name in ("grace", "ada", "alan")]
    outcomes = list(users.write_many(changes))
    assert [type(outcome.error) for outcome in outcomes] == [type(None), type(None), ProtectedUserError]
    assert [user.username for user in users.iter_users()] == ["alan"]


def test_batch_stays_one_but_for_what_takes_somebody(
    store: UserManager, users: UserManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What can take nobody away who must stay is made in the store's batches; all else is looked at, in its place."""
    batches: list[list[str]] = []
    make = type(store).write_many

    def write_many(self: UserManager, changes: Iterable[Change]) -> Iterator[Outcome]:
        batches.append([])
        return make(self, (batches[-1].append(change.operation) or change for change in changes))  # type: ignore[func-returns-value]

    monkeypatch.setattr(type(store), "write_many", write_many)
    grace = {"username": "grace"}
    changes = [
        Change("add_user", {"username": "joan"}),
        Change("add_user_to_group", {**grace, "group": "staff"}),
        Change("disable_user", {"username": "ada"}),
        Change("remove_user_from_group", {**grace, "group": "staff"}),
        Change("delete_group", {"name": "staff"}),
        Change("delete_group", {"name": "admins"}),
        Change("remove_user_from_group", {"username": "ada", "group": "admins"}),
        Change("update_user", {**grace, "attributes": {"name": "Grace"}}),
        Change("delete_user", grace),
    ]

    outcomes = list(users.write_many(changes))

    assert [outcome.change for outcome in outcomes] == changes
    assert [n for n, outcome in enumerate(outcomes) if isinstance(outcome.error, ProtectedUserError)] == [2, 5, 6]
    assert all(outcome.succeeded for n, outcome in enumerate(outcomes) if n not in (2, 5, 6))
    assert batches == [["add_user", "add_user_to_group"], ["remove_user_from_group", "delete_group"], ["update_user"]]


def test_who_is_disabled_already_may_go(users: UserManager) -> None:
    """A disabled member keeps nobody in, so it may be taken out, disabled again and deleted."""
    users.remove_user_from_group("alan", "admins")
    users.add_user_to_group("alan", "admins")
    users.disable_user("alan")
    users.delete_user("alan")
    assert users.user_exists("alan") is False


def test_group_without_an_enabled_member_has_none_to_lose(store: UserManager) -> None:
    """The only member of a required group may go where it is disabled already, and nobody can leave an empty one."""
    store.add_group("owners")
    users = Guarded(store, required_groups=["owners"])
    users.remove_user_from_group("grace", "owners")
    users.add_user_to_group("alan", "owners")
    users.remove_user_from_group("alan", "owners")
    users.add_user_to_group("alan", "owners")
    users.disable_user("alan")
    users.delete_user("alan")


def test_two_threads_do_not_take_the_last_two(store: UserManager, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two threads that take the last two members at once, one is refused."""
    store.enable_user("alan")
    look = type(store).search_users

    def slow(self: UserManager, *conditions: Any) -> Any:
        found = list(look(self, *conditions))
        time.sleep(0.2)  # long enough for the other thread to look as well, if it may
        return iter(found)

    monkeypatch.setattr(type(store), "search_users", slow)
    users = Guarded(store, required_groups=["admins"])

    def disable(name: str) -> type[Exception] | None:
        try:
            users.disable_user(name)
        except ProtectedUserError as error:
            return type(error)
        return None

    with ThreadPoolExecutor(2) as threads:
        ended = list(threads.map(disable, ["ada", "alan"]))

    assert sorted(map(str, ended)) == sorted(map(str, [None, ProtectedUserError]))


@pytest.mark.parametrize("name", [7, None, ["admins"], {"admins"}])
def test_what_is_no_name_is_the_stores_to_refuse(name: Any, users: UserManager) -> None:
    """A value of another type raises InvalidInputError, as without the guard."""
    for call in (users.delete_group, users.delete_user, lambda group: users.remove_user_from_group("ada", group)):
        with pytest.raises(InvalidInputError):
            call(name)


def test_required_group_is_not_deleted(users: UserManager) -> None:
    """A required group is refused by its name; any other may go."""
    with pytest.raises(ProtectedUserError) as caught:
        users.delete_group("admins")
    assert caught.value.group == "admins"
    users.delete_group("staff")


@pytest.mark.parametrize("asked", [False, True], ids=["given", "asked"])
def test_acting_account_stays(asked: bool, store: UserManager) -> None:
    """Whoever acts can neither delete, disable, demote nor sign out themselves, also where others could take over."""
    store.enable_user("alan")
    sub = store.get_user("ada").sub
    users = Guarded(store, required_groups=["admins"], acting=(lambda: sub) if asked else sub)
    own: list[Callable[[UserManager], Any]] = [
        lambda users: users.sign_out_user("ada"),
        lambda users: users.reset_password("ADA"),
    ]
    for way in (*LAST.values(), *own):
        with pytest.raises(ProtectedUserError, match="the account that acts"):
            way(users)
    users.sign_out_user("alan")
    users.remove_user_from_group("ada", "staff")
    users.delete_user("alan")


def test_who_is_not_a_member_is_not_taken_out(users: UserManager) -> None:
    """Taking out who is not in the group is nothing, as without the guard; an unknown user is unknown."""
    users.remove_user_from_group("grace", "admins")
    with pytest.raises(UserNotFoundError):
        users.delete_user("nobody")


def test_everything_else_passes(store: UserManager, users: UserManager) -> None:
    """What takes nobody away is the store's, and it has all of its capabilities."""
    assert users.describe() == store.describe()
    assert users.get_user("ada") == store.get_user("ada")
    assert {"delete_user", "disable_user", "remove_user_from_group", "delete_group"} <= OPERATIONS.keys()


def test_groups_are_a_list_of_names(store: UserManager) -> None:
    """A text in the place of the names is refused: each of its letters would be a group."""
    with pytest.raises(InvalidInputError):
        Guarded(store, required_groups="admins")

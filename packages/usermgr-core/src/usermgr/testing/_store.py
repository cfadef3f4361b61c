"""What a store says of itself, and that it says it of nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from usermgr import Capability, StoreDescription, UserManager
from usermgr.errors import InvalidInputError, InvalidPasswordError, UnsupportedOperationError
from usermgr.operations import OPERATIONS
from usermgr.testing._base import PASSWORD, WEAK_PASSWORD, ContractPart, needs
from usermgr.testing._hostile import ARGUMENTS

__all__ = ["StoreContract"]


class StoreContract(ContractPart):
    """`describe`, `count_users`, and the refusal of what the store lacks."""

    def test_description_survives_json(self, users: UserManager) -> None:
        """The description is the same after its journey through JSON, and has a hash."""
        described = users.describe()
        assert StoreDescription.from_dict(described.to_dict()) == described
        assert isinstance(hash(described), int)

    def test_described_attributes_are_the_ones_that_work(self, users: UserManager) -> None:
        """An attribute that the description has can be set; one that it lacks, or that nobody may write, cannot."""
        described = users.describe()
        assert described.attribute("email") is not None
        assert described.attribute("custom:unheard_of") is None
        users.add_user("alice", PASSWORD, {"email": "alice@example.org"})
        for attribute in described.attributes:
            if attribute.name == "sub" or not attribute.writers:
                with pytest.raises(InvalidInputError):
                    users.update_user("alice", {attribute.name: "x"})

    @needs(Capability.CUSTOM_ATTRIBUTES)
    def test_described_length_is_the_one_that_holds(self, users: UserManager) -> None:
        """A value of the described length is taken, and a longer one refused by the name of its attribute."""
        described = users.describe().attribute("custom:extra_info")
        assert described is not None
        longest = described.max_length or 2048
        users.add_user("alice", PASSWORD, {"custom:extra_info": "x" * longest})
        with pytest.raises(InvalidInputError) as caught:
            users.update_user("alice", {"custom:extra_info": "x" * (longest + 1)})
        assert caught.value.field == "custom:extra_info"

    def test_described_policy_is_the_one_that_holds(self, users: UserManager) -> None:
        """A password of the described form is taken, and one that is a character too short is refused."""
        policy = users.describe().password_policy
        assert policy is not None
        shortest = ("aA1!" * policy.min_length)[: policy.min_length]
        users.add_user("alice", shortest)
        for weak in (shortest[:-1], WEAK_PASSWORD):
            with pytest.raises(InvalidPasswordError):
                users.set_password("alice", weak)

    def test_described_case_is_how_names_work(self, users: UserManager) -> None:
        """The description says that names in any case are the same, which the contract asks of a store."""
        assert users.describe().usernames.case_sensitive is False

    def test_costs_are_of_operations_and_in_categories(self, users: UserManager) -> None:
        """Every cost is that of an operation, or of one of its arguments, in a category that has a rate."""
        described = users.describe()
        for name, cost in described.costs.items():
            operation, _, argument = name.partition(".")
            assert not argument or argument in OPERATIONS[operation].parameters
            assert set(cost) <= set(described.rates)

    def test_what_the_store_lacks_is_refused(self, users: UserManager) -> None:
        """An operation whose capability is not described raises UnsupportedOperationError, which names both."""
        lacking = {
            name: operation.capability
            for name, operation in OPERATIONS.items()
            if operation.capability is not None and not users.describe().can(operation.capability)
        }
        refused: dict[str, str | None] = {}
        for name in lacking:
            wanted = {p: ARGUMENTS[p] for p in OPERATIONS[name].parameters if p not in OPERATIONS[name].defaults}
            call: Callable[..., Any] = getattr(users, name)
            with pytest.raises(UnsupportedOperationError) as caught:
                call(**wanted)
            assert caught.value.operation == name
            refused[name] = caught.value.capability
        assert refused == lacking

    @pytest.mark.parametrize(
        ("capability", "operation", "arguments", "field"),
        [
            (Capability.GROUP_DESCRIPTIONS, "add_group", {"name": "b", "description": "d"}, "description"),
            (Capability.GROUP_DESCRIPTIONS, "update_group", {"name": "a", "description": "d"}, "description"),
            (Capability.GROUP_PRECEDENCE, "add_group", {"name": "b", "precedence": 1}, "precedence"),
            (Capability.GROUP_PRECEDENCE, "update_group", {"name": "a", "precedence": 1}, "precedence"),
            (
                Capability.TEMPORARY_PASSWORDS,
                "add_user",
                {"username": "bob", "password": PASSWORD, "temporary": True},
                "temporary",
            ),
            (
                Capability.TEMPORARY_PASSWORDS,
                "set_password",
                {"username": "alice", "password": PASSWORD, "permanent": False},
                "permanent",
            ),
        ],
    )
    def test_argument_that_the_store_lacks_is_refused(
        self, users: UserManager, capability: Capability, operation: str, arguments: dict[str, Any], field: str
    ) -> None:
        """An argument whose capability is not described raises UnsupportedOperationError, which names it; one that is
        described works."""
        users.add_user("alice", PASSWORD)
        users.add_group("a")
        if users.describe().can(capability):
            getattr(users, operation)(**arguments)
            return
        with pytest.raises(UnsupportedOperationError) as caught:
            getattr(users, operation)(**arguments)
        assert (caught.value.capability, caught.value.field) == (capability, field)
        assert [user.username for user in users.iter_users()] == ["alice"]
        assert [group.name for group in users.iter_groups()] == ["a"]

    def test_users_are_counted(self, users: UserManager) -> None:
        """The exact count is the number of users; the estimate is a number that is not negative."""
        assert users.count_users(exact=True) == 0
        for name in ("ada", "alan", "grace"):
            users.add_user(name)
        assert users.count_users(exact=True) == 3
        assert users.count_users() >= 0

"""The whole contract, and the check that nobody bends it."""

from __future__ import annotations

from typing import Any

from usermgr.testing.base import GAPS, ContractPart
from usermgr.testing.groups import GroupsContract
from usermgr.testing.search import SearchContract
from usermgr.testing.sign_in import SignInContract
from usermgr.testing.users import UsersContract

__all__ = ["GAPS", "UserManagerContract", "overridden_tests"]


class UserManagerContract(UsersContract, SearchContract, GroupsContract, SignInContract):
    """Every promise of `usermgr.UserManager`."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        unknown = cls.gaps - GAPS.keys()
        if unknown:
            raise TypeError(f"{cls.__name__} declares gaps that the contract does not know: {sorted(unknown)}")
        for name in dir(cls):
            if getattr(getattr(cls, name), "__usermgr_needs__", None) in cls.gaps:
                setattr(cls, name, None)  # pytest collects callables only: the test of a declared gap is not there


def overridden_tests(cls: type[ContractPart]) -> list[str]:
    """The tests of the contract that a backend's class replaces: there should be none."""
    own = {name for base in cls.__mro__ if not base.__module__.startswith("usermgr.testing") for name in vars(base)}
    tests = {name for name in dir(UserManagerContract) if name.startswith("test")}
    declared = {
        name for name in tests if getattr(getattr(UserManagerContract, name), "__usermgr_needs__", None) in cls.gaps
    }
    return sorted((own & tests) - declared)

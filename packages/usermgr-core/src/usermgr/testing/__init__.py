"""The contract suite: what every backend promises, as tests against the interface alone. Needs pytest.

A backend's own test is a fixture that returns an empty manager::

    from usermgr.testing import UserManagerContract

    class TestMyBackend(UserManagerContract):
        @pytest.fixture
        def users(self) -> UserManager:
            return my_empty_manager()

The store behind it asks for passwords of at least 8 characters with an upper-case letter, a lower-case letter and
a digit, takes names in any case as the same, and knows the attributes `email`, `name` and `custom:extra_info`.

What a backend cannot do it says in `gaps`, one of `usermgr.testing.GAPS`; the tests of a gap are not run, and the
project's documentation lists them. No test may be overridden: `overridden_tests` finds those that are.
"""

import pytest

pytest.register_assert_rewrite(
    "usermgr.testing.base",
    "usermgr.testing.groups",
    "usermgr.testing.search",
    "usermgr.testing.sign_in",
    "usermgr.testing.users",
)

from usermgr.testing.contract import GAPS, UserManagerContract, overridden_tests  # noqa: E402 - after the rewrite

__all__ = ["GAPS", "UserManagerContract", "overridden_tests"]

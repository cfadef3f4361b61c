"""The contract suites: what every backend and every activity store promises, as tests of the interface alone.

Needs pytest: install `usermgr-core[testing]`. The test of a backend is a fixture that returns an empty manager::

    from usermgr.testing import UserManagerContract

    class TestMyBackend(UserManagerContract):
        @pytest.fixture
        def users(self) -> UserManager:
            return my_empty_manager()

The store behind it requires passwords of at least 8 characters with an upper-case letter, a lower-case letter and
a digit, treats names in any case as the same, and says both in its description. It has the standard attributes of
OpenID Connect (`usermgr.validation.STANDARD_ATTRIBUTES`) and, with the capability `custom-attributes`,
`custom:extra_info`.

What the store's `describe()` does not have among its capabilities is not tested: those tests are reported as skipped,
with that reason. The test of an activity store is a subclass of `ActivityStoreContract` with a fixture
`store`. A class that replaces a test of its contract is refused with a `TypeError`.
"""

import pkgutil

import pytest

pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__)))

from usermgr.testing._activity import ActivityStoreContract  # noqa: E402 - after the rewrite
from usermgr.testing._users_contract import UserManagerContract  # noqa: E402 - after the rewrite

__all__ = ["ActivityStoreContract", "UserManagerContract"]

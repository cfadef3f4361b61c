"""The guard of the contract suites."""

from __future__ import annotations

import pytest

from usermgr.testing import ActivityStoreContract, UserManagerContract
from usermgr.testing._base import needs

pytest_plugins = ["pytester"]


@pytest.mark.parametrize(
    ("contract", "test"),
    [
        pytest.param(UserManagerContract, "test_added_group_comes_back", id="users"),
        pytest.param(ActivityStoreContract, "test_nobody_was_seen", id="activity"),
    ],
)
def test_replaced_test_is_refused(contract: type, test: str) -> None:
    """A class that replaces a test of its contract, itself or through a mixin, is a TypeError that names the test."""
    easier = type("Easier", (), {test: print})

    with pytest.raises(TypeError, match=test):
        type("Bent", (contract,), {test: print})
    with pytest.raises(TypeError, match=test):
        type("BentByAMixin", (easier, contract), {})


def test_gaps_of_a_class_are_refused() -> None:
    """A class that still declares gaps is a TypeError that says where they go; an unknown capability a ValueError."""
    with pytest.raises(TypeError, match="describe"):
        type("Gappy", (UserManagerContract,), {"gaps": frozenset({"sign-in"})})
    with pytest.raises(ValueError, match="telepathy"):
        needs("telepathy")  # type: ignore[arg-type]


def test_what_a_store_lacks_is_shown_as_skipped(pytester: pytest.Pytester) -> None:
    """The tests of a capability that the store's description lacks stand in the report as skipped, with the reason."""
    pytester.makepyfile(
        """
        import pytest
        from usermgr import StoreDescription
        from usermgr.testing import UserManagerContract

        class TestPlain(UserManagerContract):
            @pytest.fixture
            def users(self):
                class Plain:
                    def describe(self):
                        return StoreDescription(capabilities=frozenset({"status"}))

                return Plain()
        """
    )

    result = pytester.runpytest_subprocess("-rs", "-k", "test_right_password_gives_tokens", "-p", "no:cacheprovider")

    result.assert_outcomes(skipped=1, deselected=result.parseoutcomes().get("deselected", 0))
    result.stdout.fnmatch_lines(["*description lacks the capability sign-in*"])

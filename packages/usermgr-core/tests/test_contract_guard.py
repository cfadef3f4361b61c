"""The guard of the contract suites."""

from __future__ import annotations

import pytest

from usermgr.testing import GAPS, ActivityStoreContract, UserManagerContract
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


def test_unknown_gap_is_refused() -> None:
    """A gap that the contract does not know is a TypeError, for a class and for a test."""
    with pytest.raises(TypeError, match="telepathy"):
        type("Gappy", (UserManagerContract,), {"gaps": frozenset({"telepathy"})})
    with pytest.raises(ValueError, match="telepathy"):
        needs("telepathy")


def test_tests_of_a_gap_are_shown_as_skipped(pytester: pytest.Pytester) -> None:
    """A declared gap's tests stand in the report as skipped, with the reason, and their store is never made."""
    pytester.makepyfile(
        """
        import pytest
        from usermgr.testing import UserManagerContract

        class TestGappy(UserManagerContract):
            gaps = frozenset({"sign-in"})

            @pytest.fixture
            def users(self):
                raise AssertionError("not needed")
        """
    )

    result = pytester.runpytest_subprocess("-rs", "-k", "test_right_password_gives_tokens", "-p", "no:cacheprovider")

    result.assert_outcomes(skipped=1, deselected=result.parseoutcomes().get("deselected", 0))
    result.stdout.fnmatch_lines([f"*declares the gap sign-in: {GAPS['sign-in']}*"])

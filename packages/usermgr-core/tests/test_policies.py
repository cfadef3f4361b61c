"""The door through which a backend gives the policies of its service."""

from __future__ import annotations

from pathlib import Path

import pytest

from usermgr.errors import InvalidInputError, UnknownBackendError, UnsupportedOperationError
from usermgr.policies import Role, policy_in_force

ENTRY_POINTS = """
[usermgr.backends]
strange = stranger_policies:connect
mute = stranger_policies:connect
[usermgr.policies]
strange = stranger_policies:policy_of
"""
MODULE = """
def connect(): ...
def policy_of(role): return {"may": role.value}
"""


@pytest.fixture(autouse=True)
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package with two backends, one of which has policies."""
    info = tmp_path / "stranger-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    (tmp_path / "stranger_policies.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("USERMGR_BACKEND", raising=False)


def test_policy_of_a_stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    """The backend's package makes the policy of a role, by argument or for the backend in force."""
    assert policy_in_force("operator", "strange") == {"may": "operator"}
    monkeypatch.setenv("USERMGR_BACKEND", "strange")
    assert policy_in_force(Role.ADMIN) == {"may": "admin"}


def test_policy_that_there_is_not() -> None:
    """A backend without policies, one that is unknown or not named, and an unknown role have errors of their own."""
    with pytest.raises(UnsupportedOperationError, match="the backend mute has no policies"):
        policy_in_force("admin", "mute")
    for backend in (None, "nobody"):
        with pytest.raises(UnknownBackendError):
            policy_in_force("admin", backend)
    with pytest.raises(InvalidInputError, match="read-only, operator, admin"):
        policy_in_force("king", "strange")

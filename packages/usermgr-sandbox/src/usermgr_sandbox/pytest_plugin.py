"""Fixtures for an application's own tests: a sandbox for the session, and an environment that leads to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from usermgr_sandbox import Sandbox

__all__ = ["usermgr_sandbox", "usermgr_sandbox_env"]


@pytest.fixture(scope="session")
def usermgr_sandbox() -> Iterator[Sandbox]:
    """A running sandbox, one for the whole session."""
    from usermgr_sandbox import Sandbox  # noqa: PLC0415 - only where the fixture is used

    with Sandbox.start() as sandbox:
        yield sandbox


@pytest.fixture
def usermgr_sandbox_env(usermgr_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The sandbox, with the environment of this test leading every AWS SDK to it."""
    for name, value in usermgr_sandbox.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    return usermgr_sandbox

"""Pytest plug-in: fixtures with which an application's own tests use the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from usermgr_sandbox.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def usermgr_sandbox() -> Iterator[Sandbox]:
    """One running sandbox for the whole session; call ``reset()`` where a test needs an empty account."""
    with Sandbox.start() as sandbox:
        yield sandbox


@pytest.fixture
def usermgr_sandbox_env(usermgr_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The sandbox, with this test's environment pointing every AWS SDK at it."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in usermgr_sandbox.environment().items():
        monkeypatch.setenv(name, value)
    return usermgr_sandbox

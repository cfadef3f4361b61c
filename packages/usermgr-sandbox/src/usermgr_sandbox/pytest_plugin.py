"""The pytest plug-in: a sandbox, a user pool and the management function for an application's tests.

| fixture | scope | what it gives |
| --- | --- | --- |
| `usermgr_sandbox` | session | a running sandbox; the environment stays as it is |
| `usermgr_sandbox_shared_pool` | session | a user pool with an app client; the environment stays as it is |
| `usermgr_sandbox_shared_function` | session | the name of the management function of that pool |
| `usermgr_sandbox_shared_env` | session | the sandbox; the environment of all tests points to it and to the pool |
| `usermgr_sandbox_env` | function | the sandbox, with the environment of this test pointing to it |
| `usermgr_sandbox_pool` | function | the pool, empty, with its settings in the environment of this test |
| `usermgr_sandbox_function` | function | the function's name, which the environment of this test names too |

Three fixtures of session scope can be overridden: `usermgr_sandbox_pool_settings`, members of CreateUserPool for the
pool; `usermgr_sandbox_function_zip`, the path of the function's zip; and `usermgr_sandbox_function_name`.

An environment that points to the sandbox leaves no way to the real AWS: profiles, sessions, roles, configuration
files, endpoints of single services and boto3's default session are taken away for the time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from usermgr_sandbox import Sandbox, SandboxPool

__all__ = [
    "usermgr_sandbox",
    "usermgr_sandbox_env",
    "usermgr_sandbox_function",
    "usermgr_sandbox_function_name",
    "usermgr_sandbox_function_zip",
    "usermgr_sandbox_pool",
    "usermgr_sandbox_pool_settings",
    "usermgr_sandbox_shared_env",
    "usermgr_sandbox_shared_function",
    "usermgr_sandbox_shared_pool",
]

FUNCTION_ZIP = "USERMGR_SANDBOX_FUNCTION_ZIP"


@pytest.fixture(scope="session")
def usermgr_sandbox() -> Iterator[Sandbox]:
    """A running sandbox, one for the whole session."""
    from usermgr_sandbox import Sandbox  # noqa: PLC0415 - only where the fixture is used

    with Sandbox.start() as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def usermgr_sandbox_pool_settings() -> Mapping[str, Any]:
    """Members of CreateUserPool for the pool. Override it for a pool of another kind."""
    return {}


@pytest.fixture(scope="session")
def usermgr_sandbox_function_zip() -> Path:
    """The zip of the management function, which USERMGR_SANDBOX_FUNCTION_ZIP names. Override it to build one."""
    path = os.environ.get(FUNCTION_ZIP)
    if not path:
        pytest.fail(
            f"set {FUNCTION_ZIP} to the path of the management function's zip (`make functions` builds "
            "dist/functions/usermgr.zip), or override the fixture usermgr_sandbox_function_zip"
        )
    return Path(path)


@pytest.fixture(scope="session")
def usermgr_sandbox_function_name() -> str:
    """The name of the management function and of its role. Override it where it would be in the way."""
    return "usermgr"


@pytest.fixture(scope="session")
def usermgr_sandbox_shared_pool(
    usermgr_sandbox: Sandbox, usermgr_sandbox_pool_settings: Mapping[str, Any]
) -> SandboxPool:
    """A user pool with an app client, one for the whole session."""
    return usermgr_sandbox.create_pool(**usermgr_sandbox_pool_settings)


@pytest.fixture(scope="session")
def usermgr_sandbox_shared_function(
    usermgr_sandbox: Sandbox,
    usermgr_sandbox_shared_pool: SandboxPool,
    usermgr_sandbox_function_zip: Path,
    usermgr_sandbox_function_name: str,
) -> str:
    """The name of the management function, deployed once for the whole session."""
    return usermgr_sandbox.deploy_function(
        usermgr_sandbox_function_zip, usermgr_sandbox_shared_pool, name=usermgr_sandbox_function_name
    )


@pytest.fixture(scope="session")
def usermgr_sandbox_shared_env(usermgr_sandbox: Sandbox, usermgr_sandbox_shared_pool: SandboxPool) -> Iterator[Sandbox]:
    """The sandbox, with the environment of the whole session pointing to it and to the pool."""
    with pytest.MonkeyPatch.context() as patch:
        _isolate(patch, usermgr_sandbox)
        _set(patch, usermgr_sandbox_shared_pool.environment())
        yield usermgr_sandbox


@pytest.fixture
def usermgr_sandbox_env(usermgr_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The sandbox, with the environment of this test pointing every AWS SDK to it, and nowhere else."""
    _isolate(monkeypatch, usermgr_sandbox)
    return usermgr_sandbox


@pytest.fixture
def usermgr_sandbox_pool(
    usermgr_sandbox_env: Sandbox, usermgr_sandbox_shared_pool: SandboxPool, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SandboxPool]:
    """The pool of the session, empty, and named in the environment of this test. It is emptied afterwards."""
    usermgr_sandbox_env.empty_pool(usermgr_sandbox_shared_pool)
    _set(monkeypatch, usermgr_sandbox_shared_pool.environment())
    yield usermgr_sandbox_shared_pool
    usermgr_sandbox_env.empty_pool(usermgr_sandbox_shared_pool)


@pytest.fixture
def usermgr_sandbox_function(
    usermgr_sandbox_pool: SandboxPool,  # noqa: ARG001 - for its environment
    usermgr_sandbox_shared_function: str,
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """The management function of the empty pool, named in the environment of this test."""
    _set(monkeypatch, {"LAMBDA_NAME_USERMGR": usermgr_sandbox_shared_function})
    return usermgr_sandbox_shared_function


def _isolate(patch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
    from usermgr_sandbox._isolation import to_remove  # noqa: PLC0415 - only where a fixture is used

    for name in to_remove():
        patch.delenv(name)
    _set(patch, sandbox.environment())
    import boto3  # noqa: PLC0415 - as above

    patch.setattr(boto3, "DEFAULT_SESSION", None)  # it keeps the credentials of whoever called boto3.client first


def _set(patch: pytest.MonkeyPatch, variables: Mapping[str, str]) -> None:
    for name, value in variables.items():
        patch.setenv(name, value)

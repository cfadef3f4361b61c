"""Stores for the tests: cheap passwords, a clock that the test moves, and signing keys created once."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import usermgr_local
from usermgr import Challenge, Tokens
from usermgr_local import Argon2Cost, LocalUserManager

CHEAP = Argon2Cost(memory_kib=8, iterations=1, parallelism=1)
PASSWORD = "a-Long-passw0rd"
NEW_PASSWORD = "An0ther-password"
VERIFIED = {"email": "alice@example.org", "email_verified": "true"}


@dataclass
class Clock:
    """A clock that moves only when the test moves it."""

    time: datetime

    def __call__(self) -> datetime:
        """The time."""
        return self.time

    def forward(self, **by: float) -> None:
        """Moves on, by what `timedelta` takes."""
        self.time += timedelta(**by)


def signed_in(users: LocalUserManager, username: str = "alice", password: str = PASSWORD) -> Tokens:
    """Tokens, and nothing else."""
    tokens = users.authenticate(username, password)
    assert isinstance(tokens, Tokens)
    return tokens


def challenged(users: LocalUserManager, username: str = "alice", password: str = PASSWORD) -> Challenge:
    """A challenge, and nothing else."""
    challenge = users.authenticate(username, password)
    assert isinstance(challenge, Challenge)
    return challenge


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("USERPOOL_ID", "CLIENT_ID", "USERMGR_BACKEND"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def clock() -> Clock:
    """A quiet morning."""
    return Clock(datetime(2026, 1, 31, 8, 3, 20, tzinfo=UTC))


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with its signing keys and nobody in it: making RSA keys takes longer than most tests."""
    path = tmp_path_factory.mktemp("template") / "users.db"
    users = usermgr_local.create(path=path, argon2=CHEAP)
    users.close()
    return path


@pytest.fixture
def path(empty_store: Path, tmp_path: Path) -> Path:
    """The test's own copy of the empty store."""
    return Path(shutil.copy2(empty_store, tmp_path / "users.db"))


@pytest.fixture
def make(path: Path) -> Iterator[Callable[..., LocalUserManager]]:
    """Managers of the test's store."""
    made: list[LocalUserManager] = []

    def make(**settings: Any) -> LocalUserManager:
        made.append(usermgr_local.create(**{"path": path, "argon2": CHEAP, **settings}))
        return made[-1]

    yield make
    for manager in made:
        manager.close()


@pytest.fixture
def users(make: Callable[..., LocalUserManager], clock: Clock) -> LocalUserManager:
    """A manager of an empty store, with the test's clock."""
    return make(now=clock)

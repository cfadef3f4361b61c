"""Planted secrets are searched for in every log, exception text and repr of this store."""

from __future__ import annotations

import logging
import sqlite3
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from usermgr import Challenge, ChallengeName, Change, Tokens
from usermgr.errors import UsermgrError
from usermgr_local import LocalUserManager, Message
from usermgr_local import _database as database

GOOD, WEAK, TOKEN = "Planted-passw0rd", "plantedweak", "PlantedToken"
TOTP = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
EMAIL = {"email": "alice@example.org"}


def changes() -> Iterator[Change]:
    """Every change that takes a password, or makes one."""
    for password in (GOOD, WEAK, f"{GOOD}\ud800"):
        yield Change("add_user", {"username": "dave", "password": password})
        yield Change("set_password", {"username": "dave", "password": password})
        yield Change("set_password", {"username": "nobody", "password": password})
    yield Change("invite_user", {"username": "erin", "attributes": EMAIL})
    yield Change("resend_invitation", {"username": "erin"})


def operations(users: LocalUserManager) -> list[Callable[[], object]]:
    """Every operation that takes a secret, with secrets that are right, wrong, weak and malformed."""
    forged = Challenge(ChallengeName.NEW_PASSWORD_REQUIRED, "alice", TOKEN)
    return [
        *(
            operation
            for password in (GOOD, WEAK, f"{GOOD}\ud800", f"{GOOD} ")
            for operation in (
                lambda password=password: users.add_user("alice", password),
                lambda password=password: users.add_user("alice", password, {"custom:unheard_of": "x"}),
                lambda password=password: users.set_password("alice", password),
                lambda password=password: users.set_password("nobody", password),
                lambda password=password: users.authenticate("alice", password),
                lambda password=password: users.authenticate("nobody", password),
                lambda password=password: users.answer_challenge(forged, password),
                lambda password=password: users.ensure_user("bob", password=password),
            )
        ),
        lambda: users.refresh(Tokens("alice", TOKEN, TOKEN, TOKEN, 3600)),
        lambda: users.list_users(page_token=TOKEN),
        lambda: users.set_totp_secret("alice", TOTP),
        lambda: users.set_totp_secret("alice", f"{TOTP}!"),
        lambda: users.authenticate("alice", GOOD),
        lambda: users.invite_user("carol", EMAIL),
        lambda: users.resend_invitation("carol"),
        lambda: list(users.write_many(changes())),
        *(lambda change=change: change for change in changes()),
    ]


@pytest.mark.parametrize("outcome", ["works", "busy"])
def test_no_secret_leaks(
    make: Callable[..., LocalUserManager],
    path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    outcome: str,
) -> None:
    """Neither what fails for its input, nor what fails in SQLite, shows a password, a token or a TOTP secret."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.0)
    sent: list[str] = []

    def deliver(message: Message) -> None:
        sent.append(message.temporary_password)
        if len(sent) > 1:
            raise RuntimeError(message.temporary_password)

    users = make(deliver=deliver)
    blocker = sqlite3.connect(path, isolation_level=None)
    if outcome == "busy":
        blocker.execute("BEGIN IMMEDIATE")
    said: list[str] = []
    failures = 0
    for operation in operations(users):
        try:
            said.append(repr(operation()))
        except UsermgrError as error:
            failures += 1
            said += [repr(error), repr(error.details), *traceback.format_exception(error)]
    blocker.close()
    assert failures >= 15  # else little was tried
    assert len(sent) == (4 if outcome == "works" else 0)
    text = "".join([*said, caplog.text, repr(users), repr(vars(users))])
    assert [secret for secret in (GOOD, WEAK, TOKEN, TOTP, *sent) if secret in text] == []

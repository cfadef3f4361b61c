"""Planted secrets are searched for in every log, exception text and repr of this store."""

from __future__ import annotations

import logging
import sqlite3
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from usermgr import Challenge, ChallengeName, Tokens
from usermgr.errors import UsermgrError
from usermgr_local import LocalUserManager
from usermgr_local import _database as database

GOOD, WEAK, TOKEN = "Planted-passw0rd", "plantedweak", "PlantedToken"
TOTP = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


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
    users = make()
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
    text = "".join([*said, caplog.text, repr(users), repr(vars(users))])
    assert [secret for secret in (GOOD, WEAK, TOKEN, TOTP) if secret in text] == []

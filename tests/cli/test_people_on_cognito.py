"""People and groups from the command line, on a user pool."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest

from tests.conftest import Pool
from usermgr import Factory, MfaMethod, UserManager, UserStatus
from usermgr_cli._main import run

PASSWORD = "a-Long-passw0rd"


class Ended(NamedTuple):
    """How a run ended; `data` is what it wrote as JSON."""

    status: int
    data: Any
    err: str


class Command(Protocol):
    """Runs the command with `--output json`."""

    def __call__(self, *arguments: str) -> Ended: ...


@pytest.fixture
def usermgr(pool: Pool, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """The command in this process, on the pool of these tests."""
    monkeypatch.setenv("USERMGR_BACKEND", "cognito")
    monkeypatch.setenv("USERMGR_CONFIG", str(tmp_path / "config.toml"))

    def command(*arguments: str) -> Ended:
        capfd.readouterr()
        status = run([*arguments, "--output", "json"])
        out, err = capfd.readouterr()
        return Ended(status, json.loads(out) if out else None, err)

    return command


@pytest.fixture
def users(pool: Pool) -> UserManager:
    """The pool, to look."""
    return Factory.create(Factory.AWS_COGNITO)


def test_a_person_from_the_first_day_to_the_last(usermgr: Command, users: UserManager) -> None:
    """Added with a password from a file descriptor, shown, found, changed, disabled and deleted."""
    read, write = os.pipe()
    os.write(write, f"{PASSWORD}\n".encode())
    os.close(write)
    assert usermgr("group", "add", "admins", "--precedence", "1").status == 0

    attributes = ("--email", "ada@example.org", "--email-verified")
    added = usermgr("user", "add", "ada", *attributes, "-g", "admins", "--password-fd", str(read))
    os.close(read)
    assert added.status == 0, added.err
    assert PASSWORD not in str(added)
    assert users.authenticate("ada", PASSWORD).username == "ada"

    shown = usermgr("user", "show", "ada").data
    assert (shown["groups"], shown["mfa"]["methods"], shown["status"]) == (["admins"], [], "CONFIRMED")
    assert shown["attributes"]["email_verified"] == "true"

    assert [user["username"] for user in usermgr("user", "search", "email^=ada", "-name").data] == ["ada"]
    assert usermgr("user", "update", "ada", "--name", "Ada", "--remove-attribute", "email").status == 0
    assert usermgr("user", "search", "email^=ada").data == []
    assert [user["username"] for user in usermgr("group", "members", "admins").data] == ["ada"]

    changed = usermgr("user", "disable", "ada", "nobody")
    assert (changed.status, [row["outcome"] for row in changed.data]) == (5, ["disabled", "failed"])
    assert not users.get_user("ada").enabled

    assert usermgr("user", "delete", "ada").status == 2
    assert usermgr("user", "delete", "ada", "--yes").status == 0
    assert usermgr("user", "show", "ada").status == 3


def test_invitations_and_confirmations(usermgr: Command, users: UserManager, pool: Pool, cognito: Any) -> None:
    """What the local store cannot do: the pool invites, invites again, and confirms who signed up by themselves."""
    invited = usermgr("user", "invite", "eve", "--email", "eve@example.org")
    assert (invited.status, invited.data["status"]) == (0, "FORCE_CHANGE_PASSWORD")
    assert usermgr("user", "resend", "eve").data[0]["outcome"] == "invited again"

    users.add_user("bob", PASSWORD)
    assert usermgr("user", "resend", "bob").status == 1

    self_made = cognito.create_user_pool_client(UserPoolId=pool.id, ClientName="sign-up")["UserPoolClient"]["ClientId"]
    cognito.sign_up(ClientId=self_made, Username="mallory", Password=PASSWORD)
    assert users.get_user("mallory").status is UserStatus.UNCONFIRMED
    assert usermgr("user", "confirm", "mallory").data[0]["outcome"] == "confirmed"
    assert users.get_user("mallory").status is UserStatus.CONFIRMED


def test_second_factors_are_shown_and_taken_away(usermgr: Command, users: UserManager) -> None:
    """The row says what was removed, and what the next sign-in asks for."""
    users.add_user("ada", PASSWORD, {"phone_number": "+81312345678"})
    users.set_mfa("ada", [MfaMethod.SMS], preferred=MfaMethod.SMS)

    assert usermgr("user", "show", "ada").data["mfa"] == {"methods": ["sms"], "preferred": "sms"}
    reset = usermgr("user", "reset-mfa", "ada", "--yes").data[0]
    assert (reset["removed"], reset["next_sign_in_enrols"]) == (["sms"], False)
    assert users.get_mfa("ada").methods == ()


def test_explain_says_what_the_pool_answers(usermgr: Command, users: UserManager) -> None:
    """One condition at most is Cognito's; without one it reads every page, as many as its estimate has users."""
    users.add_user("ada", None, {"email": "ada@example.org"})

    one = usermgr("user", "search", "--explain", "email^=ada", "-phone_number", "created>=2026-01-01", "--utc").data
    assert one["by_service"] == ["email^=ada"]
    assert one["filtered_here"] == ["created_at>=2026-01-01T00:00:00+00:00", "-phone_number"]
    assert one["pages"] is None

    none = usermgr("user", "search", "--explain", "-phone_number").data
    assert (none["by_service"], none["filtered_here"], none["pages"]) == ([], ["-phone_number"], 1)
    assert none["reads"] == "every page, of 60 users each: about 1 at most"


def test_dormant_users_are_disabled_at_the_pace_of_the_quota(
    usermgr: Command, users: UserManager, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The question tells the pace that the pool's description has."""
    monkeypatch.setenv("USERMGR_ACTIVITY", "local")
    monkeypatch.setenv("USERMGR_LOCAL_PATH", str(tmp_path / "activity.db"))
    users.add_user("ada")

    arguments = ("activity", "dormant", "--days", "0", "--recording-since", "2026-01-01", "--disable")
    asked = usermgr(*arguments)
    assert asked.status == 2
    assert "Disable 1 user: ada? It takes about 0:00:01 at 25 a second;" in asked.err
    assert usermgr(*arguments, "--yes").data[0]["outcome"] == "disabled"
    assert not users.get_user("ada").enabled

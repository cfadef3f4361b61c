"""Bulk work from the command line on a real pool of the sandbox."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Pool
from usermgr import Factory
from usermgr_cli._main import run


def test_people_go_in_through_every_bulk_command_and_out_again(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Check, import, an action, a plan and an export on Cognito, with the statuses that scripts depend on."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("USERMGR_BACKEND", "cognito")
    monkeypatch.setenv("USERMGR_CONFIG", str(tmp_path / "none.toml"))
    people = "username,email,groups\nada,ada@example.org,staff\n健二,kenji@example.org,\nbad,not an address,\n"
    Path("people.csv").write_text(people)
    desired = {"users": [{"username": "ada", "attributes": {"name": "Ada"}, "groups": []}]}
    Path("people.json").write_text(json.dumps(desired))

    statuses = [
        run(["check", "people.csv", "--groups"]),
        run(["import", "people.csv", "--groups"]),
        run(["bulk", "disable", "--where", "email^=kenji", "--yes"]),
        run(["sync", "apply", "people.json", "--yes"]),
        run(["sync", "plan", "people.json"]),
        run(["export", "all"]),
    ]

    told = capfd.readouterr()
    assert statuses == [1, 5, 0, 0, 0, 0], told.err
    assert "3 rows: 2 created, 1 failed. What became of each is in people.csv.report.jsonl" in told.err
    users = Factory.create(Factory.AWS_COGNITO)
    assert {user.username: user.enabled for user in users.iter_users()} == {"ada": True, "健二": False}
    assert dict(users.get_user("ada").attributes)["name"] == "Ada"
    exported = [json.loads(line) for line in Path("all/users.jsonl").read_text().splitlines()]
    assert {user["username"]: user["groups"] for user in exported} == {"ada": [], "健二": []}

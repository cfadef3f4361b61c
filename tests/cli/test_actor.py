"""Whom the audit names: the person at the terminal, and whom the service takes them for."""

from __future__ import annotations

import getpass
import json
import secrets
import socket
from pathlib import Path
from typing import Any

import pytest

import usermgr_cognito
import usermgr_lambda_client
from tests.cli.running import usermgr
from tests.conftest import Pool
from usermgr import Factory, UserManager
from usermgr.audit import Audited
from usermgr.guard import Guarded
from usermgr_cli._actor import Person
from usermgr_sandbox import Sandbox

ROOT = "arn:aws:iam::123456789012:root"


@pytest.fixture
def audit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of an audit that is on, beside a local store."""
    monkeypatch.setenv("USERMGR_BACKEND", "local")
    monkeypatch.setenv("USERMGR_LOCAL_PATH", str(tmp_path / "users.db"))
    monkeypatch.setenv("USERMGR_AUDIT", str(tmp_path / "audit.jsonl"))
    monkeypatch.setenv("USERMGR_AUDIT_KEY", secrets.token_hex(32))
    return tmp_path / "audit.jsonl"


def actors(audit: Path) -> list[dict[str, Any]]:
    """Who made each change."""
    found: list[dict[str, Any]] = []
    for line in audit.read_text().splitlines():
        record: dict[str, Any] = json.loads(line)
        found += [
            part["actor"] for part in (record, *(v for v in record.values() if isinstance(v, dict))) if "actor" in part
        ]
    return found


def test_local_user_and_host(audit: Path) -> None:
    """On a store without callers, the actor is the local user on this host."""
    with Factory.create() as users:
        users.add_user("ada")

    assert usermgr("user", "delete", "ada", "--yes").status == 0

    (actor,) = actors(audit)
    assert (actor["name"], actor["details"]) == (getpass.getuser(), {"host": socket.gethostname()})


def test_caller_of_aws(audit: Path, pool: Pool, usermgr_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """On AWS the record has the ARN too, asked once and only for an audit; not knowing it stops nothing."""
    monkeypatch.setenv("USERMGR_BACKEND", "cognito")
    with Factory.create() as users:
        for name in ("ada", "bob", "cy"):
            users.add_user(name)

    def asked(before: int) -> int:
        return [each.operation for each in usermgr_sandbox.requests(before)].count("GetCallerIdentity")

    before = len(usermgr_sandbox.requests())
    assert usermgr("user", "delete", "ada", "--yes").status == 0
    assert asked(before) == 1
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")
    told = usermgr("user", "delete", "bob", "--yes")
    assert (told.status, "whom the service takes them for is not known" in told.err) == (0, True)
    assert [actor["details"]["caller"].rpartition(":")[0] for actor in actors(audit)] == [
        "arn:aws:sts::123456789012:user/moto".rpartition(":")[0], "not known",
    ]  # fmt: skip
    monkeypatch.delenv("AWS_ENDPOINT_URL_STS")
    monkeypatch.delenv("USERMGR_AUDIT")
    before = len(usermgr_sandbox.requests())
    assert usermgr("user", "delete", "cy", "--yes").status == 0
    assert asked(before) == 0


def test_caller_through_other_managers(pool: Pool, usermgr_sandbox: Sandbox) -> None:
    """Managers in front of another ask that one; whose a client is that was passed in, nobody knows."""

    class Sink:
        def write(self, record: object) -> None:
            """Takes none."""

        def ready(self) -> None:
            """Always."""

    direct = usermgr_cognito.connect()
    through: UserManager = usermgr_lambda_client.connect(function_name="no-such-function")

    found = direct.caller()

    assert found is not None
    assert found.startswith("arn:aws:sts::")
    assert Audited(Guarded(direct), Sink(), "kim").caller() == found
    assert through.caller() == found
    assert usermgr_cognito.connect(client=usermgr_sandbox.client("cognito-idp")).caller() is None


def test_person_is_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host without names has an unknown user; the service is asked once, however many changes there are."""
    asked: list[str] = []

    def ask() -> str | None:
        asked.append("once")
        return None

    monkeypatch.setattr(getpass, "getuser", lambda: {}["nobody"])
    person = Person(ask, asked.append)

    assert [person.actor().name for _ in range(3)] == ["unknown"] * 3
    assert asked == ["once"]

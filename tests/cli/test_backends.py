"""`usermgr backends`, and `usermgr doctor` as people read it."""

from __future__ import annotations

from importlib.metadata import EntryPoints
from pathlib import Path

import pytest

from tests.cli.running import usermgr
from tools.version import current
from usermgr._factory import ACTIVITY, BACKENDS
from usermgr._plugins import PluginKind

VERSION = current(Path(__file__).parents[2])


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A local store, which nobody has made yet."""
    monkeypatch.chdir(tmp_path)
    for name in ("ACTIVITY", "AUDIT", "JWKS", "TRIGGER_ARN"):
        monkeypatch.delenv(f"USERMGR_{name}", raising=False)
    monkeypatch.setenv("USERMGR_BACKEND", "local")
    monkeypatch.setenv("USERMGR_LOCAL_PATH", "users.db")
    return monkeypatch


def test_installed_backends(environment: pytest.MonkeyPatch) -> None:
    """Each backend and activity store with its package and version, and which is in force."""
    done = usermgr("backends", "-o", "json")

    rows = {(row["kind"], row["name"]): row for row in done.data}
    assert [name for _, name in rows] == ["cognito", "lambda", "local", "dynamodb", "local"]
    assert rows["backend", "local"] == {
        "kind": "backend", "name": "local", "in_force": True, "package": "usermgr-local", "version": VERSION,
        "remedy": None,
    }  # fmt: skip
    assert [name for name, row in rows.items() if row["in_force"]] == [("backend", "local")]
    assert done.err == "No activity store is in force: USERMGR_ACTIVITY names one.\n"
    environment.setenv("USERMGR_ACTIVITY", "redis")
    assert usermgr("backends").err == (
        "USERMGR_ACTIVITY names redis, and no activity store of that name is known here.\n"
    )


def test_backends_that_are_not_installed(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Those of ours that are missing have their package and how to get it, and a stranger's is listed beside them."""
    none = usermgr("backends", "-o", "json")
    environment.setattr(PluginKind, "_entry_points", lambda _: EntryPoints())
    missing = usermgr("backends", "-o", "json")
    assert none.data != missing.data
    assert {(row["package"], row["version"]) for row in missing.data} == {
        (package, None) for kind in (BACKENDS, ACTIVITY) for package, _ in kind.ours.values()
    }
    assert all(row["remedy"].startswith(f"install {row['package']} {VERSION}, and only from ") for row in missing.data)


def test_report_of_doctor(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Failures come first with what to do, the rest in a line each, and a count; nothing is created by looking."""
    done = usermgr("doctor")

    lines = done.out.splitlines()
    assert (done.status, done.err) == (1, "")
    assert lines[0] == "FAILURE  local.store: users.db cannot be looked at: No such file or directory"
    assert lines[1].startswith("         To do: set USERMGR_LOCAL_PATH to the store's file")
    assert lines[-2].startswith("ok       packages: ")
    assert lines[-1] == "1 failure, 1 well. The evidence is in --output json."
    assert list(tmp_path.iterdir()) == []
    assert usermgr("doctor", "--check", "packages").out.splitlines()[-1].startswith("1 well.")


def test_warnings_alone_are_no_failure(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With warnings alone the status is 0."""
    usermgr("user", "list")
    keys = tmp_path / "users.db.jwks.json"
    environment.setenv("USERMGR_JWKS", str(keys))
    keys.chmod(0o666)

    done = usermgr("doctor")

    assert (done.status, done.out.startswith("WARNING  jwt.keys: ")) == (0, True), done.out
    assert done.out.splitlines()[-1].startswith("1 warning, ")


@pytest.mark.parametrize(
    ("name", "value", "check", "said"),
    [
        pytest.param("USERMGR_BACKEND", "", "backend", "no backend was named", id="no backend"),
        pytest.param("USERMGR_BACKEND", "ldap", "backend", "no backend is named 'ldap'", id="unknown backend"),
        pytest.param(
            "USERMGR_ACTIVITY", "ldap", "activity", "no activity store is named 'ldap'", id="unknown activity"
        ),
        pytest.param("USERMGR_AUDIT", "audit.jsonl", "audit", "USERMGR_AUDIT_KEY", id="audit without a key"),
    ],
)
def test_what_cannot_be_opened_is_a_finding(
    environment: pytest.MonkeyPatch, name: str, value: str, check: str, said: str
) -> None:
    """Settings that no check looks at are told all the same, each with what to do, and once."""
    environment.setenv(name, value)
    environment.delenv("USERMGR_AUDIT_KEY", raising=False)

    found = [each for each in usermgr("doctor", "-o", "json").data if said in each["summary"]]

    assert [(each["check"], each["severity"]) for each in found] == [(check, "failure")]
    assert found[0]["remedy"]


def test_settings_are_told_once(environment: pytest.MonkeyPatch) -> None:
    """What a backend's own check says of its settings is not said a second time by whoever opens it."""
    environment.setenv("USERMGR_BACKEND", "cognito")
    environment.delenv("USERPOOL_ID", raising=False)

    found = [each for each in usermgr("doctor", "-o", "json").data if each["severity"] == "failure"]

    assert [each["check"] for each in found] == ["cognito.settings"]


def test_check_that_there_is_not() -> None:
    """A check that no package has is misuse, and those that there are are listed."""
    done = usermgr("doctor", "--check", "moon")
    assert (done.status, "packages" in done.err) == (2, True)


def test_schema_of_doctor() -> None:
    """`usermgr schema` tells the fields of a finding, which the report is about."""
    fields = {each["field"] for each in usermgr("schema", "doctor", "-o", "json").data}
    assert fields == {"check", "severity", "summary", "evidence", "remedy"}


@pytest.mark.parametrize(
    "command",
    [
        "trigger attach",
        "trigger detach",
        "trigger check",
        "quotas",
        "jwks pull",
        "jwks status",
        "token verify",
        "token decode",
    ],
)
def test_schema_of_doors(command: str) -> None:
    """Commands of our other packages tell their fields too."""
    fields = usermgr("schema", *command.split(), "-o", "json").data
    assert len(fields) >= 4
    assert {each["type"] for each in fields} & {"any"} == set()

"""Bulk work behind the guard and the audit: nobody is locked out, all is recorded, and batches stay batches."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.bulk.stub import People, StubStore
from usermgr import Factory, UserManager
from usermgr.audit import Audited, FileSink, verify
from usermgr.guard import Guarded
from usermgr_bulk import Existing, FileInput, ImportOptions, import_users

UPDATE = ImportOptions(existing=Existing.UPDATE)

ROOT = Path(__file__).parents[3]
KEY = b"k" * 32

Report = list[dict[str, Any]]


@pytest.fixture(params=["batches", "threads"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[UserManager]:
    """Ada and Alan are administrators, in a store that makes batches and in one that makes calls one by one."""
    with Factory.create(Factory.LOCAL, path=str(tmp_path / "users.db")) as local:
        users = local if request.param == "batches" else StubStore()
        users.add_group("admins")
        users.add_group("staff")
        for name in ("ada", "alan", "grace"):
            users.add_user(name)
        for name in ("ada", "alan"):
            users.add_user_to_group(name, "admins")
        yield users


@pytest.fixture
def bring(tmp_path: Path) -> Callable[..., Report]:
    """Imports rows, over users who exist; the report."""

    def start(users: UserManager, *rows: dict[str, Any], **more: Any) -> Report:
        people = tmp_path / "people.jsonl"
        people.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        source = FileInput.open(people, "jsonl")
        paths = {"journal": tmp_path / "journal", "report": tmp_path / "report"}
        import_users(users, source, options=UPDATE, **paths, **more)
        return [json.loads(line) for line in (tmp_path / "report").read_text().splitlines()]

    return start


ROWS = [
    pytest.param({"enabled": False}, id="disabled"),
    pytest.param({"groups": ["staff"]}, id="in other groups"),
    pytest.param({"groups": []}, id="in no group"),
]


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("by_argument", [True, False], ids=["by argument", "by the manager"])
def test_import_leaves_the_last_administrator(
    row: dict[str, Any], by_argument: bool, store: UserManager, bring: Callable[..., Report]
) -> None:
    """Of rows that would take every administrator, one fails with the guard's code, and that one still is one."""
    users, more = (store, {"required_groups": ["admins"]}) if by_argument else (
        Guarded(store, required_groups=["admins"]), {}
    )  # fmt: skip

    report = bring(users, {"username": "ada", **row}, {"username": "alan", **row}, {"username": "grace", **row}, **more)

    kept = [line["key"] for line in report if line["outcome"] == "failed"]
    assert [line["code"] for line in report if line["outcome"] == "failed"] == ["protected_user"]
    assert [user.username for user in store.iter_users_in_group("admins") if user.enabled] == kept


@pytest.mark.parametrize("row", ROWS)
def test_import_leaves_the_acting_account(
    row: dict[str, Any], store: UserManager, bring: Callable[..., Report]
) -> None:
    """A row that would take the acting account fails, although another administrator is there."""
    ada = store.get_user("ada").sub

    report = bring(store, {"username": "ada", **row}, required_groups=["admins"], acting=lambda: ada)

    assert [(line["outcome"], line["code"]) for line in report] == [("failed", "protected_user")]
    assert store.get_user("ada").enabled
    assert "ada" in {user.username for user in store.iter_users_in_group("admins")}


@pytest.mark.parametrize(("groups", "looks"), [(["admins"], 2), (["admins", "staff"], 3)], ids=["same", "more"])
def test_store_that_is_guarded_already_gets_no_second_guard(
    groups: list[str], looks: int, bring: Callable[..., Report]
) -> None:
    """A guard that the store has already is not asked for twice; one that guards more is."""
    store = StubStore()
    store.add_group("admins")
    store.add_user("ada")
    users = Guarded(store, required_groups=["admins"], acting="nobody")

    bring(users, {"username": "ada", "enabled": False}, required_groups=groups, acting="nobody")

    assert store.calls["get_user"] == looks


def test_without_a_guard_nothing_is_refused(store: UserManager, bring: Callable[..., Report]) -> None:
    """Who names no required group and no acting account gets what the rows say."""
    report = bring(store, {"username": "ada", "groups": []}, {"username": "alan", "groups": []})
    assert [line["outcome"] for line in report] == ["changed", "changed"]


@pytest.mark.parametrize("begun", [False, True])
def test_import_behind_audit_and_guard_shares_syncs(
    begun: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each change has its records in a chain that verifies, and the file is synced a few times for hundreds."""
    synced: list[int] = []
    monkeypatch.setattr("usermgr.audit._file.os.fsync", synced.append)  # the journal's was bound before
    with Factory.create(Factory.LOCAL, path=str(tmp_path / "users.db")) as local:
        local.add_group("staff")
        audited = Audited(
            Guarded(local, required_groups=["staff"]), FileSink(tmp_path / "audit", KEY), "kim", begun=begun
        )

        summary = import_users(audited, People(300, groups=False), journal=tmp_path / "journal")

        assert str(summary) == "300 rows: 300 created"
        assert local.count_users(exact=True) == 300
    found = verify(tmp_path / "audit", key=KEY)
    changes = 300 + 60  # every fifth is disabled, and the guard looks at each of them by itself
    assert (found.ok, found.lines) == (True, changes * (2 if begun else 1))
    assert len(synced) < 30


KILLED = """
import sys
from pathlib import Path
from benchmarks.bulk.stub import People
from usermgr import Factory
from usermgr.audit import Audited, FileSink
from usermgr_bulk import import_users

folder = Path(sys.argv[1])
users = Factory.create(Factory.LOCAL, path=str(folder / "users.db"))
users = Audited(users, FileSink(folder / "audit", b"k" * 32), "kim", begun=True)
told = lambda progress: print(progress.done, flush=True)
import_users(users, People(int(sys.argv[2]), groups=False), journal=folder / "journal", progress=told)
"""


def test_killed_import_has_a_record_of_whatever_it_may_have_done(tmp_path: Path) -> None:
    """After SIGKILL nobody is in the store without a record, and the chain goes on and verifies."""
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    process = subprocess.Popen([*command, "100000"], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    while int(process.stdout.readline()) == 0:
        pass
    process.kill()
    process.communicate()

    lines = [json.loads(line) for line in (tmp_path / "audit").read_bytes().split(b"\n")[:-1]]
    begun = {line["target"]["username"] for line in lines if line.get("outcome") == "begun"}
    with Factory.create(Factory.LOCAL, path=str(tmp_path / "users.db")) as local:
        names = {user.username for user in local.iter_users()}
    assert len(names) >= 250
    assert names <= begun
    Audited(StubStore(), FileSink(tmp_path / "audit", KEY), "kim").add_user("after")  # keeps a line that was torn
    assert verify(tmp_path / "audit", key=KEY).ok

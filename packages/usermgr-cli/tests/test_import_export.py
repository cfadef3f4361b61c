"""`usermgr export`, `usermgr import` and `usermgr check`."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from usermgr import Change, Outcome, UserManager
from usermgr.errors import AccessDeniedError, InvalidInputError
from usermgr.records import find_format
from usermgr_local import LocalUserManager

TABLE = (
    "username;email;enabled;groups\nada;ada@example.org;;staff\n健二;kenji@example.org;false;\nbad;not an address;;\n"
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder beside the store's."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


@pytest.fixture
def people() -> Path:
    """A table whose third row is one that the store would refuse."""
    Path("people.csv").write_text(TABLE)
    return Path("people.csv")


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def report(path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


# --- Check -------------------------------------------------------------------------------------------


def test_check_lists_problems_by_line_and_changes_nothing(
    usermgr: Any, people: Path, users: UserManager, folder: Path
) -> None:
    """Every problem has its line, and the counts come last; status 1 where a row is certain to fail."""
    ended = usermgr("check", "people.csv")

    assert ended.status == 1
    assert ended.out.splitlines() == [
        "2\tada\tgroups\tinvalid_input\tthere is no group named staff in the store\ttrue",
        "4\t\temail\tinvalid_input\tline 4: the attribute email must be an address such as ada@example.org\ttrue",
    ]
    assert ended.err == "people.csv: 3 rows, 2 would fail, 2 problems\n"
    assert list(users.iter_users()) == []
    assert names(folder) == {"people.csv"}


def test_dry_run_of_an_import_is_the_check(usermgr: Any, people: Path, folder: Path) -> None:
    """`usermgr import --dry-run` says the same as `usermgr check`, with the same status."""
    check = usermgr("check", "people.csv", "--groups", "-o", "json")

    ended = usermgr("import", "people.csv", "--groups", "--dry-run", "-o", "json")

    assert (ended, names(folder)) == (check, {"people.csv"})
    assert [problem["line"] for problem in json.loads(ended.out)] == [4]


def test_check_without_a_problem_says_so(usermgr: Any) -> None:
    """A file that would go in whole has status 0, and its removals and invitations are counted."""
    Path("people.jsonl").write_text('{"username":"ada","attributes":{"email":"a@example.org","nickname":null}}\n')

    ended = usermgr("check", "people.jsonl", "--existing", "update")

    assert (ended.status, ended.out) == (0, "")
    assert ended.err == "people.jsonl: 1 row, none is certain to fail; it would remove 1 attribute\n"


def test_all_problems_are_listed(usermgr: Any) -> None:
    """More problems than fit into a report of the library are listed all the same, in their order."""
    Path("people.jsonl").write_text('{"username":"ada","password":"short"}\n' * 1200)

    ended = usermgr("check", "people.jsonl", "-o", "jsonl", "--fields", "line")

    lines = [json.loads(line)["line"] for line in ended.out.splitlines()]
    assert (sorted(lines), len(set(lines)) > 1000) == (lines, True)


@pytest.mark.parametrize(
    ("content", "arguments", "said"),
    [
        pytest.param("username\nada\n".encode("utf-16-be"), [], "encoding", id="encoding"),
        pytest.param(b"username\nada\n", ["--format", "cvs"], "no format is named 'cvs'", id="format"),
        pytest.param(b"username\nada\n", ["--option", "colour=red"], "has no option colour", id="option"),
        pytest.param(b"username\nada\n", ["--rename", "name"], "--rename takes OLD=NEW", id="rename"),
        pytest.param(b"name\nada\n", [], "username", id="heading"),
    ],
)
def test_input_that_cannot_be_read_is_misuse(content: bytes, arguments: list[str], said: str, usermgr: Any) -> None:
    """What is wrong with the whole of the input, or with an option, is told with what to do; status 2."""
    Path("people.csv").write_bytes(content)

    ended = usermgr("check", "people.csv", *arguments)

    assert (ended.status, ended.out) == (2, "")
    assert said in ended.err
    assert "profile" not in ended.err  # no setting is at fault


# --- Import ------------------------------------------------------------------------------------------


def test_import_reports_each_row(usermgr: Any, people: Path, users: UserManager, folder: Path) -> None:
    """Rows that fail do not stop the others: status 5, and the report beside the input has a line for each."""
    ended = usermgr("import", "people.csv", "--groups")

    assert (ended.status, ended.out) == (5, "")
    assert ended.err == "3 rows: 2 created, 1 failed. What became of each is in people.csv.report.jsonl\n"
    assert [(row["line"], row["key"], row["outcome"]) for row in report("people.csv.report.jsonl")] == [
        (2, "ada", "created"), (3, "健二", "created"), (4, None, "failed"),
    ]  # fmt: skip
    assert stat.S_IMODE(Path("people.csv.report.jsonl").stat().st_mode) == 0o600
    assert names(folder) == {"people.csv", "people.csv.report.jsonl"}
    assert not users.get_user("健二").enabled
    assert [group.name for group in users.iter_groups_for_user("ada")] == ["staff"]


def test_import_tells_programs_the_same_as_data(usermgr: Any, people: Path) -> None:
    """As JSON the end of a run has the number of each outcome, and where the report is."""
    ended = usermgr("import", "people.csv", "--no-groups", "--report", "told.jsonl", "-o", "json")

    assert (ended.status, ended.err) == (5, "")
    assert json.loads(ended.out) == {
        "rows": 3, "created": 1, "changed": 0, "unchanged": 0, "failed": 2, "skipped": 0, "unknown": 0,
        "complete": True, "report": "told.jsonl",
    }  # fmt: skip
    fields = [each["field"] for each in json.loads(usermgr("schema", "import", "-o", "json").out)]
    assert fields == [*json.loads(ended.out), "sub_map"]


def test_who_exists_is_left_alone_unless_told_and_asked(usermgr: Any, users: UserManager) -> None:
    """Rows of people who exist fail; changing them is asked about, with the number of rows, and needs a yes."""
    users.add_user("ada", None, {"nickname": "A"})
    Path("people.csv").write_text("username,nickname,attribute:extra\nada,Countess,x\n")
    options = ("--rename", "nickname=name", "--drop", "extra", "--option", 'attributes=["nickname","extra"]')
    update = ("import", "people.csv", "--existing", "update", *options)

    refused = usermgr(*update)
    done = usermgr(*update, "--yes")
    again = usermgr(*update, "--yes")

    assert refused.status == 2
    assert "Import 1 row from people.csv: change whoever exists to what the file says? Nobody can answer" in refused.err
    assert (done.status, again.status) == (0, 0)
    assert again.err.startswith("1 row: 1 unchanged.")
    assert users.get_user("ada").attributes == {"nickname": "A", "name": "Countess"}


def test_question_counts_what_would_be_taken_away(usermgr: Any, users: UserManager) -> None:
    """Memberships that end, attributes that go and people who are disabled are in the question; nothing is changed."""
    users.add_group("staff")
    users.add_user("ada", None, {"nickname": "A"})
    users.add_user_to_group("ada", "staff")
    row = {"username": "ada", "attributes": {"nickname": None}, "enabled": False, "groups": []}
    Path("people.jsonl").write_text(json.dumps(row) + "\n")

    ended = usermgr("import", "people.jsonl", "--existing", "update")

    said = "change whoever exists to what the file says, remove 1 attribute, end 1 membership, disable 1 user?"
    assert f"Import 1 row from people.jsonl: {said}" in ended.err
    assert (ended.status, users.get_user("ada").enabled) == (2, True)


def test_invitations_are_asked_about(usermgr: Any, people: Path) -> None:
    """Nobody is invited without a yes."""
    ended = usermgr("import", "people.csv", "--invite", "email")

    assert ended.status == 2
    assert "Import 3 rows from people.csv (3 would fail): send 2 invitations? Nobody can answer here" in ended.err


def test_journal_is_needed_to_resume_and_in_the_way_of_a_new_run(usermgr: Any, people: Path) -> None:
    """Without a journal there is nothing to go on with, and beside one no new run begins; nothing is changed."""
    nothing = usermgr("import", "people.csv", "--resume")
    Path("people.csv.journal").write_text("{")
    begun = usermgr("import", "people.csv")
    nowhere = usermgr("import", "people.csv", "--report", "no/such/report")

    assert (nothing.status, begun.status, nowhere.status) == (2, 2, 2)
    assert "there is no journal people.csv.journal, so nothing to go on with: leave --resume out" in nothing.err
    assert "go on with --resume, or remove it to begin anew" in begun.err
    assert "there is no folder no/such" in nowhere.err


def test_input_that_ends_a_run_is_to_be_mended(usermgr: Any) -> None:
    """What cannot be read further can be read no further by going on: the remedy is a new run of the mended file."""
    Path("torn.csv").write_text('username,email\nada,ada@example.org\nalan,"alan@example.org\n')

    ended = usermgr("import", "torn.csv")

    assert ended.status == 1
    assert ended.sentences[-1] == "  mend the input and remove the journal torn.csv.journal; then begin anew"
    Path("torn.csv").write_text('username,email\nada,ada@example.org\nalan,"alan@example.org"\n')
    Path("torn.csv.journal").unlink()
    assert usermgr("import", "torn.csv", "--existing", "skip").status == 0


def test_folder_that_cannot_be_written_is_told_before_anything_is_done(
    usermgr: Any, people: Path, users: UserManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run whose journal could not be kept does not begin; the error names the options that put it elsewhere."""
    monkeypatch.setattr("os.access", lambda _, mode: mode != os.W_OK)  # tests may run as root, who may write anywhere

    ended = usermgr("import", "people.csv")

    assert ended.status == 2
    assert "cannot be written: name files elsewhere with --journal and --report" in ended.err
    assert list(users.iter_users()) == []


def test_credentials_that_end_a_run_win_over_rows_that_failed(
    usermgr: Any, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that stops for want of permissions has status 4, keeps its journal, and says how to go on."""

    def refuse(self: LocalUserManager, changes: Iterable[Change]) -> Iterator[Outcome]:
        for number, change in enumerate(changes):
            yield Outcome(change, error=AccessDeniedError() if number else InvalidInputError("no", field="email"))

    monkeypatch.setattr(LocalUserManager, "write_many", refuse)

    ended = usermgr("import", "people.csv", "--set", "USERMGR_LOCAL_MFA=off")

    assert ended.status == 4
    assert ended.err.splitlines()[-2].endswith("[bulk_stopped]")
    expected = "  go on with: usermgr import people.csv --set USERMGR_LOCAL_MFA=off --resume"
    assert ended.err.splitlines()[-1] == expected
    assert Path("people.csv.journal").exists()
    assert "failed" in {row["outcome"] for row in report("people.csv.report.jsonl")}


# --- Export ------------------------------------------------------------------------------------------


def test_export_goes_into_another_store(usermgr: Any, users: UserManager, tmp_path: Path, folder: Path) -> None:
    """A folder has users and groups, and an import brings both, and writes the map of old to new subs."""
    users.add_group("staff", description="Everybody")
    old = users.add_user("健二", None, {"email": "kenji@example.org"})
    users.add_user_to_group("健二", "staff")

    out = usermgr("export", "people")
    into = usermgr("import", "people", USERMGR_LOCAL_PATH=str(tmp_path / "new.db"))

    assert out.err == (
        "1 user and 1 group written to people. "
        "Not carried: created_at, mfa, passwords, status, sub, updated_at\n"
    )  # fmt: skip
    assert into.err == "1 row: 1 created. What became of each is in people.report.jsonl\n"
    assert (out.status, into.status) == (0, 0)
    assert names(folder) == {"people", "people.report.jsonl", "people.subs.jsonl"}
    assert [row["old"] for row in report("people.subs.jsonl")] == [old.sub]
    groups = usermgr("user", "list", "--fields", "username", USERMGR_LOCAL_PATH=str(tmp_path / "new.db"))
    assert groups.out == "健二\n"


@pytest.mark.parametrize("name", ["people.csv", "people.jsonl"])
def test_export_as_a_file_reads_back(name: str, usermgr: Any, users: UserManager, folder: Path) -> None:
    """A name tells the format, every attribute has a column, the file is private, and an import has nothing to do."""
    users.add_user("ada", None, {"email": "ada@example.org", "nickname": "=red"})

    out = usermgr("export", name)

    assert (out.status, names(folder)) == (0, {name})
    assert stat.S_IMODE(Path(name).stat().st_mode) == 0o600
    with Path(name).open("rb") as file:
        (row,) = find_format(Path(name).suffix[1:]).read(file)
    assert row.record is not None
    assert row.record.attributes == {"email": "ada@example.org", "nickname": "=red"}
    into = usermgr("import", name, "--existing", "update", "--yes")
    assert (into.status, into.err.split(".")[0]) == (0, "1 row: 1 unchanged")


@pytest.mark.parametrize("options", [["--format", "typo"], ["--format", "csv", "--delimiter", "both"]])
def test_format_is_looked_for_before_anybody_is_read(
    options: list[str], usermgr: Any, users: UserManager, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A format that nobody installed, and an option that it does not have, cost no export of everybody."""
    monkeypatch.setattr(LocalUserManager, "find_users", lambda *_, **__: pytest.fail("somebody was read"))

    assert usermgr("export", "all", *options).status == 2
    assert names(folder) == set()


def test_next_export_removes_what_a_killed_one_left(
    usermgr: Any, users: UserManager, folder: Path, environment: dict[str, str]
) -> None:
    """An export into a file that is killed on its way leaves a folder for its owner alone, until the next one."""
    users.add_user("ada")
    before = names(folder)
    killed = (
        "import os, usermgr_bulk; from usermgr_cli import main;"
        "usermgr_bulk.write_users = lambda *_, **__: os._exit(9); main()"
    )
    subprocess.run([sys.executable, "-c", killed, "export", "all.csv"], env=environment, check=False)
    (left,) = names(folder) - before
    assert (folder / left).stat().st_mode & 0o777 == 0o700

    assert usermgr("export", "all.csv").status == 0

    assert names(folder) - before == {"all.csv"}


ENDS = {130: KeyboardInterrupt(), 4: AccessDeniedError(), 1: OSError(28, "No space left on device")}


@pytest.mark.parametrize("status", ENDS)
@pytest.mark.parametrize("name", ["people", "people.csv"])
def test_interrupted_export_goes_on(
    name: str, status: int, usermgr: Any, users: UserManager, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says which command line goes on, and where personal data is left; that one reads no page for a second time."""
    users.add_user("ada", None, {"email": "ada@example.org"})
    list_groups, find_users, left, asked = LocalUserManager.list_groups, LocalUserManager.find_users, [ENDS[status]], []

    def find(self: LocalUserManager, *given: Any, **named: Any) -> Any:
        if left:
            raise left.pop()
        return find_users(self, *given, **named)

    def groups(self: LocalUserManager, *given: Any, **named: Any) -> Any:
        asked.append(given)
        return list_groups(self, *given, **named)

    monkeypatch.setattr(LocalUserManager, "find_users", find)
    monkeypatch.setattr(LocalUserManager, "list_groups", groups)

    ended = usermgr("export", name)
    (partial,) = names(folder)
    again = usermgr("export", name, "--resume")

    assert (ended.status, again.status) == (status, 0)
    assert ended.sentences[-1].startswith(f"  go on with: usermgr export {name} --resume")
    assert f"or remove {partial}, which holds personal data" in ended.err
    assert (names(folder), len(asked)) == ({name}, 1)
    assert "ada@example.org" in (Path(name) / "users.jsonl" if name == "people" else Path(name)).read_text()


def test_file_that_could_not_be_written_is_made_of_what_was_read(
    usermgr: Any, users: UserManager, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk costs no second look at the store; a file that cannot be made of these people leaves nothing."""
    users.add_user("ada")

    def fail(error: Exception) -> Any:
        with monkeypatch.context() as patched:
            patched.setattr("usermgr_bulk.write_users", lambda *_, **__: (_ for _ in ()).throw(error))
            return usermgr("export", "all.csv")

    refused, after_refusal = fail(InvalidInputError("the format cannot hold it")), names(folder)
    full = fail(OSError(28, "No space left on device"))
    users.delete_user("ada")
    again = usermgr("export", "all.csv", "--resume")

    assert (refused.status, after_refusal) == (2, set())
    assert (full.status, full.sentences[-1]) == (1, "  go on with: usermgr export all.csv --resume")
    assert (again.status, names(folder)) == (0, {"all.csv"})
    assert "ada" in Path("all.csv").read_text()


def test_there_must_be_something_to_resume(usermgr: Any, users: UserManager, folder: Path) -> None:
    """As for an import: a name that is mistyped begins nothing."""
    ended = usermgr("export", "people", "--resume")

    assert (ended.status, names(folder)) == (2, set())
    assert "no export into people was interrupted, so nothing to go on with: leave --resume out" in ended.err


def test_nothing_is_written_over(usermgr: Any, users: UserManager, folder: Path) -> None:
    """An export goes to a new folder or file; status 2, and what is there stays."""
    Path("people.csv").write_text("mine")
    Path("people").mkdir()

    file, taken, options = (
        usermgr("export", "people.csv"), usermgr("export", "people"), usermgr("export", "new", "--encoding", "cp932")
    )  # fmt: skip

    assert (file.status, taken.status, options.status) == (2, 2, 2)
    assert Path("people.csv").read_text() == "mine"
    assert names(folder) == {"people.csv", "people"}


def test_formats_of_other_packages_are_found_by_name(usermgr: Any, users: UserManager) -> None:
    """Cognito's own dialect is written and read by its name, with options that only it has."""
    users.add_user("ada", None, {"email": "ada@example.org", "email_verified": "true", "birthdate": "1815-12-10"})
    header = '["cognito:username","email","email_verified","birthdate","cognito:mfa_enabled"]'
    options = ("--format", "cognito-csv", "--option", f"header={header}", "--option", "mfa_enabled=false")

    out = usermgr("export", "job.csv", *options)
    check = usermgr("check", "job.csv", *options)

    assert (out.status, check.status) == (0, 0), out.err + check.err
    assert Path("job.csv").read_text().splitlines()[1] == "ada,ada@example.org,true,12/10/1815,false"

"""`usermgr bulk`: one thing done to everybody of a selection that is frozen before anybody says yes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from usermgr import Change, Outcome, UserManager
from usermgr.errors import AccessDeniedError
from usermgr_local import LocalUserManager

PEOPLE = ("ada", "alan", "grace", "健二")


@pytest.fixture
def store(users: UserManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> UserManager:
    """Four people, three of whom are staff; the working folder is empty."""
    users.add_group("staff")
    for name in PEOPLE:
        users.add_user(name)
        if name != "ada":
            users.add_user_to_group(name, "staff")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return users


def left(pattern: str) -> list[str]:
    return sorted(path.name for path in Path.cwd().glob(pattern))


def enabled(store: UserManager) -> list[str]:
    return [user.username for user in store.iter_users() if user.enabled]


def test_action_is_done_to_all_whom_the_search_finds(usermgr: Any, store: UserManager) -> None:
    """It tells how many of each outcome, and leaves the report alone behind."""
    ended = usermgr("bulk", "disable", "--where", "group:staff", "--yes", "-o", "json")

    told = json.loads(ended.out)
    assert (ended.status, told["rows"], told["changed"]) == (0, 3, 3)
    assert enabled(store) == ["ada"]
    assert left("*") == [told["report"]]
    report = [json.loads(line) for line in Path(told["report"]).read_text().splitlines()]
    assert [(row["key"], row["outcome"]) for row in report] == [(name, "changed") for name in PEOPLE[1:]]


def test_question_names_and_counts_on_a_terminal(terminal: Any, store: UserManager) -> None:
    """The question says what, to how many, and to whom; a no changes nothing and leaves nothing behind."""
    screen = terminal("bulk", "delete", "--where", "group:staff", columns=100)

    screen.expect("Delete for good 3 users: alan, grace, 健二? [y/N]:")
    screen.type("n\n")

    assert screen.wait() == 1
    assert len(list(store.iter_users())) == 4
    assert left("*") == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["--all"], "Disable 4 users: ada, alan, grace, 健二? Nobody can answer here", id="no answer"),
        pytest.param([], "one of --where, --names, --selection and --all", id="nobody"),
        pytest.param(["--where", "", "--yes"], "one of --where, --names, --selection and --all", id="an empty search"),
        pytest.param(["--all", "--where", "group:staff"], "one of --where", id="two choices"),
        pytest.param(["--all", "--resume"], "name them with --selection", id="resume without people"),
        pytest.param(["--where", "colour=red", "--yes"], "colour", id="unknown attribute"),
    ],
)
def test_nothing_happens_to_people_who_were_not_chosen(
    arguments: list[str], said: str, usermgr: Any, store: UserManager
) -> None:
    """Without a choice, an answer or a meaning, the status is 2, and nothing is changed or left behind."""
    ended = usermgr("bulk", "disable", *arguments)

    assert (ended.status, enabled(store), left("*")) == (2, list(PEOPLE), [])
    assert said in ended.err


def test_dry_run_keeps_the_selection_for_the_command_that_it_tells(usermgr: Any, store: UserManager) -> None:
    """A dry run changes nothing; what it tells to run does it to those people, whoever the search would find later."""
    dry = usermgr("bulk", "disable", "--where", "group:staff", "--dry-run", "-o", "json")
    told = json.loads(dry.out)
    assert (dry.status, told["changed"], enabled(store)) == (0, 3, list(PEOPLE))
    store.add_user_to_group("ada", "staff")
    store.remove_user_from_group("alan", "staff")

    ended = usermgr(*told["command"].split()[1:], "--yes")

    assert (ended.status, enabled(store)) == (0, ["ada", "alan"])
    done = json.loads(ended.out)
    assert (done["changed"], done["skipped"]) == (2, 1)  # who has left the group meanwhile is left alone
    assert told["selection"] in left("*")


def test_names_come_from_a_file_or_a_pipe(usermgr: Any, store: UserManager) -> None:
    """A name a line; a name that nobody has, or nobody can have, fails its row, and the status is 5."""
    names = "ada\r\n\nnobody\nno name\n健二\n".encode()
    ended = usermgr("bulk", "add-to-group", "staff", "--names", "-", "--yes", stdin=names)

    assert ended.status == 5
    assert ended.err.startswith("4 rows: 1 changed, 1 unchanged, 2 failed.")
    assert [group.name for group in store.iter_groups_for_user("ada")] == ["staff"]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["add-to-group", "nobody-made-it"], 3, "nobody-made-it"),
        (["resend"], 1, "invitations"),
        (["update", "--attribute", "email=none"], 2, "email"),
        (["update"], 2, "name an attribute"),
    ],
)
def test_what_would_fail_for_everybody_is_told_at_once(
    arguments: list[str], status: int, said: str, usermgr: Any, store: UserManager
) -> None:
    """What the store lacks or refuses for all ends the command before anything is changed, with its own status."""
    ended = usermgr("bulk", *arguments, "--all", "--yes")

    assert ended.status == status
    assert said in ended.err


def test_update_sets_and_removes_attributes(usermgr: Any, store: UserManager) -> None:
    """One value for everybody; a removal is a word of its own."""
    store.update_user("ada", {"nickname": "A"})

    ended = usermgr("bulk", "update", "-a", "zoneinfo=Asia/Tokyo", "--remove-attribute", "nickname", "--all", "--yes")

    assert ended.status == 0
    assert {dict(user.attributes).get("zoneinfo") for user in store.iter_users()} == {"Asia/Tokyo"}
    assert "nickname" not in store.get_user("ada").attributes


def test_nobody_found_is_no_failure(usermgr: Any, store: UserManager) -> None:
    """A search that finds nobody does nothing, and says so."""
    ended = usermgr("bulk", "delete", "--where", "username=nobody", "--yes")

    assert (ended.status, ended.err, left("*")) == (0, "nobody was found, and nothing was changed\n", [])
    data = usermgr("bulk", "delete", "--where", "username=nobody", "--yes", "-o", "json")
    schema = usermgr("schema", "bulk", "delete", "-o", "json")
    assert list(json.loads(data.out)) == [each["field"] for each in json.loads(schema.out)]


def test_run_that_stops_goes_on_with_the_same_people(
    usermgr: Any, store: UserManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command line that a stopped run tells names the people whom it froze, and brings the rest."""

    def refuse(self: LocalUserManager, changes: Iterable[Change]) -> Iterator[Outcome]:
        for change in changes:
            yield Outcome(change, error=AccessDeniedError())

    with monkeypatch.context() as patch:
        patch.setattr(LocalUserManager, "write_many", refuse)
        stopped = usermgr("bulk", "disable", "--where", "group:staff", "--yes")
    store.add_user_to_group("ada", "staff")

    anew = usermgr("bulk", "disable", "--where", "username=nobody")
    again = stopped.sentences[-1].removeprefix("  go on with: usermgr ")
    ended = usermgr(*again.split())

    assert (stopped.status, ended.status) == (4, 0)
    assert again.startswith("bulk disable --yes --selection disable-")
    assert f"usermgr {again.replace('--yes ', '')}" in anew.err
    assert again.endswith(".selection --resume")
    assert enabled(store) == ["ada"]
    assert left("*.journal") == []


def test_next_run_tells_of_one_that_was_killed(usermgr: Any, store: UserManager) -> None:
    """A run that was killed left its selection and its journal: the next one tells what goes on with it."""
    dry = json.loads(usermgr("bulk", "disable", "--where", "group:staff", "--dry-run", "-o", "json").out)
    Path(dry["selection"]).with_suffix(".journal").touch()

    ended = usermgr("bulk", "disable", "--where", "ada", "--yes")

    assert f"this goes on with it: usermgr bulk disable --selection {dry['selection']} --resume\n" in ended.err

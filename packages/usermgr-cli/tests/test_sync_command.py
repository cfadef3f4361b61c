"""`usermgr sync`: a plan that is shown, saved and carried out."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from usermgr import Change, Outcome, UserManager
from usermgr.commands import Report
from usermgr.errors import AccessDeniedError
from usermgr_cli._output import show_report
from usermgr_local import LocalUserManager

DESIRED = {
    "users": [
        {"username": "ada", "attributes": {"email": "ada@example.org"}, "groups": ["staff"]},
        {"username": "alan", "enabled": False},
    ],
    "groups": [{"name": "staff", "description": "Everybody"}],
}
PLAN = """\
+ group staff
    description: Everybody
+ user ada
    email: ada@example.org
    + group staff
~ user alan
    enabled: true -> false

Plan: users: 1 to create, 1 to disable; groups: 1 to create; memberships: 1 to add, 0 to end.
"""


@pytest.fixture
def desired(users: UserManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a file that declares two people, in the working folder; the store has one of them."""
    users.add_user("alan")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    Path("people.json").write_text(json.dumps(DESIRED))
    Path("nobody.json").write_text('{"users": []}')
    return "people.json"


def left() -> set[str]:
    return {path.name for path in Path.cwd().iterdir()} - {"people.json", "nobody.json"}


def test_plan_reads_like_terraforms_and_has_status_6(usermgr: Any, desired: str, users: UserManager) -> None:
    """The plan is on standard output, without colours in a pipe; nothing is changed, and nothing is left behind."""
    ended = usermgr("sync", "plan", desired)

    assert (ended.status, ended.out, ended.err) == (6, PLAN, "")
    assert [user.enabled for user in users.iter_users()] == [True]
    assert left() == set()


def test_plan_has_colours_on_a_terminal(terminal: Any, desired: str) -> None:
    """What is added is green, what is changed is yellow."""
    screen = terminal("sync", "plan", desired)

    assert screen.wait() == 6
    assert "\x1b[32m+ user ada" in screen.text
    assert "\x1b[33m~ user alan" in screen.text


def test_text_of_others_does_not_draw(capfd: pytest.CaptureFixture[str]) -> None:
    """A control character in a text for people is shown as an escape, on both outputs."""
    for stderr in (False, True):
        show_report(Report("+ \x1b[2J", {}), color=None, stderr=stderr)
    sys.stdout.flush()

    assert capfd.readouterr() == ("+ \\x1b[2J\n", "+ \\x1b[2J\n")


def test_plan_in_markdown_and_as_data(usermgr: Any, desired: str) -> None:
    """`--markdown` is for a pull request, and JSON is a plan that `sync apply --plan` takes."""
    markdown = usermgr("sync", "plan", desired, "--markdown")
    data = usermgr("sync", "plan", desired, "-o", "json")
    Path("a.plan").write_text(data.out)

    applied = usermgr("sync", "apply", "--plan", "a.plan", "--yes", "-q")

    assert markdown.out.startswith("**Plan: users: 1 to create, 1 to disable;")
    assert "```diff\n+ group staff\n" in markdown.out
    assert (data.status, applied.status) == (6, 0)
    schema = usermgr("schema", "sync", "plan", "-o", "json")
    assert [each["field"] for each in json.loads(schema.out)] == list(json.loads(data.out))


def test_saved_plan_is_what_is_done(usermgr: Any, desired: str, users: UserManager) -> None:
    """`--out` saves the plan; what has changed since fails, and the rest goes on: status 5."""
    planned = usermgr("sync", "plan", desired, "--out", "a.plan")
    users.add_user("ada")
    Path(desired).write_text("not looked at any more")

    ended = usermgr("sync", "apply", "--plan", "a.plan", "--yes")

    assert planned.err == "The plan is in a.plan. To do just that: usermgr sync apply --plan a.plan\n"
    assert ended.err.startswith(PLAN)
    assert (
        ended.sentences[-1] == "3 rows: 1 created, 1 changed, 1 failed. What became of each is in a.plan.report.jsonl"
    )
    assert ended.status == 5
    assert left() == {"a.plan", "a.plan.report.jsonl"}


def test_apply_shows_the_plan_and_asks_with_its_counts(usermgr: Any, desired: str, users: UserManager) -> None:
    """Without a yes nothing is changed, status 2; with one, the store is as declared, and then there is no change."""
    shown = usermgr("sync", "apply", desired, "--dry-run")
    asked = usermgr("sync", "apply", desired)
    assert left() == set()
    done = usermgr("sync", "apply", desired, "--yes")
    nothing = usermgr("sync", "apply", desired)
    plan = usermgr("sync", "plan", desired)

    assert asked.err.startswith(PLAN)
    assert (shown.status, shown.out) == (6, PLAN)
    assert f"{PLAN.splitlines()[-1]} Apply it? Nobody can answer here" in asked.err
    assert [each.status for each in (asked, done, nothing, plan)] == [2, 0, 0, 0]
    assert done.sentences[-1] == "3 rows: 2 created, 1 changed. What became of each is in people.json.report.jsonl"
    assert nothing.err == "no changes: the store is as declared\n"
    assert left() == {"people.json.report.jsonl"}


def test_yes_does_not_pass_the_guard(usermgr: Any, desired: str, users: UserManager) -> None:
    """A plan that takes too much away is shown and refused, whatever is answered; options raise the limits."""
    users.add_user("grace")
    prune = ("sync", "apply", "nobody.json", "--prune", "delete", "--yes")

    refused = usermgr(*prune)

    assert refused.status == 1
    assert "- user grace (not declared)" in refused.err
    assert "the plan takes away 2 of 2 people (100%), where 1 may be taken" in refused.err
    assert refused.sentences[-1] == "  look at it twice; then add --limit-share 1 --limit-number 2"
    assert len(list(users.iter_users())) == 2
    assert usermgr(*prune, "--limit-share", "1", "--limit-number", "2").status == 0
    assert list(users.iter_users()) == []


def test_required_group_is_known_to_the_plan(usermgr: Any, desired: str, users: UserManager) -> None:
    """The last member of a group that must not be empty is refused when the plan is made."""
    users.add_group("admins")
    users.add_user_to_group("alan", "admins")

    ended = usermgr("sync", "plan", desired, USERMGR_REQUIRED_GROUPS="admins")

    assert ended.status == 1
    assert "alan, the last enabled member of admins" in ended.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["plan", "bad.json"], "line 1"),
        (["apply"], "name the file that declares the state, or a saved plan"),
        (["apply", "people.json", "--resume"], "name it with --plan"),
        (["apply", "--plan", "people.json", "--yes"], "this is not a plan"),
        (["apply", "--plan", "a.plan", "--limit-share", "0", "--yes"], "a saved plan has its own"),
    ],
)
def test_misuse_is_told_before_anything_changes(arguments: list[str], said: str, usermgr: Any, desired: str) -> None:
    """What cannot be read, and options that do not go together, have status 2."""
    Path("bad.json").write_text('{"users": [{"usrname": "ada"}]}')
    Path("a.plan").write_text(usermgr("sync", "plan", desired, "-o", "json").out)

    ended = usermgr("sync", *arguments)

    assert ended.status == 2
    assert said in ended.err


def test_run_that_stops_goes_on_with_its_plan(
    usermgr: Any, desired: str, users: UserManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command line that a stopped run tells goes on with just the plan that was agreed to."""

    def refuse(self: LocalUserManager, changes: Iterable[Change]) -> Iterator[Outcome]:
        for change in changes:
            yield Outcome(change, error=AccessDeniedError())

    with monkeypatch.context() as patch:
        patch.setattr(LocalUserManager, "write_many", refuse)
        stopped = usermgr("sync", "apply", desired, "--prune", "disable", "--yes", "-q")
    Path(desired).write_text('{"users": []}')

    again = stopped.sentences[-1].removeprefix("  go on with: usermgr ")
    ended = usermgr(*again.split())

    assert (stopped.status, ended.status) == (4, 0), ended.err
    assert again.startswith("sync apply --plan people.json-")
    assert again.endswith(".plan --yes -q --report people.json.report.jsonl --resume")
    assert {user.username: user.enabled for user in users.iter_users()} == {"ada": True, "alan": False}


def test_next_run_tells_of_one_that_was_killed(usermgr: Any, desired: str, users: UserManager) -> None:
    """A run that was killed left its plan and its journal: the next one tells the command line that goes on with it."""
    usermgr("sync", "plan", desired, "--out", "people.json-20261126-040000.plan")
    Path("people.json-20261126-040000.plan.journal").touch()
    usermgr("sync", "plan", desired, "--out", "people.json-20261126-050000.plan")  # nobody has begun with it

    ended = usermgr("sync", "apply", str(Path(desired).absolute()), "--yes")

    told = [sentence for sentence in ended.sentences if sentence.startswith("An earlier run")]
    assert len(told) == 1
    again = shlex.split(told[0].partition("this goes on with it: ")[2])
    assert again[:3] == ["usermgr", "sync", "apply"]
    assert again[-2].endswith("people.json-20261126-040000.plan")
    assert again[-1] == "--resume"

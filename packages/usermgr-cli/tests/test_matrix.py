"""Every command meets each condition: an unknown user, a denial, throttling, no network, an absent capability, a pipe
that nobody reads, and Ctrl-C.

Commands come from the command line itself. One that is new is tried with words that fit the names of its arguments; one
for which that does not do fails the test until `STORE`, `SERVICE` or `ALONE` has its words.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest
from usermgr_cli_harness import Ended, in_process, into_closed_pipe
from usermgr_cli_matrix import FailingActivity, FailingStore, failing_service

import usermgr_local
from tools.cli_docs import commands
from usermgr import Factory, UserManager
from usermgr.audit import Audited, FileSink

CONDITIONS = ("unknown user", "denied", "throttled", "no network", "absent capability", "broken pipe", "Ctrl-C")
SECRET = "hunter2-Hunter2"
CSV = f"username,email,password\ngrace,grace@example.org,{SECRET}\n"
MODULUS = base64.urlsafe_b64encode(b"\xc1" * 256).rstrip(b"=").decode()
KEY = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1", "e": "AQAB", "n": MODULUS}

BY_ARGUMENT = {"username": ["ada"], "usernames": ["ada"], "group": ["admins"]}
"""What stands for an argument, by its name in click; an optional one too."""

STORE: dict[str, list[str]] = {
    "user add": ["nobody", "--password-stdin"],
    "user set-password": ["ada", "--password-stdin"],
    "user invite": ["nobody", "--email", "new@example.org"],
    "user update": ["ada", "--attribute", "name=Ada"],
    "activity dormant": ["--recording-since", "2026-01-31"],
    "user search": ["username:ada"],
    "group add": ["staff"],
    "group update": ["admins", "--description", "x"],
    "import": ["users.csv"],
    "check": ["users.csv"],
    "export": ["exported"],
    "sync plan": ["people.json"],
    "sync apply": ["people.json"],
    "bulk update": ["--all", "--attribute", "name=Ada"],
    "bulk add-to-group": ["admins", "--all"],
    "bulk remove-from-group": ["admins", "--all"],
    **{f"bulk {each}": ["--all"] for each in (
        "confirm", "delete", "disable", "enable", "resend", "reset", "reset-mfa", "sign-out",
    )},
}  # fmt: skip
"""The words of commands that need others."""

SERVICE: dict[str, list[str]] = {
    "trigger attach": ["arn:aws:lambda:eu-west-1:123456789012:function:x"],
    "trigger detach": ["arn:aws:lambda:eu-west-1:123456789012:function:x"],
    "trigger check": [],
    "jwks pull": ["keys.json", "--lambda"],
    "doctor": [],
}
"""Commands that talk to AWS themselves: it fails for them, over HTTP."""

ALONE: dict[str, list[str]] = {
    "profile list": [],
    "profile show": [],
    "profile use": ["one"],
    "profile set": ["one", "AWS_REGION=eu-west-1"],
    "profile unset": ["one", "CLIENT_ID"],
    "profile remove": ["one"],
    "schema": ["user", "list"],
    "completion": ["bash"],
    "backends": [],
    "quotas": [],
    "jwks status": ["jwks.json"],
    "token decode": [],
    "token verify": ["--keys", "jwks.json", "--token-use", "any", "--any-client"],
    "audit key": [],
    "audit show": ["--file", "audit.jsonl"],
    "audit verify": ["--file", "audit.jsonl"],
}
"""Commands that need nobody: no condition but the pipe is one for them."""

EXEMPT = {
    "sandbox": "it starts a server that it runs until Ctrl-C; the sandbox's own tests do that",
    "console": "as the sandbox: the console's own tests do that",
}


@dataclass(frozen=True)
class Tried:
    """How a command ended, and how often it asked a store."""

    ended: Ended
    asked: int


def leaves() -> dict[str, click.Command]:
    return {" ".join(words): command for words, command in commands() if not isinstance(command, click.Group)}


def words_of(name: str, command: click.Command) -> list[str]:
    for table in (STORE, SERVICE, ALONE):
        if name in table:
            return table[name]
    words: list[str] = []
    for each in command.params:
        if isinstance(each, click.Argument):
            words += BY_ARGUMENT.get(re.sub("[^a-z]", "", each.human_readable_name.lower()), [])
    return words


@pytest.fixture
def tried(
    empty_store: Path, tmp_path: Path, environment: dict[str, str], capfd: Any, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, list[str], str, str], Tried]:
    """Tries a command under a condition, in a folder with what it may read."""
    original, copy, folder = tmp_path / "users.db", tmp_path / "copy.db", tmp_path / "here"
    with local(original) as users:
        users.add_user("ada", attributes={"email": "ada@example.org"})
        users.add_group("admins")
        users.add_user_to_group("ada", "admins")
        Audited(users, FileSink(tmp_path / "audit.jsonl", [bytes(32)]), "kim").disable_user("ada")
    folder.mkdir()
    monkeypatch.chdir(folder)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a runner in the background has it ignored
    asked: list[FailingStore | FailingActivity] = []

    def tidy(condition: str) -> None:
        for each in folder.iterdir():
            shutil.rmtree(each) if each.is_dir() else each.unlink()
        (folder / "users.csv").write_text(CSV)
        (folder / "people.json").write_text('{"users": [{"username": "grace"}]}')
        (folder / "jwks.json").write_text(json.dumps({"keys": [KEY]}))
        shutil.copy(tmp_path / "audit.jsonl", folder)
        shutil.copy(empty_store if condition == "unknown user" else original, copy)
        Path(environment["USERMGR_CONFIG"]).write_text("[profiles.one]\nCLIENT_ID = 'x'\n")
        asked.clear()

    def create(*args: object, **kwargs: object) -> FailingStore:
        asked.append(FailingStore(local(copy), now[0]))
        return asked[-1]

    def create_activity(*args: object, **kwargs: object) -> FailingActivity:
        asked.append(FailingActivity(usermgr_local.connect_activity(path=str(copy)), now[0]))
        return asked[-1]

    now = [""]

    def run(name: str, words: list[str], condition: str, endpoint: str) -> Tried:
        now[0] = condition
        tidy(condition)
        variables = {
            "USERMGR_ACTIVITY": "local", "SECRET": SECRET, "AWS_ENDPOINT_URL": endpoint, "AWS_MAX_ATTEMPTS": "1",
            "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": SECRET,
            "USERPOOL_ID": "eu-west-1_Example", "USERMGR_AUDIT_KEY": "00" * 32,
            "USERMGR_BACKEND": "cognito" if name in SERVICE else "local",
        }  # fmt: skip
        with monkeypatch.context() as patch:
            if name not in SERVICE:
                patch.setattr(Factory, "create", create)
                patch.setattr(Factory, "create_activity", create_activity)
            drive = into_closed_pipe if condition == "broken pipe" else in_process
            ended = drive([*name.split(), *words, "--yes"], capfd.readouterr, f"{SECRET}\n".encode(), variables)
        return Tried(ended, sum(each.asked for each in asked))

    return run


def local(path: Path) -> UserManager:
    """A store that can do everything."""
    return usermgr_local.connect(path=str(path), mfa="optional", deliver=lambda *_: None)


def expected(name: str, words: list[str], condition: str, usual: Tried) -> set[int]:
    """The statuses that are right; `usual` is how the command ends where nothing fails."""
    if (name, condition) in EXCEPTIONS:
        return {EXCEPTIONS[name, condition]}
    if condition == "broken pipe" and name not in SERVICE:
        looks = name.startswith(LOOKS)
        return {141 if looks else usual.ended.status or (141 if usual.ended.out else 0)}
    if name in ALONE:
        return {usual.ended.status}
    if condition == "unknown user" and name not in SERVICE:
        names_somebody = "ada" in words or (words[:1] == ["admins"] and "--all" not in words)
        return {3} if names_somebody else {usual.ended.status, 0}
    if condition == "absent capability":
        return {1} if name in SERVICE else {1, usual.ended.status}
    return {{"denied": 4, "Ctrl-C": 130, "unknown user": 3}.get(condition, 1)}


USUAL: dict[str, Tried] = {}
"""How each command ends where nothing fails."""

LOOKS = ("import", "sync apply", "bulk ")
"""Long work that looks for itself whether anybody still reads, and stops in order."""

EXCEPTIONS = {
    **{("doctor", each): 1 for each in CONDITIONS},  # it tells what it finds, whatever that is
    ("jwks pull", "unknown user"): 1,  # the function is not there: nobody whom the command names
    ("user confirm", "Ctrl-C"): 1,  # the change that Ctrl-C waited for was refused, and that is told
    ("user reset", "Ctrl-C"): 1,  # as above
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_command_meets(condition: str, tried: Callable[..., Tried]) -> None:
    """The exit status is right; an error is one sentence on standard error; there is no traceback, and no secret."""
    wrong: list[str] = []
    number = 0
    with failing_service(condition) as endpoint:
        for name, command in leaves().items():
            if name in EXEMPT:
                continue
            words = words_of(name, command)
            usual = USUAL.get(name) or USUAL.setdefault(name, tried(name, words, "", endpoint))
            found = tried(name, words, condition, endpoint)
            wrong += [f"{name}: {problem}" for problem in problems(name, words, condition, usual, found)]
            number += 1
    print(f"{number} commands tried: {condition}")

    assert not wrong, "\n".join(wrong)


def problems(name: str, words: list[str], condition: str, usual: Tried, found: Tried) -> Iterator[str]:
    """What is wrong with how the command ended."""
    ended = found.ended
    if usual.ended.status == 2:
        yield f"give it words in STORE, SERVICE or ALONE: {usual.ended.err}"
    if name not in ALONE and name not in SERVICE and not usual.asked:
        yield "it asked no store: it belongs into ALONE or SERVICE"
    if ended.status not in (right := expected(name, words, condition, usual)):
        yield f"status {ended.status} and not {right}: {ended.err}"
    errors = [line for line in ended.sentences if line.startswith("usermgr: ")]
    if len(errors) > 1 or (ended.status in (0, 141) and errors):
        yield f"{len(errors)} errors with status {ended.status}: {errors}"
    if ended.status in (3, 4, 130) and not errors:
        yield f"no sentence with status {ended.status}"
    lacks = condition == "absent capability" and name not in SERVICE and ended.status == 1 != usual.ended.status
    if lacks and "[unsupported_operation]" not in ended.err:
        yield f"it does not say what the store cannot do: {ended.err}"
    for text, what in (("Traceback", "a traceback"), ("is a fault of usermgr", "a fault"), (SECRET, "a secret")):
        if text in ended.out + ended.err:
            yield f"{what}: {ended.err}"


def test_tables_name_commands_that_there_are() -> None:
    """No row outlives its command."""
    assert set(STORE) | set(SERVICE) | set(ALONE) | set(EXEMPT) <= set(leaves())

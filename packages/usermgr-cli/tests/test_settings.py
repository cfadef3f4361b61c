"""Where settings come from, what goes before what, and what is refused."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from usermgr.errors import ConfigurationError
from usermgr_cli._line import Line
from usermgr_cli._settings import in_force, is_secret, masked, read_profiles
from usermgr_cli._settings._writing import change_profiles, table

FILE = """# my profiles
current = "one"

[profiles.one]  # the usual one
USERMGR_REQUIRED_GROUPS = "profile"
AWS_REGION = "profile"
CLIENT_ID = "profile"
DYNAMODB_NAME = "profile"

[profiles.two]
AWS_REGION = "eu-west-2"
"""


@pytest.fixture
def file(environment: dict[str, str]) -> Path:
    path = Path(environment["USERMGR_CONFIG"])
    path.write_text(FILE)
    return path


def shown(ended: Any) -> dict[str, tuple[str, str]]:
    assert ended.status == 0, ended.err
    return {each["name"]: (each["value"], each["origin"]) for each in json.loads(ended.out)}


def test_flags_go_before_the_environment_the_env_file_and_the_profile(usermgr: Any, file: Path, tmp_path: Path) -> None:
    """Each place gives way to the one above it, and `profile show` says which one decided."""
    env_file = tmp_path / "settings.env"
    env_file.write_text("DYNAMODB_NAME=env-file\nCLIENT_ID=env-file\nAWS_REGION=env-file\n")

    ended = usermgr(
        "profile", "show", "-o", "json", "--env-file", str(env_file), "--set", "AWS_REGION=flag",
        CLIENT_ID="environment", AWS_REGION="environment", DYNAMODB_NAME="",
    )  # fmt: skip

    found = shown(ended)
    assert found["AWS_REGION"] == ("flag", "the flag --set")
    assert found["CLIENT_ID"] == ("environment", "the environment")
    assert found["DYNAMODB_NAME"] == ("env-file", f"the file {env_file}")
    assert found["USERMGR_REQUIRED_GROUPS"] == ("profile", "the profile one")


@pytest.mark.parametrize(
    ("arguments", "variables", "region"),
    [
        pytest.param([], {}, "profile", id="current"),
        pytest.param([], {"USERMGR_PROFILE": "two"}, "eu-west-2", id="variable"),
        pytest.param(["--profile", "one"], {"USERMGR_PROFILE": "two"}, "profile", id="flag"),
        pytest.param(["--set", "USERMGR_PROFILE=two"], {}, "eu-west-2", id="set"),
    ],
)
def test_profile_is_named_by_flag_variable_or_file(
    usermgr: Any, file: Path, arguments: list[str], variables: dict[str, str], region: str
) -> None:
    """`--profile` goes before USERMGR_PROFILE, and that before the file's current one."""
    found = shown(usermgr(*arguments, "profile", "show", "-o", "json", **variables))

    assert found["AWS_REGION"][0] == region


def test_settings_of_a_profile_reach_the_backend(usermgr: Any, users: Any, environment: dict[str, str]) -> None:
    """A command works on the store that the profile names."""
    users.add_user("ada")
    Path(environment["USERMGR_CONFIG"]).write_text(
        f"[profiles.here]\nUSERMGR_BACKEND = 'local'\nUSERMGR_LOCAL_PATH = '{environment['USERMGR_LOCAL_PATH']}'\n"
    )

    ended = usermgr("--profile", "here", "user", "list", USERMGR_BACKEND="", USERMGR_LOCAL_PATH="")

    assert (ended.status, ended.out.split("\t")[0]) == (0, "ada")


def test_environment_that_hides_a_named_profile_is_told(usermgr: Any, users: Any, file: Path) -> None:
    """Where the environment says otherwise than the profile that was named, a sentence says so."""
    ended = usermgr("--profile", "two", "user", "list", AWS_REGION="eu-west-9")

    assert (ended.status, ended.sentences) == (
        0, ["The environment has another AWS_REGION than the profile, and goes before it."],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("content", "part"),
    [
        pytest.param(b"current = 'one'\n[profiles.one\n", "line 2", id="not TOML"),
        pytest.param(b"a = 1\n\xff = 2\n", "line 2", id="not UTF-8"),
        pytest.param(b"[profile.one]\nA='1'\n", "a profile stands under [profiles.NAME]", id="another table"),
        pytest.param(b"[profiles.one]\nA = 1\n", "A must be text in quotation marks", id="a number"),
        pytest.param(b"[profiles.one]\n'A B' = '1'\n", "it has letters, digits and _", id="no name"),
        pytest.param(b"[profiles.one]\nUSERMGR_PROFILE = 'x'\n", "cannot stand in one", id="about the file"),
        pytest.param(b"[profiles.one]\nsecret_command = 'x'\n", "secret_command must be a table", id="no table"),
        pytest.param(b"[profiles.one.secret_command]\nSECRET = 'cat x'\n", "must be a list", id="a shell's words"),
        pytest.param(b"[profiles]\none = 3\n", "must be a table", id="no profile"),
        pytest.param(b"current = 'two'\n[profiles.one]\n", "there are one", id="current is not there"),
        pytest.param(b"current = 3\n", "current must be the name", id="current is a number"),
    ],
)
def test_file_that_is_wrong_is_an_error(usermgr: Any, file: Path, content: bytes, part: str) -> None:
    """A file that is not what it must be ends the command with its path and what is wrong, and is never no profile."""
    file.write_bytes(content)

    ended = usermgr("user", "list")

    assert ended.status == 2
    assert part in ended.err
    assert str(file) in ended.err


@pytest.mark.parametrize(
    "line",
    [
        "SECRET = 'hunter2'",
        "USERMGR_AUDIT_KEY = 'hunter2'",
        "AWS_SECRET_ACCESS_KEY = 'hunter2'",
        "AWS_SESSION_TOKEN = 'hunter2'",
        "my_db_password = 'hunter2'",
        "HTTPS_PROXY = 'http://kim:hunter2@proxy.example'",
    ],
)
def test_secret_in_the_file_is_refused_by_name(usermgr: Any, file: Path, line: str) -> None:
    """A secret that stands in the file is an error that names it and the way to give it, and does not repeat it."""
    file.write_text(f"[profiles.one]\n{line}\n")

    ended = usermgr("user", "list", "--profile", "one")

    assert ended.status == 2
    assert f"{line.split(maxsplit=1)[0]} is a secret" in ended.err
    assert "secret_command" in ended.err
    assert "hunter2" not in ended.err


def test_unreadable_file_is_an_error(usermgr: Any, environment: dict[str, str]) -> None:
    """A file that is there and cannot be read is not taken for no profile."""
    Path(environment["USERMGR_CONFIG"]).mkdir()

    ended = usermgr("user", "list")

    assert (ended.status, "cannot be read" in ended.err) == (2, True)


def test_no_home_is_needed(process: Any, users: Any) -> None:
    """Without HOME and without a file, the environment's settings do; `profile set` names the remedy."""
    ended = process("user", "list", HOME="", USERMGR_CONFIG="")
    assert (ended.status, ended.err) == (0, "")


def test_without_a_home_there_is_no_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system knows no home directory there are no profiles; who asks for one is told how to have one."""
    monkeypatch.delenv("USERMGR_CONFIG", raising=False)
    monkeypatch.setattr("platformdirs.user_config_path", lambda *_, **__: Path("~/.config/usermgr"))

    assert in_force(profile=None, env_file=None, given=()).profile is None
    with pytest.raises(ConfigurationError, match="USERMGR_CONFIG"):
        in_force(profile="one", env_file=None, given=())


def test_secret_command_is_run_for_a_command_and_by_no_shell(
    usermgr: Any, file: Path, tmp_path: Path, users: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program gets its arguments as they stand; what it prints is the setting, without one line end."""
    file.write_text('[profiles.one.secret_command]\nSECRET = ["printf", "%s\\\\n\\\\n", "$HOME `id` ; x"]\n')
    monkeypatch.setenv("USERMGR_PROFILE", "one")
    Line().settle(quiet=True)
    assert "SECRET" not in os.environ  # the Tab key runs nothing

    Line().settle()

    assert os.environ.pop("SECRET") == "$HOME `id` ; x\n"
    assert shown(usermgr("profile", "show", "-o", "json"))["SECRET"][0] == "(secret)"


@pytest.mark.parametrize(
    ("argv", "part"),
    [
        ('["false"]', "ended with status 1"),
        ('["no-such-program-here"]', "cannot be run"),
        ('["true"]', "printed nothing"),
        ('["printf", "\\\\xff"]', "not UTF-8"),
    ],
)
def test_secret_command_that_fails_is_told(usermgr: Any, file: Path, argv: str, part: str) -> None:
    """A command that prints no secret ends the run before the store is opened."""
    file.write_text(f"[profiles.one.secret_command]\nSECRET = {argv}\n")

    ended = usermgr("--profile", "one", "user", "list")

    assert ended.status == 2
    assert part in ended.err
    assert usermgr("--profile", "one", "user", "list", SECRET="given").status == 0


def test_commands_to_run_are_not_taken_from_a_file_that_everybody_can_write(usermgr: Any, file: Path) -> None:
    """Nobody else can have a program run."""
    file.write_text('[profiles.one.secret_command]\nSECRET = ["true"]\n')
    file.chmod(0o666)

    assert "chmod o-w" in usermgr("user", "list").err


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("AWS_REGION", "--set takes NAME=VALUE"),
        ("1x=hunter2", "--set takes NAME=VALUE"),
        ("SECRET=hunter2", "SECRET is a secret"),
        ("HTTPS_PROXY=http://kim:hunter2@proxy.example", "HTTPS_PROXY is a secret"),
        ("USERMGR_CONFIG=x", "from the environment alone"),
        ("AWS_REGION=", "has no value"),
    ],
)
def test_flag_set_that_is_wrong_is_refused(usermgr: Any, text: str, part: str) -> None:
    """A secret is no word of a command, and nothing that was typed is repeated."""
    ended = usermgr("user", "list", "--set", text)

    assert ended.status == 2
    assert part in ended.err
    assert "hunter2" not in ended.err


def test_names_that_look_like_secrets() -> None:
    """What is a secret by its name, and what only says where one is."""
    secrets = [
        "SECRET",
        "USERMGR_AUDIT_KEY",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "db_password",
        "APIKEY",
        "MY_PIN",
    ]
    plain = [
        "AWS_ACCESS_KEY_ID",
        "AWS_SHARED_CREDENTIALS_FILE",
        "USERMGR_JWKS",
        "AWS_REGION",
        "KEYBOARD",
        "SECRET_ARN",
        "PINE",
    ]

    assert [name for name in secrets if not is_secret(name)] == []
    assert [name for name in plain if is_secret(name)] == []
    assert masked("HTTP_PROXY", "http://a:b@c") == "(an address with a password)"


def test_missing_setting_says_where_settings_come_from(usermgr: Any) -> None:
    """What a backend misses is told with the ways to give it."""
    ended = usermgr("user", "list", USERMGR_BACKEND="cognito")

    assert ended.status == 2
    assert "USERPOOL_ID is not set" in ended.sentences[0]
    assert "`usermgr profile show` tells those in force" in ended.sentences[1]


# --- Writing -----------------------------------------------------------------------------------------


def test_changes_keep_comments_and_are_for_the_owner_alone(usermgr: Any, file: Path) -> None:
    """`set`, `use`, `unset` and `remove` change what they say and nothing else."""
    file.chmod(0o644)

    assert (
        usermgr("profile", "set", "two", "CLIENT_ID=abc", "--secret-command", "SECRET", "pass show 'a b'").status == 0
    )
    assert usermgr("profile", "use", "two").status == 0
    assert usermgr("profile", "unset", "one", "CLIENT_ID").status == 0

    text = file.read_text()
    expected = FILE.replace('"one"', '"two"').replace('CLIENT_ID = "profile"\n', "")
    assert text == expected + 'CLIENT_ID = "abc"\n\n[profiles.two.secret_command]\nSECRET = ["pass", "show", "a b"]\n'
    assert file.stat().st_mode & 0o777 == 0o600

    asked = usermgr("profile", "remove", "two")
    assert (asked.status, "Remove the profile two with its 3 settings?" in asked.err) == (2, True)
    assert usermgr("profile", "remove", "two", "--yes").status == 0
    assert [line.split("\t")[:2] for line in usermgr("profile", "list").out.splitlines()] == [["one", "false"]]


@pytest.mark.parametrize(
    "arguments",
    [
        ["set", "one", "SECRET=hunter2"],
        ["set", "one", "hunter2"],
        ["set", "one"],
        ["set", "one", "--secret-command", "SECRET", "'"],
        ["unset", "one", "hunter2"],
        ["use", "three"],
        ["remove", "three", "--yes"],
    ],
)
def test_change_that_is_refused_changes_nothing(usermgr: Any, file: Path, arguments: list[str]) -> None:
    """The file stays as it was, and what was typed is not repeated where it may be a secret."""
    ended = usermgr("profile", *arguments)

    assert ended.status == 2
    assert "hunter2" not in ended.err
    assert file.read_text() == FILE
    assert [path.name for path in file.parent.iterdir() if path.name.startswith(".")] == []


def test_changes_at_the_same_time_are_all_there(file: Path) -> None:
    """Whoever changes the file waits for whoever does so now; nobody's change is lost."""

    def change(number: int) -> None:
        change_profiles(file, lambda document, _: table(document, "profiles", "one").update({f"N{number}": "x"}))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(change, range(24)))

    assert {f"N{number}" for number in range(24)} <= set(read_profiles(file).profiles["one"].values)


def test_change_goes_through_a_link(usermgr: Any, file: Path, tmp_path: Path) -> None:
    """A file that is linked to from a folder of dot files stays a link."""
    target = tmp_path / "dot" / "usermgr.toml"
    target.parent.mkdir()
    file.rename(target)
    file.symlink_to(target)

    assert usermgr("profile", "use", "two").status == 0

    assert file.is_symlink()
    assert 'current = "two"' in target.read_text()


def test_misspelt_setting_is_noticed(usermgr: Any, file: Path) -> None:
    """A name that is nearly one of usermgr's gets its likeness; others are taken, for backends of strangers."""
    assert "did you mean USERMGR_BACKEND?" in usermgr("profile", "set", "one", "USERMGR_BACKNED=local").err
    assert "did you mean" not in usermgr("profile", "set", "one", "ACME_TENANT=x").err

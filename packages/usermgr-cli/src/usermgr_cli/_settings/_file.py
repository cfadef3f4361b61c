"""The file of profiles::

    current = "staging"

    [profiles.staging]
    USERMGR_BACKEND = "cognito"
    USERPOOL_ID = "eu-west-1_Example"
    AWS_PROFILE = "staging"

    [profiles.staging.secret_command]
    SECRET = ["pass", "show", "usermgr/staging"]

The keys of a profile are the names that the environment has. A secret is not in the file: `secret_command` names the
program that prints it, and its arguments. No shell reads them.
"""

from __future__ import annotations

import difflib
import os
import stat
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from usermgr.errors import ConfigurationError
from usermgr_cli._settings._names import NAME, has_password, is_secret

__all__ = ["Profile", "Profiles", "config_path", "parse_profiles", "read_profiles", "refused"]

_ABOUT_THE_FILE = frozenset({"USERMGR_CONFIG", "USERMGR_PROFILE"})


@dataclass(frozen=True, slots=True)
class Profile:
    """One profile: its settings by name, and the command that prints each secret one."""

    name: str
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    commands: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])


@dataclass(frozen=True, slots=True)
class Profiles:
    """What a file of profiles holds."""

    path: Path
    current: str | None = None
    profiles: Mapping[str, Profile] = field(default_factory=dict[str, Profile])

    def named(self, name: str, origin: str) -> Profile:
        """The profile. Raises `ConfigurationError` where there is none, with those that there are."""
        found = self.profiles.get(name)
        if found is not None:
            return found
        if not self.profiles:
            raise refused(
                f"{origin} names the profile {name}, and {self.path} has none: make one by `usermgr profile set {name} "
                "NAME=VALUE`"
            )
        near = difflib.get_close_matches(name, self.profiles, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(self.profiles))}"
        raise refused(f"{origin} names the profile {name}, which is not in {self.path}: {hint}")


def config_path(named: str | None) -> Path:
    """Where the file is: `named` (`USERMGR_CONFIG`), or the usual place of the system.

    Raises `ConfigurationError` where neither is known: there is no home directory.
    """
    if named:
        return Path(named)
    import platformdirs  # noqa: PLC0415 - only where no variable names the file

    path = platformdirs.user_config_path("usermgr", appauthor=False) / "config.toml"
    if not path.is_absolute():
        raise refused("there is no home directory to keep profiles in: name a file with USERMGR_CONFIG")
    return path


def read_profiles(path: Path) -> Profiles:
    """What the file holds; a file that is not there holds nothing.

    Raises `ConfigurationError` for a file that cannot be read, and for one that is not what it must be.
    """
    try:
        with path.open("rb") as file:
            content = file.read()
            mode = os.fstat(file.fileno()).st_mode
    except FileNotFoundError:
        return Profiles(path)
    except OSError as error:
        raise refused(f"the file of profiles {path} cannot be read: {error.strerror}") from None
    found = parse_profiles(content, path)
    if mode & stat.S_IWOTH and os.name == "posix" and any(profile.commands for profile in found.profiles.values()):
        raise refused(f"{path} names commands to run, and everybody can write to it: run `chmod o-w {path}`")
    return found


def parse_profiles(content: bytes, path: Path) -> Profiles:
    """The profiles of a file with this content. Raises `ConfigurationError`; no value is repeated."""
    try:
        members = tomllib.loads(content.decode())
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        raise refused(f"{path}, line {number}: this is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise refused(f"{path} is not TOML: {_without_values(str(error))}") from None
    for name in members:
        if name not in ("current", "profiles"):
            raise refused(f"{path}: {name!r} is not known there: a profile stands under [profiles.NAME]")
    current = members.get("current")
    if current is not None and not isinstance(current, str):
        raise refused(f"{path}: current must be the name of a profile, in quotation marks")
    profiles = {name: _profile(name, table, path) for name, table in _table(members, "profiles", path).items()}
    return Profiles(path, current, profiles)


def _without_values(message: str) -> str:
    """tomllib's message, which may quote a key in apostrophes, and a character, but no value."""
    return message[0].lower() + message[1:] if message else "it does not parse"


def _profile(name: str, table: Any, path: Path) -> Profile:
    if not isinstance(table, dict):
        raise refused(f"{path}: profiles.{name} must be a table, [profiles.{name}]")
    where = f"{path}, profile {name}"
    values: dict[str, str] = {}
    commands: dict[str, Sequence[str]] = {}
    for setting, value in cast("dict[str, Any]", table).items():
        if setting == "secret_command":
            continue
        _check_setting(setting, value, where)
        values[setting] = value
    for setting, argv in _table(cast("dict[str, Any]", table), "secret_command", path).items():
        _check_name(setting, where)
        if (
            not isinstance(argv, list)
            or not argv
            or not all(isinstance(part, str) and part for part in cast("list[Any]", argv))
        ):
            raise refused(
                f"{where}: secret_command.{setting} must be a list of a program and its arguments, such as "
                '["pass", "show", "usermgr"]'
            )
        if setting in values:
            raise refused(f"{where}: {setting} has both a value and a secret_command: remove one of them")
        commands[setting] = cast("list[str]", argv)
    return Profile(name, values, commands)


def _check_setting(setting: str, value: Any, where: str) -> None:
    _check_name(setting, where)
    if is_secret(setting) or (isinstance(value, str) and has_password(value)):
        raise refused(
            f"{where}: {setting} is a secret, and no secret stands in this file: remove it, and set it in the "
            f"environment or name a program that prints it in secret_command.{setting}"
        )
    if not isinstance(value, str):
        raise refused(f"{where}: {setting} must be text in quotation marks")
    if "\0" in value:
        raise refused(f"{where}: {setting} has a NUL character")


def _check_name(setting: str, where: str) -> None:
    if not NAME.fullmatch(setting):
        raise refused(f"{where}: {setting!r} is not the name of a setting: it has letters, digits and _")
    if setting in _ABOUT_THE_FILE:
        raise refused(f"{where}: {setting} says which profile to use, and cannot stand in one")


def _table(members: Mapping[str, Any], name: str, path: Path) -> dict[str, Any]:
    found = members.get(name, {})
    if not isinstance(found, dict):
        raise refused(f"{path}: {name} must be a table")
    return cast("dict[str, Any]", found)


def refused(problem: str) -> ConfigurationError:
    """The one error of this package."""
    return ConfigurationError(problem, problems=[problem])

"""`usermgr profile`: where commands work. Only `show` needs the profile in use to be there."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from usermgr_cli._completing import complete_profiles
from usermgr_cli._line import Line

if TYPE_CHECKING:
    from pathlib import Path

    from usermgr.commands import Done
    from usermgr_cli._settings import Profiles

__all__ = ["InForce", "Listed", "command"]


@dataclass(frozen=True, slots=True)
class InForce:
    """A setting, its value where that is no secret, and where it stands."""

    name: str
    value: str
    origin: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A profile, and whether it is the one that commands use."""

    name: str
    current: bool
    backend: str | None
    settings: int


NAME = click.argument("name", metavar="PROFILE", shell_complete=complete_profiles)


@click.group(help="Choose where commands work, and see what is in force.")
def command() -> None:
    """The group of commands."""


@command.command()
@click.pass_obj
def show(line: Line) -> Iterator[InForce]:
    """Show the settings in force and where each stands. Secrets are masked."""
    from usermgr_cli._settings import masked  # noqa: PLC0415 - help needs no settings

    found = line.look()
    if found.profile is None:
        line.note("No profile is in use.")
    else:
        line.note(f"The profile is {found.profile.name}, named by {found.profile_origin}.")
    for each in found.settings.values():
        yield InForce(each.name, "(secret)" if each.value is None else masked(each.name, each.value), each.origin)


@command.command(name="list")
def list_() -> Iterator[Listed]:
    """List the profiles."""
    from usermgr_cli._settings import read_profiles  # noqa: PLC0415 - as above

    profiles = read_profiles(_path())
    for name, each in sorted(profiles.profiles.items()):
        settings = len(each.values) + len(each.commands)
        yield Listed(name, name == profiles.current, each.values.get("USERMGR_BACKEND"), settings)


@command.command()
@NAME
def use(name: str) -> Done:
    """Use a profile from now on, where nothing names another."""
    from usermgr.commands import Done  # noqa: PLC0415 - as above

    def change(document: Any, before: Profiles) -> None:
        before.named(name, "the command")
        document["current"] = name

    _change(change)
    return Done(f"Commands use the profile {name} from now on", {"profile": name, "outcome": "current"})


@command.command(name="set")
@NAME
@click.argument("settings", nargs=-1, metavar="[NAME=VALUE]...")
@click.option(
    "--secret-command",
    "commands",
    nargs=2,
    multiple=True,
    metavar="NAME COMMAND",
    help="A secret setting, and the command that prints it: a program and its arguments, which no shell reads.",
)
@click.pass_obj
def set_(line: Line, name: str, settings: Sequence[str], commands: Sequence[tuple[str, str]]) -> Done:
    """Set settings of a profile, which is made where there is none of that name."""
    from usermgr.commands import Done  # noqa: PLC0415 - as above
    from usermgr_cli._settings import near  # noqa: PLC0415 - as above
    from usermgr_cli._settings._writing import table  # noqa: PLC0415 - as above

    given = dict(_pair(text) for text in settings)
    secret = {setting: _split(setting, text) for setting, text in commands}
    if not given and not secret:
        raise click.UsageError("name a setting, such as USERMGR_BACKEND=cognito, or a --secret-command")

    def change(document: Any, before: Profiles) -> None:
        del before
        profile = table(document, "profiles", name)
        for setting, value in given.items():
            profile[setting] = value
            _drop(profile, "secret_command", setting)
        for setting, argv in secret.items():
            table(profile, "secret_command")[setting] = argv
            _drop(profile, setting)

    after = _change(change)
    for setting in (*given, *secret):
        known = near(setting)
        if known is not None:
            line.note(f"{setting} is no setting that usermgr knows: did you mean {known}?")
    if after.current != name:
        line.note(f"To use it: usermgr profile use {shlex.quote(name)}")
    names = sorted({*given, *secret})
    return Done(f"The profile {name} has {', '.join(names)}", {"profile": name, "set": names, "outcome": "changed"})


@command.command()
@NAME
@click.argument("settings", nargs=-1, required=True, metavar="SETTING...")
def unset(name: str, settings: Sequence[str]) -> Done:
    """Take settings out of a profile."""
    from usermgr.commands import Done  # noqa: PLC0415 - as above

    def change(document: Any, before: Profiles) -> None:
        known = before.named(name, "the command")
        for setting in settings:
            if setting not in known.values and setting not in known.commands:
                there = ", ".join(sorted({*known.values, *known.commands})) or "none"
                raise click.UsageError(f"the profile {name} has no such setting: there are {there}")
            _drop(document["profiles"][name], setting)
            _drop(document["profiles"][name], "secret_command", setting)

    _change(change)
    return Done(
        f"The profile {name} has no {', '.join(settings)} any more",
        {"profile": name, "unset": sorted(settings), "outcome": "changed"},
    )


@command.command()
@NAME
@click.pass_obj
def remove(line: Line, name: str) -> Done:
    """Remove a profile and its settings."""
    from usermgr.commands import Done  # noqa: PLC0415 - as above
    from usermgr_cli._settings import read_profiles  # noqa: PLC0415 - as above

    found = read_profiles(_path()).named(name, "the command")
    number = len(found.values) + len(found.commands)
    line.confirm(f"Remove the profile {name} with its {number} setting{'s' * (number != 1)}?")

    def change(document: Any, before: Profiles) -> None:
        before.named(name, "the command")
        del document["profiles"][name]
        if before.current == name:
            del document["current"]

    _change(change)
    return Done(f"The profile {name} is removed", {"profile": name, "outcome": "removed"})


def _path() -> Path:
    from usermgr_cli._settings import config_path  # noqa: PLC0415 - as above

    return config_path(os.environ.get("USERMGR_CONFIG"))


def _change(change: Any) -> Profiles:
    from usermgr_cli._settings._writing import change_profiles  # noqa: PLC0415 - as above

    return change_profiles(_path(), change)


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not value:
        raise click.UsageError("a setting is NAME=VALUE, such as USERMGR_BACKEND=cognito; `unset` takes one away")
    return name, value


def _split(setting: str, text: str) -> list[str]:
    try:
        argv = shlex.split(text)
    except ValueError:
        argv = []
    if not argv:
        raise click.UsageError(f"--secret-command {setting} needs a program and its arguments, with matching quotes")
    return argv


def _drop(within: Any, *names: str) -> None:
    for name in names[:-1]:
        if name not in within:
            return
        within = within[name]
    if names[-1] in within:
        del within[names[-1]]

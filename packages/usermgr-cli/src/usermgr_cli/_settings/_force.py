"""Merges all places where settings stand: flags, the environment, `--env-file`, and the profile, in this order."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import click

from usermgr.errors import ConfigurationError
from usermgr_cli._settings._env_file import read
from usermgr_cli._settings._file import Profile, config_path, read_profiles
from usermgr_cli._settings._names import NAME, has_password, is_secret, known_names
from usermgr_cli._settings._secrets import run_secret_command

__all__ = ["Setting", "Settings", "in_force"]

ENVIRONMENT = "the environment"


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting by its environment variable."""

    name: str
    value: str | None = field(repr=False)  # may be a secret
    """`None` for one that a command of the profile prints, where that was not run."""
    origin: str


@dataclass(frozen=True, slots=True)
class Settings:
    """All that is in force."""

    settings: Mapping[str, Setting] = field(default_factory=dict[str, Setting])
    profile: Profile | None = None
    profile_origin: str | None = None
    """Where the profile's name comes from."""
    hidden: tuple[str, ...] = ()
    """What the profile says and the environment says otherwise."""

    def put_in_force(self) -> None:
        """Puts them into the environment, where backends look for them."""
        for setting in self.settings.values():
            if setting.value is not None and setting.origin != ENVIRONMENT:
                os.environ[setting.name] = setting.value


def in_force(
    *, profile: str | None, env_file: str | None, given: Iterable[str], run_commands: bool = True, may_ask: bool = True
) -> Settings:
    """The settings, and from where each is. An empty variable of the environment counts as not set.

    Raises:
        click.UsageError: a flag is wrong.
        ConfigurationError: the file of `--env-file` or that of the profiles is wrong, or a command that prints a secret
            fails.
    """
    layers: list[tuple[str, Mapping[str, str]]] = [
        ("the flag --set", _flags(given)),
        (ENVIRONMENT, {name: value for name, value in os.environ.items() if value}),
        (f"the file {env_file}", read(env_file) if env_file is not None else {}),
    ]
    name, origin = _first("USERMGR_PROFILE", layers) if profile is None else (profile, "--profile")
    chosen, origin = _profile(name, origin)
    if chosen is not None:
        layers.append((f"the profile {chosen.name}", chosen.values))
    settings: dict[str, Setting] = {}
    names = {each for source, values in layers for each in (known_names(values) if source == ENVIRONMENT else values)}
    wanted = names | set(chosen.commands if chosen is not None else ())
    for setting in sorted(wanted):
        value, source = _first(setting, layers)
        if source is not None:
            settings[setting] = Setting(setting, value, source)
    if chosen is not None:
        for setting, argv in chosen.commands.items():
            if setting not in settings:
                secret = run_secret_command(setting, argv, chosen.name, may_ask=may_ask) if run_commands else None
                settings[setting] = Setting(setting, secret, f"the secret_command of the profile {chosen.name}")
    return Settings(settings, chosen, origin, _hidden(chosen, settings))


def _flags(given: Iterable[str]) -> dict[str, str]:
    flags: dict[str, str] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not NAME.fullmatch(name):
            raise click.UsageError("--set takes NAME=VALUE, such as --set USERMGR_BACKEND=local")
        if is_secret(name) or has_password(value):
            raise click.UsageError(
                f"{name} is a secret, and everybody on this machine can see the words of a command: set it in the "
                "environment, in the file of --env-file, or by a secret_command of the profile"
            )
        if name == "USERMGR_CONFIG":
            raise click.UsageError("USERMGR_CONFIG is read from the environment alone, as `usermgr profile` does")
        if not value:
            raise click.UsageError(f"--set {name}= has no value: leave it out to use the other settings")
        flags[name] = value
    return flags


def _first(name: str, layers: Iterable[tuple[str, Mapping[str, str]]]) -> tuple[str | None, str | None]:
    return next(((values[name], source) for source, values in layers if values.get(name)), (None, None))


def _profile(name: str | None, origin: str | None) -> tuple[Profile | None, str | None]:
    """The profile to use, and where its name comes from. Without a name, it is the current one of the file."""
    try:
        where = config_path(os.environ.get("USERMGR_CONFIG"))
    except ConfigurationError:
        if name is not None:
            raise
        return None, None  # there is no home directory, and nobody asked for a profile
    profiles = read_profiles(where)
    if name is None:
        return (None, None) if profiles.current is None else (profiles.named(profiles.current, "current"), str(where))
    return profiles.named(name, origin if origin == "--profile" else f"USERMGR_PROFILE in {origin}"), origin


def _hidden(profile: Profile | None, settings: Mapping[str, Setting]) -> tuple[str, ...]:
    if profile is None:
        return ()
    return tuple(
        name
        for name, value in profile.values.items()
        if (found := settings.get(name)) is not None and found.origin == ENVIRONMENT and found.value != value
    )

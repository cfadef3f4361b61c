"""Reads settings from an ordered list of sources, and reports everything that is wrong at once."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from usermgr.errors import ConfigurationError

__all__ = ["Environment", "Keywords", "SettingsReader", "SettingsSource", "with_origins"]


class SettingsSource(Protocol):
    """Where settings come from. A setting has a keyword `name` and an environment `variable`.

    A source may also have `origin(name, variable) -> str`, which words where a value that it has comes from.
    """

    def find(self, name: str, variable: str) -> str | None:
        """The value, or `None` where this source does not have it."""
        ...


@dataclass(frozen=True, slots=True)
class Keywords:
    """Keyword arguments; `None` means that one was not given."""

    given: Mapping[str, str | None] = field(repr=False)  # may hold a secret

    def find(self, name: str, variable: str) -> str | None:
        """By name."""
        del variable
        return self.given.get(name)

    def origin(self, name: str, variable: str) -> str:
        """The keyword."""
        del variable
        return f"the keyword {name}"


@dataclass(frozen=True, slots=True)
class Environment:
    """Environment variables: the process's own, unless another mapping is given. An empty one counts as not set."""

    variables: Mapping[str, str] | None = field(default=None, repr=False)  # may hold a secret

    def find(self, name: str, variable: str) -> str | None:
        """By variable."""
        del name
        return (os.environ if self.variables is None else self.variables).get(variable) or None

    def origin(self, name: str, variable: str) -> str:
        """The variable."""
        del name
        return variable


def with_origins(values: Mapping[str, str], origins: Mapping[str, str]) -> dict[str, str]:
    """The values by keyword, each with where it comes from, where that is known: `eu-west-1, from AWS_REGION`."""
    return {name: f"{value}, from {origins[name]}" if name in origins else value for name, value in values.items()}


class SettingsReader:
    """Collects values and problems; `finish()` raises one error that names every problem.

    The first source that has a setting decides. Without `sources`, that is the process's environment.

    >>> reader = SettingsReader("demo", [Keywords({"region": None}), Environment({})])
    >>> region = reader.text("region", "AWS_REGION")
    >>> reader.finish()
    Traceback (most recent call last):
        ...
    usermgr.errors.ConfigurationError: demo: AWS_REGION is not set: export it or pass region=
    """

    def __init__(self, title: str, sources: Sequence[SettingsSource] = (Environment(),)) -> None:
        self._title = title
        self._sources = sources
        self._problems: list[str] = []
        self.origins: dict[str, str] = {}
        """Where each value that was found comes from, by keyword: a sentence's part, such as `AWS_REGION`."""

    def optional(self, name: str, variable: str, *, pattern: str | None = None, example: str = "") -> str | None:
        """The value of the setting, or `None` where no source has it."""
        value = None
        for source in self._sources:
            value = source.find(name, variable)
            if value is not None:
                origin: Callable[[str, str], str] | None = getattr(source, "origin", None)
                self.origins[name] = type(source).__name__ if origin is None else origin(name, variable)
                break
        if value is not None and (not isinstance(value, str) or not value):  # pyright: ignore[reportUnnecessaryIsInstance] - for callers without types
            self._problems.append(f"{name}= must be a non-empty string: leave it out to use {variable} or the default")
            return ""
        if value is not None and pattern is not None and re.fullmatch(pattern, value) is None:
            hint = f", such as {example}" if example else ""
            self._problems.append(f"{variable} (or {name}=) is malformed: it must match {pattern}{hint}")
        return value

    def text(self, name: str, variable: str, *, pattern: str | None = None, example: str = "") -> str:
        """Like `optional`, but required; an empty string is returned in its place until `finish` raises."""
        value = self.optional(name, variable, pattern=pattern, example=example)
        if value is None:
            self._problems.append(f"{variable} is not set: export it or pass {name}=")
            return ""
        return value

    def problem(self, text: str) -> None:
        """Adds a problem that the caller found."""
        self._problems.append(text)

    def finish(self) -> None:
        """Raises `ConfigurationError` if anything was wrong."""
        if self._problems:
            raise ConfigurationError(f"{self._title}: {'; '.join(self._problems)}", problems=self._problems)

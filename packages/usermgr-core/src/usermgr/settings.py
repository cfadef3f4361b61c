"""Reads settings from keyword arguments or the environment, and reports all that is wrong at once."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from usermgr.errors import ConfigurationError

__all__ = ["SettingsReader"]


class SettingsReader:
    """Collects values and problems; `finish()` raises one error that names every problem.

    >>> reader = SettingsReader("demo", {"region": None}, environ={})
    >>> region = reader.text("region", "AWS_REGION")
    >>> reader.finish()
    Traceback (most recent call last):
        ...
    usermgr.errors.ConfigurationError: demo: AWS_REGION is not set: export it or pass region=
    """

    def __init__(
        self,
        title: str,
        given: Mapping[str, str | None] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._title = title
        self._given = given or {}
        self._environ = os.environ if environ is None else environ
        self._problems: list[str] = []

    def optional(self, name: str, variable: str, *, pattern: str | None = None, example: str = "") -> str | None:
        """The value of keyword `name` or, without it, of the environment `variable`; `None` if neither is set."""
        value = self._given.get(name)
        if value is None:
            value = self._environ.get(variable) or None
        if value is not None and pattern is not None and re.fullmatch(pattern, value) is None:
            hint = f", such as {example}" if example else ""
            self._problems.append(f"{variable} (or {name}=) is malformed: it must match {pattern}{hint}")
        return value

    def text(self, name: str, variable: str, *, pattern: str | None = None, example: str = "") -> str:
        """Like `optional`, but it must be there; an empty text stands in until `finish` raises."""
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

"""Finding a plug-in by its exact name: the same for every kind of plug-in."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any

from usermgr.errors import BackendNotInstalledError, ConfigurationError, UnknownBackendError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint, EntryPoints

__all__ = ["KnownStore", "PluginKind", "find_one", "make"]


@dataclass(frozen=True, slots=True)
class KnownStore:
    """A backend or an activity store that is installed, or one of the project's own that is not."""

    kind: str
    name: str
    in_force: bool
    """Whether the environment names it."""
    package: str
    version: str | None
    """`None` where it is not installed."""
    remedy: str | None = None
    """How to get one that is not installed."""


@dataclass(frozen=True, slots=True)
class PluginKind:
    """One kind of plug-in: its entry-point group, and how an error speaks of it."""

    noun: str
    group: str
    variable: str
    """The environment variable that names one."""
    method: str
    """What the caller calls."""
    ours: Mapping[str, tuple[str, str]]
    """The distribution of each of the project's own, and the requirements file that installs it."""

    def find(self, name: str | None) -> Callable[..., Any]:
        """The callable that an installed package registers under that name.

        Raises `UnknownBackendError`, `BackendNotInstalledError`, and `ConfigurationError` where several do.
        """
        if not name:
            raise UnknownBackendError(
                f"no {self.noun} was named: pass one to {self.method} or set {self.variable} to one of "
                f"{', '.join(self._choices())}",
                choices=self._choices(),
            )
        point = find_one(self.noun, name, self._entry_points())
        if point is not None:
            return point.load()
        if name in self.ours:
            raise self._not_installed(name)
        raise UnknownBackendError(
            f"no {self.noun} is named {name!r}: the choices are {', '.join(self._choices())}",
            backend=name,
            choices=self._choices(),
        )

    def make(self, name: str | None, settings: Mapping[str, Any]) -> Any:
        """What the callable of that name makes from the settings. Raises as `find` does.

        A keyword that the callable does not take is a `ConfigurationError` too: it may come from a file or a user.
        """
        return make(f"the {self.noun} {name}", self.find(name), settings, word="setting")

    def known(self) -> Iterator[KnownStore]:
        """Those that are installed and those of ours that are not, by name."""
        from usermgr._source import how_to_get  # noqa: PLC0415 - only a list needs it

        points = self._entry_points()
        for name in self._choices():
            in_force = os.environ.get(self.variable) == name
            found = [point.dist for point in points.select(name=name)]
            if not found:
                remedy = how_to_get(*self.ours[name]).remedy
                yield KnownStore(self.noun, name, in_force, self.ours[name][0], None, remedy)
            for dist in found:
                package, version = (dist.name, dist.version) if dist else ("", None)
                yield KnownStore(self.noun, name, in_force, package, version)

    def _entry_points(self) -> EntryPoints:
        from importlib.metadata import entry_points  # noqa: PLC0415 - takes 30 ms, and only `find` needs it

        return entry_points(group=self.group)

    def _choices(self) -> list[str]:
        return sorted({*self.ours, *(point.name for point in self._entry_points())})

    def _not_installed(self, name: str) -> BackendNotInstalledError:
        """The error for a plug-in of ours that is not here, with the one source that it may come from."""
        from usermgr._source import how_to_get  # noqa: PLC0415 - only a failure needs it

        missing = how_to_get(*self.ours[name])
        return BackendNotInstalledError(
            f"the {self.noun} {name} is not installed: {missing.sentence}", backend=name, remedy=missing.remedy
        )


def find_one(noun: str, name: str, points: EntryPoints) -> EntryPoint | None:
    """The entry point of that exact name, or `None`. Raises `ConfigurationError` where several packages register it."""
    match tuple(points.select(name=name)):
        case ():
            return None
        case (one,):
            return one
        case several:
            sources = sorted(point.dist.name if point.dist else point.value for point in several)
            raise ConfigurationError(
                f"several packages register the {noun} {name}: {', '.join(sources)}; uninstall all but one",
                problems=sources,
            )


def make(what: str, made_by: Callable[..., Any], given: Mapping[str, Any], *, word: str) -> Any:
    """What the callable makes from these keywords.

    Raises `ConfigurationError`, which names those that it does not take and lists those that it does, and no value.
    """
    known = _keywords(made_by)
    unknown = [] if known is None else sorted(given.keys() - known)
    if known is not None and unknown:
        raise ConfigurationError(
            f"{what} has no {word} {', '.join(unknown)}: its {word}s are {', '.join(known) or 'none'}",
            problems=unknown,
        )
    return made_by(**given)


def _keywords(callable_: Callable[..., Any]) -> tuple[str, ...] | None:
    """The names of the arguments that it takes; `None` where it takes any, or does not tell."""
    try:
        parameters = signature(callable_).parameters.values()
    except ValueError:  # some that are written in C
        return None
    if any(parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return tuple(parameter.name for parameter in parameters)

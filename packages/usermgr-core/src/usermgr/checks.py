"""Read-only checks of a deployment, and the one way to run them all.

A package registers its checks under the entry-point group `usermgr.checks`, each by a name of its own::

    [project.entry-points."usermgr.checks"]
    "ldap.reachable" = "my_package.checks:reachable"

A check is a callable that takes a `Subject` and returns its findings: `Finding`s, or mappings with the same members,
for a package that imports nothing of usermgr. It changes nothing, and has nothing to say of a subject that is not its
own.

>>> def answer(subject):
...     yield Finding("ldap.reachable", Severity.OK, "the directory answers")
>>> [finding.severity.value for finding in run_checks(Subject(), {"ldap.reachable": answer})]
['ok']
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from usermgr._frozen import freeze
from usermgr._manager import UserManager
from usermgr._models import JsonValue, OpenStrEnum
from usermgr.activity import ActivityStore
from usermgr.errors import BackendNotInstalledError, ConfigurationError, UnknownBackendError, UsermgrError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["Check", "Finding", "Severity", "Subject", "packages", "registered_checks", "remedy_of", "run_checks"]

GROUP = "usermgr.checks"


class Severity(OpenStrEnum):
    """How much a finding matters."""

    OK = "ok"
    WARNING = "warning"
    """Works today, and deserves a look; or could not be checked."""
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Finding(JsonValue):
    """What a check found: a sentence, the evidence for it, and what to do about it."""

    check: str
    severity: Severity
    summary: str
    evidence: Mapping[str, str] = field(default_factory=dict[str, str])
    """Plain facts by name, such as the id of a pool; never a secret."""
    remedy: str | None = None

    def __post_init__(self) -> None:
        freeze(self, "evidence")


@dataclass(frozen=True, slots=True)
class Subject:
    """What is checked: the managers in use, where there are any, and the variables that they were made from."""

    users: UserManager | None = None
    activity: ActivityStore | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)  # may hold secrets
    now: Callable[[], float] = time.time
    """The time in seconds since 1970."""


Check = Callable[[Subject], Iterable[Finding | Mapping[str, Any]]]


def registered_checks() -> dict[str, Check]:
    """The checks of all installed packages by name. One that cannot be loaded says so when it is run."""
    from importlib.metadata import entry_points  # noqa: PLC0415 - takes 30 ms, and only this needs it

    return {point.name: _loaded(point) for point in sorted(entry_points(group=GROUP), key=lambda point: point.name)}


def run_checks(
    subject: Subject, checks: Mapping[str, Check] | None = None, *, max_workers: int = 8
) -> Iterator[Finding]:
    """Runs the checks side by side, all registered ones unless others are given; findings come as checks end.

    A check that raises is a finding of its own, so that one which fails never hides the others. Of a manager that
    audits, the one inside is checked.
    """
    checks = registered_checks() if checks is None else checks
    subject = _unwrapped(subject)
    if not checks:
        return
    with ThreadPoolExecutor(max_workers=min(max_workers, len(checks)), thread_name_prefix="usermgr-check") as pool:
        running = [pool.submit(_findings, name, check, subject) for name, check in checks.items()]
        for future in as_completed(running):
            yield from future.result()


def _unwrapped(subject: Subject) -> Subject:
    from usermgr._forwarding import ForwardingManager  # noqa: PLC0415 - a check by itself has no need of it

    users = subject.users
    while isinstance(users, ForwardingManager):
        users = users.manager
    return replace(subject, users=users)


def _findings(name: str, check: Check, subject: Subject) -> list[Finding]:
    try:
        return [_finding(name, found) for found in check(subject)]
    except UsermgrError as error:
        return [Finding(name, Severity.FAILURE, error.message, {"code": error.code}, remedy_of(error))]
    except Exception as error:  # noqa: BLE001 - a check of any package; the text may quote anything, so only the type is told
        kind = type(error).__name__
        return [Finding(name, Severity.FAILURE, f"the check itself failed with {kind}", {"error": kind})]


def remedy_of(error: UsermgrError) -> str | None:
    """What an error says to do, as evidence: a remedy of its own, or the first setting that is wrong."""
    if isinstance(error, BackendNotInstalledError):
        return error.remedy
    if isinstance(error, UnknownBackendError):
        return f"name one of {', '.join(error.choices or ())}"
    if isinstance(error, ConfigurationError) and error.problems:
        return f"correct this: {error.problems[0]}"
    return None


def _finding(name: str, found: Finding | Mapping[str, Any]) -> Finding:
    return found if isinstance(found, Finding) else Finding.from_dict({"check": name, **found})


def _loaded(point: EntryPoint) -> Check:
    def check(subject: Subject) -> Iterable[Finding | Mapping[str, Any]]:
        try:
            run: Check = point.load()
        except Exception as error:  # noqa: BLE001 - whatever an import of any package may raise
            source = point.dist.name if point.dist else point.value
            raise ConfigurationError(
                f"the check {point.name} of {source} cannot be loaded ({type(error).__name__}): reinstall {source}"
            ) from None
        return run(subject)

    return check


def packages(subject: Subject) -> Iterator[Finding]:  # noqa: ARG001 - of every check
    """usermgr's own packages are of one release, as they are made to be used."""
    from importlib.metadata import distributions  # noqa: PLC0415 - as above

    versions = {
        dist.name: dist.version
        for dist in distributions()
        if dist.name == "usermgr" or dist.name.startswith("usermgr-")
    }
    core = versions["usermgr-core"]
    others = {name: version for name, version in versions.items() if version != core}
    if others:
        listed = ", ".join(f"{name} {version}" for name, version in sorted(others.items()))
        yield Finding(
            "packages", Severity.FAILURE, f"usermgr-core is {core}, and others are of another release: {listed}",
            versions, "install all packages of usermgr from one release",
        )  # fmt: skip
    else:
        yield Finding("packages", Severity.OK, f"{len(versions)} packages of usermgr, all {core}", versions)

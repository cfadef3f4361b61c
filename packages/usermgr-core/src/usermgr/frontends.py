"""What every front end does first: opens the store that the environment names, guarded and audited as it says.

| variable | what it is |
| --- | --- |
| `USERMGR_BACKEND`, `USERMGR_ACTIVITY` | the backend and the activity store, with their own settings |
| `USERMGR_REQUIRED_GROUPS` | groups that must keep an enabled member, with commas between them |
| `USERMGR_ACTING_SUB` | the `sub` of the account of whoever acts, where that is a user of this store |
| `USERMGR_AUDIT` | the audit file; without it nothing is recorded |
| `USERMGR_AUDIT_KEY` | the key that seals its lines: 32 bytes or more in hexadecimal, older ones after a comma |

>>> users = open_users("kim")            # doctest: +SKIP
>>> users.disable_user("ada")            # doctest: +SKIP
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from usermgr._plugins import KnownStore, PluginKind
from usermgr._source import Missing, how_to_get
from usermgr.errors import InvalidInputError, UsermgrError
from usermgr.settings import SettingsReader

if TYPE_CHECKING:
    from usermgr._manager import UserManager
    from usermgr.activity import ActivityStore
    from usermgr.audit import Actor
    from usermgr.checks import Check, Finding, Subject

__all__ = [
    "AuditFile",
    "KnownStore",
    "Missing",
    "diagnose",
    "how_to_get",
    "known_stores",
    "open_activity",
    "open_audit",
    "open_users",
    "subject_in_force",
]

KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class AuditFile:
    """The audit file in force, and its keys: the first seals, the others sealed before."""

    path: Path
    keys: list[bytes] = field(repr=False)


def open_users(
    actor: Actor | str | Callable[[], Actor | str], *, acting: str | Callable[[], str | None] | None = None
) -> UserManager:
    """The store of `USERMGR_BACKEND`, behind a guard and an audit, where the environment asks for them.

    Args:
        actor: Who makes the changes, for the audit: see `usermgr.audit.Audited`.
        acting: The `sub` of whoever acts, for the guard: see `usermgr.guard.Guarded`. Without it, that of
            `USERMGR_ACTING_SUB`.

    Raises:
        UnknownBackendError, BackendNotInstalledError: as `Factory.create`.
        ConfigurationError: settings are missing or malformed; the error names them.
    """
    from usermgr._factory import Factory  # noqa: PLC0415 - a command that lists its help opens no store

    reader = SettingsReader("usermgr")
    required = _names(reader.optional("required_groups", "USERMGR_REQUIRED_GROUPS"))
    acting = acting if acting is not None else reader.optional("acting", "USERMGR_ACTING_SUB")
    reader.finish()
    audit = open_audit()
    users = Factory.create()
    if required or acting is not None:
        from usermgr.guard import Guarded  # noqa: PLC0415 - as above

        users = Guarded(users, required_groups=required, acting=acting)
    if audit is not None:
        from usermgr.audit import Audited, FileSink  # noqa: PLC0415 - as above

        users = Audited(users, FileSink(audit.path, audit.keys), actor)
    return users


def open_activity() -> ActivityStore | None:
    """The activity store of `USERMGR_ACTIVITY`; `None` where that is not set. Raises as `Factory.create_activity`."""
    if not os.environ.get("USERMGR_ACTIVITY"):
        return None
    from usermgr._factory import Factory  # noqa: PLC0415 - as above

    return Factory.create_activity()


def open_audit() -> AuditFile | None:
    """The audit file of `USERMGR_AUDIT`, or `None` where that is not set.

    Raises `ConfigurationError` where `USERMGR_AUDIT_KEY` is missing, too short or no hexadecimal number.
    """
    reader = SettingsReader("the audit file")
    path = reader.optional("audit", "USERMGR_AUDIT")
    if path is None:
        return None
    text = reader.text("audit_key", "USERMGR_AUDIT_KEY")
    keys = [_key(part) for part in _names(text)]
    if text and (not keys or any(key is None for key in keys)):
        reader.problem(
            f"USERMGR_AUDIT_KEY must be {KEY_BYTES} bytes or more in hexadecimal, as "
            "`python -c 'import secrets; print(secrets.token_hex(32))'` prints"
        )
    reader.finish()
    return AuditFile(Path(path), [key for key in keys if key is not None])


# --- What is wrong, and what there is ------------------------------------------------------------------


def diagnose(only: Collection[str] = ()) -> Iterator[Finding]:
    """Runs the registered checks on what the environment names; findings come as checks end.

    What cannot be opened is a finding too, unless a check has told it. `only` are the names of the checks to run,
    without any all of them. Raises `InvalidInputError` for a name that no check has.
    """
    from usermgr.checks import registered_checks, run_checks  # noqa: PLC0415 - only a diagnosis needs them

    checks: Mapping[str, Check] = registered_checks()
    unknown = sorted(set(only) - checks.keys())
    if unknown:
        raise InvalidInputError(f"there is no check {unknown[0]!r}: there are {', '.join(checks)}", field="only")
    subject, problems = subject_in_force()
    told: set[str] = set()
    try:
        for finding in run_checks(subject, {name: checks[name] for name in only or checks}):
            told.add(finding.summary)
            yield finding
    finally:
        for part in (subject.users, subject.activity):
            if part is not None:
                part.close()
    yield from (finding for finding in problems if not only and finding.summary not in told)


def subject_in_force() -> tuple[Subject, list[Finding]]:
    """What checks look at in this environment, and a finding for each part that cannot be opened.

    The embedded store is left out, because opening one writes its files: its check reads the settings and the file.
    """
    from usermgr._factory import ACTIVITY, BACKENDS, Factory  # noqa: PLC0415 - as above
    from usermgr.checks import Finding, Severity, Subject, remedy_of  # noqa: PLC0415 - as above

    problems: list[Finding] = []

    def attempt(check: str, opens: Callable[[], Any]) -> Any:
        try:
            return opens()
        except UsermgrError as error:
            problems.append(Finding(check, Severity.FAILURE, error.message, {"code": error.code}, remedy_of(error)))
            return None

    def opened(kind: PluginKind, create: Callable[[], Any]) -> Any:
        if os.environ.get(kind.variable) != Factory.LOCAL:
            return create()
        kind.find(Factory.LOCAL)  # raises where it is not installed
        return None

    users = attempt("backend", lambda: opened(BACKENDS, Factory.create))
    activity = None
    if os.environ.get(ACTIVITY.variable):
        activity = attempt("activity", lambda: opened(ACTIVITY, Factory.create_activity))
    attempt("audit", open_audit)
    return Subject(users, activity), problems


def known_stores() -> list[KnownStore]:
    """Backends, then activity stores, each by name."""
    from usermgr._factory import ACTIVITY, BACKENDS  # noqa: PLC0415 - as above

    return [*BACKENDS.known(), *ACTIVITY.known()]


def _names(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def _key(text: str) -> bytes | None:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        return None
    return key if len(key) >= KEY_BYTES else None

"""Disabling people who have been away for long: whom, fixed and shown first, and then these alone.

Who was seen again between the look and the yes is left alone, and so is everybody who has a role in the console.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from usermgr import ActivityStore, User, UserManager
from usermgr.dormancy import DormancyPolicy, DormantUser, find_dormant, members_of
from usermgr.errors import GroupNotFoundError, InvalidInputError, UserNotFoundError
from usermgr_bulk import Call, Engine, Journal, RowOutcome, RowResult, RunIdentity, Steps, Task, write_report
from usermgr_console._config import Config
from usermgr_console._work import JOURNAL, REPORT, Running

__all__ = ["DORMANT", "Away", "disable_away", "find_away", "staff"]

DORMANT = "dormant"
"""The kind of work."""
FROZEN = "away.jsonl"
MOST_DAYS = 3650


@dataclass(frozen=True, slots=True)
class Away:
    """Who counts as dormant; each member is a parameter of the address, as text."""

    days: str = "90"
    """Not seen for so many days."""
    grace: str = "0"
    """Days to wait after that, before the person may be disabled."""
    since: str = ""
    """The day on which recording began. Without it, nobody who was never seen counts: they may have been here."""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Away:
        """From the address or a form."""
        return cls(given.get("days", "").strip() or "90", given.get("grace", "").strip() or "0", given.get("since", ""))

    def asked(self) -> dict[str, str]:
        """By parameter."""
        return {"days": self.days, "grace": self.grace, "since": self.since}

    def policy(self, exclude: frozenset[str], now: datetime) -> DormancyPolicy:
        """As core has it. Raises `InvalidInputError`, which names the member."""
        return DormancyPolicy(
            idle_for=timedelta(days=_days("days", self.days, 1)),
            grace=timedelta(days=_days("grace", self.grace, 0)),
            recording_since=_day(self.since) if self.since else now,
            exclude=exclude,
        )


def find_away(
    people: Iterable[User], activity: ActivityStore, policy: DormancyPolicy, now: datetime
) -> Iterator[DormantUser]:
    """Those among the people who are dormant and may sign in still."""
    return (found for found in find_dormant(people, activity, policy, now=now) if found.user.enabled)


def staff(users: UserManager, config: Config) -> frozenset[str]:
    """The `sub` of everybody who has a role in the console."""
    found: frozenset[str] = frozenset()
    for group in config.readers | config.support | config.administrators:
        with suppress(GroupNotFoundError):  # the groups may be those of an identity provider
            found |= members_of(users, [group])
    return found


def disable_away(running: Running) -> Mapping[str, Any]:
    """Fixes who is due, and waits; then, once somebody has said yes, disables them and nobody else."""
    path = running.piece.path(FROZEN)
    if not path.exists():
        _freeze(running, path)
    if not running.piece.agreed:
        names = [json.loads(line)["username"] for line in path.read_text().splitlines()[:10]]
        return {"waits": True, "count": _count(path), "missing": 0, "names": names}
    users = running.services.users
    engine = Engine(users)
    store = engine.description
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    identity = RunIdentity(DORMANT, digest, store.service, store.store, dict(running.piece.facts["away"]))
    with Journal(running.piece.path(JOURNAL), identity) as journal:
        try:
            tasks = _tasks(running, path)
            summary = engine.run(tasks, journal, total=_count(path), progress=running.tell, stop=running.stop)
        finally:
            write_report(running.piece.path(JOURNAL), running.piece.path(REPORT))
    return {"counts": {outcome.value: count for outcome, count in summary.counts.items()}}


def _freeze(running: Running, path: Path) -> None:
    services, now = running.services, running.services.now()
    activity = services.activity
    if activity is None:
        raise InvalidInputError("there is no activity store", field="activity")
    away = Away(**running.piece.facts["away"])
    policy = away.policy(staff(services.users, services.config), now)
    partial = path.with_name(f".{path.name}")
    with os.fdopen(os.open(partial, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as stream:
        for found in find_away(_stoppable(running), activity, policy, now):
            if found.due:
                last = None if found.activity is None else found.activity.last_seen.isoformat()
                members = {"username": found.user.username, "sub": found.user.sub, "last_seen": last}
                stream.write(json.dumps(members) + "\n")
    partial.replace(path)


def _stoppable(running: Running) -> Iterator[User]:
    for user in running.services.users.iter_users():
        if running.stop.is_set():
            raise KeyboardInterrupt
        yield user


def _count(path: Path) -> int:
    with path.open() as stream:
        return sum(1 for _ in stream)


def _tasks(running: Running, path: Path) -> Iterator[Task]:
    with path.open() as stream:
        for row, line in enumerate(stream):
            members: dict[str, Any] = json.loads(line)
            yield Task(row, row + 1, members["username"], lambda _, m=members: _steps(running, m), members["sub"])


def _steps(running: Running, members: Mapping[str, Any]) -> Steps:
    activity = running.services.activity
    last = None if activity is None else activity.last_seen(members["sub"])
    if (None if last is None else last.last_seen.isoformat()) != members["last_seen"]:
        return RowResult(RowOutcome.SKIPPED, message="was seen again meanwhile")
    try:
        user: User = yield Call("get_user", {"username": members["username"]})
    except UserNotFoundError:
        return RowResult(RowOutcome.SKIPPED, message="is gone")
    if user.sub != members["sub"]:
        return RowResult(RowOutcome.SKIPPED, message="the name is another person's by now")
    if not user.enabled:
        return RowResult(RowOutcome.UNCHANGED, message="is disabled already")
    yield Call("disable_user", {"username": user.username})
    return RowResult(RowOutcome.CHANGED)


def _days(field: str, text: str, least: int) -> int:
    if not (text.isascii() and text.isdigit() and least <= int(text) <= MOST_DAYS):
        raise InvalidInputError(f"{field} must be a whole number of days from {least} to {MOST_DAYS}", field=field)
    return int(text)


def _day(text: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError:
        raise InvalidInputError("since must be a date, such as 2026-01-31", field="since") from None

"""A console with sample people on an embedded store, for a first look and for the tests in a browser."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from usermgr import ActivityStore, Factory, UserManager
from usermgr.activity import Sighting, SightingKind

__all__ = ["open_sample"]

_PEOPLE = (
    ("ada", "Ada Lovelace"), ("grace", "Grace Hopper"), ("alan", "Alan Turing"), ("barbara", "Barbara Liskov"),
    ("kenji", "佐藤 健二"), ("yuki", "森 由紀"), ("haruka", "田中 遥"), ("takeshi", "ｽｽﾞｷ ﾀｹｼ"),
    ("edsger", "Edsger Dijkstra"), ("margaret", "Margaret Hamilton"), ("donald", "Donald Knuth"),
    ("radia", "Radia Perlman"), ("tim", "Tim Berners-Lee"), ("frances", "Frances Allen"), ("ken", "Ken Thompson"),
    ("joan", "Joan Clarke"), ("linus", "Linus Torvalds"), ("adele", "Adele Goldberg"), ("john", "John McCarthy"),
    ("karen", "Karen Spärck Jones"), ("dennis", "Dennis Ritchie"), ("hedy", "Hedy Lamarr"),
    ("claude", "Claude Shannon"), ("annie", "Annie Easley"), ("vint", "Vint Cerf"),
)  # fmt: skip
_GROUPS = {
    "administrators": "Everything in the console", "support": "Helps one person at a time", "readers": "May look",
    "customers": "People with a contract", "beta": "Sees new things first",
}  # fmt: skip
PASSWORD = "Sample-passw0rd"  # noqa: S105 - of sample people in a store of one's own
MORE = 60
"""Customers besides those with names."""


def open_sample(
    folder: Path, *, people: int = len(_PEOPLE) + MORE, now: datetime | None = None
) -> tuple[UserManager, ActivityStore]:
    """A store in the folder; filled with so many people where it is new."""
    today = datetime.now(UTC) if now is None else now
    clock = _Clock(today)
    path = str(folder / "sample.db")
    users = Factory.create(Factory.LOCAL, path=path, deliver=_drop, now=clock)
    activity = Factory.create_activity(Factory.LOCAL, path=path)
    if next(iter(users.list_users(limit=1)), None) is None:
        _fill(users, activity, clock, today, people)
    clock.moment = None
    return users, activity


class _Clock:
    def __init__(self, moment: datetime) -> None:
        self.moment: datetime | None = moment

    def __call__(self) -> datetime:
        return self.moment or datetime.now(UTC)


def _drop(message: object) -> None:
    """Sample people get no mail."""


def _fill(users: UserManager, activity: ActivityStore, clock: _Clock, today: datetime, people: int) -> None:
    chance = random.Random(16)  # noqa: S311 - the same people each time, and no secret
    clock.moment = today - timedelta(days=720)
    for name, description in _GROUPS.items():
        users.add_group(name, description=description)
    named = [(name, full, f"{name}@example.org") for name, full in _PEOPLE]
    more = [(f"customer{n:03d}", f"Customer {n}", f"customer{n:03d}@example.com") for n in range(1, MORE + 1)]
    for number, (name, full, email) in enumerate([*named, *more][:people]):
        clock.moment = today - timedelta(days=chance.randrange(20, 700), minutes=chance.randrange(1440))
        attributes = {"name": full, "email": email, "email_verified": chance.choice(("true", "true", "false"))}
        if number % 4:
            attributes["phone_number"] = f"+81{chance.randrange(3_000_0000, 9_999_9999)}"
        user = users.add_user(name, None if number % 9 == 5 else PASSWORD, attributes, temporary=number % 9 == 3)
        for group in _groups_of(name, number):
            users.add_user_to_group(name, group)
        if number % 11 == 7:
            users.disable_user(name)
        _see(activity, user.sub, number, today, chance)


def _groups_of(name: str, number: int) -> list[str]:
    if name in ("ada", "grace"):
        return ["administrators"]
    if name in ("alan", "kenji"):
        return ["support"]
    if name == "barbara":
        return ["readers"]
    return ["customers", "beta"] if number % 5 == 0 else ["customers"]


def _see(activity: ActivityStore, sub: str, number: int, today: datetime, chance: random.Random) -> None:
    if number % 7 == 6:  # never seen
        return
    since = (0, 1, 3, 12, 45, 100, 200)[number % 7]
    for days in sorted({since, since + 1, since + chance.randrange(2, 30)}, reverse=True):
        moment = today - timedelta(days=days, minutes=chance.randrange(5, 600))
        activity.record(Sighting(sub, SightingKind.SIGN_IN, "sample-app", moment))

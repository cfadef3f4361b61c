"""What a table shows of people and groups, where nobody has chosen fields; every other form has the whole record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

__all__ = ["GROUPS", "NEVER", "USERS", "Layout", "bar", "columns", "person", "when"]

Layout = Callable[[dict[str, Any]], dict[str, Any]]
"""From a record to what is shown of it, in order."""

STATUSES = {
    "UNCONFIRMED": "signed up, and not confirmed yet",
    "FORCE_CHANGE_PASSWORD": "must choose a password",
    "RESET_REQUIRED": "must choose a new password",
    "EXTERNAL_PROVIDER": "signs in with another service",
    "COMPROMISED": "locked by the service",
}
"""What a status means to whoever helps the user."""

NEVER = "never, since recording began"

LONGEST = 40
"""Characters of a bar at most."""

PLACED = frozenset({"name", "email", "email_verified", "phone_number", "phone_number_verified", "sub"})
"""The attributes that have a line of their own in `person`."""


def columns(*names: str) -> Layout:
    """These members of each record, or attributes."""

    def layout(record: dict[str, Any]) -> dict[str, Any]:
        attributes: Mapping[str, Any] = record.get("attributes") or {}
        return {name: record[name] if name in record else attributes.get(name) for name in names}

    return layout


USERS = columns("username", "email", "name", "status", "enabled")
"""A list of users, which a terminal of 80 columns has room for."""

GROUPS = columns("name", "description", "precedence")


def person(*, utc: bool, now: datetime) -> Layout:
    """One user at a glance: who it is, whether they can sign in and with what, and when they were last here."""

    def layout(record: dict[str, Any]) -> dict[str, Any]:
        attributes: Mapping[str, str] = record["attributes"]
        lines: dict[str, Any] = {
            "username": record["username"],
            "name": attributes.get("name"),
            "email": _address(attributes, "email"),
            "phone": _address(attributes, "phone_number"),
            "enabled": "yes" if record["enabled"] else "no: cannot sign in",
            "status": _status(record["status"]),
            "groups": _names(record["groups"]),
            "second factors": _second_factors(record["mfa"]),
            **_last_seen(record, utc=utc, now=now),
            "created": record["created_at"],
            "changed": record["updated_at"],
            "sub": record["sub"],
            **{name: value for name, value in attributes.items() if name not in PLACED},
        }
        return {name: value for name, value in lines.items() if value is not None}

    return layout


def when(then: datetime, now: datetime, *, utc: bool) -> str:
    """A time as tables have it, and how long ago that was."""
    from usermgr_cli._output._cells import for_people  # noqa: PLC0415 - help prints no data

    return f"{for_people(then.isoformat(), utc=utc)} ({ago(then, now)})"


def ago(then: datetime, now: datetime) -> str:
    """How long ago that was, in whole units: `3 days ago`."""
    seconds = (now - then).total_seconds()
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if (count := int(seconds // length)) >= 1:
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def _address(attributes: Mapping[str, str], name: str) -> str | None:
    if not attributes.get(name):
        return None
    verified = attributes.get(f"{name}_verified") == "true"
    return f"{attributes[name]} ({'verified' if verified else 'not verified'})"


def _status(status: str) -> str:
    return f"{status} ({STATUSES[status]})" if status in STATUSES else status


def _names(names: list[str] | None) -> str | None:
    return None if names is None else ", ".join(names) or "none"


def _second_factors(mfa: dict[str, Any] | None) -> str | None:
    if mfa is None:
        return None
    asked_first = mfa["preferred"] if len(mfa["methods"]) > 1 else None
    return (
        ", ".join(f"{method} (asked first)" if method == asked_first else method for method in mfa["methods"]) or "none"
    )


def _last_seen(record: dict[str, Any], *, utc: bool, now: datetime) -> dict[str, Any]:
    """Nothing where nobody could look."""
    if "activity" in record["not_read"]:
        return {}
    activity = record["activity"]
    if activity is None:
        return {"last seen": NEVER}
    return {
        "last seen": when(datetime.fromisoformat(activity["last_seen"]), now, utc=utc),
        "last sign-in": activity["last_sign_in"],
        "sign-ins": f"{activity['sign_in_count']} or more",
    }


def bar(value: float, most: float, room: int) -> str:
    """A bar of `room` characters for `most`, in eighths of one; anything above 0 shows."""
    if value <= 0 or room <= 0:
        return ""
    eighths = max(1, round(min(value / most, 1) * min(room, LONGEST) * 8))
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()

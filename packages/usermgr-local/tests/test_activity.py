"""The activity store beyond its contract: input that no store expects."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from usermgr.activity import ActivityStore, Sighting, SightingKind
from usermgr.errors import InvalidInputError
from usermgr_local import LocalUserManager

NOW = datetime(2026, 1, 31, tzinfo=UTC)
NOT_IN_UTC = datetime.max.replace(tzinfo=timezone(timedelta(hours=-14)))


def saw(sub: Any = "ada", kind: Any = SightingKind.SIGN_IN, client_id: Any = "web", at: Any = NOW) -> Sighting:
    """A sighting, with one thing wrong."""
    return Sighting(sub, kind, client_id, at)


@pytest.mark.parametrize(
    ("field", "call"),
    [
        *(
            pytest.param(name, lambda a, n=name, v=value: a.record(saw(**{n: v})), id=f"{name} {value!a}")
            for name in ("sub", "client_id")
            for value in (None, 7, "", "\ud800", "nul\0")
        ),
        pytest.param("kind", lambda a: a.record(saw(kind="seen")), id="kind"),
        *(
            pytest.param("at", lambda a, v=value: a.record(saw(at=v)), id=f"at {value}")
            for value in (None, "2026-01-31", NOT_IN_UTC, datetime.min.replace(tzinfo=timezone(timedelta(hours=14))))
        ),
        pytest.param("sighting", lambda a: a.record(None), id="no sighting"),
        pytest.param("subs", lambda a: list(a.last_seen_many(7)), id="subs"),
        pytest.param("sub", lambda a: a.last_seen(7), id="last_seen"),
        pytest.param("moment", lambda a: list(a.not_seen_since("yesterday")), id="not_seen_since"),
        pytest.param("moment", lambda a: list(a.not_seen_since(NOT_IN_UTC)), id="not_seen_since overflow"),
        pytest.param("day", lambda a: list(a.active_on("2026-01-31")), id="active_on"),
        pytest.param("day", lambda a: a.count_active(None), id="count_active"),
        pytest.param("first", lambda a: a.daily_counts("2026-01-30", NOW.date()), id="first"),
        pytest.param("last", lambda a: a.daily_counts(NOW.date(), None), id="last"),
    ],
)
def test_malformed_input_names_its_field(
    users: LocalUserManager, field: str, call: Callable[[ActivityStore], object]
) -> None:
    """Whatever the store is called with, it raises InvalidInputError with the field, and records nothing."""
    with pytest.raises(InvalidInputError) as caught:
        call(users.activity)

    assert caught.value.field == field
    assert list(users.activity.active_on(NOW.date())) == []


@pytest.mark.parametrize("sub", ["\ud800", "nul\0", ""])
def test_nobody_with_a_strange_sub_was_seen(users: LocalUserManager, sub: str) -> None:
    """What cannot be stored was never seen."""
    assert users.activity.last_seen(sub) is None


def test_streams_hold_everybody_once(users: LocalUserManager, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who was last seen at the same time is in no two pages of a stream and in none too few, in the order of `sub`."""
    monkeypatch.setattr("usermgr_local._activity.PAGE", 2)
    subs = [f"user-{number}" for number in range(7)]
    for sub in (*subs[3:], *subs[:3]):
        users.activity.record(saw(sub))
    users.activity.record(saw("ancient", at=datetime(1, 1, 1, tzinfo=UTC)))

    assert [seen.sub for seen in users.activity.not_seen_since(NOW + timedelta(days=1))] == ["ancient", *subs]
    assert list(users.activity.active_on(NOW.date())) == subs

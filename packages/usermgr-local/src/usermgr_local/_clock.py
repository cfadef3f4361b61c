"""Time as the store keeps it: whole microseconds since 1970, which SQL and Python both represent exactly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["from_micros", "to_micros", "to_seconds", "utc_now"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def utc_now() -> datetime:
    """The system's clock."""
    return datetime.now(UTC)


def to_micros(moment: datetime) -> int:
    """An aware datetime in microseconds since 1970."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def from_micros(micros: int) -> datetime:
    """The reverse of `to_micros`, in UTC."""
    return EPOCH + timedelta(microseconds=micros)


def to_seconds(moment: datetime) -> int:
    """An aware datetime in whole seconds since 1970, as tokens represent time."""
    return (moment - EPOCH) // timedelta(seconds=1)

"""Trying again: how often, how long apart, and within which budget."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usermgr.backoff import Backoff


@dataclass
class Clock:
    """A clock that only a pause, or a test, moves."""

    time: float = 100.0
    pauses: list[float] = field(default_factory=list[float])

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.time += seconds


@pytest.fixture
def clock() -> Clock:
    """Starts at 100 seconds."""
    return Clock()


def backoff(clock: Clock, *, first: float = 1, longest: float = 8, tries: int | None = 5, jitter: float = 1) -> Backoff:
    """On the test's clock, without chance."""
    return Backoff(first, longest, tries, clock.now, clock.sleep, lambda: jitter)


def test_pauses_double_up_to_the_longest(clock: Clock) -> None:
    """Each pause is twice the one before, up to the longest; there is none after the last attempt."""
    attempts = list(backoff(clock, longest=5).attempts())

    assert [attempt.number for attempt in attempts] == [1, 2, 3, 4, 5]
    assert [attempt.is_last for attempt in attempts] == [False] * 4 + [True]
    assert clock.pauses == [1, 2, 4, 5]


def test_success_ends_the_pauses(clock: Clock) -> None:
    """Whoever leaves the loop does not wait."""
    for attempt in backoff(clock).attempts():
        if attempt.number == 2:
            break

    assert clock.pauses == [1]


def test_one_try(clock: Clock) -> None:
    """A single try is the first and the last."""
    [attempt] = backoff(clock, tries=1).attempts()

    assert (attempt.is_last, attempt.may_wait(1000), clock.pauses) == (True, False, [])


def test_no_end(clock: Clock) -> None:
    """Without a number of tries only the caller ends the loop."""
    attempts = list(islice(backoff(clock, tries=None).attempts(), 2000))

    assert not any(attempt.is_last for attempt in attempts)
    assert clock.pauses[-1] == 8


def test_loops_are_apart(clock: Clock) -> None:
    """A second loop begins with the first pause again, and with its own beginning."""
    twice = backoff(clock, tries=2)
    list(twice.attempts())
    began = clock.time

    starts = [attempt.started for attempt in twice.attempts()]

    assert starts == [began, began]
    assert clock.pauses == [1, 1]


def test_budget(clock: Clock) -> None:
    """Another try fits a budget when it begins within it, its own pause and the time of the tries included."""
    attempts = backoff(clock).attempts()
    first = next(attempts)
    clock.time += 3

    assert first.elapsed == 3
    assert [first.may_wait(budget) for budget in (3.9, 4, 60)] == [False, True, True]
    second = next(attempts)
    assert (second.elapsed, second.pause) == (4, 2)
    assert [second.may_wait(budget) for budget in (5.9, 6)] == [False, True]


def test_first_longer_than_longest(clock: Clock) -> None:
    """The longest pause bounds the first one too."""
    list(backoff(clock, first=30, longest=2, tries=2).attempts())

    assert clock.pauses == [2]


@given(
    first=st.floats(0.001, 100),
    longest=st.floats(0.001, 1000),
    chances=st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=12),
)
def test_chance_only_shortens(first: float, longest: float, chances: list[float]) -> None:
    """Whatever chance decides, a pause is at least a tenth of the whole one and never longer than that."""
    clock, drawn = Clock(), iter([*chances, 0.0])

    list(Backoff(first, longest, len(chances) + 1, clock.now, clock.sleep, lambda: next(drawn)).attempts())

    for n, pause in enumerate(clock.pauses):
        whole = min(first * 2**n, longest)
        assert whole * 0.0999 <= pause <= whole
    assert len(clock.pauses) == len(chances)


def test_defaults_spread_callers(clock: Clock) -> None:
    """By default chance is real: two callers do not wait equally long."""
    pauses = {next(Backoff(now=clock.now, sleep=clock.sleep).attempts()).pause for _ in range(20)}

    assert len(pauses) > 10
    assert 0.05 <= min(pauses) < max(pauses) <= 0.5

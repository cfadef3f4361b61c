"""Where the bars of a plot stand. The templates draw them; the numbers are in a table beside each plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Bar", "Plot", "plot"]

HEIGHT = 220
LEFT, RIGHT, BOTTOM, TOP = 52, 24, 34, 18
GAP = 0.28
"""The part of a bar's place that stays empty."""
LABELS = 6
"""How many bars have their label below at most; of more, only every second, third and so on has."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar, in units of the plot."""

    x: float
    y: float
    width: float
    height: float
    value: int
    label: str
    is_labelled: bool

    @property
    def middle(self) -> float:
        """Where the label stands."""
        return round(self.x + self.width / 2, 1)


@dataclass(frozen=True, slots=True)
class Plot:
    """Bars from left to right, and rules at round numbers: their height and what they say."""

    bars: tuple[Bar, ...]
    rules: tuple[tuple[float, int], ...]
    width: int
    height: int = HEIGHT
    left: int = LEFT
    right: int = RIGHT


def plot(values: Sequence[tuple[str, int]], *, width: int = 880) -> Plot:
    """The plot of these numbers by label, so many units wide.

    >>> [rule for _, rule in plot([("Mon", 3), ("Tue", 41)]).rules]
    [0, 10, 20, 30, 40, 50]
    """
    step = _step(max((value for _, value in values), default=0))
    top = step * max(1, -(-max((value for _, value in values), default=0) // step))
    room = HEIGHT - BOTTOM - TOP
    place = (width - LEFT - RIGHT) / max(1, len(values))
    every = -(-len(values) // LABELS) or 1

    def height(value: int) -> float:
        return round(room * value / top, 1)

    bars = tuple(
        Bar(
            round(LEFT + place * (number + GAP / 2), 1), round(TOP + room - height(value), 1),
            round(place * (1 - GAP), 1), height(value), value, label, (len(values) - 1 - number) % every == 0,
        )
        for number, (label, value) in enumerate(values)
    )  # fmt: skip
    return Plot(bars, tuple((round(TOP + room - height(rule), 1), rule) for rule in range(0, top + 1, step)), width)


def _step(most: int) -> int:
    """The round number between two rules: 1, 2 or 5 with zeros, so that at most six rules are needed."""
    step, factors = 1, (2, 2.5, 2)
    for number in range(30):
        if most <= step * 5:
            break
        step = int(step * factors[number % 3])
    return step

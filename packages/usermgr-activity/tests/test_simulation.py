"""The benchmark's model of a day charges what the recorder really sends."""

from __future__ import annotations

import importlib.util
import random
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from usermgr.activity import Outcome, Sighting, SightingKind
from usermgr_activity import DynamoActivityStore
from usermgr_activity.table import user_key

SIMULATE = Path(__file__).parents[3] / "benchmarks" / "activity" / "simulate.py"
MIDNIGHT = datetime(2026, 1, 31, tzinfo=UTC)


@pytest.fixture(scope="module")
def model() -> Any:
    """The simulation's module."""
    spec = importlib.util.spec_from_file_location("simulate_activity", SIMULATE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_model_against_the_recorder(model: Any, make_store: Callable[..., DynamoActivityStore], spy: Any) -> None:
    """For forty users' days, drawn as the simulation draws them, requests and outcomes are the recorder's."""
    dice, store, day = random.Random(7), make_store(), model.Day(40, 40)  # noqa: S311 - a simulation
    outcomes: Counter[Outcome] = Counter()
    spy.sent.clear()
    for n in range(40):
        drawn = sorted(model.sightings_of(model.Behaviour(echo=0.9), dice, [1.0] * 24), key=lambda s: s[0])
        sightings = [s for s in drawn for _ in range(dice.choice((1, 1, 2)))]
        model.charge(day, sightings, new=True)
        for bucket, signs_in in sightings:
            kind = SightingKind.SIGN_IN if signs_in else SightingKind.REFRESH
            outcomes[store.record(Sighting(f"user-{n}", kind, "web", MIDNIGHT + bucket * timedelta(minutes=5)))] += 1
    assert day.requests == len(spy.sent)
    assert day.outcomes["first of the day"] == spy.sent.count("TransactWriteItems") == 40
    assert day.outcomes["repeat"] == outcomes[Outcome.REPEAT]
    assert sum(day.outcomes.values()) == outcomes.total()


def test_units_by_hand(model: Any) -> None:
    """A returning user's sign-in, its echo, an hour's refresh and a retry: five requests, twelve units."""
    day = model.Day(1, 1)
    model.charge(day, [(96, True), (96, False), (108, False), (108, False)], new=False)
    assert (day.requests, day.table_units, day.index_units) == (5, 5 + 1 + 1 + 1, 2 + 2)


def test_item_size(model: Any, make_store: Callable[..., DynamoActivityStore], client: Any, table_name: str) -> None:
    """The row whose size is charged has the attributes of a row that the recorder wrote, and fits one unit."""
    make_store().record(Sighting("ada", SightingKind.SIGN_IN, "web", MIDNIGHT))
    item = client.get_item(TableName=table_name, Key=user_key("ap-northeast-1_Example", "ada"))["Item"]
    written, charged = model.item_size(item), model.sizes()[0]
    longer = len("57d4ca88-9051-70d3-f1ad-000000000001") - len("ada") + 2 * len("12") + 26 - len("web") + len("123")
    assert charged == written + longer
    assert charged < 1024

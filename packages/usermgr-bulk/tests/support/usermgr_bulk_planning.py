"""A store to plan for, and plans as values, as lines and as refusals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from benchmarks.bulk.stub import StubStore
from usermgr import Capability
from usermgr.backoff import Backoff
from usermgr_bulk.sync import DesiredStateError, Plan, SyncLimits, parse_desired, plan_sync

QUICK = Backoff(first=0.001, longest=0.002)
ALL = SyncLimits(share=1, number=1000)
GROUPS = (Capability.INVITATIONS, Capability.STATUS, Capability.GROUP_DESCRIPTIONS, Capability.GROUP_PRECEDENCE)


def make(**description: Any) -> StubStore:
    """A store with four people and two groups: staff has everybody, admins has ada."""
    store = StubStore(capabilities=GROUPS, **description)
    for group in ("staff", "admins"):
        store.add_group(group)
    for name in ("ada", "alan", "grace", "tim"):
        store.add_user(name, None, {"email": f"{name}@example.org"})
        store.add_user_to_group(name, "staff")
    store.add_user_to_group("ada", "admins")
    store.effects.clear()
    return store


def change(store: StubStore, name: str, **members: Any) -> None:
    """Makes somebody what no operation makes them."""
    store.users[name] = replace(store.users[name], **members)


def planned(store: Any, document: str, **options: Any) -> Plan:
    """The plan for a document in YAML."""
    return plan_sync(store, parse_desired(document, "yaml"), **{"limits": ALL, "backoff": QUICK, **options})


def lines(store: Any, document: str, **options: Any) -> list[str]:
    """The plan as people read it, without its counts."""
    text = planned(store, document, **options).to_text()
    return [line for line in text.split("\n\n")[0].splitlines() if not text.startswith("No changes")]


def refusals(store: Any, document: str, **options: Any) -> list[tuple[int | None, str, str]]:
    """Line, field and message of each thing that does not fit the store."""
    with pytest.raises(DesiredStateError) as caught:
        planned(store, document, **options)
    return [(problem.line, problem.field, problem.message) for problem in caught.value.problems or ()]

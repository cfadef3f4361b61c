"""The store that plans are made for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.bulk.stub import StubStore

sys.path.insert(0, str(Path(__file__).with_name("support")))

from usermgr_bulk_planning import make


@pytest.fixture
def store() -> StubStore:
    """Four people and two groups."""
    return make()

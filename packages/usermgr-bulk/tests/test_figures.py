"""Small versions of what `benchmarks/bulk` measures."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import usermgr_local
from benchmarks.bulk.local import measure
from benchmarks.bulk.memory import Endless
from usermgr_bulk import export_users, freeze_selection, import_users, read_export

FEW, MANY = 800, 2400


def export(count: int, folder: Path) -> None:
    """Exports so many people."""
    export_users(Endless(count), folder / f"people{count}")


def bring(count: int, folder: Path) -> None:
    """Imports what was exported."""
    people = read_export(folder / f"people{count}")
    with usermgr_local.create(path=folder / f"{count}.db") as users:
        import_users(users, people, journal=folder / f"journal{count}", groups=people.groups())
        assert users.count_users(exact=True) == count


def freeze(count: int, folder: Path) -> None:
    """Chooses everybody."""
    assert freeze_selection(Endless(count), [], folder / f"all{count}") == count


def peak(work: Callable[[int, Path], None], count: int, folder: Path) -> int:
    """The bytes that were allocated at once."""
    tracemalloc.start()
    try:
        work(count, folder)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_people(tmp_path: Path) -> None:
    """Three times as many people are exported, imported and chosen in about the same memory."""
    for work, most in ((export, 50), (bring, 400), (freeze, 50)):  # an import takes up to 750 rows on, and seldom less
        few, many = (peak(work, count, tmp_path) for count in (FEW, MANY))
        assert (many - few) / (MANY - FEW) < most, f"{work.__name__}, in bytes for each person"


def test_every_way_into_the_local_store_brings_everybody(tmp_path: Path) -> None:
    """What the benchmark of the local store compares has brought the same people, or it ends."""
    assert measure(100, tmp_path).keys() == {"import", "audited", "one by one"}

"""Makes tools/ importable, and builds the functions once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))


@pytest.fixture(scope="session")
def zips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the functions' zips."""
    import build_functions  # noqa: PLC0415 - importable only after the line above

    folder = tmp_path_factory.mktemp("zips")
    build_functions.build(ROOT, folder)
    return folder

"""Builds the functions once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import build_functions

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def zips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the functions' zips."""
    folder = tmp_path_factory.mktemp("zips")
    build_functions.build(ROOT, folder)
    return folder

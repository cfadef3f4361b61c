"""docs/cli-users.md is a walk that works."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from usermgr_cli_walk import walk

PAGE = Path(__file__).parents[4] / "docs" / "cli-users.md"


def test_every_line_of_the_page_does_what_it_shows(
    screen: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the page's order, on a terminal."""
    monkeypatch.chdir(tmp_path)

    assert walk(PAGE, screen, monkeypatch, columns=120) > 10

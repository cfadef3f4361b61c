"""The examples that run on the embedded store run as they stand."""

from __future__ import annotations

from pathlib import Path

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("page", "count"),
    [
        ("docs/local.md", 7),
        ("docs/search.md", 6),
        ("docs/audit.md", 7),
        ("docs/asyncio.md", 3),
        ("packages/usermgr-local/README.md", 1),
    ],
)
def test_examples_run(page: str, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every Python example runs, in the order of the page, in an empty directory."""
    monkeypatch.chdir(tmp_path)
    examples = list(Sybil([PythonCodeBlockParser()]).parse(ROOT / page).examples())
    for example in examples:
        example.evaluate()
    if "users" in examples[0].namespace:
        examples[0].namespace["users"].close()
    assert len(examples) == count

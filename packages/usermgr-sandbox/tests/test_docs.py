"""docs/sandbox.md says what the tests show."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[2] / "docs" / "sandbox.md"


def _shown():
    """The tests that run on stock moto too, by name."""
    sources = "\n".join(path.read_text() for path in HERE.glob("test_*.py"))
    return set(re.findall(r"^def (test_\w+)\((?:[\w, ]*\b)?differs\b", sources, re.MULTILINE))


def test_the_table_of_corrections_is_the_tests():
    """Every test that fails on stock moto is in the table, and the table names no other."""
    table = PAGE.read_text().partition("## Corrections")[2].partition("## Not shown here")[0]
    assert set(re.findall(r"`(test_\w+)`", table)) == _shown()


def test_every_correction_names_its_source_and_its_module():
    """Each row has a link to AWS's page, and a module that exists."""
    text = PAGE.read_text()
    addresses = dict(re.findall(r"^\[(\w+)\]: (https://docs\.aws\.amazon\.com/\S+)$", text, re.MULTILINE))
    package = HERE.parent / "src" / "usermgr_sandbox"
    rows = [row for row in text.splitlines() if row.startswith("|") and "`test_" in row]
    assert len(rows) > 25
    for row in rows:
        source, modules = row.split("|")[3:5]
        assert re.findall(r"\]\[(\w+)\]", source)[0] in addresses
        first, *others = re.findall(r"`([\w/]+\.py)`", modules)
        assert (package / first).exists()
        assert all((package / other).exists() or (package / first).with_name(other).exists() for other in others)

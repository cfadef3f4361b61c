"""docs/sandbox.md says what the tests show."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from usermgr_sandbox import pytest_plugin

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


def _blocks(language: str) -> list[str]:
    """The examples of the page in that language, in their order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def _shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs a command as a reader would, with this environment's programs first on the path."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    return subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_first_page_signs_a_user_in(tmp_path):
    """Its first example, by its own command, in five lines."""
    program, (command, *others) = _blocks("python")[0], _blocks("sh")
    (tmp_path / "first.py").write_text(program)

    done = _shell(command, tmp_path)

    assert (done.returncode, done.stdout) == (0, "signed in: alice\n"), done.stderr
    assert (len((program + command).splitlines()), others) == (5, [])


def test_the_first_page_s_test_passes(tmp_path):
    """Its second example, with the plug-in, and also inside a sandbox of the command's."""
    _, test, *others = _blocks("python")
    (tmp_path / "test_app.py").write_text(test)

    done = _shell("pytest -q -p no:cacheprovider && usermgr-sandbox --pool -- pytest -q -p no:cacheprovider", tmp_path)

    assert (done.stdout.count("1 passed"), others) == (2, []), done.stdout + done.stderr


def test_every_fixture_is_documented():
    """The page and the plug-in's own description name each fixture."""
    for text in (PAGE.read_text(), pytest_plugin.__doc__):
        assert [name for name in pytest_plugin.__all__ if f"`{name}`" not in text] == []

"""Every Python example of the README and of the pages about the whole runs; the packages test their own pages."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

from tests.conftest import Pool
from tests.contract.test_contract import BACKENDS
from usermgr.testing import GAPS
from usermgr_jwt import HttpsSource, pull
from usermgr_sandbox import Sandbox

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def run(page: Path) -> int:
    """Runs the page's examples in their order; how many there were."""
    document = Sybil([PythonCodeBlockParser()]).parse(page)
    examples = list(document.examples())
    for example in examples:
        example.evaluate()
    return len(examples)


@pytest.mark.parametrize(("page", "least"), [("README.md", 3), ("docs/backends.md", 2)])
def test_examples_run(
    page: str, least: int, pool: Pool, usermgr_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The examples run as they stand, against the sandbox, beside a JWKS file."""
    monkeypatch.chdir(tmp_path)
    pull(HttpsSource(usermgr_sandbox.jwks_url(pool.id)), "jwks.json")
    assert run(ROOT / page) >= least


def test_every_page_with_examples_is_tested() -> None:
    """No page has a Python example that no test names."""
    tests = "".join(path.read_text() for path in ROOT.glob("packages/*/tests/**/*.py"))
    tests += "".join(path.read_text() for path in ROOT.glob("tests/**/*.py"))
    pages = [page for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")) if "```python" in page.read_text()]
    assert [page.name for page in pages if page.name not in tests] == []


def test_links_lead_somewhere() -> None:
    """Every relative link of the README and of docs/ names a file that is there."""
    pages = (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("terraform/**/*.md"))
    targets = [(page, target) for page in pages for target in LINK.findall(page.read_text())]
    assert [f"{page.name}: {target}" for page, target in targets if not (page.parent / target).exists()] == []


def test_table_of_gaps_is_the_classes() -> None:
    """The table of gaps in docs/backends.md says what the backends' classes declare."""
    text = (ROOT / "docs" / "backends.md").read_text()
    rows = re.findall(r"^\| `([\w-]+)` \|[^|]*\| *([^|]*?) *\| *([^|]*?) *\| *([^|]*?) *\|$", text, re.MULTILINE)
    assert {row[0] for row in rows} == set(GAPS)
    local = runpy.run_path(str(ROOT / "packages" / "usermgr-local" / "tests" / "test_contract.py"))["TestLocal"]
    for gap, *cells in rows:
        declared = [gap in contract.gaps for contract in (BACKENDS["cognito"], BACKENDS["lambda"], local)]
        assert [bool(cell) for cell in cells] == declared


def test_make_commands_of_the_readme_exist() -> None:
    """The README's two commands are targets of the Makefile."""
    makefile = (ROOT / "Makefile").read_text()
    commands = re.findall(r"^make (\w+)", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert commands == ["demo", "test"]
    assert all(f"\n{command}:" in makefile for command in commands)

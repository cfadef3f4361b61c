"""Every Python example of the README and of the pages about the whole runs; the packages test their own pages."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import boto3
import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

from tests.conftest import Pool
from usermgr import Capability, Factory
from usermgr.checks import registered_checks
from usermgr_activity.table import definition
from usermgr_cognito.permissions import Role
from usermgr_jwt import HttpsSource, pull
from usermgr_sandbox import Sandbox

ROOT = Path(__file__).parents[2]
SOURCE = ("packages", "functions", "terraform", "tests", "tools", "demo", "benchmarks", "docs", ".ci", ".github")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
PATH = re.compile(rf"`((?:{'|'.join(map(re.escape, SOURCE))})/[^`\s]*|[\w.-]+\.(?:md|toml|lock)|Makefile)`")
"""A file or a folder of the checkout that a page names between backticks, from the root."""


def run(page: Path) -> int:
    """Runs the page's examples in their order; how many there were."""
    document = Sybil([PythonCodeBlockParser()]).parse(page)
    examples = list(document.examples())
    for example in examples:
        example.evaluate()
    return len(examples)


@pytest.fixture
def surroundings(
    pool: Pool,
    usermgr_sandbox: Sandbox,
    aws: boto3.session.Session,
    deployed: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the pages' settings name: a pool, its JWKS file, the function, and an activity table that is empty."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LAMBDA_NAME_USERMGR", deployed)
    monkeypatch.setenv("DYNAMODB_NAME", "examples")
    dynamodb = aws.client("dynamodb", endpoint_url=usermgr_sandbox.endpoint_url)
    with suppress(dynamodb.exceptions.ResourceInUseException):  # there already, beside any number of other tables
        dynamodb.create_table(**definition("examples"))
    pull(HttpsSource(usermgr_sandbox.jwks_url(pool.id)), "jwks.json")


@pytest.mark.parametrize(
    ("page", "least"),
    [
        ("README.md", 3),
        ("docs/backends.md", 3),
        ("docs/checks.md", 2),
        ("docs/settings.md", 1),
        ("docs/bulk.md", 6),
        ("docs/users.md", 7),
        ("packages/usermgr/README.md", 1),
        ("packages/usermgr-core/README.md", 1),
        ("packages/usermgr-aws/README.md", 1),
        ("packages/usermgr-cognito/README.md", 1),
        ("packages/usermgr-lambda-client/README.md", 1),
        ("packages/usermgr-activity/README.md", 1),
        ("packages/usermgr-bulk/README.md", 1),
        ("packages/usermgr-sandbox/README.md", 1),
    ],
)
def test_examples_run(page: str, least: int, surroundings: None) -> None:
    """The examples run as they are printed, in an empty folder, against the sandbox."""
    assert run(ROOT / page) >= least


def test_examples_of_formats_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The examples of docs/formats.md run as they are printed, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    assert run(ROOT / "docs" / "formats.md") >= 5


def test_examples_of_sync_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The examples of docs/sync.md run as they are printed, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    assert run(ROOT / "docs" / "sync.md") >= 5


def test_every_page_with_examples_is_tested() -> None:
    """No page has a Python example that no test names."""
    tests = "".join(path.read_text() for path in ROOT.glob("packages/*/tests/**/*.py"))
    tests += "".join(path.read_text() for path in ROOT.glob("tests/**/*.py"))
    pages = [page for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")) if "```python" in page.read_text()]
    assert [page.name for page in pages if page.name not in tests] == []
    readmes = [page for page in ROOT.glob("packages/*/README.md") if "```python" in page.read_text()]
    spelled = [(name := page.parent.name, (f"{name}/README.md", f'"{name}" / "README.md"')) for page in readmes]
    assert [name for name, spellings in spelled if not any(spelling in tests for spelling in spellings)] == []


def test_links_lead_somewhere() -> None:
    """Every relative link of the README and of docs/ names a file that is there."""
    pages = (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("terraform/**/*.md"))
    targets = [(page, target) for page in pages for target in LINK.findall(page.read_text())]
    assert [f"{page.name}: {target}" for page, target in targets if not (page.parent / target).exists()] == []


def test_named_files_exist() -> None:
    """Every file and folder that a page names between backticks is there, in the checkout or in a package of it."""
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("packages/*/README.md")]
    pages.remove(ROOT / "CHANGELOG.md")  # it tells what was there once
    named = [(page, path.rstrip("/")) for page in pages for path in PATH.findall(page.read_text())]
    assert len(named) > 20

    gone = [
        f"{page.relative_to(ROOT)}: {path}"
        for page, path in named
        if not any(ROOT.glob(path)) and not any(ROOT.glob(f"packages/*/{path}"))
    ]

    assert gone == []


def test_files_named_in_a_packages_readme_exist() -> None:
    """Every `*.py` between backticks in a package's README is a file of that package."""
    named = [
        (page, name)
        for page in ROOT.glob("packages/*/README.md")
        for name in re.findall(r"`([\w/]+\.py)`", page.read_text())
    ]
    assert len(named) > 20

    assert [f"{page.parent.name}: {name}" for page, name in named if not any(page.parent.rglob(name))] == []


def test_table_of_capabilities_is_what_the_stores_describe(surroundings: None) -> None:
    """The table in docs/backends.md has every capability, and says of each backend what its store describes."""
    text = (ROOT / "docs" / "backends.md").read_text()
    rows = re.findall(r"^\| `([\w-]+)` \|[^|]*\| *([^|]*?) *\| *([^|]*?) *\| *([^|]*?) *\|$", text, re.MULTILINE)
    stores = [
        Factory.create(Factory.AWS_COGNITO),
        Factory.create(Factory.AWS_LAMBDA),
        Factory.create(Factory.LOCAL, path="users.db", mfa="optional", deliver=print),
    ]

    described = [store.describe().capabilities for store in stores]

    assert {row[0] for row in rows} == set(Capability) | set().union(*described)
    for capability, *cells in rows:
        assert [bool(cell) for cell in cells] == [capability in capabilities for capabilities in described]


def test_table_of_checks_is_what_is_registered() -> None:
    """The table in docs/checks.md has a row for each registered check, and for no other."""
    rows = re.findall(r"^\| `([a-z.]+)` \|", (ROOT / "docs" / "checks.md").read_text(), re.MULTILINE)

    assert sorted(row for row in rows if row not in list(Role)) == sorted(registered_checks())


def test_make_commands_of_the_readme_exist() -> None:
    """The README's commands, three to try it and two to deploy it, are targets of the Makefile."""
    makefile = (ROOT / "Makefile").read_text()
    commands = re.findall(r"^make (\w+)", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert commands == ["demo", "console", "test", "functions", "deploy"]
    assert all(f"\n{command}:" in makefile for command in commands)

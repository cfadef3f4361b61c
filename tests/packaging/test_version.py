"""One version, in one place."""

from __future__ import annotations

import shutil
from importlib.metadata import version
from pathlib import Path

import pytest

from tools.version import current, disagreements, main, members, rewrite

ROOT = Path(__file__).parents[2]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A workspace of every pyproject.toml and the lock, to change."""
    for path in (ROOT / "pyproject.toml", ROOT / "uv.lock", *members(ROOT)):
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return tmp_path


def test_every_copy_of_the_version_agrees() -> None:
    """Every member, every pin between members and the lock have the version and the addresses of the root."""
    assert disagreements(ROOT) == []


def test_installed_packages_have_the_version() -> None:
    """What is installed for development has the same version: the environment is not an old one."""
    assert version("usermgr-core") == current(ROOT)


def test_new_version_reaches_every_member(copy: Path) -> None:
    """After a rewrite only the lock is behind, and nothing but the version has changed."""
    before = current(copy)

    rewrite(copy, "7.8.9")

    assert current(copy) == "7.8.9"
    assert [place for place in disagreements(copy) if not place.startswith("uv.lock has")] == []
    for path in members(copy):
        original = (ROOT / path.relative_to(copy)).read_text()
        assert path.read_text() == original.replace(f'"{before}"', '"7.8.9"').replace(f'=={before}"', '==7.8.9"')


@pytest.mark.parametrize(
    ("found", "changed"),
    [
        pytest.param('version = "{}"', 'version = "0.0.1"', id="own version"),
        pytest.param("usermgr-core=={}", "usermgr-core==0.0.1", id="pin"),
        pytest.param("Repository = ", "Source = ", id="address"),
    ],
)
def test_one_copy_that_differs_is_named(copy: Path, found: str, changed: str) -> None:
    """A package with another version, pin or address is named."""
    path = copy / "packages" / "usermgr-cognito" / "pyproject.toml"
    old = found.format(current(copy))
    assert old in path.read_text()

    path.write_text(path.read_text().replace(old, changed))

    assert [place.split()[0] for place in disagreements(copy)] == ["packages/usermgr-cognito/pyproject.toml"]
    assert main(["--check", "--root", str(copy)]) == 1


@pytest.mark.parametrize("wrong", ["1.2", "v1.2.3", "1.2.3-beta", "1.2.3\n", "latest"])
def test_malformed_version_changes_nothing(copy: Path, wrong: str) -> None:
    """What is not a version is refused before anything is written."""
    before = {path: path.read_text() for path in members(copy)}

    assert main([wrong, "--root", str(copy)]) == 2

    assert {path: path.read_text() for path in members(copy)} == before

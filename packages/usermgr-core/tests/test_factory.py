"""The front door."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from usermgr import Factory, UserManager
from usermgr.errors import BackendNotInstalledError, ConfigurationError, UnknownBackendError


def register(folder: Path, distribution: str, name: str, target: str) -> None:
    """Makes a stranger's installed package that registers a backend."""
    info = folder / f"{distribution}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[usermgr.backends]\n{name} = {target}\n")


def test_create_without_a_name_names_the_choices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a name and without USERMGR_BACKEND, whatever else is set, the error lists the choices."""
    monkeypatch.delenv("USERMGR_BACKEND", raising=False)
    monkeypatch.setenv("USERPOOL_ID", "ap-northeast-1_AbCdEf123")
    monkeypatch.setenv("LAMBDA_NAME_USERMGR", "usermgr")
    with pytest.raises(UnknownBackendError) as caught:
        Factory.create()
    assert {"cognito", "lambda", "local"} <= set(caught.value.choices or ())
    assert "USERMGR_BACKEND" in str(caught.value)


def test_variable_names_the_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    """USERMGR_BACKEND stands in for the name."""
    monkeypatch.setenv("USERMGR_BACKEND", "no-such")
    with pytest.raises(UnknownBackendError) as caught:
        Factory.create()
    assert caught.value.backend == "no-such"


def test_stranger_registers_like_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stranger's entry point is found by its exact name and gets the settings as keyword arguments."""
    register(tmp_path, "stranger", "strange", "stranger_backend:create")
    (tmp_path / "stranger_backend.py").write_text("def create(**settings): return settings\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert Factory.create("strange", size=3) == {"size": 3}
    with pytest.raises(UnknownBackendError) as caught:
        Factory.create("stran")
    assert "strange" in (caught.value.choices or ())


def test_two_packages_with_one_name_are_both_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that two packages register is refused, and both are named."""
    for distribution in ("one", "two"):
        register(tmp_path, distribution, "twice", f"{distribution}:create")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigurationError) as caught:
        Factory.create("twice")
    assert caught.value.problems == ["one", "two"]


@pytest.mark.parametrize("name", [Factory.AWS_COGNITO, Factory.AWS_LAMBDA, Factory.LOCAL])
def test_missing_backend_names_the_command_that_installs_it(name: str, tmp_path: Path) -> None:
    """With only core installed, each of our backends answers with its pip command, pinned to this release."""
    info = tmp_path / "usermgr_core-1.2.3.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: usermgr-core\nVersion: 1.2.3\n")
    source = Path(sys.modules["usermgr"].__file__ or "").parent.parent
    code = (
        "import sys; sys.path[:0] = [sys.argv[1], sys.argv[3]]\n"
        "from usermgr import Factory, errors\n"
        "try: Factory.create(sys.argv[2])\n"
        "except errors.BackendNotInstalledError as error: print(error.remedy)\n"
    )
    command = [sys.executable, "-I", "-S", "-c", code, str(source), name, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f'pip install "usermgr[{name}]==1.2.3"'


def test_importing_usermgr_looks_for_no_backend() -> None:
    """Importing usermgr loads no backend and no SDK."""
    code = "import sys, usermgr; print([m for m in sys.modules if m.startswith(('usermgr_', 'boto'))])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_backend_not_installed_is_a_configuration_error() -> None:
    """One `except ConfigurationError` catches every way in which the set-up can be wrong."""
    assert issubclass(BackendNotInstalledError, ConfigurationError)
    assert issubclass(UnknownBackendError, ConfigurationError)
    assert UserManager.__abstractmethods__

"""The front door."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from usermgr import Factory, UserManager
from usermgr.errors import BackendNotInstalledError, ConfigurationError, UnknownBackendError


def register(folder: Path, distribution: str, name: str, target: str, group: str = "usermgr.backends") -> None:
    """Makes a stranger's installed package that registers a plug-in."""
    info = folder / f"{distribution}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {target}\n")


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


def test_activity_stores_have_the_same_door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An activity store is found by its exact name in its own group, by argument or by USERMGR_ACTIVITY."""
    register(tmp_path, "stranger", "strange", "stranger_activity:connect", "usermgr.activity")
    (tmp_path / "stranger_activity.py").write_text("def connect(**settings): return settings\n")
    monkeypatch.syspath_prepend(tmp_path)

    assert Factory.create_activity("strange", size=3) == {"size": 3}
    monkeypatch.setenv("USERMGR_ACTIVITY", "strange")
    assert Factory.create_activity() == {}
    with pytest.raises(UnknownBackendError):
        Factory.create("strange")


@pytest.mark.parametrize("name", [None, "cognito"])
def test_unknown_activity_store(name: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """An activity store that is not named, or unknown, is answered with the choices; a backend's name is none."""
    monkeypatch.delenv("USERMGR_ACTIVITY", raising=False)

    with pytest.raises(UnknownBackendError) as caught:
        Factory.create_activity(name)

    assert caught.value.choices == ["dynamodb", "local"]
    assert "no activity store" in str(caught.value)
    assert ("USERMGR_ACTIVITY" in str(caught.value)) is (name is None)


@pytest.mark.parametrize(("method", "name"), [("create", "local"), ("create_activity", "dynamodb")])
def test_setting_that_there_is_not_is_named(method: str, name: str) -> None:
    """A misspelt keyword is a ConfigurationError that lists the settings there are, and repeats no value."""
    with pytest.raises(ConfigurationError) as caught:
        getattr(Factory, method)(name, pth="S3cret-planted")

    assert caught.value.problems == ["pth"]
    assert {"create": "path", "create_activity": "table_name"}[method] in str(caught.value)
    assert "S3cret" not in str(caught.value)


def test_two_packages_with_one_name_are_both_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that two packages register is refused, and both are named."""
    for distribution in ("one", "two"):
        register(tmp_path, distribution, "twice", f"{distribution}:create")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigurationError) as caught:
        Factory.create("twice")
    assert caught.value.problems == ["one", "two"]


DISTRIBUTIONS = {
    Factory.AWS_COGNITO: "usermgr-cognito",
    Factory.AWS_LAMBDA: "usermgr-lambda-client",
    Factory.LOCAL: "usermgr-local",
}


def missing(
    name: str, folder: Path, direct_url: object = None, *, installer: str = "pip", method: str = "create"
) -> tuple[str, str]:
    """Message and remedy for a missing plug-in, where only core 1.2.3 is installed, with this direct_url.json."""
    info = folder / "usermgr_core-1.2.3.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: usermgr-core\nVersion: 1.2.3\n")
    (info / "INSTALLER").write_text(f"{installer}\n")
    if direct_url is not None:
        (info / "direct_url.json").write_text(direct_url if isinstance(direct_url, str) else json.dumps(direct_url))
    source = Path(sys.modules["usermgr"].__file__ or "").parent.parent
    code = (
        "import json, sys; sys.path[:0] = [sys.argv[1], sys.argv[3]]\n"
        "from usermgr import Factory, errors\n"
        "try: getattr(Factory, sys.argv[4])(sys.argv[2])\n"
        "except errors.BackendNotInstalledError as error: print(json.dumps([str(error), error.remedy]))\n"
    )
    command = [sys.executable, "-I", "-S", "-c", code, str(source), name, str(folder), method]
    message, remedy = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return message, remedy


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_missing_backend_comes_from_where_core_came_from(name: str, tmp_path: Path) -> None:
    """The error names distribution, version and folder, and the remedy is the requirements file beside core's wheel."""
    wheels = tmp_path / "our wheels"
    wheels.mkdir()
    wheel = (wheels / "usermgr_core-1.2.3-py3-none-any.whl").as_uri()
    (wheels / f"{name}.txt").write_text(f"usermgr-core @ {wheel}\n")

    message, remedy = missing(name, tmp_path, {"url": f"{wheel}#sha256=00", "archive_info": {}})

    assert remedy == f"pip install -r '{wheels}/{name}.txt'"
    assert f"{DISTRIBUTIONS[name]} 1.2.3, which must come from {wheels}" in message
    assert message.endswith(remedy)


def test_missing_activity_store(tmp_path: Path) -> None:
    """The remedy is the requirements file of the extra, whose name is not that of the store."""
    wheel = (tmp_path / "usermgr_core-1.2.3-py3-none-any.whl").as_uri()
    (tmp_path / "activity.txt").write_text(f"usermgr-core @ {wheel}\n")

    message, remedy = missing("dynamodb", tmp_path, {"url": wheel, "archive_info": {}}, method="create_activity")

    assert remedy == f"pip install -r {tmp_path}/activity.txt"
    assert message.startswith("the activity store dynamodb is not installed: it is in usermgr-activity 1.2.3")


def test_remedy_is_a_command_of_the_installer_that_was_used(tmp_path: Path) -> None:
    """Where uv installed core, the remedy is uv's command, because an environment of uv's has no pip."""
    wheel = (tmp_path / "usermgr_core-1.2.3-py3-none-any.whl").as_uri()
    (tmp_path / "local.txt").write_text(f"usermgr-core @ {wheel}\n")

    _, remedy = missing("local", tmp_path, {"url": wheel, "archive_info": {}}, installer="uv")

    assert remedy == f"uv pip install -r {tmp_path}/local.txt"


@pytest.mark.parametrize(
    "requirements",
    [
        pytest.param(None, id="no file"),
        pytest.param("usermgr-core @ file:///w/usermgr_core-1.2.4-py3-none-any.whl\n", id="another version"),
    ],
)
def test_remedy_never_moves_what_is_installed(requirements: str | None, tmp_path: Path) -> None:
    """Where the folder has no requirements file for this very version, the remedy is a sentence and no command."""
    wheel = tmp_path / "usermgr_core-1.2.3-py3-none-any.whl"
    if requirements is not None:
        (tmp_path / "lambda.txt").write_text(requirements)

    _, remedy = missing("lambda", tmp_path, {"url": wheel.as_uri(), "archive_info": {}})

    assert remedy == f"install usermgr-lambda-client 1.2.3, and only from {tmp_path}"


@pytest.mark.parametrize(
    ("direct_url", "expected"),
    [
        pytest.param(
            {"url": "https://user:s3cret@wheels.example/usermgr/usermgr_core-1.2.3-py3-none-any.whl?sig=s3cret#sha256=0",
             "archive_info": {}},
            "pip install -r https://wheels.example/usermgr/local.txt",
            id="web server",
        ),
        pytest.param(
            {"url": "file:///src/packages/usermgr-core", "dir_info": {"editable": True}},
            "install usermgr-local 1.2.3, and only from /src/packages/usermgr-core",
            id="checkout",
        ),
        *(
            pytest.param(
                wrong,
                "install usermgr-local 1.2.3, and only from the same index or folder as usermgr-core",
                id=f"index: {wrong}",
            )
            for wrong in (None, "{", "[]", "{}", '{"url": "https://[", "archive_info": {}}')
        ),
    ],
)  # fmt: skip
def test_remedy_by_what_the_installer_recorded(direct_url: object, expected: str, tmp_path: Path) -> None:
    """A remedy never names an index, and tells no secret of an address."""
    message, remedy = missing("local", tmp_path, direct_url)

    assert remedy == expected
    assert "usermgr-local 1.2.3" in message
    assert "s3cret" not in message


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

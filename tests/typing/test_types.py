"""What callers write passes strict type checkers, with boto3-stubs and without."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SOURCES = [str(path) for path in sorted(HERE.parents[1].glob("packages/*/src"))]


def basedpyright(folder: Path, files: list[Path], *, stubs: bool) -> list[str]:
    """Its command. Without stubs there is no environment either, so that not even boto3 itself is found."""
    settings: dict[str, object] = {
        "include": [str(file) for file in files],
        "typeCheckingMode": "strict",
        "pythonVersion": "3.11",
        "extraPaths": SOURCES,
        "reportUnnecessaryTypeIgnoreComment": "error",
    }
    command = [sys.executable, "-m", "basedpyright", "--project", str(folder)]
    if stubs:
        command += ["--pythonpath", sys.executable]
    else:
        (folder / "none" / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
        settings |= {"venvPath": str(folder), "venv": "none"}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    return command


def mypy(folder: Path, files: list[Path], *, stubs: bool) -> list[str]:
    """Its command. It follows imports into our packages without judging them: `make check` does that."""
    where = [] if stubs else ["--no-site-packages"]
    options = ["--strict", "--follow-imports=silent", "--python-version=3.11", f"--cache-dir={folder}"]
    return [sys.executable, "-m", "mypy", *options, *where, *map(str, files)]


@pytest.mark.parametrize("stubs", [True, False], ids=["with stubs", "without stubs"])
@pytest.mark.parametrize("checker", [basedpyright, mypy])
def test_what_callers_write(
    checker: Callable[..., list[str]], stubs: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every `connect` takes its own keywords and returns its own class, and a checker notices each mistake."""
    monkeypatch.setenv("MYPYPATH", ":".join(SOURCES))
    files = [HERE / "uses.py", *([HERE / "uses_with_sdk.py"] if stubs else [])]

    done = subprocess.run(checker(tmp_path, files, stubs=stubs), capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr

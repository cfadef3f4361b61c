"""The zips of the Lambda functions: what is in them, what is not, and that they are the same everywhere."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tools import build_functions
from tools.build_functions import BuildError
from tools.version import current

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = ["activity", "attacher", "download_jwks", "usermgr"]


def names(zip_file: Path) -> list[str]:
    with zipfile.ZipFile(zip_file) as archive:
        return archive.namelist()


# --- This workspace's zips ----------------------------------------------------------------------------


def test_every_function_has_a_zip(zips: Path) -> None:
    """The functions of the workspace are built, and nothing else lies beside them."""
    assert sorted(path.name for path in zips.iterdir()) == [
        *(f"{name}.zip" for name in FUNCTIONS[:3]), "manifest.json", *(f"{name}.zip" for name in FUNCTIONS[3:]),
    ]  # fmt: skip


def test_manifest_has_the_hashes(zips: Path) -> None:
    """The manifest's hashes are those of the zips, in hexadecimal and as Lambda writes them."""
    manifest = json.loads((zips / "manifest.json").read_text())
    digests = {name: hashlib.sha256((zips / f"{name}.zip").read_bytes()).digest() for name in FUNCTIONS}
    assert {name: entry["sha256"] for name, entry in manifest.items()} == {n: d.hex() for n, d in digests.items()}
    assert {name: entry["base64_sha256"] for name, entry in manifest.items()} == {
        name: base64.b64encode(digest).decode() for name, digest in digests.items()
    }


def test_same_bytes_from_another_checkout(zips: Path, tmp_path: Path) -> None:
    """A second build, of a copy elsewhere whose files have other dates, has the same bytes."""
    checkout = tmp_path / "elsewhere" / "deep"
    shutil.copytree(ROOT / "packages", checkout / "packages", ignore=shutil.ignore_patterns("tests", "__pycache__"))
    shutil.copytree(ROOT / "functions", checkout / "functions", ignore=shutil.ignore_patterns("tests", "__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", checkout)
    for path in checkout.rglob("*.py"):
        path.chmod(0o755)
        os.utime(path, (1_000_000_000, 1_000_000_000))
    build_functions.build(checkout, tmp_path / "again")
    assert {p.name: p.read_bytes() for p in (tmp_path / "again").iterdir()} == {
        p.name: p.read_bytes() for p in zips.iterdir()
    }


@pytest.mark.parametrize("function", FUNCTIONS)
def test_entries_are_uniform(zips: Path, function: str) -> None:
    """Entries are sorted, plain files of one date and one mode, and not compressed."""
    with zipfile.ZipFile(zips / f"{function}.zip") as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {(e.date_time, e.external_attr, e.create_system, e.compress_type) for e in entries} == {
        ((1980, 1, 1, 0, 0, 0), 0o100644 << 16, 3, zipfile.ZIP_STORED)
    }


@pytest.mark.parametrize("function", FUNCTIONS)
def test_pure_python_without_the_runtime_s_packages(zips: Path, function: str) -> None:
    """A zip has no native library, no boto3, no bytecode, no trace of the build, and no path of this machine."""
    found = names(zips / f"{function}.zip")
    tops = {name.split("/")[0].split("-")[0] for name in found}
    assert tops.isdisjoint({"boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six", "six.py"})
    assert [
        n for n in found if build_functions.NATIVE.search(n) or n.endswith((".pyc", "RECORD", "direct_url.json"))
    ] == []
    assert str(ROOT).encode() not in (zips / f"{function}.zip").read_bytes()


def test_plug_ins_can_be_found(zips: Path) -> None:
    """The metadata that the Factory needs is in the management function's zip."""
    info = f"usermgr_cognito-{current(ROOT)}.dist-info"
    assert {f"{info}/entry_points.txt", f"{info}/METADATA"} <= set(names(zips / "usermgr.zip"))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_handler_imports_with_boto3_only(zips: Path, tmp_path: Path, function: str) -> None:
    """The handler imports in an interpreter that has the zip and boto3, and nothing else that is installed here."""
    with zipfile.ZipFile(zips / f"{function}.zip") as archive:
        archive.extractall(tmp_path / "task")
    runtime = boto3_only(tmp_path / "runtime")
    code = f"""
import sys
sys.path[:0] = [{str(tmp_path / "task")!r}, {str(runtime)!r}]
from usermgr_function_{function}.handler import handler
assert callable(handler)
for module in ("pytest", "moto"):
    try:
        __import__(module)
    except ModuleNotFoundError:
        continue
    raise SystemExit(f"not isolated: {{module}} can be imported")
print(handler.__module__)
"""
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == (f"usermgr_function_{function}.handler\n", "")


def boto3_only(folder: Path) -> Path:
    """A folder like the site-packages of Lambda's runtime: links to boto3 and what it needs."""
    folder.mkdir()
    for module in ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six"):
        spec = importlib.util.find_spec(module)
        assert spec is not None
        assert spec.origin is not None
        origin = Path(spec.origin)
        source = origin.parent if origin.name == "__init__.py" else origin
        (folder / source.name).symlink_to(source)
    return folder


# --- A small workspace of its own ---------------------------------------------------------------------


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with one package and one function that depends on it, and on boto3."""
    root = tmp_path / "workspace"
    member(root / "packages" / "base", "small-base", [])
    member(root / "functions" / "one", "small-one", ["Small_Base==1.0", "boto3>=1"], sources="small-base")
    member(root / "functions" / "other", "small-other", [])
    (root / "pyproject.toml").write_text('[tool.uv.workspace]\nmembers = ["packages/*", "functions/*"]\n')
    return root


def member(folder: Path, name: str, dependencies: list[str], sources: str = "") -> None:
    module = name.replace("-", "_")
    (folder / "src" / module).mkdir(parents=True)
    (folder / "src" / module / "__init__.py").write_text("")
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "{name}"\nversion = "1.0"\nrequires-python = ">=3.11"\n'
        f"dependencies = {json.dumps(dependencies)}\n"
        + (f"[tool.uv.sources]\n{sources} = {{ workspace = true }}\n" if sources else "")
        + '[build-system]\nrequires = ["uv_build>=0.8,<1"]\nbuild-backend = "uv_build"\n'
    )


def wheel(folder: Path, module: str) -> Path:
    """A pure-Python wheel from outside the workspace."""
    folder.mkdir(parents=True)
    info = f"{module}-2.0.dist-info"
    files = {
        f"{module}/__init__.py": "VALUE = 2\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {module}\nVersion: 2.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    path = folder / f"{module}-2.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_closure_follows_the_workspace_only(workspace: Path) -> None:
    """A function's zip has the packages that it depends on, and no other member."""
    members = build_functions.read_members(workspace)
    needed, outside = build_functions.closure(members["small-one"], members)
    assert ([one.name for one in needed], outside) == (["small-base", "small-one"], frozenset())


def test_native_library_is_refused_by_name(workspace: Path, tmp_path: Path) -> None:
    """A native library that a package brings stops the build with an error that names it."""
    (workspace / "packages" / "base" / "src" / "small_base" / "_fast.cpython-313-x86_64-linux-gnu.so").write_bytes(
        b"\x7fELF"
    )
    with pytest.raises(BuildError, match=r"one: small_base/_fast\.cpython-313-x86_64-linux-gnu\.so would tie the zip"):
        build_functions.build(workspace, tmp_path / "out")


@pytest.fixture
def locked(workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The workspace, locked, with a dependency from a package index on the loopback interface; the wheel there."""
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    shutil.rmtree(workspace / "functions" / "one")
    pyproject = workspace / "functions" / "other" / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace("dependencies = []", 'dependencies = ["outside"]'))
    file = wheel(tmp_path / "index" / "outside", "outside")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    (file.parent / "index.html").write_text(f'<a href="{file.name}#sha256={digest}">{file.name}</a>')
    with package_index(tmp_path / "index") as address, (workspace / "pyproject.toml").open("a") as configuration:
        configuration.write(f'[[tool.uv.index]]\nurl = "{address}"\ndefault = true\n')
        configuration.flush()
        subprocess.run([build_functions.find_uv(), "lock", "--quiet"], cwd=workspace, check=True)
        yield file


@contextmanager
def package_index(folder: Path) -> Iterator[str]:
    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Stays quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_third_party_comes_from_the_lock(locked: Path, workspace: Path, tmp_path: Path) -> None:
    """What is neither ours nor the runtime's is installed in the version of the lock, with its hash."""
    build_functions.build(workspace, tmp_path / "out")
    assert names(tmp_path / "out" / "other.zip") == [
        "outside-2.0.dist-info/METADATA",
        "outside/__init__.py",
        "small_other-1.0.dist-info/METADATA",
        "small_other/__init__.py",
    ]


def test_third_party_with_another_hash_is_refused(
    locked: Path, workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wheel that is not the one that was locked stops the build."""
    with zipfile.ZipFile(locked, "a") as archive:
        archive.writestr("outside/more.py", "")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "empty-cache"))
    with pytest.raises(BuildError, match="Hash mismatch"):
        build_functions.build(workspace, tmp_path / "out")


def test_command_says_what_failed(workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command ends with status 1 and one message when a member cannot be built."""
    shutil.rmtree(workspace / "packages" / "base" / "src")
    status = build_functions.main(["--root", str(workspace), "--output", str(tmp_path / "out")])
    assert (status, capsys.readouterr().err.splitlines()[0]) == (1, "build_functions: uv build failed:")

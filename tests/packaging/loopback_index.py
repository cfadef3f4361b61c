"""A package index on loopback, as strangers see the public one: third-party wheels, and decoys of our names.

The third-party wheels are made again from what is installed here, so nothing is downloaded. A decoy is somebody else's
package under one of our names: it installs like any other, and marks the environment that it got into.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
import threading
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import Distribution, distribution
from pathlib import Path, PurePosixPath
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

__all__ = ["DECOY", "Index", "decoy", "repacked", "serve", "third_party"]

DECOY = "usermgr_decoy_marker"
"""The name of the file that every decoy brings, one per decoy: `usermgr_decoy_marker/NAME-VERSION`."""


@dataclass
class Index:
    """Where it answers, what it was asked for, and which wheels it gave away."""

    url: str
    asked: set[str] = field(default_factory=set)
    given: list[str] = field(default_factory=list)


def decoy(folder: Path, name: str, version: str, extras: Collection[str] = ()) -> Path:
    """Writes somebody else's wheel `name`, with the same extras, so that no tool has a reason to pass it over."""
    module = f"{DECOY}/{name}-{version}"
    metadata = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}"]
    metadata += [f"Provides-Extra: {extra}" for extra in sorted(extras)]
    return _write(
        folder, name, version, ["py3-none-any"], {module: b"somebody else was here\n"}, "\n".join(metadata).encode()
    )


def third_party(requirements: Iterable[str], ours: Collection[str]) -> dict[str, Distribution]:
    """The installed distributions that these need, and what those need; `ours` are followed, and left out."""
    found: dict[str, Distribution] = {}
    waiting = [(canonicalize_name(one.name), frozenset(one.extras)) for one in map(Requirement, requirements)]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        one = distribution(name)
        if name not in ours:
            found[name] = one
        waiting += [
            (canonicalize_name(requirement.name), frozenset(requirement.extras))
            for requirement in map(Requirement, one.requires or ())
            if any(requirement.marker is None or requirement.marker.evaluate({"extra": e}) for e in ("", *extras))
        ]
    return found


def repacked(folder: Path, installed: Distribution) -> Path:
    """The wheel of an installed distribution, from its files."""
    name, contents, metadata = installed.metadata["Name"], dict[str, bytes](), b""
    for path in installed.files or ():
        place = PurePosixPath(path)
        if place.suffix == ".pyc" or place.parts[0] == "..":
            continue  # bytecode, and scripts that the installer made
        if place.parts[0].endswith(".dist-info"):
            if place.name == "METADATA":
                metadata = path.read_binary()
            elif place.name == "entry_points.txt":
                contents[f"@{place.name}"] = path.read_binary()
            continue
        contents[place.as_posix()] = path.read_binary()
    tags = re.findall(r"^Tag: (\S+)", installed.read_text("WHEEL") or "", re.MULTILINE)
    return _write(folder, name, installed.version, tags, contents, metadata)


def _write(
    folder: Path, name: str, version: str, tags: list[str], contents: Mapping[str, bytes], metadata: bytes
) -> Path:
    stem = f"{re.sub(r'[-_.]+', '_', name)}-{version}"
    compressed = (".".join(dict.fromkeys(parts)) for parts in zip(*(tag.split("-") for tag in tags), strict=True))
    path = folder / f"{stem}-{'-'.join(compressed)}.whl"
    info = f"{stem}.dist-info"
    files = {file.replace("@", f"{info}/") if file.startswith("@") else file: data for file, data in contents.items()}
    files[f"{info}/METADATA"] = metadata
    wheel = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: " + ("true" if tags[0].endswith("any") else "false")
    files[f"{info}/WHEEL"] = "\n".join([wheel, *(f"Tag: {tag}" for tag in tags), ""]).encode()
    record = io.StringIO()
    lines = csv.writer(record, lineterminator="\n")
    for file, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
        lines.writerow([file, f"sha256={digest}", len(data)])
    lines.writerow([f"{info}/RECORD", "", ""])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for file, data in {**files, f"{info}/RECORD": record.getvalue().encode()}.items():
            archive.writestr(file, data)
    return path


@contextmanager
def serve(folder: Path) -> Iterator[Index]:
    """The wheels of a folder as an index (PEP 503), on a free port of this machine."""
    by_name: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.whl")):
        by_name.setdefault(parse_wheel_filename(path.name)[0], []).append(path)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = [part for part in self.path.split("?")[0].split("/") if part]
            if len(parts) == 2 and parts[0] == "simple":
                index.asked.add(parts[1])
                wheels = by_name.get(canonicalize_name(parts[1]), [])
                links = "".join(f'<a href="/files/{path.name}">{path.name}</a>\n' for path in wheels)
                self._answer(200 if wheels else 404, f"<!DOCTYPE html><html><body>{links}</body></html>".encode())
            elif len(parts) == 2 and parts[0] == "files" and (folder / parts[1]).is_file():
                index.given += [parts[1]] if self.command == "GET" else []
                self._answer(200, (folder / parts[1]).read_bytes(), "application/octet-stream")
            else:
                self._answer(404, b"")

        def do_HEAD(self) -> None:
            self.do_GET()

        def _answer(self, status: int, body: bytes, kind: str = "text/html; charset=utf-8") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing: what was asked is in the index."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        index = Index(f"http://127.0.0.1:{server.server_port}/simple")
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield index
        finally:
            server.shutdown()
            thread.join()

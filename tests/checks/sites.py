"""Every place in the code where a finding is made, and which of them were reached: so that none goes untried."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from types import FrameType
from unittest import mock

from usermgr.checks import Finding
from usermgr_jwt import _checks as jwt_checks

__all__ = ["Site", "recorded", "sites", "untried"]

MAKERS = {"Finding", "not_allowed", "_found"}
"""What is called to make one; each call of it is a place of its own."""


@dataclass(frozen=True, order=True)
class Site:
    """One place: its file and lines, and the sentence of one that is made from a constant."""

    file: str
    first: int
    last: int
    sentence: str | None = None

    def __str__(self) -> str:
        return f"{Path(self.file).parent.name}/{Path(self.file).name}:{self.first}"


_lines: set[tuple[str, int]] = set()
_sentences: set[str] = set()


def sites() -> set[Site]:
    """Those of the registered checks, of what runs them, and of what opens a deployment."""
    modules = {point.module for point in entry_points(group="usermgr.checks")}
    return {site for name in {*modules, "usermgr.frontends"} for site in _sites(str(import_module(name).__file__))}


def _sites(file: str) -> Iterator[Site]:
    for node in ast.walk(ast.parse(Path(file).read_text())):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in MAKERS:
                yield Site(file, node.lineno, node.end_lineno or node.lineno)
            case ast.Yield(
                value=ast.Tuple(elts=[ast.Attribute(value=ast.Name(id="Severity")), ast.Constant() as said, *_])
            ):
                yield Site(file, node.lineno, node.end_lineno or node.lineno, str(said.value))
            case _:
                pass


def untried() -> set[Site]:
    """Those that nothing has reached in this process."""

    def reached(site: Site) -> bool:
        if site.sentence is not None:
            return site.sentence in _sentences
        return any(file == site.file and site.first <= line <= site.last for file, line in _lines)

    return {site for site in sites() if not reached(site)}


@contextmanager
def recorded() -> Iterator[None]:
    """Notes the places that are reached meanwhile."""
    post_init, found = Finding.__post_init__, jwt_checks._found

    def note(frame: FrameType | None) -> None:
        while frame is not None:
            _lines.add((frame.f_code.co_filename, frame.f_lineno))
            frame = frame.f_back

    def made(self: Finding) -> None:
        post_init(self)
        _sentences.add(self.summary)
        note(sys._getframe(1))

    def found_by_jwt(*arguments: object) -> object:
        note(sys._getframe(1))
        return found(*arguments)  # type: ignore[arg-type]

    with mock.patch.object(Finding, "__post_init__", made), mock.patch.object(jwt_checks, "_found", found_by_jwt):
        yield

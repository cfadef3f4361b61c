"""Sees each call of the store: for `--debug`, and so that Ctrl-C lets a change that is under way end."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from usermgr import request_ids
from usermgr.audit import describe
from usermgr.errors import UsermgrError
from usermgr.operations import Access, Operation
from usermgr_cli._output._cells import cell
from usermgr_cli._problems import as_json, write_error
from usermgr_cli._text import one_line

if TYPE_CHECKING:
    from usermgr_cli._line import Line

__all__ = ["watch_for"]


def watch_for(line: Line) -> Any:
    """What `usermgr.watching.Watched` takes."""

    @contextmanager
    def watch(operation: Operation, arguments: Mapping[str, Any]) -> Generator[None]:
        changes = operation.access is Access.WRITE
        if changes:
            line.interrupts.begin_change()
        try:
            if line.debug:
                with _told(line, operation, arguments):
                    yield
            else:
                yield
        except BaseException:
            if changes:
                line.interrupts.end_change(operation.name, succeeded=False)
            raise
        if changes:
            line.interrupts.end_change(operation.name, succeeded=True)

    return watch


@contextmanager
def _told(line: Line, operation: Operation, arguments: Mapping[str, Any]) -> Generator[None]:
    started = time.monotonic()
    outcome = "done"
    with request_ids.collect() as ids:
        try:
            yield
        except UsermgrError as error:
            outcome = error.code
            raise
        except BaseException as error:
            outcome = type(error).__name__
            raise
        finally:
            told = _described(operation, arguments) | {"requests": ids}
            _tell(line, operation.name, told, outcome, time.monotonic() - started)


def _described(operation: Operation, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What an audit record keeps of the arguments, which is no password and no value of an attribute."""
    described = describe(operation, arguments, values=False)
    return {
        **described.target,
        **described.options,
        "attributes": list(described.attributes),
        "given": list(described.given),
    }


def _tell(line: Line, name: str, members: dict[str, Any], outcome: str, seconds: float) -> None:
    members = {member: value for member, value in members.items() if value not in ([], None)}
    if line.is_agent:
        write_error(
            as_json({"debug": {"operation": name, **members, "outcome": outcome, "seconds": round(seconds, 3)}})
        )
        return
    parts = [f"{member}={cell(value)}" for member, value in members.items()]
    write_error(one_line(" ".join(["debug:", name, *parts, f"-> {outcome}, {seconds:.3f} s"])))

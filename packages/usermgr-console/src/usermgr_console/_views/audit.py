"""The audit trail: who changed what, newest first, and whether the file is as it was written."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from starlette.responses import Response

from usermgr.audit import EntryPage, read_newest
from usermgr.errors import InvalidInputError, InvalidPageTokenError
from usermgr.operations import OPERATIONS, Access
from usermgr_console import _labels
from usermgr_console._auditing import VERIFY
from usermgr_console._call import Call
from usermgr_console._told import Told, of_error
from usermgr_console._trail import changes_of
from usermgr_console._views.pieces import run

__all__ = ["page", "verify"]

PAGE = 50

LINES = 20_000
"""Lines that are looked at before the page shows how far it is."""

FILTERS = ("who", "actor", "operation", "outcome", "since", "until")
"""What is asked for; each is a parameter of the address."""


def page(call: Call) -> Response:
    """A page of the records that fit; those that are damaged are shown whatever is asked for."""
    asked = {name: call.query(name) for name in FILTERS if call.query(name)}
    token, problem = call.query("cursor") or None, None
    found = EntryPage((), None, 0)
    audit = call.services.audit
    assert audit is not None, "the route needs one"
    try:
        found = read_newest(
            audit.path, limit=PAGE, page_token=token, lines=LINES, user=asked.get("who"), actor=asked.get("actor"),
            operation=asked.get("operation"), outcome=asked.get("outcome"), since=_midnight(call, "since", 0),
            until=_midnight(call, "until", 1),
        )  # fmt: skip
    except InvalidPageTokenError:
        return call.go("/audit", **asked)
    except InvalidInputError as error:
        problem = of_error(error, call.language)
    except ValueError:
        problem = Told(call.text("A day is written 2026-01-31."))
    wanted = call.query("read")
    read = (int(wanted) if wanted.isdecimal() and len(wanted) < 13 else 0) + found.looked_at
    return call.page(
        "audit.html", 200 if problem is None else 400, asked=asked, problem=problem, token=token, read=read,
        changes=changes_of(found), next_token=found.next_token, is_full=len(found.entries) >= PAGE,
        operations=_operations(call),
    )  # fmt: skip


def verify(call: Call) -> Response:
    """Reads the whole file, and tells what was done to it."""
    piece = call.services.work.begin(VERIFY, call.person.key)
    return run(call, piece)


def _midnight(call: Call, name: str, days: int) -> datetime | None:
    """When the day of that parameter begins, or ends. Raises `ValueError`."""
    text = call.query(name)
    if not text:
        return None
    try:
        day = date.fromisoformat(text) + timedelta(days=days)
    except OverflowError as error:
        raise ValueError(text) from error
    return datetime.combine(day, time(), call.services.config.zone)


def _operations(call: Call) -> list[tuple[str, str]]:
    """The operations that change something, with their names, in the order of those."""
    names = [name for name, operation in OPERATIONS.items() if operation.access is not Access.READ]
    return sorted(((name, _label(call, name)) for name in names), key=lambda pair: pair[1])


def _label(call: Call, name: str) -> str:
    return call.text(_labels.OPERATIONS[name]) if name in _labels.OPERATIONS else name

"""Who changed what: one structured record for each change, wherever it goes.

`Audited` wraps any `UserManager`; a sink keeps the records; `read` reads a file of them, and `verify` finds what was
done to it.

>>> import logging
>>> from usermgr.audit import Audited, LoggerSink
>>> users = Audited(users, LoggerSink(logging.getLogger("audit")), "kim")  # doctest: +SKIP
>>> users.disable_user("alice")                                           # doctest: +SKIP

Read on in `_record` (what a record holds, and never holds), `_audited` (when it is written), `_chain` (how the lines of
a file hold each other), `_file` and `_verify`. What is about files loads when it is needed: the user management
function logs its records, and somebody waits while it starts.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from usermgr.audit._audited import Audited, AuditedManager
from usermgr.audit._record import Actor, Described, Outcome, Record, describe
from usermgr.audit._sink import LoggerSink, Sink

if TYPE_CHECKING:
    from usermgr.audit._file import FileSink
    from usermgr.audit._newest import EntryPage, read_newest
    from usermgr.audit._read import Entry, read
    from usermgr.audit._verify import Finding, FindingKind, Verification, verify

__all__ = [
    "Audited",
    "AuditedManager",
    "Actor",
    "Record",
    "Described",
    "describe",
    "Outcome",
    "Sink",
    "FileSink",
    "LoggerSink",
    "read",
    "Entry",
    "read_newest",
    "EntryPage",
    "verify",
    "Verification",
    "Finding",
    "FindingKind",
]

_LATER = {
    "FileSink": "_file",
    "Finding": "_verify",
    "FindingKind": "_verify",
    "Verification": "_verify",
    "verify": "_verify",
    "Entry": "_read",
    "read": "_read",
    "EntryPage": "_newest",
    "read_newest": "_newest",
}
"""The module of each name that loads when it is needed, as in the imports above."""


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    globals()[name] = value  # the next use finds it without this function
    return value


def __dir__() -> list[str]:
    return [*__all__]

"""Who changed what: one structured record for each change, wherever it goes.

`Audited` wraps any `UserManager`; a sink keeps the records; `verify` finds what was done to a file of them.

>>> import logging
>>> from usermgr.audit import Audited, LoggerSink
>>> users = Audited(users, LoggerSink(logging.getLogger("audit")), "kim")  # doctest: +SKIP
>>> users.disable_user("alice")                                           # doctest: +SKIP

Read on in `_record` (what a record holds, and never holds), `_audited` (when it is written), `_chain` (how the lines of
a file hold each other), `_file` and `_verify`.
"""

from usermgr.audit._audited import Audited, AuditedManager
from usermgr.audit._file import FileSink
from usermgr.audit._record import Actor, Outcome, Record
from usermgr.audit._sink import LoggerSink, Sink
from usermgr.audit._verify import Finding, FindingKind, Verification, verify

__all__ = [
    "Audited",
    "AuditedManager",
    "Actor",
    "Record",
    "Outcome",
    "Sink",
    "FileSink",
    "LoggerSink",
    "verify",
    "Verification",
    "Finding",
    "FindingKind",
]

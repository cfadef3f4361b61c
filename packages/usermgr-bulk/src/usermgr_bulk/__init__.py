"""Many users at once, over any `usermgr.UserManager`: no backend, no SDK and no terminal is known here.

`import_users` and `check_import` bring records into a store, `export_users` writes all that a store holds, `run_action`
does one thing to everybody whom `freeze_selection` has chosen, and `Engine` runs any other work on many users: a stream
of `Task`s that is paced, journalled and can be resumed. `usermgr_bulk.sync` brings a store to what a document declares.
"""

from usermgr_bulk._acting import preview_action, run_action
from usermgr_bulk._actions import ACTIONS, Action
from usermgr_bulk._calls import Call
from usermgr_bulk._check import CheckReport, Problem, check_import
from usermgr_bulk._engine import Engine
from usermgr_bulk._errors import BulkInterruptedError, BulkStoppedError
from usermgr_bulk._export import Export, export_users, read_export
from usermgr_bulk._import import import_users
from usermgr_bulk._input import FileInput, Input
from usermgr_bulk._journal import Journal, RunIdentity, read_identity
from usermgr_bulk._manifest import Manifest
from usermgr_bulk._options import Existing, ImportOptions
from usermgr_bulk._partial import unfinished_export
from usermgr_bulk._report import write_report, write_sub_map
from usermgr_bulk._results import Progress, RowOutcome, RowResult, Summary
from usermgr_bulk._selection import Selected, Selection, freeze_names, freeze_selection
from usermgr_bulk._tasks import Steps, Task
from usermgr_bulk._writing import write_users

__all__ = [
    "import_users",
    "check_import",
    "export_users",
    "read_export",
    "unfinished_export",
    "write_users",
    "freeze_selection",
    "freeze_names",
    "preview_action",
    "run_action",
    "Action",
    "ACTIONS",
    "Selection",
    "Selected",
    "ImportOptions",
    "Existing",
    "Input",
    "FileInput",
    "Export",
    "Manifest",
    "CheckReport",
    "Problem",
    "Summary",
    "Progress",
    "RowOutcome",
    "RowResult",
    "write_report",
    "write_sub_map",
    "Engine",
    "Task",
    "Steps",
    "Call",
    "Journal",
    "RunIdentity",
    "read_identity",
    "BulkStoppedError",
    "BulkInterruptedError",
]

"""What the commands that work on many users share.

`_source` opens what an import reads, `_files` names what a run leaves on the disk, and `_run` runs it: with progress,
and with an end that says how to go on.
"""

from usermgr_cli._bulk._files import Files, files_option
from usermgr_cli._bulk._run import RUN, finished, nothing_to_do, run
from usermgr_cli._bulk._source import Source, import_options, source_options

__all__ = [
    "RUN",
    "Files",
    "Source",
    "files_option",
    "finished",
    "import_options",
    "nothing_to_do",
    "run",
    "source_options",
]

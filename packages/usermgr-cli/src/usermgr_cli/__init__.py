"""The command `usermgr`.

`_main` runs it and turns whatever happens into an exit status; `_root` lists and loads commands; `_shared` has the
options that every command takes; `_line` is what a command works with. Commands are in `commands`, and return data,
which `output` prints.
"""

from usermgr_cli._main import main

__all__ = ["main"]

"""Prints what a command returns, in the form that was asked for.

`_plain_data` turns it into plain data, as it comes; `_choice` applies `--query` and `--fields`; each form has a module
of its own. `check` says what is wrong with the two options before a command runs.
"""

from usermgr_cli._output._check import check
from usermgr_cli._output._report import show_report
from usermgr_cli._output._show import show

__all__ = ["check", "show", "show_report"]

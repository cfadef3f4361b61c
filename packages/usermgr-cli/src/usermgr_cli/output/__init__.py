"""Prints what a command returns, in the form that was asked for.

`_records` turns it into plain data, `_choice` applies `--fields` and `--query`, and each form has a module of its own.
"""

from usermgr_cli.output._show import show

__all__ = ["show"]

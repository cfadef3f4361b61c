"""`usermgr user`: people, one by one and a few at a time."""

from __future__ import annotations

from usermgr_cli.commands import user_add, user_password, user_show, user_state, user_update
from usermgr_cli.commands._capable import StoreGroup

__all__ = ["command"]

command = StoreGroup("user", help="Add, find, change and remove users.")
"""The group of commands."""

for each in (
    user_show.show,
    user_show.list_,
    user_show.search,
    user_add.add,
    user_add.invite,
    user_add.resend,
    user_update.update,
    user_password.set_password,
    user_password.reset,
    user_password.reset_mfa,
    user_state.confirm,
    user_state.enable,
    user_state.disable,
    user_state.sign_out,
    user_state.delete,
    user_state.forget,
):
    command.add_command(each)

"""The whole contract of a user manager."""

from __future__ import annotations

from usermgr.testing._groups import GroupsContract
from usermgr.testing._hostile import HostileContract
from usermgr.testing._invitations import InvitationsContract
from usermgr.testing._mfa import MfaContract
from usermgr.testing._search import SearchContract
from usermgr.testing._sign_in import SignInContract
from usermgr.testing._store import StoreContract
from usermgr.testing._together import TogetherContract
from usermgr.testing._users import UsersContract

__all__ = ["UserManagerContract"]


class UserManagerContract(
    StoreContract,
    UsersContract,
    InvitationsContract,
    SearchContract,
    GroupsContract,
    MfaContract,
    SignInContract,
    TogetherContract,
    HostileContract,
):
    """Every promise of `usermgr.UserManager`."""

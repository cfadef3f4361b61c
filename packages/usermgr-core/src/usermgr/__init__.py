"""usermgr: one API to manage users, whatever service holds them.

>>> from usermgr import Factory
>>> users = Factory.create(Factory.AWS_COGNITO)                             # doctest: +SKIP
>>> users.add_user("alice", "a-Long-passw0rd", {"email": "a@example.org"})  # doctest: +SKIP

Read on in `_primitives` and `_manager` (the API), `_models`, `_description`, `search`, `errors`, `operations`, `wire`
for what travels, `activity` for when users were last seen, `audit` for who changed what, and `aio` for asyncio.
"""

from usermgr._changes import Change, Outcome
from usermgr._description import (
    AttributeDescription,
    AttributeType,
    Capability,
    MfaMode,
    PasswordPolicy,
    StoreDescription,
    UsernameKind,
    UsernameRules,
    Writer,
)
from usermgr._ensuring import Ensured, EnsuredGroup, GroupsChange
from usermgr._factory import Factory
from usermgr._manager import Access, UserManager
from usermgr._models import (
    AuthResult,
    Challenge,
    ChallengeName,
    Group,
    Medium,
    MfaMethod,
    MfaReset,
    MfaSettings,
    Page,
    Tokens,
    User,
    UserMatches,
    UserStatus,
)
from usermgr.activity import Activity, ActivityStore
from usermgr.search import Condition, Operator, SearchPlan, where

__all__ = [
    "Factory",
    "UserManager",
    "User",
    "UserStatus",
    "Group",
    "Page",
    "where",
    "Condition",
    "Operator",
    "SearchPlan",
    "UserMatches",
    "Ensured",
    "EnsuredGroup",
    "GroupsChange",
    "Change",
    "Outcome",
    "StoreDescription",
    "Capability",
    "AttributeDescription",
    "AttributeType",
    "Writer",
    "PasswordPolicy",
    "UsernameRules",
    "UsernameKind",
    "MfaMode",
    "MfaMethod",
    "MfaSettings",
    "MfaReset",
    "Medium",
    "Tokens",
    "Challenge",
    "ChallengeName",
    "AuthResult",
    "Access",
    "Activity",
    "ActivityStore",
]

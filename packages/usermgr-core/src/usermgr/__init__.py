"""usermgr: one API for users, whatever service holds them.

>>> from usermgr import Factory
>>> users = Factory.create(Factory.AWS_COGNITO)                             # doctest: +SKIP
>>> users.add_user("alice", "a-Long-passw0rd", {"email": "a@example.org"})  # doctest: +SKIP

Read on in `manager` (the API), `models`, `search`, `errors`, `factory`, `wire` for what travels, and
`activity` for who was here when.
"""

from usermgr.activity import Activity, ActivityStore
from usermgr.factory import Factory
from usermgr.manager import Access, Ensured, UserManager
from usermgr.models import (
    AuthResult,
    Challenge,
    ChallengeName,
    Group,
    Page,
    Tokens,
    User,
    UserMatches,
    UserStatus,
)
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
    "Tokens",
    "Challenge",
    "ChallengeName",
    "AuthResult",
    "Access",
    "Activity",
    "ActivityStore",
]

"""usermgr's embedded SQLite store, for a laptop: users, sign-in and activity in one file, with no service.

>>> import usermgr_local
>>> users = usermgr_local.connect(path="users.db")  # doctest: +SKIP

`LocalUserManager` has the API; `usermgr_local.totp` has one-time codes. Everything else is internal.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from os import PathLike, fspath
from typing import Any

from usermgr import MfaMode
from usermgr_local._activity import LocalActivityStore
from usermgr_local._clock import utc_now
from usermgr_local._invitations import Deliver, Message
from usermgr_local._manager import LocalUserManager
from usermgr_local._passwords import Argon2Cost, PasswordPolicy
from usermgr_local._settings import LocalSettings

__all__ = [
    "Argon2Cost",
    "LocalActivityStore",
    "LocalSettings",
    "LocalUserManager",
    "Message",
    "PasswordPolicy",
    "connect",
    "connect_activity",
    "create",
]


def connect(
    *,
    path: str | PathLike[str] | None = None,
    jwks_path: str | PathLike[str] | None = None,
    user_pool_id: str | None = None,
    client_id: str | None = None,
    case_sensitive: bool | None = None,
    custom_attributes: Collection[str] | None = None,
    password_policy: PasswordPolicy | None = None,
    argon2: Argon2Cost | None = None,
    mfa: MfaMode | None = None,
    deliver: Deliver | None = None,
    now: Callable[[], datetime] = utc_now,
) -> LocalUserManager:
    """The manager of the store in the file `path`, which is created where there is none.

    What is not given comes from the environment; `LocalSettings.read` names the variables. Only the path is
    required. `argon2` is not read from the environment, so that no variable can weaken it. `deliver` sends the
    invitations: it is called with a `Message`. `now` is the clock, which returns an aware datetime.

    Raises:
        ConfigurationError: a setting is missing or malformed, or the file cannot be used as a store.
    """
    given: dict[str, Any] = {
        "path": fspath(path) if isinstance(path, PathLike) else path,
        "jwks_path": fspath(jwks_path) if isinstance(jwks_path, PathLike) else jwks_path,
        "user_pool_id": user_pool_id,
        "client_id": client_id,
        "case_sensitive": None if case_sensitive is None else str(case_sensitive).lower(),
        "mfa": mfa,
        "custom_attributes": _joined(custom_attributes),
    }
    settings = LocalSettings.read(given, password_policy=password_policy, argon2=argon2)
    return LocalUserManager(settings, now, deliver=deliver)


def _joined(names: Any) -> Any:
    """The names as the variable has them; what holds none is left as it is, for the settings to refuse."""
    try:
        return names if names is None or isinstance(names, str) else ",".join(names) or "none"
    except TypeError:
        return names


create = connect
"""What `connect` was called before."""


def connect_activity(
    *,
    path: str | PathLike[str] | None = None,
    jwks_path: str | PathLike[str] | None = None,
    case_sensitive: bool | None = None,
) -> LocalActivityStore:
    """The activity of the store in the file `path`, as `connect` opens it: the same settings, the same errors.

    Whoever has the manager already finds it there: `users.activity`.
    """
    return connect(path=path, jwks_path=jwks_path, case_sensitive=case_sensitive).activity

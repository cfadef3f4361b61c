"""What one console stands on: made once by `create_app`, and shared by all of its requests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from usermgr import ActivityStore, StoreDescription, User, UserManager
from usermgr.errors import UserNotFoundError
from usermgr.frontends import AuditFile
from usermgr.guard import Guarded
from usermgr_console._acting import current_sub
from usermgr_console._activity import CENSUS, census
from usermgr_console._attempts import Attempts
from usermgr_console._auditing import VERIFY, verify_audit
from usermgr_console._bulk import act
from usermgr_console._config import Config
from usermgr_console._database import Database
from usermgr_console._dormant import DORMANT, disable_away
from usermgr_console._exports import EXPORT, export
from usermgr_console._imports import IMPORT, bring
from usermgr_console._preferences import PreferenceStore
from usermgr_console._provider import Provider, open_provider
from usermgr_console._render import Pages
from usermgr_console._roles import Role, role_of
from usermgr_console._sessions import Person, Sessions
from usermgr_console._static import Static
from usermgr_console._syncing import SYNC, bring_to_state
from usermgr_console._tokens import FormTokens, Links, Steps
from usermgr_console._work import Kind, Work

if TYPE_CHECKING:
    from usermgr_console._routes import MenuItem
    from usermgr_console._routing import Route

__all__ = ["ACTIVITY", "AUDIT", "Services"]

ACTIVITY, AUDIT = "activity", "audit"
"""What a route can need besides a capability of the store."""

KINDS: dict[str, Kind] = {
    "action": act,
    CENSUS: census,
    DORMANT: disable_away,
    EXPORT: export,
    IMPORT: bring,
    SYNC: bring_to_state,
    VERIFY: verify_audit,
}
"""What takes longer than a request, by name: see `_work`."""

KEPT_FOR = 60.0
"""Seconds for which the store's description and its first groups are kept: services allow few reads of them."""

MOST_GROUPS = 60
"""How many groups are proposed where one is chosen."""


class Services:
    """The managers, the console's own file, and the clock."""

    def __init__(
        self,
        users: UserManager,
        activity: ActivityStore | None,
        config: Config,
        *,
        audit: AuditFile | None,
        now: Callable[[], float],
    ) -> None:
        self.config = config
        # Whoever made the manager may have guarded it; that the account that acts is safe is not left to them.
        self.users: UserManager = Guarded(users, required_groups=config.administrators, acting=current_sub)
        self.activity = activity
        self.audit = audit
        self.clock = now
        self.database = Database(config.folder)
        self.sessions = Sessions(self.database, config, now)
        self.forms = FormTokens(self.database, now)
        self.steps = Steps(self.database, now)
        self.links = Links(self.database, now)
        self.attempts = Attempts(self.database, now)
        self.preferences = PreferenceStore(self.database)
        self.work = Work(config.folder / "work", self, KINDS, now)
        self.provider: Provider | None = open_provider(config, now)
        self.static = Static.load()
        self.pages = Pages(self.static)
        self.menu: list[tuple[MenuItem, Route]] = []
        """The lines of the menu with their routes."""
        self._described: tuple[float, StoreDescription] | None = None
        self._groups: tuple[float, list[str]] | None = None
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The time."""
        return datetime.fromtimestamp(self.clock(), UTC)

    def describe(self) -> StoreDescription:
        """What the store says of itself, a minute old at most."""
        with self._lock:
            if self._described is None or time.monotonic() > self._described[0] + KEPT_FOR:
                self._described = time.monotonic(), self.users.describe()
            return self._described[1]

    def some_groups(self) -> list[str]:
        """The names of the first groups, a minute old at most, to propose."""
        kept = self._groups
        if kept is None or time.monotonic() > kept[0] + KEPT_FOR:
            kept = time.monotonic(), [group.name for group in self.users.list_groups(limit=MOST_GROUPS).items]
            self._groups = kept
        return kept[1]

    def groups_changed(self) -> None:
        """Somebody has added or deleted a group here."""
        self._groups = None

    def can(self, need: str) -> bool:
        """Whether the store has the capability, or the console was given an activity store or an audit file."""
        if need == ACTIVITY:
            return self.activity is not None
        if need == AUDIT:
            return self.audit is not None
        return self.describe().can(need)

    def role_of(self, user: User) -> Role | None:
        """The role that the user's groups give: one read of them."""
        return role_of({group.name for group in self.users.iter_groups_for_user(user.username)}, self.config)

    @property
    def is_provider_store(self) -> bool:
        """Whether the people of the identity provider are those of the store."""
        given, store = self.config.oidc_is_store, self.describe().store
        return bool(store) and (self.config.oidc_issuer or "").endswith(f"/{store}") if given is None else given

    def is_still_staff(self, person: Person) -> bool:
        """Whether the person is there, enabled, and has the role still: two consistent reads."""
        if person.username is None:
            return True
        try:
            user = self.users.get_user(person.username)
            role = self.role_of(user)
        except UserNotFoundError:
            return False
        return user.enabled and user.sub == person.sub and role is not None and role >= person.role

    def close(self) -> None:
        """Closes the console's own file; the managers belong to whoever made them."""
        if self.provider is not None:
            self.provider.close()
        self.database.close()

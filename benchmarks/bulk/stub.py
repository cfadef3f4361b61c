"""A store for the benchmarks and tests of usermgr-bulk: it answers late, enforces quotas, throttles and loses replies.

With a `log` it is a store of many processes in turn: each effect is one line of a file, written before the call
returns, so that a process can be killed anywhere and the next one finds what was done, and how often.
"""

# ruff: noqa: ARG002 - the signatures are those of every store, and this one has little use for them

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from usermgr import (
    Capability,
    Condition,
    Group,
    Medium,
    Page,
    StoreDescription,
    User,
    UserManager,
    UserMatches,
    UserStatus,
)
from usermgr.errors import (
    GroupExistsError,
    GroupNotFoundError,
    ThrottledError,
    UserExistsError,
    UserNotFoundError,
)
from usermgr.records import Row, UserRecord
from usermgr.validation import PAGE_LIMIT
from usermgr_bulk import Input

# The defaults of https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
RATES = {"UserCreation": 50, "UserAccountRecovery": 30, "UserRead": 120, "UserUpdate": 25, "UserList": 30}
COSTS = {
    "add_user": {"UserCreation": 1},
    "add_user.password": {"UserAccountRecovery": 1},
    "invite_user": {"UserCreation": 1},
    "set_password": {"UserAccountRecovery": 1},
    "get_user": {"UserRead": 1},
    "find_users": {"UserList": 1},
    "update_user": {"UserUpdate": 1},
    "enable_user": {"UserUpdate": 1},
    "disable_user": {"UserUpdate": 1},
    "add_user_to_group": {"UserUpdate": 1},
    "remove_user_from_group": {"UserUpdate": 1},
}

PASSWORD = "a-Long-passw0rd"


@dataclass
class Quota:
    """Refuses what comes faster than `rate` a second; a second's worth may come at once, and no more."""

    rate: float
    now: Callable[[], float] = time.monotonic
    left: float = field(init=False)
    at: float = field(init=False)

    def __post_init__(self) -> None:
        self.left, self.at = self.rate, self.now()

    def take(self) -> bool:
        """Whether a request may pass."""
        now = self.now()
        self.left = min(self.rate, self.left + (now - self.at) * self.rate)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


class StubStore(UserManager):
    """Users in memory.

    `latency` is how long each request takes, `rates` the quotas that it enforces and describes, `throttles` the share
    of calls that it refuses at random. `before` is called with each operation's name and arguments before it takes
    effect, and `after` when it has: what they raise is what the caller gets.
    """

    def __init__(
        self,
        *,
        latency: float = 0.0,
        rates: Mapping[str, float] | None = None,
        throttles: float = 0.0,
        log: Path | None = None,
        capabilities: Sequence[str] = (Capability.INVITATIONS, Capability.STATUS),
        **description: Any,
    ) -> None:
        self.latency = latency
        self.before: Callable[[str, tuple[Any, ...]], None] = lambda _operation, _arguments: None
        self.after: Callable[[str, tuple[Any, ...]], None] = lambda _operation, _arguments: None
        self.users: dict[str, User] = {}
        self.groups: dict[str, Group] = {}
        self.members: set[tuple[str, str]] = set()
        self.effects: Counter[str] = Counter()
        """How often what was done, such as `add ada`."""
        self.calls: Counter[str] = Counter()
        self.throttled = 0
        self._description = StoreDescription(
            service="stub", store="stub", capabilities=frozenset(capabilities), rates=rates or {},
            costs=COSTS if rates else {}, **description,
        )  # fmt: skip
        self._quotas = {name: Quota(rate) for name, rate in (rates or {}).items()}
        self._throttles = throttles
        self._dice = random.Random(14)  # noqa: S311 - the same refusals in every run
        self._lock = threading.RLock()
        self._log = None if log is None else os.open(log, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        if log is not None:
            for line in log.read_text().splitlines():
                self._take(*json.loads(line))

    def describe(self) -> StoreDescription:
        return self._description

    # --- What happens to every call ------------------------------------------------------------------

    def _gate(self, operation: str, *arguments: Any, password: str | None = None) -> None:
        given = ("password",) if password is not None else ()
        for category in self._description.cost(operation, *given) or ("",):
            if self.latency:
                time.sleep(self.latency)
            with self._lock:
                quota = self._quotas.get(category)
                if (quota is not None and not quota.take()) or self._dice.random() < self._throttles:
                    self.throttled += 1
                    raise ThrottledError(operation=operation)
        with self._lock:
            self.calls[operation] += 1
        self.before(operation, arguments)

    def _effect(self, kind: str, name: str, more: Any = None) -> None:
        at = datetime.now(UTC).isoformat()
        if self._log is not None:
            os.write(self._log, json.dumps([kind, name, more, at]).encode() + b"\n")
        self._take(kind, name, more, at)

    def _take(self, kind: str, name: str, more: Any, at: str) -> None:
        self.effects[f"{kind} {name}"] += 1
        when, key = datetime.fromisoformat(at), name.lower()
        match kind:
            case "add" | "invite":
                attributes, has_password = more
                status = UserStatus.CONFIRMED if has_password else UserStatus.FORCE_CHANGE_PASSWORD
                self.users[key] = User(name, f"sub-{key}", status, True, when, when, attributes)
            case "update":
                kept = {**self.users[key].attributes, **more}
                present = {attribute: value for attribute, value in kept.items() if value is not None}
                self.users[key] = replace(self.users[key], attributes=present, updated_at=when)
            case "enabled":
                self.users[key] = replace(self.users[key], enabled=more)
            case "delete":
                del self.users[key]
                self.members = {(user, group) for user, group in self.members if user != key}
            case "group":
                self.groups[name] = Group(name, **(more or {}))
            case "no group":
                del self.groups[name]
                self.members = {(user, group) for user, group in self.members if group != name}
            case "join":
                self.members.add((key, more))
            case "leave":
                self.members.discard((key, more))
            case _:
                pass

    def _do(self, operation: str, username: str, kind: str, more: Any = None) -> None:
        self._gate(operation, username, more)
        with self._lock:
            self._require(username)
            self._effect(kind, username, more)
        self.after(operation, (username, more))

    def _require(self, username: str) -> User:
        if username.lower() not in self.users:
            raise UserNotFoundError(username=username)
        return self.users[username.lower()]

    # --- Users ---------------------------------------------------------------------------------------

    def add_user(
        self,
        username: str,
        password: str | None = None,
        attributes: Mapping[str, str] | None = None,
        *,
        temporary: bool = False,
    ) -> User:
        return self._create("add_user", "add", username, attributes, password)

    def invite_user(
        self, username: str, attributes: Mapping[str, str] | None = None, *, medium: Medium = Medium.EMAIL
    ) -> User:
        return self._create("invite_user", "invite", username, attributes, None)

    def _create(
        self, operation: str, kind: str, username: str, attributes: Mapping[str, str] | None, password: str | None
    ) -> User:
        self._gate(operation, username, attributes, password=password)
        with self._lock:
            if username.lower() in self.users:
                raise UserExistsError(username=username)
            self._effect(kind, username, [dict(attributes or {}), password is not None])
            user = self.users[username.lower()]
        self.after(operation, (username,))
        return user

    def get_user(self, username: str) -> User:
        self._gate("get_user", username)
        return self._require(username)

    def find_users(
        self, conditions: Sequence[Condition] = (), *, limit: int = PAGE_LIMIT, page_token: str | None = None
    ) -> UserMatches:
        self._gate("find_users", conditions, page_token)
        answered = tuple(n for n, condition in enumerate(conditions) if condition.field == "group")
        groups = {str(conditions[n].value) for n in answered}
        for group in groups - self.groups.keys():
            raise GroupNotFoundError(group=group)
        found = [u for key, u in self.users.items() if all((key, group) in self.members for group in groups)]
        start = int(page_token or 0)
        more = str(start + limit) if start + limit < len(found) else None
        return UserMatches(found[start : start + limit], more, answered)

    def update_user(self, username: str, attributes: Mapping[str, str | None]) -> None:
        self._do("update_user", username, "update", dict(attributes))

    def set_password(self, username: str, password: str, *, permanent: bool = True) -> None:
        self._do("set_password", username, "password")

    def enable_user(self, username: str) -> None:
        self._do("enable_user", username, "enabled", True)

    def disable_user(self, username: str) -> None:
        self._do("disable_user", username, "enabled", False)

    def delete_user(self, username: str) -> None:
        self._do("delete_user", username, "delete")

    # --- Groups --------------------------------------------------------------------------------------

    def add_group(self, name: str, *, description: str | None = None, precedence: int | None = None) -> Group:
        self._gate("add_group", name)
        with self._lock:
            if name in self.groups:
                raise GroupExistsError(group=name)
            self._effect("group", name, {"description": description, "precedence": precedence})
        self.after("add_group", (name,))
        return self.groups[name]

    def get_group(self, name: str) -> Group:
        self._gate("get_group", name)
        if name not in self.groups:
            raise GroupNotFoundError(group=name)
        return self.groups[name]

    def update_group(self, name: str, *, description: str | None = None, precedence: int | None = None) -> Group:
        group = self.get_group(name)
        given = {"description": description, "precedence": precedence}
        kept = {key: getattr(group, key) if value is None else value for key, value in given.items()}
        self._effect("group", name, {**kept, "description": kept["description"] or None})
        return self.groups[name]

    def delete_group(self, name: str) -> None:
        self._gate("delete_group", name)
        self.get_group(name)
        self._effect("no group", name)
        self.after("delete_group", (name,))

    def list_groups(self, *, limit: int = PAGE_LIMIT, page_token: str | None = None) -> Page[Group]:
        self._gate("list_groups", page_token)
        start = int(page_token or 0)
        more = str(start + limit) if start + limit < len(self.groups) else None
        return Page(list(self.groups.values())[start : start + limit], more)

    def add_user_to_group(self, username: str, group: str) -> None:
        self.get_group(group)
        self._do("add_user_to_group", username, "join", group)

    def remove_user_from_group(self, username: str, group: str) -> None:
        self._do("remove_user_from_group", username, "leave", group)

    def list_groups_for_user(
        self, username: str, *, limit: int = PAGE_LIMIT, page_token: str | None = None
    ) -> Page[Group]:
        self._gate("list_groups_for_user", username)
        key = self._require(username).username.lower()
        return Page([group for name, group in self.groups.items() if (key, name) in self.members])


@dataclass(frozen=True)
class People(Input):
    """An input of that many people; every third is in a group, every fifth is disabled."""

    count: int
    password: str | None = None
    groups: bool = True

    def rows(self) -> Iterator[Row]:
        """The rows."""
        for number in range(self.count):
            yield Row(
                number + 1,
                UserRecord(
                    f"user{number}",
                    {"email": f"user{number}@example.org"},
                    enabled=None if number % 5 else False,
                    groups=["staff"] if self.groups and number % 3 == 0 else None,
                    password=self.password,
                    sub=f"old-{number}",
                ),
            )

    def fingerprint(self) -> str:
        """What tells this input from another."""
        return f"people {self.count}"


def once(error: Exception, operation: str) -> Callable[[str, tuple[Any, ...]], None]:
    """A `before` or `after` that raises the error at the first call of the operation."""
    left = [error]

    def raise_once(called: str, _: tuple[Any, ...]) -> None:
        if called == operation and left:
            raise left.pop()

    return raise_once

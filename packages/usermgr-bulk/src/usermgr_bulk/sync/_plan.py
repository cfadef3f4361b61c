"""A plan as a value: what would change, for which store, and what it saw. It holds personal data, and no secret."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Generic, Self, TypeVar, cast

from usermgr import Group, User
from usermgr.codec import MismatchError, codec_for
from usermgr.errors import InvalidInputError
from usermgr.records import JsonValue
from usermgr_bulk._files import whole_file
from usermgr_bulk.sync._limits import Loss, SyncLimits, losses_of
from usermgr_bulk.sync._values import settle

__all__ = [
    "Action", "Counts", "Difference", "GroupChange", "Plan", "Prune", "UserChange", "digest_of_group", "digest_of_user",
]  # fmt: skip

VERSION = 1
T = TypeVar("T")


class Action(StrEnum):
    """What becomes of a user or a group."""

    CREATE = "create"
    CHANGE = "change"
    DELETE = "delete"


class Prune(StrEnum):
    """What becomes of people who are there and not declared."""

    DELETE = "delete"
    DISABLE = "disable"


@dataclass(frozen=True, slots=True)
class Difference(Generic[T]):
    """A value as the plan saw it, and as it is to be; `None` for none."""

    before: T | None = None
    after: T | None = None


@dataclass(frozen=True, slots=True)
class UserChange(JsonValue):
    """What is to be done about one person."""

    action: Action
    username: str
    """The real name, or the one to be created with."""
    line: int | None = None
    """Where the document declares the person; `None` for somebody whom it does not."""
    sub: str | None = None
    """Whom the plan saw; `None` for somebody new."""
    attributes: Mapping[str, Difference[str]] = field(default_factory=dict[str, Difference[str]])
    """What is sent. Equal before and after: an address's verification, which goes along with the new address."""
    enabled: bool | None = None
    """What it is to become; `None` where it stays."""
    joins: Sequence[str] = ()
    leaves: Sequence[str] = ()
    pruned: bool = False
    """Whether this is because nobody declares the person."""
    seen: str | None = None
    """A digest of the person as the plan saw them, who must be the same when they are pruned."""

    def __post_init__(self) -> None:
        settle(self, "attributes", "joins", "leaves")

    @property
    def takes_person(self) -> bool:
        """Whether the person is deleted or disabled."""
        return self.action is Action.DELETE or (self.action is Action.CHANGE and self.enabled is False)

    @property
    def takes(self) -> bool:
        """Whether the person loses anything: is deleted, disabled or taken out of a group."""
        return self.takes_person or bool(self.leaves)


@dataclass(frozen=True, slots=True)
class GroupChange(JsonValue):
    """What is to be done about one group."""

    action: Action
    name: str
    line: int | None = None
    description: Difference[str] | None = None
    precedence: Difference[int] | None = None
    members: int = 0
    """How many people a deletion takes out of it."""
    seen: str | None = None
    """A digest of the group and its members as the plan saw them, which must be the same when it is deleted."""

    @property
    def is_deletion(self) -> bool:
        """Whether the group is to go."""
        return self.action is Action.DELETE


@dataclass(frozen=True, slots=True)
class Counts(JsonValue):
    """How many there are of each kind."""

    people: int = 0
    groups: int = 0
    memberships: int = 0


@dataclass(frozen=True, slots=True)
class Plan(JsonValue):
    """What brings one store to a desired state: as text for people, as Markdown, and as JSON to be read again.

    `str(plan)` is the counts in a sentence.
    """

    service: str
    store: str | None
    made_at: datetime
    groups: Sequence[GroupChange] = ()
    users: Sequence[UserChange] = ()
    prune: Prune | None = None
    prune_groups: bool = False
    limits: SyncLimits = field(default_factory=SyncLimits)
    required_groups: Sequence[str] = ()
    acting: Sequence[str] = ()
    """The `sub`s of the accounts that act."""
    managed: Counts = field(default_factory=Counts)
    """What is there and managed: the limits are shares of these."""
    undeclared: Counts = field(default_factory=Counts)
    """What is there, is not declared, and is left alone because nothing is pruned."""
    unmanaged: Counts = field(default_factory=Counts)
    """What is there and not managed: by a pattern, or because an identity provider or the service made it."""

    def __post_init__(self) -> None:
        settle(self, "groups", "users", "required_groups", "acting")

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.groups and not self.users

    @property
    def losses(self) -> Sequence[Loss]:
        """What the plan takes away, of each kind of which it takes anything."""
        return losses_of(self)

    def __str__(self) -> str:
        from usermgr_bulk.sync._render import summary_of  # noqa: PLC0415 - it knows plans

        return summary_of(self)[0]

    @property
    def digest(self) -> str:
        """The SHA-256 that tells this plan from every other."""
        return hashlib.sha256(_canonical(self.to_dict())).hexdigest()

    def to_json(self) -> str:
        """The plan as JSON, for `from_json`."""
        members = {"plan": VERSION, "digest": self.digest, **self.to_dict()}
        return json.dumps(members, indent=2, ensure_ascii=True) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """The plan that `to_json` wrote.

        Raises `InvalidInputError` for what is none, is of another version, or was changed since.
        """
        try:
            members: Any = json.loads(text)
        except (ValueError, RecursionError):
            members = None
        if not isinstance(members, dict) or "plan" not in members:
            raise InvalidInputError("this is not a plan: make one", field="plan")
        known = cast("dict[str, Any]", members)
        if known.pop("plan") != VERSION:
            raise InvalidInputError("this release cannot read the plan, which is of another version", field="plan")
        digest = known.pop("digest", None)
        if hashlib.sha256(_canonical(known)).hexdigest() != digest:
            raise InvalidInputError("the plan was changed after it was made: make a new one", field="digest")
        try:
            return codec_for(cls).decode(known)
        except MismatchError as mismatch:
            raise InvalidInputError(mismatch.describe("plan"), field="plan") from None

    def save(self, path: str | Path) -> None:
        """Writes `to_json` to a file, which only its owner can read, and which appears whole or not at all."""
        with whole_file(Path(path)) as stream:
            stream.write(self.to_json().encode("ascii"))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The plan in a file. Raises what `from_json` raises, and `OSError`."""
        return cls.from_json(Path(path).read_bytes())

    def to_text(self) -> str:
        """The plan for people: lines that begin with `+`, `~` or `-`, and the counts at the end."""
        from usermgr_bulk.sync._render import text_of  # noqa: PLC0415 - as above

        return text_of(self)

    def to_markdown(self) -> str:
        """The same for a page or a pull request."""
        from usermgr_bulk.sync._render import markdown_of  # noqa: PLC0415 - as above

        return markdown_of(self)


def digest_of_user(user: User) -> str:
    """What tells whether a user is as they were."""
    members = {
        "sub": user.sub, "enabled": user.enabled, "status": user.status.value, "attributes": dict(user.attributes)
    }  # fmt: skip
    return hashlib.sha256(_canonical(members)).hexdigest()


def digest_of_group(group: Group, members: Sequence[str]) -> str:
    """What tells whether a group has the same members, by their names, and the same values."""
    found = {"description": group.description, "precedence": group.precedence, "members": sorted(members)}
    return hashlib.sha256(_canonical(found)).hexdigest()


def _canonical(members: Mapping[str, Any]) -> bytes:
    return json.dumps(members, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode("ascii")

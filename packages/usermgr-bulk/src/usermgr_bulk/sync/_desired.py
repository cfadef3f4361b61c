"""What a store is wished to be. A member that is `None` is not managed; an empty list says that there is nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from usermgr_bulk.sync._values import settle

__all__ = ["Desired", "DesiredGroup", "DesiredUser", "Unmanaged"]

Lines = Mapping[str, int]
"""The lines of members, such as `attributes.email` or `groups.staff`."""


@dataclass(frozen=True, slots=True)
class DesiredUser:
    """A person who is to be there."""

    username: str
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])
    """Other attributes are left alone."""
    without: Sequence[str] = ()
    """The attributes that the person must not have."""
    enabled: bool | None = None
    groups: Sequence[str] | None = None
    """All managed groups of the person."""
    line: int | None = field(default=None, compare=False)
    lines: Lines = field(default_factory=dict[str, int], compare=False, repr=False)

    def __post_init__(self) -> None:
        settle(self, "attributes", "without", "groups", "lines")

    def line_of(self, member: str) -> int | None:
        """Where the member is, or else the entry."""
        return self.lines.get(member, self.line)


@dataclass(frozen=True, slots=True)
class DesiredGroup:
    """A group that is to be there."""

    name: str
    description: str | None = None
    """Empty for none."""
    precedence: int | None = None
    members: Sequence[str] | None = None
    """All managed people in the group."""
    line: int | None = field(default=None, compare=False)
    lines: Lines = field(default_factory=dict[str, int], compare=False, repr=False)

    def __post_init__(self) -> None:
        settle(self, "members", "lines")

    def line_of(self, member: str) -> int | None:
        """Where the member is, or else the entry."""
        return self.lines.get(member, self.line)


@dataclass(frozen=True, slots=True)
class Unmanaged:
    """Patterns (`*`, `?`, `[a-z]`) of names that are left alone."""

    users: Sequence[str] = ()
    groups: Sequence[str] = ()
    attributes: Sequence[str] = ()
    """Such attributes are given to people who are created, and left alone after that."""

    def __post_init__(self) -> None:
        settle(self, "users", "groups", "attributes")

    def group(self, name: str) -> bool:
        """Whether the group is left alone."""
        return any(fnmatchcase(name, pattern) for pattern in self.groups)

    def attribute(self, name: str) -> bool:
        """Whether the attribute of people who are there is left alone."""
        return any(fnmatchcase(name, pattern) for pattern in self.attributes)


@dataclass(frozen=True, slots=True)
class Desired:
    """What a store is wished to be, as a document declares it."""

    users: Sequence[DesiredUser] | None = None
    groups: Sequence[DesiredGroup] | None = None
    unmanaged: Unmanaged = field(default_factory=Unmanaged)

    def __post_init__(self) -> None:
        settle(self, "users", "groups")

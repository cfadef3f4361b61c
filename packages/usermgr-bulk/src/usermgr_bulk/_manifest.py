"""What an export holds, and what it could not take along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from usermgr import Capability, StoreDescription, Writer
from usermgr.codec import MismatchError, codec_for
from usermgr.errors import InvalidInputError

__all__ = ["NOT_CARRIED", "FileSum", "Manifest"]

VERSION = 1

NOT_CARRIED: Mapping[str, str] = {
    "passwords": "no store gives them out, not even hashed: set new ones, invite, or let users reset theirs",
    "mfa": "second factors belong to the store: users enrol anew",
    "sub": "is in the file, and every store gives its own: an import can write a map of old to new",
    "created_at": "is in the file, and every store keeps its own",
    "updated_at": "is in the file, and every store keeps its own",
    "status": "is in the file, and every store sets it by what happens to the account",
}
"""What no import brings into any store, and what helps."""


@dataclass(frozen=True, slots=True)
class FileSum:
    """One file of an export: how many lines it has, and the SHA-256 of its content."""

    lines: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The counts, the source and the checksums of an export. It is no snapshot: users may change between two times."""

    service: str
    """What held the users, such as `cognito`."""
    store: str | None
    began: datetime
    ended: datetime
    users: int
    groups: int
    memberships: int
    attributes: Mapping[str, int]
    """How many users have each attribute."""
    files: Mapping[str, FileSum]
    not_carried: Mapping[str, str] = field(default_factory=lambda: dict(NOT_CARRIED))
    """What no import brings into any store, and why."""
    manifest: int = VERSION

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return codec_for(Manifest).encode(self)

    @classmethod
    def from_dict(cls, members: Mapping[str, Any]) -> Self:
        """What `to_dict` wrote. Raises `InvalidInputError`."""
        if members.get("manifest") != VERSION:
            raise InvalidInputError(
                "this release cannot read the export: its manifest is of another version", field="manifest"
            )
        try:
            return codec_for(cls).decode(members)
        except MismatchError as mismatch:
            raise InvalidInputError(mismatch.describe("manifest"), field="manifest") from None

    def not_carried_into(self, store: StoreDescription) -> dict[str, str]:
        """What an import would not bring into that store, and why: `not_carried`, and what only this store lacks."""
        lost = dict(self.not_carried)
        for capability, what in (
            (Capability.GROUP_DESCRIPTIONS, "group_descriptions"),
            (Capability.GROUP_PRECEDENCE, "group_precedence"),
        ):
            if self.groups and not store.can(capability):
                lost[what] = "the store's groups have none"
        for name, count in self.attributes.items():
            known = store.attribute(name)
            if known is None and store.attributes:
                lost[name] = f"the store has no such attribute, and {count} users have it: rename it or drop it"
            elif known is not None and Writer.ADMINISTRATOR not in known.writers:
                lost[name] = f"only the service writes it, and {count} users have it: drop it"
        return lost

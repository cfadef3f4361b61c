"""What an import is told to do."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from usermgr import Medium
from usermgr.errors import InvalidInputError
from usermgr.validation import check_texts, check_type

__all__ = ["Existing", "ImportOptions", "one_of"]

E = TypeVar("E", bound=StrEnum)


class Existing(StrEnum):
    """What becomes of a row whose user is in the store already."""

    FAIL = "fail"
    SKIP = "skip"
    """The user is left alone."""
    UPDATE = "update"
    """The user is brought to what the row says; what the row does not say is left alone."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How rows become users. The default invites nobody and changes nobody who exists.

    Raises `InvalidInputError` for a member that is not what it must be; `field` names it.
    """

    existing: Existing = Existing.FAIL
    rename: Mapping[str, str] = field(default_factory=dict[str, str])
    """The new names of attributes, by the names in the input."""
    drop: Collection[str] = ()
    """The attributes of the input that are left out, by their names there. `sub` always is."""
    invite: Medium | None = None
    """By which medium each new user gets the store's own invitation; `None` for no invitation."""

    def __post_init__(self) -> None:
        for name, kind in (("existing", Existing), ("invite", Medium)):
            value = getattr(self, name)
            if value is not None or name == "existing":
                object.__setattr__(self, name, one_of(kind, name, value))
        check_type("rename", self.rename, Mapping)
        if isinstance(self.drop, str):
            raise InvalidInputError("drop must be names of attributes, in a list", field="drop")
        for option, names in (("rename", (*self.rename, *self.rename.values())), ("drop", self.drop)):
            for name in names:
                check_texts(**{option: name})

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON, for the journal."""
        return {
            "existing": self.existing.value,
            "rename": dict(sorted(self.rename.items())),
            "drop": sorted(self.drop),
            "invite": None if self.invite is None else self.invite.value,
        }


def one_of(kind: type[E], name: str, value: Any) -> E:
    """The member with that value: a text that equals one is not it, and would be taken for another policy."""
    for member in kind:
        if member.value == value:
            return member
    raise InvalidInputError(f"{name} must be one of {', '.join(kind)}", field=name)

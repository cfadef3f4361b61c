"""How a manager or a store reaches AWS, for checks that look at that and at nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from usermgr_aws._client import Connection
from usermgr_aws._sdk import SdkClient

__all__ = ["AwsAccess", "OnAws"]


@dataclass(frozen=True, slots=True)
class AwsAccess:
    """The client that all calls go through, and where clients of other services with the same identity come from."""

    client: SdkClient = field(repr=False)
    connection: Connection | None = None
    """`None` where the caller passed a client in: nobody can tell whose credentials such a one has."""


@runtime_checkable
class OnAws(Protocol):
    """A manager or a store that shows how it reaches AWS."""

    @property
    def aws(self) -> AwsAccess | None:
        """How; `None` where something else carries its requests."""
        ...

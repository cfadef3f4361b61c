"""The SDK's objects as callers hand them over: what a type checker knows of them with and without boto3-stubs."""

from __future__ import annotations

from typing import Any, Protocol

__all__ = ["SdkClient", "SdkSession"]


class SdkSession(Protocol):
    """A `boto3.session.Session`."""

    @property
    def region_name(self) -> Any:
        """Its Region, if it has one."""
        ...

    def client(self, *args: Any, **kwargs: Any) -> Any:
        """A client of a service."""
        ...


class SdkClient(Protocol):
    """A client of boto3 or botocore."""

    @property
    def meta(self) -> Any:
        """What the client knows of its service."""
        ...

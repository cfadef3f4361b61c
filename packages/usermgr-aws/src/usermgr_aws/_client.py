"""SDK clients: one place that decides how to reach a service, how long to wait, and how often to try."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from usermgr.errors import ConfigurationError
from usermgr_aws._failures import error_from_sdk

__all__ = ["MAX_CONNECTIONS", "CallLimits", "Connection"]

A_DAY = 86_400
"""Seconds: the longest time-out, because a socket takes no time that is not finite."""

MAX_CONNECTIONS = 50
"""How many connections a client keeps open unless it is told otherwise.

Each is opened when a thread needs it, so a larger number costs nothing. botocore's own is 10; with more threads than
that, each further call opens a connection of its own and closes it afterwards.
"""


@dataclass(frozen=True)
class CallLimits:
    """How long one call may take: `attempts` times (`connect` + `read`) seconds, and the pauses between them."""

    attempts: int = 3
    connect: float = 5
    read: float = 15


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach AWS: the Region and, where they are given, a session or profile of the SDK, and an endpoint."""

    region: str
    session: Any = field(default=None, repr=False)
    """A `boto3.session.Session` to take credentials and configuration from, instead of a new one."""
    profile: str | None = None
    endpoint_url: str | None = None
    max_connections: int = MAX_CONNECTIONS
    """As many as threads call at the same time; further calls are made over connections that are not kept."""

    def client(self, service: str, limits: CallLimits) -> Any:
        """A client of the service; thread-safe, so one for all threads.

        Raises an error of `usermgr.errors` where the SDK's configuration does not allow it, and `ConfigurationError`
        where what is given here is malformed or contradicts itself.
        """
        problems = [*self._problems(), *_limit_problems(limits)]
        if problems:
            raise ConfigurationError("; ".join(problems), problems=problems, operation="CreateClient")
        import boto3  # noqa: PLC0415 - the SDK loads when it is needed
        from botocore.config import Config  # noqa: PLC0415 - the same
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - the same

        config = Config(
            # Named, because botocore's default (legacy) does not retry Cognito's TooManyRequestsException:
            # https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
            retries={"mode": "standard", "total_max_attempts": limits.attempts},
            connect_timeout=limits.connect,
            read_timeout=limits.read,
            max_pool_connections=self.max_connections,
        )
        try:
            session: Any = self.session or boto3.session.Session(profile_name=self.profile)
            return session.client(service, region_name=self.region, endpoint_url=self.endpoint_url, config=config)
        except (BotoCoreError, ValueError) as error:  # botocore reports a malformed endpoint as a ValueError
            # Nothing was sent yet, so it is the configuration that is wrong.
            raise error_from_sdk(error, "CreateClient", otherwise=ConfigurationError) from error

    def _problems(self) -> Iterator[str]:
        if self.session is not None and self.profile is not None:
            yield "session and profile are both given: pass one of them, because a session has a profile of its own"
        if self.session is not None and not hasattr(self.session, "client"):
            yield "session must be a boto3.session.Session"
        if self.profile is not None and not isinstance(self.profile, str):  # pyright: ignore[reportUnnecessaryIsInstance] - for callers without types
            yield "profile must be the name of a profile"
        if self.endpoint_url is not None and not _is_url(self.endpoint_url):
            yield "endpoint_url must be an address such as https://localhost:4566"
        count = self.max_connections
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:  # pyright: ignore[reportUnnecessaryIsInstance] - for callers without types
            yield "max_connections must be a whole number of at least 1"


def _is_url(value: object) -> bool:
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
        return parts is not None and parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a malformed port, or half an IPv6 address
        return False


def _limit_problems(limits: CallLimits) -> Iterator[str]:
    for name, seconds in (("connect_timeout", limits.connect), ("read_timeout", limits.read)):
        is_number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)  # pyright: ignore[reportUnnecessaryIsInstance] - for callers without types
        if not is_number or not 0 < seconds <= A_DAY:
            yield f"{name} must be a number of seconds, more than 0 and at most {A_DAY}"

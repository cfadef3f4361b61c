"""Checks of what every AWS-facing package needs: credentials, a way to the service, and a clock that is right.

They look at whatever in a subject shows how it reaches AWS (`OnAws`). Nothing here needs a permission.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, cast
from urllib.parse import urlsplit

from usermgr.checks import Finding, Severity, Subject
from usermgr.errors import NoCredentialsError, UsermgrError
from usermgr_aws._access import AwsAccess, OnAws
from usermgr_aws._caller import CALLER_LIMITS, caller_identity
from usermgr_aws._client import Connection
from usermgr_aws._failures import error_from_sdk

__all__ = ["CHECK_LIMITS", "clock", "credentials", "not_allowed", "reachable"]

CHECK_LIMITS = CALLER_LIMITS
"""Somebody waits for the answer of a check."""

MAX_SKEW = 300.0
"""Seconds by which the clock of a signed request may be wrong.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
"""

NOTABLE_SKEW = 60.0


def not_allowed(check: str, what: str, action: str, resource: str) -> Finding:
    """The finding for a check that AWS denies: what could not be looked at, and the action that it lacks."""
    return Finding(
        check, Severity.WARNING, f"{what} could not be checked: the caller may not use {action}",
        {"action": action, "resource": resource}, f"allow {action} on {resource}",
    )  # fmt: skip


# --- Who the caller is -------------------------------------------------------------------------------


def credentials(subject: Subject) -> Iterator[Finding]:
    """There are credentials, AWS knows them, and whose they are."""
    told: set[Any] = set()
    for access in _accesses(subject):
        connection = access.connection
        if connection is None:
            yield Finding(
                "aws.credentials", Severity.WARNING, "a client was passed in, so whose credentials it has is not known",
                remedy="pass session= or profile= instead of client=",
            )  # fmt: skip
            continue
        identity = (id(connection.session), connection.profile)
        if identity not in told:
            told.add(identity)
            yield _caller(connection)


def _caller(connection: Connection) -> Finding:
    check = "aws.credentials"
    try:
        caller = caller_identity(connection)
    except UsermgrError as error:
        return _no_caller(check, error)
    arn = str(caller.get("Arn", ""))
    evidence = {"arn": arn, "account": str(caller.get("Account", ""))}
    if arn.endswith(":root"):
        return Finding(
            check, Severity.WARNING, "requests are made as the root user of the account", evidence,
            "use a role that may only do what is needed",
        )  # fmt: skip
    return Finding(check, Severity.OK, f"requests are made as {arn}", evidence)


def _no_caller(check: str, error: UsermgrError) -> Finding:
    if isinstance(error, NoCredentialsError):
        return Finding(
            check, Severity.FAILURE, error.message, {"code": error.code},
            "give the SDK credentials that AWS knows: set AWS_PROFILE, or sign in with your SSO",
        )  # fmt: skip
    return Finding(
        check, Severity.WARNING, f"who the caller is could not be asked: {error.message}", {"code": error.code},
        "let this machine reach STS, where AWS tells who a caller is; nothing else of usermgr needs it",
    )  # fmt: skip


# --- The way there, and the time -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one request without a signature brought: whatever answered, somebody is there."""

    seconds: float
    date: str | None


def reachable(subject: Subject) -> Iterator[Finding]:
    """Each service's endpoint answers."""
    for access in _accesses(subject):
        name = _service(access)
        url: str = access.client.meta.endpoint_url
        host = str(urlsplit(url).hostname)
        try:
            answer = _ask(access)
        except UsermgrError as error:
            yield Finding(
                "aws.reachable", Severity.FAILURE, f"{name} cannot be reached at {host}: {error.message}",
                {"service": name, "endpoint": host, "code": error.code},
                "check AWS_REGION, the proxy, and the route or the VPC endpoint to the service",
            )  # fmt: skip
            continue
        took = f"{answer.seconds * 1000:.0f} ms"
        yield Finding(
            "aws.reachable", Severity.OK, f"{name} answers at {host} in {took}",
            {"service": name, "endpoint": host, "took": took},
        )  # fmt: skip


def clock(subject: Subject) -> Iterator[Finding]:
    """This machine's clock is that of AWS, or signatures are refused; told by the first service that answers."""
    unanswered: str | None = None
    for access in _accesses(subject):
        try:
            answer = _ask(access)
        except UsermgrError as problem:
            unanswered = problem.code
            continue
        yield _skew(subject.now(), answer)
        return
    if unanswered is not None:
        yield Finding(
            "aws.clock", Severity.WARNING, "the clock could not be compared: no service answered", {"code": unanswered},
            "see the finding of aws.reachable",
        )  # fmt: skip


def _skew(now: float, answer: _Answer) -> Finding:
    try:
        # The header is whole seconds, so half a second is added; and it was written about half-way through the call.
        there = parsedate_to_datetime(answer.date or "").timestamp() + 0.5
    except ValueError:
        return Finding(
            "aws.clock", Severity.WARNING, "the clock could not be compared: the answer has no Date",
            remedy="let the proxy on the way pass the header Date",
        )  # fmt: skip
    skew = now - answer.seconds / 2 - there
    evidence = {"seconds_ahead": f"{skew:.0f}"}
    told = f"this machine's clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} AWS's"
    if abs(skew) < NOTABLE_SKEW:
        return Finding("aws.clock", Severity.OK, told, evidence)
    severity = Severity.FAILURE if abs(skew) >= MAX_SKEW else Severity.WARNING
    refused = f", and from {MAX_SKEW:.0f} s on signatures are refused"
    return Finding("aws.clock", severity, told + refused, evidence, "let NTP set this machine's clock")


def _ask(access: AwsAccess) -> _Answer:
    """One GET without a signature, which every service answers, if only with a refusal."""
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415 - the SDK loads when it is needed
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - the same
    from botocore.httpsession import URLLib3Session  # noqa: PLC0415 - the same
    from botocore.utils import get_environ_proxies  # noqa: PLC0415 - the same

    url: str = access.client.meta.endpoint_url
    http = URLLib3Session(
        timeout=cast("Any", (CHECK_LIMITS.connect, CHECK_LIMITS.read)),  # the stub lacks pairs
        proxies=access.client.meta.config.proxies or get_environ_proxies(url),
        verify=cast("Any", os.environ.get("AWS_CA_BUNDLE") or True),  # a path too, which the stub lacks
    )
    started = time.monotonic()
    try:
        response = http.send(AWSRequest("GET", url.rstrip("/") + "/").prepare())
    except BotoCoreError as error:
        raise error_from_sdk(error, _service(access)) from error
    finally:
        seconds = time.monotonic() - started
        http.close()
    return _Answer(seconds, response.headers.get("Date"))


def _service(access: AwsAccess) -> str:
    return str(access.client.meta.service_model.service_name)


def _accesses(subject: Subject) -> Iterator[AwsAccess]:
    for part in (subject.users, subject.activity):
        access = part.aws if isinstance(part, OnAws) else None
        if access is not None:
            yield access

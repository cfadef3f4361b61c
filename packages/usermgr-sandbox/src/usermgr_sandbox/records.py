"""What the sandbox tells about the requests that it saw: shared by the server that writes and the client that reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

ACCOUNT_ID = "123456789012"
"""moto's account. It is the only one in the sandbox."""

REGION = "ap-northeast-1"

ROOT_ACCESS_KEY_ID = "AKIAUSERMGRSANDBOX01"
"""The sandbox's own static key: the account's root, which no policy restricts."""

ROOT_SECRET_ACCESS_KEY = "sandbox/not/a/secret/of/any/real/account"  # noqa: S105 - opens nothing but a loopback port

CONTROL_PREFIX = "/_sandbox/"
"""Paths under it are the sandbox's own, and no AWS service's."""


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One answered AWS call.

    ``index`` counts from 1 in the order of answers. ``principal`` is ``"root"``, an IAM user's ARN, an assumed
    role's ARN (``arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION``), a service such as ``cognito-idp.amazonaws.com``
    for a call that AWS makes by itself, or ``"anonymous"`` for an unsigned request. ``error_code`` is the service's
    error code for a status of 400 and above.
    """

    index: int
    service: str
    operation: str
    principal: str
    status: int
    time: datetime
    error_code: str | None = None

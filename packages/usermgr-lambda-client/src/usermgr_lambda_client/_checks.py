"""The checks of the settings and of the management function: that it can be invoked, its release, what it allows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.metadata import version

from usermgr import wire
from usermgr.checks import Finding, Severity, Subject
from usermgr.errors import (
    AccessDeniedError,
    OperationNotAllowedError,
    ProtocolError,
    RemoteNotFoundError,
    UsermgrError,
)
from usermgr.operations import OPERATIONS
from usermgr.settings import with_origins
from usermgr_aws import not_allowed
from usermgr_lambda_client._manager import LambdaUserManager
from usermgr_lambda_client._settings import LambdaSettings
from usermgr_lambda_client._transport import LambdaTransport

__all__ = ["function", "settings"]

CHECK = "lambda.function"


def settings(subject: Subject) -> Iterator[Finding]:
    """Which function is called, in which Region, and where both come from."""
    check, users = "lambda.settings", subject.users
    if isinstance(users, LambdaUserManager) and isinstance(users.transport, LambdaTransport):
        found = users.transport.settings
    elif users is None and subject.environ.get("USERMGR_BACKEND") == "lambda":
        found = LambdaSettings.read(environ=None if subject.environ is os.environ else subject.environ)
    else:
        return
    values = {"region": found.region, "function_name": found.function_name}
    evidence = with_origins(values, found.origins)
    yield Finding(check, Severity.OK, f"the function is {found.function_name} in {found.region}", evidence)


def function(subject: Subject) -> Iterator[Finding]:
    """The function answers, is of the client's release, and says what it allows."""
    users = subject.users
    if not isinstance(users, LambdaUserManager):
        return
    name = repr(users.transport)
    try:
        reply = users.transport.invoke(wire.encode_request(OPERATIONS["describe"], {}))
    except AccessDeniedError as error:
        if error.code != AccessDeniedError.code:  # no credentials, for one
            raise
        yield not_allowed(CHECK, "the function", "lambda:InvokeFunction", "the management function")
        return
    except RemoteNotFoundError as error:
        remedy = "set LAMBDA_NAME_USERMGR to the function's name"
        yield Finding(CHECK, Severity.FAILURE, error.message, {"code": error.code}, remedy)
        return
    ours, theirs = version("usermgr-core"), wire.peer_version(reply)
    evidence = {"function": name, "ours": ours, "theirs": theirs or "not told", **_allowed(users)}
    if theirs != ours:
        yield Finding(
            CHECK, Severity.WARNING, f"the function is of release {evidence['theirs']}, and its caller of {ours}",
            evidence, f"deploy the function from release {ours}",
        )  # fmt: skip
        return
    try:
        described = wire.decode_reply(OPERATIONS["describe"], reply)
    except UsermgrError as error:
        yield Finding(
            CHECK, Severity.FAILURE, f"the function answers, and cannot use its store: {error.message}",
            {**evidence, "code": error.code}, "read the function's log, and correct its settings or its role",
        )  # fmt: skip
        return
    if described.store:
        evidence["store"] = described.store
    sign_in = "" if evidence["sign_in"] == "yes" else ", without sign-in"
    yield Finding(CHECK, Severity.OK, f"the function answers: {evidence['access']} access{sign_in}", evidence)


def _allowed(users: LambdaUserManager) -> dict[str, str]:
    """What the function allows: asked with calls that lack their arguments, so that none can do anything."""
    return {
        "access": "full" if _allows(users, "enable_user") else "read-only",
        "sign_in": "yes" if _allows(users, "refresh") else "no",
    }


def _allows(users: LambdaUserManager, name: str) -> bool:
    operation = OPERATIONS[name]
    try:
        wire.decode_reply(operation, users.transport.invoke(wire.encode_request(operation, {})))
    except OperationNotAllowedError:
        return False
    except UsermgrError as error:
        if isinstance(error, ProtocolError):
            raise
    return True

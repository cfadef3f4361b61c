"""The check of the management function: that it can be invoked, its release, and what it allows."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version

from usermgr import wire
from usermgr.checks import Finding, Severity, Subject
from usermgr.errors import AccessDeniedError, OperationNotAllowedError, ProtocolError, RemoteNotFoundError, UsermgrError
from usermgr.operations import OPERATIONS
from usermgr_aws import not_allowed
from usermgr_lambda_client._manager import LambdaUserManager

__all__ = ["function"]

CHECK = "lambda.function"


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

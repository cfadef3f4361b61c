"""The wire protocol, derived from `usermgr.operations`: nothing here names an operation.

The table of operations is what can be allowed, and its annotations make the codecs. A request and its reply are JSON
objects::

    {"v": 1, "op": "get_user", "args": {"username": "alice"}}
    {"v": 1, "version": "0.1.0", "result": {...}}
    {"v": 1, "version": "0.1.0", "error": {"code": "user_not_found", "message": "...", "details": {...}}}

The two sides are deployed at different times. An argument with its default value is not sent, so an argument that the
function does not know would change what is done: it is refused. An operation that it does not know is answered with
`UnsupportedOperationError`. Any other member that a peer does not know is ignored, and a missing one takes its default.
Every other change needs a higher `VERSION`.

A request may say on whose behalf it is made, in the member `claimed_actor`. It is what the caller says, and nobody has
verified it: it is for logs, and decides nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, cast, get_args, get_origin

from usermgr import codec
from usermgr._manager import UserManager
from usermgr.errors import (
    InvalidInputError,
    OperationNotAllowedError,
    ProtocolError,
    UnsupportedOperationError,
    UsermgrError,
    VersionMismatchError,
    errors_by_code,
)
from usermgr.operations import OPERATIONS, V1_0, Operation

__all__ = [
    "MAX_REPLY_BYTES",
    "MAX_TEXT",
    "VERSION",
    "claimed_actor",
    "decode_reply",
    "encode_request",
    "error_reply",
    "peer_version",
    "serve",
]

VERSION = 1

MAX_TEXT, MAX_EVIDENCE = 2_000, 50
"""Characters of a text, and pieces of evidence, that are taken over from a peer's error."""

_IDENTIFIER = re.compile(r"[a-z][a-z_]{0,63}")
"""What the name of an operation looks like, in whatever release."""

MAX_ACTOR = 256
"""Characters of the name that a caller says it acts for."""

_RELEASE = re.compile(r"[0-9A-Za-z.+!-]{1,64}")
"""What the version of a package looks like: whatever a peer tells may end in a log."""

MAX_REPLY_BYTES = 5 * 1024 * 1024
"""Where a page is halved: under the 6 MB that a synchronous invocation can answer with."""


@dataclass(frozen=True, slots=True)
class _Codecs:
    """How the arguments and the result of one operation travel."""

    parameters: Mapping[str, codec.Codec]
    result: codec.Codec


_CODECS = {
    operation.name: _Codecs(
        parameters={name: codec.codec_for(annotation) for name, annotation in operation.parameters.items()},
        result=codec.codec_for(operation.result),
    )
    for operation in OPERATIONS.values()
}


# --- The calling side --------------------------------------------------------------------------------


def encode_request(operation: Operation, arguments: Mapping[str, Any], *, claimed_actor: str | None = None) -> bytes:
    """The request for a call with these arguments, by name, on behalf of somebody where that is said.

    Raises:
        InvalidInputError: an argument has the wrong type; its value is not repeated.
    """
    args: dict[str, Any] = {}
    for name, value in arguments.items():
        try:
            encoded = _CODECS[operation.name].parameters[name].encode(value)
        except codec.MismatchError as mismatch:
            raise _invalid(operation, name, mismatch) from None
        if name not in operation.defaults or value != operation.defaults[name]:
            args[name] = encoded
    request: dict[str, Any] = {"v": VERSION, "op": operation.name, "args": args}
    if claimed_actor is not None:
        request["claimed_actor"] = _clean(claimed_actor, MAX_ACTOR)
    return json.dumps(request, separators=(",", ":")).encode()


def decode_reply(operation: Operation, reply: bytes) -> Any:
    """The result that a reply carries, or raises the error that it carries.

    Raises:
        VersionMismatchError: the peer speaks another version of the protocol.
        ProtocolError: the reply is not part of the protocol; none of its text is repeated.
    """
    try:
        body = json.loads(reply)
    except (ValueError, RecursionError):
        raise ProtocolError("the reply is not JSON") from None
    members = _object(body)
    if members is None or "v" not in members:
        raise ProtocolError("the reply is not an object with a version")
    if members["v"] != VERSION:
        raise _mismatch(members["v"])
    if "error" in members:
        error = _decode_error(members["error"])
        # 1.0 answered so where it did not know the operation, and a request of ours is never malformed.
        if type(error) is ProtocolError and operation.since != V1_0:
            raise _older(operation.name)
        raise error
    if "result" not in members:
        raise ProtocolError("the reply has neither a result nor an error")
    try:
        return _CODECS[operation.name].result.decode(members["result"])
    except codec.MismatchError as mismatch:
        raise ProtocolError(mismatch.describe("result")) from None


def peer_version(reply: bytes) -> str | None:
    """The release of the peer that made this reply, or `None` where it does not tell one that reads as a release."""
    try:
        members = _object(json.loads(reply)) or {}
    except (ValueError, RecursionError):
        return None
    told = members.get("version")
    return told if isinstance(told, str) and _RELEASE.fullmatch(told) else None


def _decode_error(body: Any) -> UsermgrError:
    match body:
        case {"code": str(code), "message": str(message)}:
            cls = errors_by_code().get(code)
            evidence = _clean_evidence(_object(cast("dict[str, Any]", body).get("details")) or {})
            if cls is None:  # from a newer peer: the root class keeps the code as evidence
                return UsermgrError.from_wire(_clean(message), {**evidence, "code": _clean(code)})
            return cls.from_wire(_clean(message), evidence)
        case _:
            return ProtocolError("the reply's error has no code and message")


def _clean_evidence(details: Mapping[str, Any]) -> dict[str, Any]:
    """The evidence that has a type which evidence may have, bounded; the rest of what a peer sent is dropped."""
    clean: dict[str, Any] = {}
    for name, value in list(details.items())[:MAX_EVIDENCE]:
        if isinstance(value, str):
            clean[_clean(name)] = _clean(value)
        elif isinstance(value, list) and all(isinstance(item, str) for item in cast("list[Any]", value)):
            clean[_clean(name)] = [_clean(item) for item in cast("list[str]", value)[:MAX_EVIDENCE]]
        elif value is None or isinstance(value, (bool, int, float)):
            clean[_clean(name)] = value
    return clean


def _clean(text: str, most: int = MAX_TEXT) -> str:
    """The text without control characters, which could forge a line of a log, and of bounded length."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text[:most])


# --- The serving side --------------------------------------------------------------------------------


def serve(
    manager: UserManager,
    request: Any,
    *,
    allowed: Collection[str],
    max_reply_bytes: int = MAX_REPLY_BYTES,
) -> dict[str, Any]:
    """Runs one request (a parsed JSON value) and answers with the reply, as a JSON-ready object.

    `allowed` are the names of the operations that a caller may ask for, such as
    `usermgr.operations.allowed_operations(Access.READ)`.

    Every `UsermgrError` becomes an error reply. A page that would be larger than `max_reply_bytes` is asked
    for again with half the limit, so that a page of heavy users arrives as two.
    """
    try:
        operation, arguments = _decode_request(request, allowed)
        call: Callable[..., Any] = getattr(manager, operation.name)
        while True:
            result = _CODECS[operation.name].result.encode(call(**arguments))
            limit = arguments.get("limit", operation.defaults.get("limit"))
            if limit is None or limit == 1 or len(json.dumps(result)) <= max_reply_bytes:
                break
            arguments["limit"] = limit // 2
    except UsermgrError as error:
        return error_reply(error)
    return _reply(result=result)


def claimed_actor(request: Any) -> str | None:
    """On whose behalf the request says that it is made: not verified, of bounded length, without control characters."""
    claimed = (_object(request) or {}).get("claimed_actor")
    return _clean(claimed, MAX_ACTOR) if isinstance(claimed, str) and claimed else None


def error_reply(error: UsermgrError) -> dict[str, Any]:
    """The reply that carries an error."""
    return _reply(error={"code": _code(error), "message": error.message, "details": error.details})


def _decode_request(request: Any, allowed: Collection[str]) -> tuple[Operation, dict[str, Any]]:
    members = _object(request)
    if members is None or "v" not in members:
        raise ProtocolError("the request is not an object with a version")
    if members["v"] != VERSION:
        raise _mismatch(members["v"])
    name, args = members.get("op"), _object(members.get("args", {}))
    if not isinstance(name, str) or not _IDENTIFIER.fullmatch(name):
        raise ProtocolError("the request does not name an operation")
    if name not in OPERATIONS:
        raise _older(name)
    if name not in allowed:
        raise OperationNotAllowedError(operation=name)
    if args is None:
        raise ProtocolError("the request's args are not an object")
    operation = OPERATIONS[name]
    unknown = sorted(args.keys() - operation.parameters.keys())
    if unknown:
        raise ProtocolError(f"{name} has no argument {unknown[0]} here: the function is older than its caller")
    arguments: dict[str, Any] = {}
    for parameter, parameter_codec in _CODECS[name].parameters.items():
        if parameter in args:
            try:
                arguments[parameter] = parameter_codec.decode(args[parameter])
            except codec.MismatchError as mismatch:
                raise _invalid(operation, parameter, mismatch) from None
        elif parameter not in operation.defaults:
            raise InvalidInputError(f"{name} needs {parameter}", field=parameter)
    return operation, arguments


def _older(operation: str) -> UnsupportedOperationError:
    return UnsupportedOperationError(
        f"the function does not know {operation}: it is older than its caller. Redeploy the function from the release "
        "that the caller uses",
        operation=operation,
    )


def _invalid(operation: Operation, parameter: str, mismatch: codec.MismatchError) -> InvalidInputError:
    """The error names the parameter or, of a mapping such as `attributes`, the member that is wrong."""
    annotation = operation.parameters[parameter]
    is_mapping = Mapping in {get_origin(kind) for kind in (annotation, *get_args(annotation))}
    field = str(mismatch.path[0]) if is_mapping and mismatch.path else parameter
    return InvalidInputError(mismatch.describe(parameter), field=field)


def _object(value: Any) -> dict[str, Any] | None:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _reply(**outcome: Any) -> dict[str, Any]:
    return {"v": VERSION, "version": version("usermgr-core"), **outcome}


def _code(error: UsermgrError) -> str:
    """The code of the nearest class of the core tree: a peer knows no others."""
    known = errors_by_code().values()
    return next(cls.code for cls in type(error).__mro__ if issubclass(cls, UsermgrError) and cls in known)


def _mismatch(theirs: Any) -> VersionMismatchError:
    number = theirs if isinstance(theirs, int) else None
    return VersionMismatchError(ours=VERSION, theirs=number)

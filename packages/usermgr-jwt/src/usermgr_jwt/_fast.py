"""The decoders of `_strict`, with orjson and pybase64 (the extra `fast`): the same verdicts in less time.

Where the fast library's answer could differ from the strict decoder's, the strict decoder decides. So nothing here
accepts more; a test compares both on all hostile input.
"""

# The libraries are optional: where they are not installed their types are not known.
# pyright: reportMissingImports=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from typing import Any

import orjson
import pybase64

from usermgr_jwt import _strict
from usermgr_jwt._strict import is_flat, to_base64

__all__ = ["b64url_decode", "json_object"]


def b64url_decode(segment: bytes) -> bytes:
    """As `_strict.b64url_decode`. With `validate`, pybase64 refuses what a2b_base64's strict mode refuses."""
    return pybase64.b64decode(to_base64(segment), validate=True)


def json_object(data: bytes) -> dict[str, Any]:
    """As `_strict.json_object`.

    orjson does not notice duplicate members, and rounds large numbers. But when writing the value gives exactly the
    bytes that were read, they were its one compact form: no duplicate, no rounded number. Cognito's payloads have
    that form. All others go to the strict decoder.
    """
    value: Any
    try:
        value = orjson.loads(data)
    except ValueError:
        return _strict.json_object(data)
    if type(value) is not dict or not is_flat(data) or orjson.dumps(value) != data:
        return _strict.json_object(data)
    members: dict[str, Any] = value  # pyright: ignore[reportUnknownVariableType]
    return members

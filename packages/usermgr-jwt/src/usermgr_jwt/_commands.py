"""The commands of `python -m usermgr_jwt` and `usermgr`, as functions: plain values in, a dict that JSON can hold out.

They print nothing and parse no arguments, so that another command line can call them. Each raises what the package
raises: a VerifierError, which `failure` turns into an exit status and a dict, or ValueError for a wrong setting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from usermgr_jwt import errors
from usermgr_jwt._jwks_file import JwksFile
from usermgr_jwt._jws import split
from usermgr_jwt._sources import HttpsSource, InvokeSource
from usermgr_jwt._sources import pull as pull_file
from usermgr_jwt._strict import b64url_decode, json_object
from usermgr_jwt._verifier import CognitoVerifier

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import BinaryIO

    from usermgr_jwt._sources import KeysSource

__all__ = ["Failure", "decode", "failure", "pull", "read_token", "source_of", "status", "verify"]

_MAX_TOKEN_INPUT = 1 << 20  # bytes; a token of that length is refused anyway


class Failure(NamedTuple):
    """The outcome of a command that raised a VerifierError."""

    exit_status: int
    result: dict[str, Any]


# The most specific class first; every VerifierError that a command can raise is below one of these.
_FAILURES: dict[type[errors.VerifierError], tuple[int, str]] = {
    errors.TokenError: (1, "refused"),
    errors.KeysTooOldError: (3, "stale"),
    errors.KeysNotFoundError: (4, "missing"),
    errors.KeysFileError: (5, "broken"),
    errors.KeysInvalidError: (5, "broken"),
    errors.KeysSourceError: (6, "failed"),
    errors.KeysReplacementError: (7, "failed"),
}


def failure(error: errors.VerifierError) -> Failure:
    """The exit status of an error, and a dict with `state` and `error` (`code` and `message`)."""
    exit_status, state = next(row for kind, row in _FAILURES.items() if isinstance(error, kind))
    return Failure(exit_status, {"state": state, "error": {"code": error.code, "message": str(error)}})


def read_token(file: BinaryIO) -> str:
    """The token in an open file. Never from the command line: every user of the machine can read that in `ps`."""
    return file.read(_MAX_TOKEN_INPUT).decode("ascii", "replace").strip()


def source_of(
    *,
    user_pool_id: str | None = None,
    endpoint: str | None = None,
    fips: bool = False,
    issuer: str | None = None,
    url: str | None = None,
    reply: bytes | None = None,
) -> KeysSource:
    """The source of keys: the download function's `reply` (or a JWKS), else a `url`, else an `issuer`, else a pool.

    `endpoint` and `fips` are those of `HttpsSource.for_pool`, and an error with another source.
    """
    if (endpoint is not None or fips) and (reply, url, issuer) != (None, None, None):
        raise ValueError("endpoint and fips belong to a user pool id, and to no other source")
    if reply is not None:
        return InvokeSource(lambda _event: reply)
    if url is not None:
        return HttpsSource(url)
    if issuer is not None:
        return HttpsSource.for_issuer(issuer)
    if user_pool_id is not None:
        return HttpsSource.for_pool(user_pool_id, endpoint=endpoint, fips=fips)
    raise ValueError("a user pool id, an issuer, a URL or a reply is needed to know where the keys come from")


def pull(file: str, source: KeysSource, *, replace_all: bool = False) -> dict[str, Any]:
    """Write the JWKS file from `source`: `state`, `file`, and the key ids `key_ids`, `added` and `removed`."""
    result = pull_file(source, file, replace_all=replace_all)
    return {"state": "written", "file": file} | result._asdict()


def status(file: str, *, max_age: float | None = None) -> dict[str, Any]:
    """Read the JWKS file: `state`, `file`, `age` (seconds, None when unknown), `key_ids` and `warnings` (sentences)."""
    keys = JwksFile(file, max_age=max_age)
    key_ids = sorted(keys.current().key_ids)
    age = keys.age()
    return {
        "state": "fresh",
        "file": file,
        "age": None if age is None else round(age),
        "key_ids": key_ids,
        "warnings": keys.warnings(),
    }


def verify(
    file: str,
    token: str,
    *,
    user_pool_id: str | None = None,
    issuer: str | None = None,
    client_id: str | Collection[str] | None,
    token_use: Literal["access", "id"] | None,
    groups: Collection[str] | None = None,
    scopes: Collection[str] | None = None,
    leeway: float = 0,
    max_age: float | None = None,
) -> dict[str, Any]:
    """Verify `token` with the JWKS file: `state` and `claims`. The settings are those of `CognitoVerifier`."""
    verifier = CognitoVerifier(
        user_pool_id=user_pool_id,
        issuer=issuer,
        client_id=client_id,
        token_use=token_use,
        keys=JwksFile(file, max_age=max_age),
        groups=groups,
        scopes=scopes,
        leeway=leeway,
    )
    return {"state": "verified", "claims": verifier.verify(token).to_dict()}


def decode(token: str) -> dict[str, Any]:
    """Decode `token` without verifying it: `state`, `header` and `claims`."""
    _, header, payload, _ = split(token)
    try:
        parts = {"header": json_object(b64url_decode(header)), "claims": json_object(b64url_decode(payload))}
    except ValueError:
        problem = "its header or payload is not a strict JSON object in canonical base64url"
        raise errors.TokenFormatError(problem) from None
    return {"state": "NOT VERIFIED: anybody could have written this"} | parts

"""Where a JWKS file comes from, and how it is written.

A source returns the bytes of a JWKS document; `pull` checks them and replaces the file. Nothing here runs while a
token is verified.
"""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from usermgr_jwt._addresses import check_url, jwks_url, jwks_url_of_issuer
from usermgr_jwt._files import absolute, check_regular, read_document
from usermgr_jwt._keys import MAX_DOCUMENT, parse_jwks
from usermgr_jwt._strict import json_object
from usermgr_jwt.errors import (
    KeysError,
    KeysFileError,
    KeysReplacementError,
    KeysSourceError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from usermgr_jwt._keys import KeySet

__all__ = ["HttpsSource", "InvokeSource", "KeysSource", "PullResult", "pull"]

_MAX_TOLD = 200  # characters of a function's own error that a message may show


class KeysSource(Protocol):
    """Anything that can get a JWKS document."""

    @property
    def name(self) -> str:
        """How errors name the source. It must not contain a secret."""
        ...

    def fetch(self) -> bytes:
        """The document, not yet checked; KeysSourceError when it cannot be read."""
        ...


class HttpsSource:
    """A JWKS address, read with the standard library: only HTTPS, or HTTP on a loopback address; no redirects.

    `timeout`: seconds for connecting, and for the whole answer. Proxies come from the environment, as for urllib.
    """

    def __init__(self, url: str, *, timeout: float = 5.0) -> None:
        check_url("url", url, query=True)
        self.name = url.partition("#")[0].partition("?")[0]  # a query may hold a signature
        self._url = url
        self._timeout = timeout

    @classmethod
    def for_pool(
        cls, user_pool_id: str, *, endpoint: str | None = None, fips: bool = False, timeout: float = 5.0
    ) -> HttpsSource:
        """The address at which Cognito publishes a pool's keys: in the Region's partition, or at its FIPS endpoint.

        `endpoint` replaces Cognito's host, for a proxy or an emulator; a pool id then needs no Region.
        """
        return cls(jwks_url(user_pool_id, endpoint=endpoint, fips=fips), timeout=timeout)

    @classmethod
    def for_issuer(cls, issuer: str, *, timeout: float = 5.0) -> HttpsSource:
        """The address at which an issuer publishes its keys: `.well-known/jwks.json` below it."""
        return cls(jwks_url_of_issuer(issuer), timeout=timeout)

    def fetch(self) -> bytes:
        """GET the address."""
        from http.client import HTTPException  # noqa: PLC0415
        from urllib.error import HTTPError  # noqa: PLC0415

        from usermgr_jwt._http import open_without_redirects  # noqa: PLC0415

        document = bytearray()
        try:
            with open_without_redirects(self._url, self._timeout) as response:
                while chunk := response.read1(1 << 16):
                    document += chunk
                    if len(document) > MAX_DOCUMENT:
                        raise KeysSourceError(self.name, f"it answered with more than {MAX_DOCUMENT} bytes")
        except HTTPError as error:
            error.close()
            raise KeysSourceError(self.name, f"it answered with status {error.code}") from error
        except TimeoutError as error:
            problem = f"the request failed (it took longer than {self._timeout:g} s)"
            raise KeysSourceError(self.name, problem) from error
        except (OSError, HTTPException, ValueError) as error:  # ValueError: a proxy's address, or a host's encoding
            reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
            raise KeysSourceError(self.name, f"the request failed ({reason})") from error
        return bytes(document)


class InvokeSource:
    """The download function, through any `invoke(bytes) -> bytes` such as that of usermgr-lambda-client.

    The function answers with the JWKS document itself, or with `{"error": {"code": ..., "message": ...}}`.
    What `invoke` itself raises comes through unchanged.
    """

    name = "the download function"

    def __init__(self, invoke: Callable[[bytes], bytes]) -> None:
        self._invoke = invoke

    def fetch(self) -> bytes:
        """Invoke the function with an empty event."""
        reply = self._invoke(b"{}")
        if not isinstance(reply, bytes):  # pyright: ignore[reportUnnecessaryIsInstance] - callers without types
            raise KeysSourceError(self.name, f"invoke must return bytes, not {type(reply).__name__}")
        try:
            error = json_object(reply).get("error")
        except ValueError:
            raise KeysSourceError(self.name, "its reply is not a strict JSON object") from None
        if error is not None:
            evidence = cast("dict[str, object]", error) if isinstance(error, dict) else {}
            raise KeysSourceError(self.name, f"{_told(evidence.get('code'))}: {_told(evidence.get('message'))}")
        return reply


def _told(value: object) -> str:
    """A value from a reply as a message may show it: on one line, and cut."""
    text = value if isinstance(value, str) else repr(value)
    return ascii(text[:_MAX_TOLD])[1:-1]


class PullResult(NamedTuple):
    """What `pull` did to the file. Key ids, sorted."""

    key_ids: list[str]
    added: list[str]
    removed: list[str]


def pull(source: KeysSource, path: str | os.PathLike[str], *, replace_all: bool = False) -> PullResult:
    """Get a JWKS from `source`, check it, and replace the file at `path` atomically, keeping its permissions.

    The file is written even when the keys are the same, so that its age shows when they were last confirmed.

    A set that has no key in common with the good keys in the file may be another pool's, and is refused; so is one
    that gives a known key id to another key. `replace_all=True` accepts it.

    Raises KeysSourceError, KeysInvalidError, KeysReplacementError or KeysFileError, and then leaves the file as it
    was.
    """
    path = absolute(path)
    document = source.fetch()
    new = parse_jwks(document, source.name)
    old = _good_keys(path)
    if old is not None and not replace_all:
        _refuse_foreign(new, old, path)
    try:
        _replace(path, document)
    except OSError as error:
        raise KeysFileError(path, f"cannot be written ({error.strerror or type(error).__name__})") from error
    before = old.key_ids if old is not None else frozenset[str]()
    return PullResult(sorted(new.key_ids), sorted(new.key_ids - before), sorted(before - new.key_ids))


def _good_keys(path: str) -> KeySet | None:
    try:
        return parse_jwks(read_document(path)[0], path)
    except (OSError, KeysError):
        return None  # a missing or broken file contains nothing to protect


def _refuse_foreign(new: KeySet, old: KeySet, path: str) -> None:
    same_id = new.key_ids & old.key_ids
    changed = sorted(key_id for key_id in same_id if new.by_id[key_id] != old.by_id[key_id])
    remedy = (
        "check that the source belongs to the same pool; to replace the keys anyway, use replace_all (--replace-all)"
    )
    if changed:
        raise KeysReplacementError(path, f"key id {changed[0]!r} now names another key; {remedy}")
    if not same_id:
        raise KeysReplacementError(path, f"the new set has no key in common with it; {remedy}")


def _replace(path: str, document: bytes) -> None:
    """Write beside the file, make it durable, and rename over it: a reader sees the old file or the new one."""
    target = os.path.realpath(path)  # a link stays a link
    with contextlib.suppress(FileNotFoundError):
        check_regular(path, os.stat(target))  # noqa: PTH116 - a pipe or a device must not become a file
    folder = os.path.dirname(target)  # noqa: PTH120 - os.* throughout: fsync and fchmod take descriptors
    temporary = os.path.join(folder, f".{os.path.basename(target)}.{os.urandom(8).hex()}")  # noqa: PTH118, PTH119
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        with os.fdopen(descriptor, "wb") as file:
            _copy_permissions(target, file.fileno())
            file.write(document)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)  # noqa: PTH105
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)  # noqa: PTH108
        raise
    folder_descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(folder_descriptor)
    finally:
        os.close(folder_descriptor)


def _copy_permissions(target: str, descriptor: int) -> None:
    try:
        old = os.stat(target)  # noqa: PTH116
    except FileNotFoundError:
        return
    new = os.fstat(descriptor)
    if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
        # Only root may change a file's owner; anybody else replaces it with a file of their own, as readable as before.
        with contextlib.suppress(PermissionError):
            os.fchown(descriptor, old.st_uid, old.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(old.st_mode))

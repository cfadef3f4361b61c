"""The check of the JWKS file that USERMGR_JWKS names, for whoever runs checks.

It knows nobody: it takes any object with `environ` and `now`, and returns plain dicts, which usermgr's registry of
checks (the entry-point group `usermgr.checks`) turns into findings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from usermgr_jwt._files import risks
from usermgr_jwt._jwks_file import JwksFile
from usermgr_jwt.errors import KeysError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["VARIABLE", "keys"]

VARIABLE = "USERMGR_JWKS"
"""The path of the JWKS file."""

STALE_AFTER = 7 * 86_400.0
"""Seconds: as long as the page of the verifier lets keys live in its example."""


class Subject(Protocol):
    """What is checked."""

    @property
    def environ(self) -> Mapping[str, str]:
        """The variables."""
        ...

    @property
    def now(self) -> Callable[[], float]:
        """The time in seconds since 1970."""
        ...


def keys(subject: Subject) -> list[dict[str, Any]]:
    """The file can be used, somebody renews it, and nobody else can replace it."""
    path = subject.environ.get(VARIABLE)
    if not path:
        return []
    pull = f"run python -m usermgr_jwt pull, or a timer that does, for {path}"
    try:
        file = JwksFile(path, now=subject.now)
        key_ids = sorted(file.current().key_ids)
        warnings = risks(file.path)
    except ValueError as error:
        return [_found("failure", f"{VARIABLE}: {error}", {}, f"set {VARIABLE} to the path of the JWKS file")]
    except KeysError as error:
        return [_found("failure", str(error), {"file": path, "code": error.code}, pull)]
    except OSError as error:
        return [_found("failure", f"{path} cannot be looked at: {error.strerror}", {"file": path}, pull)]
    age = file.age()
    days = "unknown" if age is None else f"{age / 86_400:.1f}"
    evidence = {"file": path, "age_in_days": days, "key_ids": ", ".join(key_ids)}
    found = [
        _found("warning", f"{path}: {warning}", evidence, f"let only the user who pulls write {path} and its folder")
        for warning in warnings
    ]
    if age is None:
        told = f"{path} was written in the future, so its age is not known"
        found.append(_found("warning", told, evidence, pull))
    elif age > STALE_AFTER:
        told = f"nobody has renewed {path} for {age / 86_400:.0f} days: a key that Cognito rotates would be missing"
        found.append(_found("warning", told, evidence, pull))
    return found or [_found("ok", f"{path} has {len(key_ids)} keys, renewed {days} days ago", evidence, None)]


def _found(severity: str, summary: str, evidence: dict[str, str], remedy: str | None) -> dict[str, Any]:
    return {"severity": severity, "summary": summary, "evidence": evidence, "remedy": remedy}

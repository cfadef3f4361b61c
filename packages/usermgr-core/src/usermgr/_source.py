"""Where an installed distribution came from, by what its installer recorded."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit, urlunsplit

__all__ = ["Missing", "Source", "find_source", "how_to_get"]


@dataclass(frozen=True, slots=True)
class Source:
    """The folder or the address that a wheel was installed from, or the checkout of a development installation."""

    address: str
    is_folder: bool
    has_wheels: bool

    def requirements(self, extra: str, version: str) -> str | None:
        """The requirements file for an extra, quoted for a shell; None where none is for this version."""
        if not self.has_wheels:
            return None
        if not self.is_folder:
            return shlex.quote(f"{self.address}/{extra}.txt")
        path = Path(self.address) / f"{extra}.txt"
        try:
            is_ours = f"/usermgr_core-{version}-" in path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None
        return shlex.quote(str(path)) if is_ours else None


@dataclass(frozen=True, slots=True)
class Missing:
    """A package of ours that is not installed here, and the one source that it may come from.

    On public indexes our names may be somebody else's, so the remedy never names an index: it is the requirements
    file beside the wheel that usermgr-core came from (`tools/build_wheels.py` writes it), or a sentence without a
    command.
    """

    wanted: str
    """The distribution and the version, such as `usermgr-local 1.1.0`."""
    where: str
    remedy: str

    @property
    def sentence(self) -> str:
        """All of it, as the rest of a sentence."""
        return (
            f"it is in {self.wanted}, which must come from {self.where}, because the name may belong to somebody else"
            f" on a public index. Remedy: {self.remedy}"
        )


def how_to_get(package: str, extra: str) -> Missing:
    """How to get a package of ours, by what the installer of usermgr-core recorded."""
    from importlib.metadata import distribution  # noqa: PLC0415 - takes 30 ms, and only a failure needs it

    core = distribution("usermgr-core")
    wanted = f"{package} {core.version}"
    source = find_source(core.read_text("direct_url.json"))
    requirements = source.requirements(extra, core.version) if source else None
    where = source.address if source else "the same index or folder as usermgr-core"
    pip = "uv pip" if (core.read_text("INSTALLER") or "").strip() == "uv" else "pip"  # uv's environments have no pip
    remedy = f"{pip} install -r {requirements}" if requirements else f"install {wanted}, and only from {where}"
    return Missing(wanted, where, remedy)


def find_source(direct_url: str | None) -> Source | None:
    """The source by `direct_url.json`; None where there is none: an index installed it.

    https://packaging.python.org/en/latest/specifications/direct-url/ has the format. A user name, a password and a
    query are left out, because they may be secrets.
    """
    from urllib.request import url2pathname  # noqa: PLC0415 - it imports a whole HTTP client, and few need it

    try:
        recorded: Any = json.loads(direct_url or "null")
        if not isinstance(recorded, dict):
            return None
        recorded = cast("dict[str, Any]", recorded)
        parts = urlsplit(str(recorded["url"]))
        is_wheel = "archive_info" in recorded
        path = parts.path.rpartition("/")[0] if is_wheel else parts.path
        if parts.scheme == "file":
            return Source(url2pathname(path), is_folder=True, has_wheels=is_wheel)
        host = parts.netloc.rpartition("@")[2]
        return Source(urlunsplit((parts.scheme, host, path, "", "")), is_folder=False, has_wheels=is_wheel)
    except (ValueError, KeyError):
        return None

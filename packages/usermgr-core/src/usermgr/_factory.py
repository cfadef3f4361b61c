"""`Factory`: finds a backend by its exact name and creates its user manager."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from usermgr._manager import UserManager
from usermgr.errors import BackendNotInstalledError, ConfigurationError, UnknownBackendError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints

__all__ = ["Factory"]

GROUP = "usermgr.backends"


class Factory:
    """Creates user managers.

    A backend is a callable under the entry-point group `usermgr.backends` that takes its settings as keyword
    arguments, fills the rest from the environment, and returns a `UserManager`.
    """

    AWS_COGNITO: ClassVar = "cognito"
    AWS_LAMBDA: ClassVar = "lambda"
    LOCAL: ClassVar = "local"

    @staticmethod
    def create(backend: str | None = None, **settings: Any) -> UserManager:
        """The user manager of `backend`, or of the one that the variable `USERMGR_BACKEND` names.

        Raises:
            UnknownBackendError: no name was given, or no installed package registers that name.
            BackendNotInstalledError: the backend is one of usermgr's own, and its package is not installed.
            ConfigurationError: settings are missing or malformed; the error names all of them.
        """
        name = backend if backend is not None else os.environ.get("USERMGR_BACKEND")
        if not name:
            raise UnknownBackendError(
                f"no backend was named: pass one to Factory.create or set USERMGR_BACKEND to one of {_listed()}",
                choices=_choices(),
            )
        create = _find(name)
        return create(**settings)


OURS = {
    Factory.AWS_COGNITO: "usermgr-cognito",
    Factory.AWS_LAMBDA: "usermgr-lambda-client",
    Factory.LOCAL: "usermgr-local",
}
"""The distribution of each of the project's own backends."""


def _entry_points() -> EntryPoints:
    from importlib.metadata import entry_points  # noqa: PLC0415 - takes 30 ms, and only `create` needs it

    return entry_points(group=GROUP)


def _find(name: str) -> Callable[..., UserManager]:
    match tuple(_entry_points().select(name=name)):
        case (one,):
            return one.load()
        case () if name in _ours():
            raise _not_installed(name)
        case ():
            raise UnknownBackendError(
                f"no backend is named {name!r}: the choices are {_listed()}",
                backend=name,
                choices=_choices(),
            )
        case several:
            sources = sorted(point.dist.name if point.dist else point.value for point in several)
            raise ConfigurationError(
                f"several packages register the backend {name}: {', '.join(sources)}; uninstall all but one",
                problems=sources,
            )


def _not_installed(name: str) -> BackendNotInstalledError:
    """The error for a backend of ours that is not here, with the one source that it may come from.

    On public indexes our names may be somebody else's, so the remedy never names an index: it is the requirements file
    beside the wheel that usermgr-core came from (`tools/build_wheels.py` writes it), or a sentence without a command.
    """
    from importlib.metadata import distribution  # noqa: PLC0415 - takes 30 ms, and only a failure needs it

    from usermgr._source import find_source  # noqa: PLC0415 - as above

    core = distribution("usermgr-core")
    wanted = f"{OURS[name]} {core.version}"
    source = find_source(core.read_text("direct_url.json"))
    requirements = source.requirements(name, core.version) if source else None
    where = source.address if source else "the same index or folder as usermgr-core"
    pip = "uv pip" if (core.read_text("INSTALLER") or "").strip() == "uv" else "pip"  # uv's environments have no pip
    remedy = f"{pip} install -r {requirements}" if requirements else f"install {wanted}, and only from {where}"
    return BackendNotInstalledError(
        f"the backend {name} is not installed: it is in {wanted}, which must come from {where}, because the name may"
        f" belong to somebody else on a public index. Remedy: {remedy}",
        backend=name,
        remedy=remedy,
    )


def _ours() -> tuple[str, ...]:
    return tuple(OURS)


def _choices() -> list[str]:
    return sorted({*_ours(), *(point.name for point in _entry_points())})


def _listed() -> str:
    return ", ".join(_choices())

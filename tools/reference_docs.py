"""Writes docs/reference.md from the code: the operations of the API, and the errors that they raise.

uv run python -m tools.reference_docs [--check]
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from enum import Enum

from tools import generated
from usermgr import UserManager, errors
from usermgr.operations import OPERATIONS

__all__ = ["main", "rendered"]

PAGE = generated.ROOT / "docs" / "reference.md"


def main() -> int:
    """The command."""
    return generated.main("Writes docs/reference.md from the code.", [PAGE], lambda _: rendered())


def rendered() -> str:
    """The whole page."""
    return "\n".join([
        "# Reference",
        "",
        "Written by `make docs` from the code. Do not edit this page.",
        "",
        "## Operations",
        "",
        "The primitives of `UserManager`: what a backend implements, and what travels to the user management",
        "function. The access is what a function must be configured to allow. A store that lacks the capability",
        "refuses the operation with `UnsupportedOperationError`; docs/backends.md says which of ours have it.",
        "Everything else in `UserManager` is built from these.",
        "",
        "| operation | access | needs | what it does |",
        "| --- | --- | --- | --- |",
        *_operations(),
        "",
        "## Errors",
        "",
        "Classes of `usermgr.errors`. The code is stable and crosses the wire; the evidence is attributes of the",
        "error, and every error has `operation` and `service_code` where they are known. A retryable call may succeed",
        "later. HTTP is the class's `http_status`, for a web application that answers its own caller with the error.",
        "",
        "| class | code | evidence | retryable | HTTP | meaning |",
        "| --- | --- | --- | --- | --- | --- |",
        *_errors(),
        "",
    ])  # fmt: skip


def _operations() -> Iterator[str]:
    for name, operation in sorted(OPERATIONS.items(), key=lambda item: (item[1].access.value, item[0])):
        signature = ", ".join([
            *(parameter for parameter in operation.parameters if parameter not in operation.defaults),
            *(f"{parameter}={_literal(default)}" for parameter, default in operation.defaults.items()),
        ])  # fmt: skip
        needs = "" if operation.capability is None else f"`{operation.capability}`"
        yield _row(f"`{name}({signature})`", operation.access.value, needs, _first_line(getattr(UserManager, name)))


def _literal(default: object) -> str:
    return repr(default.value if isinstance(default, Enum) else default)


def _errors() -> Iterator[str]:
    for cls in _tree(errors.UsermgrError):
        evidence = [
            name for base in reversed(cls.__mro__) if base is not errors.UsermgrError for name in _annotated(base)
        ]
        yield _row(
            f"`{cls.__name__}`",
            f"`{cls.code}`",
            ", ".join(f"`{name}`" for name in dict.fromkeys(evidence)),
            "yes" if cls.retryable else "",
            str(cls.http_status),
            _first_line(cls),
        )


def _tree(root: type[errors.UsermgrError]) -> Iterator[type[errors.UsermgrError]]:
    """The classes that `usermgr.errors` exports, each before its children."""
    if root.__name__ in errors.__all__:
        yield root
    for child in root.__subclasses__():
        yield from _tree(child)


def _annotated(cls: type) -> list[str]:
    """The evidence that the class itself adds."""
    if not issubclass(cls, errors.UsermgrError):
        return []
    return [name for name in inspect.get_annotations(cls) if name in cls.evidence_names()]


def _first_line(documented: object) -> str:
    return (inspect.getdoc(documented) or "").split("\n\n")[0].replace("\n", " ")


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    sys.exit(main())

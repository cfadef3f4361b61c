"""How a failure is told: one sentence with its code, and the remedy where there is one."""

from __future__ import annotations

import json
import sys
import traceback
from typing import TYPE_CHECKING, Any

from usermgr_cli._text import CONTROLS, visible

if TYPE_CHECKING:
    from usermgr_cli._line import Line

__all__ = ["tell"]


def tell(line: Line, message: str, code: str, *, remedy: str | None = None, error: BaseException | None = None) -> None:
    """Tells it on standard error: as text, or as JSON to a program."""
    if line.debug and error is not None:
        traceback.print_exception(error, file=sys.stderr)
    if line.is_agent:
        members: dict[str, Any] = {"code": code, "message": message}
        if remedy is not None:
            members["remedy"] = remedy
        text = json.dumps({"error": members}, ensure_ascii=False)
        print(CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text), file=sys.stderr)
        return
    print(f"usermgr: {visible(message, keep='')} [{code}]", file=sys.stderr)
    if remedy is not None:
        print(f"  {visible(remedy)}", file=sys.stderr)

"""Sync: a document says who is to be there; the plan is read like a diff, and carried out as it was read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.responses import Response

from usermgr import Capability, Medium
from usermgr_bulk.sync import Difference, GroupChange, Plan, Prune, UserChange
from usermgr_console import _refusals
from usermgr_console._call import Call
from usermgr_console._files import NAME_LENGTH, keep_text, keep_upload
from usermgr_console._i18n import N_
from usermgr_console._syncing import DOCUMENT, PLAN, REFUSED, SYNC
from usermgr_console._views.pieces import run
from usermgr_console._work import KEPT_DAYS, Piece

__all__ = ["MAX_DOCUMENT", "begin", "details", "page"]

MAX_DOCUMENT = 8 * 1024 * 1024
"""Bytes: a plan is kept in memory as a whole."""

MAX_PASTED = 200 * 1024
"""Bytes of a document that is shown in a form again."""

PAGE = 100
"""Changes on a page."""

PRUNE = {
    "": N_("They are left alone"),
    Prune.DISABLE.value: N_("They are disabled"),
    Prune.DELETE.value: N_("They are deleted"),
}

SIGNS = {"create": ("+", N_("create")), "change": ("~", N_("change")), "delete": ("-", N_("delete"))}
"""The mark of each action, and its name for who does not see the mark."""

LOSSES = {"people": N_("People"), "groups": N_("Groups"), "memberships": N_("Memberships")}


@dataclass(frozen=True, slots=True)
class Line:
    """One change of the plan."""

    sign: str
    action: str
    """A message of the catalog."""
    is_group: bool
    name: str
    values: tuple[tuple[str, str | None, str | None], ...]
    """Names with their values before and after."""
    joins: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()
    pruned: bool = False
    members: int = 0


def page(call: Call) -> Response:
    """The form, filled with an earlier document where one is named, and the plans that were made."""
    pieces = call.services.work.latest(SYNC, call.person.key)
    before = next((piece for piece in pieces if piece.id == call.query("again")), None)
    facts: Mapping[str, Any] = {} if before is None else before.facts
    path = None if before is None else before.path(DOCUMENT)
    return call.page(
        "sync.html", pieces=pieces, facts=facts, document=_text(path), prune=PRUNE, media=_media(call),
        kept_days=KEPT_DAYS, most=MAX_DOCUMENT // 1024 // 1024,
    )  # fmt: skip


def begin(call: Call) -> Response:
    """Keeps the document, and makes the plan."""
    file, text = call.file("file"), call.field("document")
    prune, form, invite = call.field("prune"), call.field("format"), call.field("invite")
    if file is None and not text.strip():
        raise _refusals.told(
            400, N_("There is no document"), N_("Nothing was changed: go back, and paste a document or choose a file.")
        )
    if prune not in PRUNE or form not in ("", "yaml", "json") or invite not in ("", *_media(call)):
        raise _refusals.malformed(400)
    name = "" if file is None else (file.filename or "")[-NAME_LENGTH:]
    piece = call.services.work.begin(
        SYNC, call.person.key, name=name, format=form or _format(name, text), prune=prune, invite=invite,
        prune_groups=call.field("prune_groups") == "1", share=_number(call, "share", 10, 100),
        number=_number(call, "number", 20, 10_000_000),
    )  # fmt: skip
    if file is None:
        keep_text(text, piece.path(DOCUMENT))
    else:
        keep_upload(file, piece.path(DOCUMENT))
    return run(call, piece)


def details(call: Call, piece: Piece) -> dict[str, Any]:
    """What the page of a sync shows besides how far it is: the plan, a page of it at a time."""
    path = next((path for name in (PLAN, REFUSED) if (path := piece.path(name)).exists()), None)
    plan = None if path is None else Plan.load(path)
    total = 0 if plan is None else len(plan.groups) + len(plan.users)
    wanted = call.query("page")
    number = min(int(wanted) if wanted.isdecimal() and len(wanted) < 7 else 1, max(1, -(-total // PAGE)))
    number = max(1, number)
    lines = [] if plan is None else [*_lines(plan, (number - 1) * PAGE, number * PAGE)]
    return {
        "plan": plan, "lines": lines, "page_number": number, "pages": -(-total // PAGE), "losses": LOSSES,
        "counts": {} if plan is None else _counts(plan), "kept_days": KEPT_DAYS, "prune": PRUNE,
    }  # fmt: skip


def _media(call: Call) -> list[str]:
    return [medium.value for medium in Medium] if call.can(Capability.INVITATIONS) else []


def _format(name: str, text: str) -> str:
    """What the file's name ends with says, or the first character."""
    if name:
        return "json" if name.lower().endswith(".json") else "yaml"
    return "json" if text.lstrip().startswith("{") else "yaml"


def _number(call: Call, name: str, default: int, most: int) -> int:
    text = call.field(name).strip()
    if not text:
        return default
    if not text.isdecimal() or len(text) > 8 or int(text) > most:
        raise _refusals.told(
            400, N_("A limit is not a number"), N_("Nothing was changed: go back, and write a whole number.")
        )
    return int(text)


def _text(path: Path | None) -> str:
    if path is None or not path.exists() or path.stat().st_size > MAX_PASTED:
        return ""
    return path.read_bytes().decode("utf-8", "replace")


def _counts(plan: Plan) -> dict[str, int]:
    """How many changes of each action, by its sign."""
    changes = [*plan.groups, *plan.users]
    return {sign: sum(change.action.value == action for change in changes) for action, (sign, _) in SIGNS.items()}


def _lines(plan: Plan, first: int, last: int) -> Iterator[Line]:
    for change in [*plan.groups, *plan.users][first:last]:
        yield _group(change) if isinstance(change, GroupChange) else _user(change)


def _group(change: GroupChange) -> Line:
    sign, action = SIGNS[change.action.value]
    found: dict[str, Difference[Any] | None] = {"description": change.description, "precedence": change.precedence}
    values = [_difference(name, difference) for name, difference in found.items() if difference is not None]
    return Line(sign, action, is_group=True, name=change.name, values=tuple(values), members=change.members)


def _user(change: UserChange) -> Line:
    sign, action = SIGNS[change.action.value]
    values = [_difference(name, difference) for name, difference in change.attributes.items()]
    if change.enabled is not None:
        before = None if change.action.value == "create" else str(not change.enabled).lower()
        values.append(("enabled", before, str(change.enabled).lower()))
    return Line(
        sign, action, is_group=False, name=change.username, values=tuple(values), joins=tuple(change.joins),
        leaves=tuple(change.leaves), pruned=change.pruned,
    )  # fmt: skip


def _difference(name: str, difference: Difference[Any]) -> tuple[str, str | None, str | None]:
    before, after = (None if value in (None, "") else str(value) for value in (difference.before, difference.after))
    return name, before, after

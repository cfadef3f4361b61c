"""Work under way: how far it is, its yes, its stop, and its report. A reload, and another process, see the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from usermgr_console import _refusals
from usermgr_console._auditing import VERIFY
from usermgr_console._bulk import ACTIONS, WITH_GROUP
from usermgr_console._call import Call
from usermgr_console._exports import EXPORT
from usermgr_console._i18n import N_
from usermgr_console._imports import IMPORT
from usermgr_console._people import Question, conditions_of
from usermgr_console._syncing import SYNC
from usermgr_console._views import imports, sync
from usermgr_console._views.pieces import of_piece, rows_as_csv, run
from usermgr_console._work import REPORT, Piece, State

__all__ = ["LOOKS", "Look", "begin_action", "forget", "go_on", "page", "report", "stop"]


def _nothing(call: Call, piece: Piece) -> dict[str, Any]:
    """For kinds whose page shows how far it is, and no more."""
    del call, piece
    return {}


@dataclass(frozen=True, slots=True)
class Look:
    """How a kind of work is shown."""

    path: str
    """The page that it is begun on."""
    label: str
    """The name of that page, a message of the catalog."""
    title: str
    """Another one."""
    template: str = "work.html"
    details: Callable[[Call, Piece], dict[str, Any]] = _nothing
    """What its template needs besides how far it is."""
    can_stop: bool = True


LOOKS = {
    "action": Look("/people", N_("People"), N_("Work")),
    IMPORT: Look("/import", N_("Import"), N_("Import"), "work_import.html", imports.details),
    EXPORT: Look("/export", N_("Export"), N_("Export"), "work_export.html"),
    SYNC: Look("/sync", N_("Sync"), N_("Sync"), "work_sync.html", sync.details),
    VERIFY: Look("/audit", N_("Audit"), N_("Verification"), "work_verify.html", can_stop=False),
}
"""By kind. One that is not here looks like an action on many people."""


def begin_action(call: Call) -> Response:
    """Fixes whom an action is about: those who were ticked, or everybody who fits the search."""
    operation, group = call.field("operation"), call.field("group-name").strip()
    known = ACTIONS.get(operation)
    if known is None or (known[1] is not None and not call.can(known[1])):
        raise _refusals.told(400, N_("Choose what to do"), N_("Nothing was changed: go back, and choose an action."))
    if operation in WITH_GROUP:
        if not group:
            raise _refusals.told(400, N_("Name the group"), N_("Nothing was changed: go back, and name the group."))
        call.users.get_group(group)
    subs = call.fields("sub")
    everybody = call.field("who") == "all"
    if not everybody and not subs:
        raise _refusals.told(400, N_("Nobody is ticked"), N_("Nothing was changed: go back, and tick somebody."))
    texts = {name: value for name, value in call.form.items() if isinstance(value, str)}
    question = Question.of(texts).asked()
    conditions_of(Question.of(question))
    piece = call.services.work.begin(
        "action", call.person.key, operation=operation, group=group, question=question if everybody else {},
        subs=[] if everybody else subs, acting=call.person.sub,
    )  # fmt: skip
    return run(call, piece)


@of_piece
def page(call: Call, piece: Piece) -> Response:
    """How far it is."""
    look = LOOKS.get(piece.kind, LOOKS["action"])
    operation = ACTIONS.get(piece.facts.get("operation", ""))
    return call.page(
        look.template, piece=piece, State=State, has_report=piece.path(REPORT).exists(), back=look.path,
        back_label=look.label, title=call.text(look.title if operation is None else operation[0]),
        can_stop=look.can_stop, **look.details(call, piece),
    )  # fmt: skip


@of_piece
def go_on(call: Call, piece: Piece) -> Response:
    """The yes to what waits, or going on with what was stopped or lost."""
    if piece.state in (State.DONE, State.RUNNING):
        return call.go("/work/{id}", id=piece.id)
    count = str(piece.result.get("count", ""))
    if piece.state is State.WAITING and call.field("typed").strip() != count:
        raise _refusals.told(
            400, N_("The number does not match"), N_("Type the number as it stands there. Nothing was changed.")
        )
    if piece.state is State.WAITING and count:
        piece.agree()
    return run(call, piece)


@of_piece
def forget(call: Call, piece: Piece) -> Response:
    """Deletes the piece with its files, unless it runs."""
    if not call.services.work.forget(piece):
        if not piece.folder.exists():
            raise _refusals.missing()
        raise _refusals.told(409, N_("It is under way"), N_("Stop it first. Nothing was deleted."))
    look = LOOKS.get(piece.kind, LOOKS["action"])
    return call.go(look.path, notice=call.text("It was deleted, with its files."))


@of_piece
def stop(call: Call, piece: Piece) -> Response:
    """Asks it to stop."""
    call.services.work.stop(piece)
    return call.go("/work/{id}", id=piece.id, notice=call.text("It stops as soon as it can."))


@of_piece
def report(call: Call, piece: Piece) -> Response:
    """What became of everybody, as CSV."""
    return rows_as_csv(call, piece.path(REPORT), ("line", "key", "outcome", "code", "message"))

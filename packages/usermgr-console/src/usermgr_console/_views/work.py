"""Work under way: how far it is, its yes, its stop, and its report. A reload, and another process, see the same."""

from __future__ import annotations

import json
from collections.abc import Iterator

from starlette.responses import Response, StreamingResponse

from usermgr_console import _refusals
from usermgr_console._bulk import ACTIONS, REPORT, WITH_GROUP
from usermgr_console._call import Call
from usermgr_console._i18n import N_
from usermgr_console._people import Question, conditions_of
from usermgr_console._text import cell
from usermgr_console._work import Piece, State

__all__ = ["begin_action", "go_on", "page", "piece_of", "report", "stop"]


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
    call.services.work.start(piece, call.acting())
    return call.go("/work/{id}", id=piece.id)


def page(call: Call) -> Response:
    """How far it is."""
    piece = piece_of(call)
    return call.page("work.html", piece=piece, State=State, actions=ACTIONS, has_report=piece.path(REPORT).exists())


def go_on(call: Call) -> Response:
    """The yes to what waits, or going on with what was stopped or lost."""
    piece = piece_of(call)
    if piece.state in (State.DONE, State.RUNNING):
        return call.go("/work/{id}", id=piece.id)
    count = str(piece.result.get("count", ""))
    if piece.state is State.WAITING and call.field("typed").strip() != count:
        raise _refusals.told(
            400, N_("The number does not match"), N_("Type the number as it stands there. Nothing was changed.")
        )
    call.services.work.start(piece, call.acting())
    return call.go("/work/{id}", id=piece.id)


def stop(call: Call) -> Response:
    """Asks it to stop."""
    piece = piece_of(call)
    call.services.work.stop(piece)
    return call.go("/work/{id}", id=piece.id, notice=call.text("It stops as soon as it can."))


def report(call: Call) -> Response:
    """What became of everybody, as CSV."""
    piece = piece_of(call)
    if not piece.path(REPORT).exists():
        raise _refusals.missing()
    headers = {"Content-Disposition": 'attachment; filename="report.csv"'}
    return StreamingResponse(_lines(piece), 200, headers, "text/csv; charset=utf-8")


def piece_of(call: Call) -> Piece:
    """The piece of the path, which is who began it alone. Raises `Refusal`."""
    piece = call.services.work.find(call.param("id"))
    if piece is None or piece.owner != call.person.key:
        raise _refusals.missing()
    return piece


def _lines(piece: Piece) -> Iterator[str]:
    names = ("line", "key", "outcome", "code", "message")
    yield "\ufeff" + ",".join(names) + "\r\n"
    with piece.path(REPORT).open() as stream:
        for line in stream:
            members = json.loads(line)
            cells = (cell("" if members.get(name) is None else str(members[name])) for name in names)
            yield ",".join('"' + text.replace('"', '""') + '"' for text in cells) + "\r\n"

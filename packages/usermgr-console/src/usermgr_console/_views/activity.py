"""Activity: who was active, how long people are away, which accounts are new; and those who are away for long."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from datetime import datetime

from starlette.responses import Response, StreamingResponse

from usermgr.dormancy import Absence, DormantUser
from usermgr.errors import InvalidInputError, InvalidPageTokenError
from usermgr_console._activity import AWAY, CENSUS, daily, months_until
from usermgr_console._call import Call
from usermgr_console._dormant import DORMANT, Away, find_away, staff
from usermgr_console._i18n import N_
from usermgr_console._people import PAGE, SECONDS
from usermgr_console._plots import plot
from usermgr_console._text import cell
from usermgr_console._told import of_error
from usermgr_console._views.people import BOM, BROKEN
from usermgr_console._views.pieces import run
from usermgr_console._work import State

__all__ = ["count", "disable", "dormant", "dormant_csv", "page"]

ABSENCES = {
    Absence.NEVER_SEEN: N_("Never seen since recording began"),
    Absence.NEVER_SIGNED_IN: N_("Never signed in"),
    Absence.IN_GRACE: N_("Away, with days to go"),
    Absence.DORMANT: N_("Away"),
}


def page(call: Call) -> Response:
    """The plots. Counting everybody is work that somebody asks for, and its last result is shown with its time."""
    assert call.activity is not None
    days = daily(call.activity, call.now)
    counted = call.services.work.latest(CENSUS)
    months = months_until(call.now)
    done = next((piece.result for piece in counted if piece.state is State.DONE), None)
    running = next((piece for piece in counted if piece.state is State.RUNNING), None)
    failed = counted[0] if counted and counted[0].state in (State.FAILED, State.LOST) else None
    return call.page(
        "activity.html",
        days=days,
        days_rows=[(each.day.isoformat(), each.active) for each in reversed(days)],
        active=plot([(f"{each.day:%m-%d}", each.active) for each in days]),
        census=done,
        counted_at=None if done is None else datetime.fromisoformat(done["at"]),
        running=running,
        failed=failed,
        away=None if done is None else _away(call, done["away"]),
        new=None if done is None else plot([(month[2:], done["new"].get(month, 0)) for month in months], width=440),
        new_rows=[] if done is None else [(month, done["new"].get(month, 0)) for month in reversed(months)],
    )


def count(call: Call) -> Response:
    """Counts everybody, unless that is under way."""
    work = call.services.work
    if not any(piece.state is State.RUNNING for piece in work.latest(CENSUS)):
        work.start(work.begin(CENSUS, call.person.key), call.acting())
    return call.go("/activity")


def dormant(call: Call) -> Response:
    """A page of those who are away for long."""
    away = Away.of(call.request.query_params)
    token, problem = call.query("cursor") or None, None
    found: list[DormantUser] = []
    following: str | None = None
    try:
        found, following = _page(call, away, token)
    except InvalidPageTokenError:
        return call.go("/activity/dormant", **away.asked())
    except InvalidInputError as error:
        problem = of_error(error, call.language)
    return call.page(
        "dormant.html", 200 if problem is None else 400, away=away, found=found, next_token=following, problem=problem,
        is_first=token is None, absences=ABSENCES,
    )  # fmt: skip


def dormant_csv(call: Call) -> Response:
    """All of them, as a stream."""
    assert call.activity is not None
    away = Away.of(call.request.query_params)
    policy = away.policy(staff(call.users, call.services.config), call.now)
    rows = find_away(call.users.iter_users(), call.activity, policy, call.now)
    headers = {"Content-Disposition": 'attachment; filename="dormant.csv"'}
    return StreamingResponse(_lines(rows, call.text(BROKEN)), 200, headers, "text/csv; charset=utf-8")


def disable(call: Call) -> Response:
    """Fixes who would be disabled; the next page shows them, and asks."""
    away = Away.of({name: call.field(name) for name in ("days", "grace", "since")})
    away.policy(frozenset(), call.now)  # what is wrong with it is told now
    piece = call.services.work.begin(DORMANT, call.person.key, operation="disable_user", away=away.asked())
    return run(call, piece)


def _page(call: Call, away: Away, token: str | None) -> tuple[list[DormantUser], str | None]:
    """Reads people until a page is full or a second has passed."""
    assert call.activity is not None
    policy = away.policy(staff(call.users, call.services.config), call.now)
    deadline = time.monotonic() + SECONDS
    found: list[DormantUser] = []
    while True:
        people = call.users.search_page(limit=PAGE, page_token=token)
        found += find_away(iter(people.users), call.activity, policy, call.now)
        token = people.next_token
        if token is None or len(found) >= PAGE or time.monotonic() > deadline:
            return found, token


def _away(call: Call, numbers: list[int]) -> list[tuple[str, int]]:
    """The groups with their names, for the plot and its table."""
    limits = [call.language.plural("Within %(count)s day", "Within %(count)s days", days) for days in AWAY]
    return list(zip([*limits, call.text("Longer ago"), call.text("Never seen")], numbers, strict=True))


def _lines(rows: Iterator[DormantUser], broken: str) -> Iterator[str]:
    yield BOM
    yield _line(["sub", "username", "absence", "idle_since", "due", "last_seen", "email"])
    try:
        for row in rows:
            last = "" if row.activity is None else row.activity.last_seen.isoformat()
            email = row.user.attributes.get("email", "")
            facts = [row.absence.value, row.idle_since.isoformat(), str(row.due).lower(), last]
            yield _line([row.user.sub, row.user.username, *facts, email])
    except Exception:
        yield f"{broken}\r\n"
        raise


def _line(cells: list[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow([cell(text) for text in cells])
    return buffer.getvalue()

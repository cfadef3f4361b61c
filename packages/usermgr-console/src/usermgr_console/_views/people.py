"""The people: searched, filtered, paged, with the columns that a person chose, and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from functools import partial

from starlette.responses import Response, StreamingResponse

from usermgr import User
from usermgr.errors import (
    GroupNotFoundError,
    InvalidInputError,
    InvalidPageTokenError,
)
from usermgr_console import _labels
from usermgr_console._bulk import ACTIONS
from usermgr_console._call import Call
from usermgr_console._i18n import N_
from usermgr_console._people import SEEN, Question, Row, Rows, rows_of, stream
from usermgr_console._services import ACTIVITY
from usermgr_console._text import cell
from usermgr_console._told import of_error

__all__ = ["COLUMNS", "columns", "csv_view", "keep_columns", "listing", "value_of"]

COLUMNS = ("status", "seen", "created", "updated")
"""The columns beside the attributes."""

BOM = "\ufeff"
BROKEN = N_("### incomplete: the list broke off here ###")
"""The last line of a CSV whose list could not be read to its end; the connection is cut then, too."""


def listing(call: Call) -> Response:
    """The list. What cannot be searched for is told beside the search, and never looks like nobody."""
    question = Question.of(call.request.query_params)
    token, problem = call.query("cursor") or None, None
    rows = Rows((), None, 0, scans=False)
    try:
        read = int(call.query("read") or 0)
    except ValueError:
        read = 0
    try:
        rows = rows_of(call.users, call.activity, question, now=call.now, token=token, read=max(0, read))
    except InvalidPageTokenError:
        return call.go("/people", **question.asked())
    except (InvalidInputError, GroupNotFoundError) as error:
        problem = of_error(error, call.language)
    return call.page(
        "people.html", 200 if problem is None else 400, question=question, rows=rows, problem=problem,
        columns=columns(call), choices=_choices(call), token=token, statuses=_labels.STATUSES, seen=SEEN,
        groups=call.services.some_groups(), actions=ACTIONS, is_first=token is None,
        seen_label=partial(_labels.seen, call.language),
    )  # fmt: skip


def keep_columns(call: Call) -> Response:
    """Remembers the columns of the list for this person."""
    wanted = [name for name in _choices(call) if name in call.fields("column")]
    call.prefer({"columns": wanted})
    return call.go("/people", **Question.of(_texts(call)).asked())


def csv_view(call: Call) -> Response:
    """Everybody who meets the current filter, not the page alone, as a stream."""
    question = Question.of(call.request.query_params)
    names = columns(call)
    header = ["sub", "username", "enabled", *names]
    rows = stream(call.users, call.activity, question, now=call.now)
    headers = {"Content-Disposition": 'attachment; filename="people.csv"'}
    return StreamingResponse(_lines(header, names, rows, call.text(BROKEN)), 200, headers, "text/csv; charset=utf-8")


def columns(call: Call) -> list[str]:
    """The chosen columns that this store has."""
    choices = _choices(call)
    return [name for name in call.preferences.columns if name in choices]


def value_of(name: str, row: Row) -> str:
    """The text of a column, for a person or in a file. Times are in ISO 8601."""
    user = row.user
    match name:
        case "status":
            return user.status.value
        case "created":
            return user.created_at.isoformat()
        case "updated":
            return user.updated_at.isoformat()
        case "seen":
            return "" if row.activity is None else row.activity.last_seen.isoformat()
        case _:
            return user.attributes.get(name, "")


def _lines(header: list[str], names: list[str], rows: Iterator[Row], broken: str) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write(BOM)
    writer.writerow(header)
    try:
        for row in rows:
            user: User = row.user
            fixed = [user.sub, user.username, str(user.enabled).lower()]
            writer.writerow([cell(text) for text in (*fixed, *(value_of(name, row) for name in names))])
            if buffer.tell() > 16_384:
                yield buffer.getvalue()
                buffer.seek(0)
                buffer.truncate()
    except Exception:
        yield f"{buffer.getvalue()}{broken}\r\n"
        raise
    yield buffer.getvalue()


def _choices(call: Call) -> list[str]:
    """The columns that can be chosen: what this store has, in a steady order."""
    own = [name for name in COLUMNS if name != "seen" or call.can(ACTIVITY)]
    attributes = [attribute.name for attribute in call.store.attributes if attribute.name != "sub"]
    known = [name for name in _labels.ATTRIBUTES if name in attributes]
    return [*known[:12], *own, *(name for name in attributes if name not in known[:12])]


def _texts(call: Call) -> dict[str, str]:
    return {name: value for name, value in call.form.items() if isinstance(value, str)}

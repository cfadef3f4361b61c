"""Imports: a file is uploaded, looked at, mapped to the store's attributes, checked, and brought in after a yes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from usermgr import Capability, Medium, Writer
from usermgr.errors import InvalidInputError
from usermgr_bulk import Existing
from usermgr_console import _refusals
from usermgr_console._archives import LIMITS, MB, REFUSALS, USERS
from usermgr_console._call import Call
from usermgr_console._files import NAME_LENGTH, keep_upload
from usermgr_console._i18n import N_
from usermgr_console._imports import (
    CHOICES,
    FOUND,
    IMPORT,
    PROBLEMS,
    REFUSED,
    UPLOAD,
    format_names,
    has_upload,
    options_of,
)
from usermgr_console._views.pieces import of_piece, rows_as_csv, run
from usermgr_console._work import KEPT_DAYS, Piece, State

__all__ = ["MAX_UPLOAD", "again", "choose", "details", "page", "problems", "upload"]

MAX_UPLOAD = 256 * MB
"""Bytes: more than a million people."""

FORMATS = {"csv": N_("CSV, for spreadsheets"), "jsonl": N_("JSON lines")}
"""Those that have a name of their own here."""

ENCODINGS = {
    "utf-8": N_("UTF-8"),
    "cp932": N_("Shift-JIS (Windows)"),
    "euc_jp": N_("EUC-JP"),
    "cp1252": N_("Western European (Windows)"),
    "gb18030": N_("GB 18030"),
    "euc_kr": N_("EUC-KR"),
}

EXISTING = {
    Existing.FAIL: N_("Their row fails, and they stay as they are"),
    Existing.SKIP: N_("They are left alone"),
    Existing.UPDATE: N_("They are changed to what the file says"),
}


@dataclass(frozen=True, slots=True)
class Mapped:
    """An attribute of the file, and what it becomes."""

    name: str
    rows: int
    becomes: str
    """The store's attribute; empty where it is left out."""
    choices: Sequence[str]


def page(call: Call) -> Response:
    """The form, and the imports that were begun."""
    return call.page(
        "import.html", formats=format_names(), names=FORMATS, encodings=ENCODINGS, kept_days=KEPT_DAYS,
        pieces=call.services.work.latest(IMPORT, call.person.key), most=MAX_UPLOAD // MB,
        most_unpacked=LIMITS[USERS] // MB,
    )  # fmt: skip


def upload(call: Call) -> Response:
    """Keeps the file, and looks what is in it."""
    file = call.file("file")
    if file is None:
        raise _refusals.told(400, N_("Choose a file"), N_("Nothing was changed: go back, and choose a file."))
    chosen, encoding = call.field("format"), call.field("encoding")
    if chosen not in ("", *format_names()) or encoding not in ("", *ENCODINGS):
        raise _refusals.malformed(400)
    piece = call.services.work.begin(
        IMPORT, call.person.key, name=(file.filename or "")[-NAME_LENGTH:], format=chosen, encoding=encoding,
        removal=call.field("removal").strip(),
    )  # fmt: skip
    if keep_upload(file, piece.path(UPLOAD)) == 0:
        call.services.work.forget(piece)
        raise _refusals.told(400, N_("The file is empty"), N_("Nothing was changed: go back, and choose a file."))
    return run(call, piece)


@of_piece
def choose(call: Call, piece: Piece) -> Response:
    """What attributes become, what becomes of who exists, and whether anybody is invited. Then all is checked."""
    _check_waits(piece)
    found = piece.kept(FOUND)
    if found is None or piece.kept(CHOICES) is not None:
        return call.go("/work/{id}", id=piece.id)
    choices = _choices(call, found["attributes"])
    options_of(choices)  # what is wrong with it is told now
    piece.keep(CHOICES, choices)
    return run(call, piece)


@of_piece
def again(call: Call, piece: Piece) -> Response:
    """Back to the choices, as long as nobody has said yes."""
    _check_waits(piece)
    piece.path(CHOICES).unlink(missing_ok=True)
    return run(call, piece)


@of_piece
def problems(call: Call, piece: Piece) -> Response:
    """All that the check found, as CSV."""
    return rows_as_csv(call, piece.path(PROBLEMS), ("line", "key", "field", "code", "message", "certain"))


def details(call: Call, piece: Piece) -> dict[str, Any]:
    """What the page of an import shows besides how far it is."""
    found, choices = piece.kept(FOUND), piece.kept(CHOICES)
    known = _known(call)
    media = list(Medium) if call.can(Capability.INVITATIONS) else []
    return {
        "found": found, "export": None if found is None else found.get("export"), "choices": choices,
        "existing": EXISTING, "media": media, "formats": FORMATS, "kept_days": KEPT_DAYS, "known": known,
        "has_upload": has_upload(piece), "refused": piece.kept(REFUSED), "refusals": REFUSALS,
        "mapped": [] if found is None else _mapped(found["attributes"], known),
    }  # fmt: skip


def _known(call: Call) -> list[str]:
    """The attributes that an import can write."""
    return [
        attribute.name
        for attribute in call.store.attributes
        if attribute.name != "sub" and Writer.ADMINISTRATOR in attribute.writers
    ]


def _mapped(attributes: dict[str, int], known: Sequence[str]) -> list[Mapped]:
    """The attributes of the file; one that the store does not have is left out until somebody says what it is."""
    mapped: list[Mapped] = []
    for name, rows in attributes.items():
        if name == "sub":
            continue
        choices = known or [name]  # a store that does not describe its attributes takes them as they are
        mapped.append(Mapped(name, rows, name if name in choices else "", choices))
    return mapped


def _choices(call: Call, attributes: dict[str, int]) -> dict[str, Any]:
    """The options of the import, as plain JSON. Raises `Refusal` for a form that is not ours."""
    rename: dict[str, str] = {}
    drop: list[str] = []
    for number, each in enumerate(_mapped(attributes, _known(call))):
        becomes = call.field(f"becomes.{number}")
        if becomes and becomes not in each.choices:
            raise _refusals.malformed(400)
        if not becomes:
            drop.append(each.name)
        elif becomes != each.name:
            rename[each.name] = becomes
    targets = [*rename.values(), *(name for name in attributes if name not in rename and name not in drop)]
    twice = sorted({name for name in targets if targets.count(name) > 1})
    if twice:
        raise InvalidInputError(f"two attributes would become {', '.join(twice)}: choose one of them", field="rename")
    existing, medium = call.field("existing"), call.field("medium")
    invites = call.field("invite") == "1" and call.can(Capability.INVITATIONS)
    if existing not in tuple(Existing) or (invites and medium not in tuple(Medium)):
        raise _refusals.malformed(400)
    return {"existing": existing, "rename": rename, "drop": drop, "invite": medium if invites else None}


def _check_waits(piece: Piece) -> None:
    """Raises `Refusal` unless the piece is an import that waits for a word and has no yes yet."""
    if piece.kind != IMPORT:
        raise _refusals.missing()
    if piece.state is not State.WAITING or piece.agreed:
        raise _refusals.told(409, N_("It is too late for that"), N_("Look at the page to see what became of it."))

"""Pieces of work in each state that a page shows, for pictures and for the tests in a browser. They change nobody."""

from __future__ import annotations

import time

from usermgr.audit import Actor
from usermgr_console import Acting, Console
from usermgr_console._auditing import VERIFY
from usermgr_console._exports import ARCHIVE, EXPORT
from usermgr_console._imports import CHOICES, IMPORT, UPLOAD
from usermgr_console._syncing import DOCUMENT, SYNC
from usermgr_console._work import Piece, State

__all__ = ["examples", "settled"]

PEOPLE = """username,name,email,phone,groups
mary,Mary Jackson,mary@example.org,+81312345678,customers
hana,鈴木 花,hana@example.org,,customers|beta
wrong,No Address,not an address,,nobody
mary,Mary Again,mary2@example.org,,
"""

DESIRED = """users:
  - username: ada
    attributes: {name: Ada King, nickname: Countess}
    groups: [administrators]
  - username: alan
    groups: [support, customers]
  - username: kenji
    groups: []
  - username: mary
    attributes: {name: Mary Jackson, email: mary@example.org}
    groups: [customers]
groups:
  - {name: customers, description: "People with a contract: 契約者"}
  - {name: mathematicians, description: Everybody who proves things}
"""

WRONG = """users:
  - username: ada
    enabled: yes
    password: secret
  - username: ADA
groups:
  - {name: staff, colour: red}
"""

CHOSEN = {"existing": "fail", "rename": {}, "drop": ["phone"], "invite": None}


def examples(console: Console, owner: str) -> dict[str, str]:
    """The paths of the pieces, by what they show."""
    imported = _import(console, owner)
    checked = _import(console, owner, chosen=True)
    export = settled(console, _begin(console, EXPORT, owner))
    archive = export.path(ARCHIVE).read_bytes()
    unpacked = _import(console, owner, archive, "export.zip")
    cut = _import(console, owner, archive[:-100], "cut.zip")
    plan = _sync(console, owner, DESIRED)
    wrong = _sync(console, owner, WRONG)
    refused = _sync(console, owner, "users: [{username: ada}]\n", prune="delete")
    failed = _sync(console, owner, "users: [{username: alan}]\n", prune="delete", share=100, number=100)
    found = {
        "import-choices": imported, "import-check": checked, "export-ready": export, "sync-plan": plan,
        "sync-wrong": wrong, "sync-refused": refused, "sync-failed": failed, "import-archive": unpacked,
        "import-refused": cut,
    }  # fmt: skip
    if console.services.audit is not None:
        found["audit-verified"] = _begin(console, VERIFY, owner)
    return {name: f"/work/{settled(console, piece).id}" for name, piece in found.items()}


def settled(console: Console, piece: Piece) -> Piece:
    """The piece, once it does not run."""
    while True:
        found = console.services.work.find(piece.id)
        assert found is not None
        if found.state is not State.RUNNING:
            return found
        time.sleep(0.02)


def _begin(console: Console, kind: str, owner: str, *, files: dict[str, bytes] | None = None, **facts: object) -> Piece:
    piece = console.services.work.begin(kind, owner, **facts)
    for name, content in (files or {}).items():
        piece.path(name).write_bytes(content)
    console.services.work.start(piece, Acting(Actor("example"), None))
    return piece


def _import(
    console: Console, owner: str, content: bytes = PEOPLE.encode(), name: str = "people.csv", *, chosen: bool = False
) -> Piece:
    facts = {"name": name, "format": "", "encoding": "", "removal": ""}
    piece = settled(console, _begin(console, IMPORT, owner, files={UPLOAD: content}, **facts))
    if chosen:
        piece.keep(CHOICES, CHOSEN)
        console.services.work.start(piece, Acting(Actor("example"), None))
    return piece


def _sync(console: Console, owner: str, text: str, *, prune: str = "", share: int = 10, number: int = 20) -> Piece:
    facts = {"name": "", "format": "yaml", "prune": prune, "invite": "", "prune_groups": False, "share": share}
    return _begin(console, SYNC, owner, files={DOCUMENT: text.encode()}, **facts, number=number)

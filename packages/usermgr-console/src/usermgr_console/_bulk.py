"""One thing done to many people: whom, and what, fixed on the server before anybody says yes.

First everybody who is meant now is written into a file (`freeze`); somebody sees the number and says yes; then the
action runs over that file alone. Who comes to fit later is not in it, and who no longer fits is skipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from usermgr import Capability, UserManager
from usermgr.errors import UserNotFoundError
from usermgr_bulk import Action, Selection, freeze_names, freeze_selection, run_action
from usermgr_console._i18n import N_
from usermgr_console._people import Question, conditions_of, stream
from usermgr_console._work import JOURNAL, REPORT, Running

__all__ = ["ACTIONS", "act", "counted"]

ACTIONS: Mapping[str, tuple[str, str | None]] = {
    "add_user_to_group": (N_("Add to the group"), None),
    "remove_user_from_group": (N_("Remove from the group"), None),
    "disable_user": (N_("Disable"), None),
    "enable_user": (N_("Enable"), None),
    "sign_out_user": (N_("Sign out everywhere"), Capability.SIGN_OUT),
    "reset_password": (N_("Reset the password"), Capability.PASSWORD_RESET),
    "resend_invitation": (N_("Send the invitation again"), Capability.INVITATIONS),
    "delete_user": (N_("Delete"), None),
}
"""The actions by their operation: what they are called, and what the store must be able to do."""

WITH_GROUP = ("add_user_to_group", "remove_user_from_group")

SELECTION = "selection.jsonl"


def act(running: Running) -> Mapping[str, Any]:
    """Freezes the selection, and waits; then, once somebody has said yes, runs the action over it."""
    path = running.piece.path(SELECTION)
    if not path.exists():
        _freeze(running)
    if not running.piece.agreed:
        return {"waits": True, **counted(running)}
    config = running.services.config
    summary = run_action(
        running.services.users,
        action_of(running.piece.facts),
        path,
        journal=running.piece.path(JOURNAL),
        report=running.piece.path(REPORT),
        required_groups=config.administrators,
        acting=running.piece.facts.get("acting"),
        progress=running.tell,
        stop=running.stop,
    )
    return {"counts": {outcome.value: count for outcome, count in summary.counts.items()}}


def action_of(facts: Mapping[str, Any]) -> Action:
    """The action that a piece of work is about."""
    operation = facts["operation"]
    return Action(operation, {"group": facts["group"]} if operation in WITH_GROUP else {})


def counted(running: Running) -> Mapping[str, Any]:
    """How many people were frozen, and the first of them by name."""
    selection = Selection.open(running.piece.path(SELECTION))
    names = [person.username for _, (_, person) in zip(range(10), selection.people(), strict=False)]
    return {"count": selection.count, "missing": selection.missing, "names": names}


def _freeze(running: Running) -> None:
    services, facts, path = running.services, running.piece.facts, running.piece.path(SELECTION)
    question = Question.of(facts["question"])
    if facts["subs"]:
        freeze_names(services.users, _names(services.users, facts["subs"]), path, stop=running.stop)
    elif question.seen:  # no store of users knows it, so it is asked now, and the names are kept
        rows = stream(services.users, services.activity, question, now=services.now())
        freeze_names(
            services.users,
            (row.user.username for row in rows),
            path,
            conditions=conditions_of(question),
            stop=running.stop,
        )
    else:
        freeze_selection(services.users, conditions_of(question), path, stop=running.stop)


def _names(users: UserManager, subs: list[str]) -> Iterator[str]:
    for sub in subs:
        try:
            yield users.get_user_by_sub(sub).username
        except UserNotFoundError:  # deleted since the page was read
            continue

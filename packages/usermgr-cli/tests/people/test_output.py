"""What people and programs read of users, to the character: tables on wide and narrow terminals, lines, and JSON."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from usermgr import UserManager
from usermgr.errors import AccessDeniedError
from usermgr_local import LocalUserManager

from .conftest import ESCAPES


def lines(text: str) -> list[str]:
    """The lines of a table without the blanks around it, and its identifiers replaced."""
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "(sub)", text)
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def test_a_list_of_users_fits_a_terminal_of_80_columns(usermgr: Any, people: UserManager) -> None:
    """The widest columns give way; East Asian letters take two of the terminal's."""
    ended = usermgr("user", "list", "-o", "table", COLUMNS="80")

    assert lines(ended.out) == [
        "username  email              name                  status                enabled",
        "ada       ada@example.org    Ada Lovelace          FORCE_CHANGE_PASSWO…  yes",
        "grace     grace@example.org                        FORCE_CHANGE_PASSWO…  no",
        "花子                         山田　花子 [bold]x[…  FORCE_CHANGE_PASSWO…  yes",
    ]


def test_a_list_of_users_fits_a_terminal_of_60_columns(usermgr: Any, people: UserManager) -> None:
    """The user names stay whole as long as there is room for them."""
    ended = usermgr("user", "list", "-o", "table", COLUMNS="60")

    assert lines(ended.out) == [
        "username  email         name          status         enabled",
        "ada       ada@example…  Ada Lovelace  FORCE_CHANGE…  yes",
        "grace     grace@examp…                FORCE_CHANGE…  no",
        "花子                    山田　花子 …  FORCE_CHANGE…  yes",
    ]


def test_a_list_in_a_pipe_has_tabs_and_no_heading(usermgr: Any, people: UserManager) -> None:
    """Each user is a line, with nothing cut."""
    ended = usermgr("user", "list")

    assert ended.out.splitlines() == [
        "ada\tada@example.org\tAda Lovelace\tFORCE_CHANGE_PASSWORD\ttrue\t2026-01-31T09:30:00+00:00",
        "grace\tgrace@example.org\t\tFORCE_CHANGE_PASSWORD\tfalse\t2026-01-31T09:30:00+00:00",
        "花子\t\t山田　花子 [bold]x[/bold]\tFORCE_CHANGE_PASSWORD\ttrue\t2026-01-31T09:30:00+00:00",
    ]


def test_a_list_in_json_has_whole_users(usermgr: Any, people: UserManager) -> None:
    """Programs get every member and every attribute as the store has them, times in UTC."""
    ended = usermgr("user", "list", "-o", "json", TZ="Asia/Tokyo")

    assert json.loads(ended.out) == [user.to_dict() for user in people.iter_users()]
    assert '"created_at": "2026-01-31T09:30:00+00:00"' in ended.out


def test_a_user_is_shown_at_a_glance(usermgr: Any, people: UserManager) -> None:
    """First what support asks: who it is, whether they can sign in, what they may and have; then the rest."""
    people.disable_user("ada")
    ended = usermgr("user", "show", "ada", "-o", "table", "--utc", COLUMNS="80")

    assert lines(ended.out) == [
        "username        ada",
        "name            Ada Lovelace",
        "email           ada@example.org (verified)",
        "phone           +4420 (not verified)",
        "enabled         no: cannot sign in",
        "status          FORCE_CHANGE_PASSWORD (must choose a password)",
        "groups          admins",
        "second factors  none",
        "created         2026-01-31 09:30:00 UTC",
        "changed         2026-01-31 09:30:00 UTC",
        "sub             (sub)",
    ]


def test_what_a_terminal_would_obey_is_shown_and_not_obeyed(usermgr: Any, people: UserManager) -> None:
    """An escape sequence, a change of direction and markup of a value stand there as text, in every form."""
    for arguments in (("-o", "table"), (), ("-o", "json"), ("-o", "jsonl")):
        ended = usermgr("user", "show", "花子", *arguments, COLUMNS="80")

        assert "\x1b" not in ended.out
        assert "\u202e" not in ended.out
        assert "山田　花子 [bold]x[/bold]" in ended.out
    assert json.loads(ended.out)["attributes"]["nickname"] == ESCAPES


def test_a_user_in_json_is_one_record_with_groups_and_second_factors(usermgr: Any, people: UserManager) -> None:
    """What could not be read says why."""
    ended = usermgr("user", "show", "ada", "-o", "json")

    assert json.loads(ended.out) == people.get_user("ada").to_dict() | {
        "groups": ["admins"],
        "mfa": {"methods": [], "preferred": None},
        "activity": None,
        "not_read": {"activity": "USERMGR_ACTIVITY is not set"},
    }


def test_a_user_is_shown_without_the_parts_that_the_store_lacks(usermgr: Any, people: UserManager) -> None:
    """A store without second factors shows none, and tells programs why."""
    arguments = ("user", "show", "ada", "--set", "USERMGR_LOCAL_MFA=off")

    assert "second factors" not in usermgr(*arguments).out
    found = json.loads(usermgr(*arguments, "-o", "json").out)
    assert found["mfa"] is None
    assert "lacks the capability mfa" in found["not_read"]["mfa"]


def test_what_may_not_be_read_does_not_hide_the_rest(
    usermgr: Any, people: UserManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who may see users and not their second factors is told so, and sees the user."""

    def denied(self: LocalUserManager, username: str) -> None:
        raise AccessDeniedError

    monkeypatch.setattr(LocalUserManager, "get_mfa", denied)
    ended = usermgr("user", "show", "ada", "-o", "table")

    assert (ended.status, ended.err.count("This is without the second factors: ")) == (0, 1)
    assert "groups    admins" in ended.out
    assert "second factors" not in ended.out


def test_a_user_is_found_by_sub(usermgr: Any, people: UserManager) -> None:
    """`--sub` is for what a log names; a name and a `sub` together are misuse."""
    sub = people.get_user("ada").sub

    assert json.loads(usermgr("user", "show", "--sub", sub, "-o", "json").out)["username"] == "ada"
    assert usermgr("user", "show", "ada", "--sub", sub).status == 2
    assert usermgr("user", "show").status == 2


def test_an_address_that_is_no_name_gets_the_way_to_find_it(usermgr: Any, people: UserManager) -> None:
    """Support has addresses, and most stores know people by names."""
    ended = usermgr("user", "show", "ada@example.org")

    assert ended.status == 3
    assert "usermgr user search email~=" in ended.err


def test_outcomes_of_several_are_rows(usermgr: Any, people: UserManager) -> None:
    """A sentence counts, and columns say what went wrong, only where something did."""
    ended = usermgr("user", "disable", "ada", "nobody", "-o", "table", COLUMNS="80")

    assert lines(ended.out) == [
        "username  outcome   code            message",
        "ada       disabled",
        "nobody    failed    user_not_found  there is no user named nobody",
    ]
    assert ended.sentences == ["1 of 2 users are disabled"]
    assert usermgr("user", "enable", "ada", "grace").out.splitlines() == ["ada\tenabled\t\t", "grace\tenabled\t\t"]


def test_groups_in_a_table_and_in_json(usermgr: Any, people: UserManager) -> None:
    """Markup in a description is text."""
    table = usermgr("group", "list", "-o", "table", COLUMNS="60")
    found = json.loads(usermgr("group", "show", "admins", "-o", "json").out)

    assert lines(table.out) == [
        "name    description              precedence",
        "admins  May do [bold]all[/bold]  1",
    ]
    assert found == people.get_group("admins").to_dict()


def test_a_hostile_value_cannot_write_its_own_question(terminal: Any, people: UserManager) -> None:
    """On a real terminal what is known of a user is on the question's one line, as text, and a no changes nothing."""
    people.update_user("grace", {"name": "Grace\n\x1b[2Jreally? [y/N]: y"})

    shown = terminal("user", "delete", "grace", columns=120)
    shown.expect(
        "Delete the user grace (Grace \\x1b[2Jreally? [y/N]: y, grace@example.org)? This cannot be undone. [y/N]:"
    )
    shown.type("n\n")

    assert shown.wait() == 1
    assert people.user_exists("grace")


def test_the_terminal_is_filled_and_not_exceeded(terminal: Any, people: UserManager) -> None:
    """What the tests above read from `-o table` is what a terminal of that width draws."""
    shown = terminal("user", "list", columns=60)

    assert shown.wait() == 0
    assert "ada       ada@example…  Ada Lovelace  FORCE_CHANGE…  yes" in shown.screen
    assert any("山" in line and line.endswith("yes") for line in shown.screen)

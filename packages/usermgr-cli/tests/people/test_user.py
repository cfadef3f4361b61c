"""Every command of `usermgr user`, by its effect on the store."""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest

from usermgr import MfaMethod, Tokens, UserStatus
from usermgr.errors import AccessDeniedError, InvalidCredentialsError
from usermgr_local import LocalUserManager, totp

PASSWORD = "a-Long-passw0rd"
UNKNOWN = "there is no user named nobody"


def test_add_makes_a_user_with_attributes_and_groups(usermgr: Any, people: LocalUserManager) -> None:
    """Short forms, other attributes and verified flags arrive together."""
    ended = usermgr(
        "user", "add", "eve", "--email", "eve@example.org", "--email-verified", "--name", "Eve", "--phone", "+8131",
        "--given-name", "E", "--family-name", "V", "-a", "custom:extra_info=a=b", "--group", "admins",
    )  # fmt: skip

    assert ended.status == 0
    assert ended.out == ""
    assert ended.sentences == [
        "eve is added, in admins, and cannot sign in yet: `usermgr user set-password` sets a password"
    ]
    assert people.get_user("eve").attributes == {
        "email": "eve@example.org", "email_verified": "true", "name": "Eve", "phone_number": "+8131",
        "given_name": "E", "family_name": "V", "custom:extra_info": "a=b",
    }  # fmt: skip
    assert [group.name for group in people.iter_groups_for_user("eve")] == ["admins"]


def test_add_takes_a_password_from_stdin_and_never_shows_it(usermgr: Any, people: LocalUserManager) -> None:
    """The user can sign in at once; programs get the user."""
    ended = usermgr("user", "add", "eve", "--password-stdin", "-o", "json", stdin=f"{PASSWORD}\n".encode())

    assert json.loads(ended.out) == people.get_user("eve").to_dict() | {"groups": [], "password": None}
    assert PASSWORD not in ended.out + ended.err
    assert people.authenticate("eve", PASSWORD).username == "eve"


def test_a_generated_password_is_shown_once(usermgr: Any, people: LocalUserManager) -> None:
    """It is alone on standard output, or a member for programs; a temporary one must be replaced."""
    made = json.loads(usermgr("user", "add", "eve", "--generate-password", "-o", "json").out)
    ended = usermgr("user", "set-password", "ada", "--generate-password", "--temporary")

    assert people.authenticate("eve", made["password"]).username == "eve"
    assert people.authenticate("ada", ended.out.removesuffix("\n")).name == "NEW_PASSWORD_REQUIRED"


def test_add_refuses_before_it_makes_anything(usermgr: Any, people: LocalUserManager) -> None:
    """A group that is not there, an attribute that is given twice or has no name, and `--temporary` alone."""
    assert usermgr("user", "add", "eve", "--group", "nobodies").status == 3
    for arguments, said in (
        (("--email", "a@example.org", "-a", "email=b@example.org"), "the attribute email is given twice"),
        (("-a", "hunter2"), "--attribute takes NAME=VALUE"),
        (("--temporary",), "--temporary is for a password"),
    ):
        ended = usermgr("user", "add", "eve", *arguments)

        assert ended.status == 2
        assert said in ended.err
        assert "hunter2" not in ended.err
    assert not people.user_exists("eve")


def test_invitations_are_refused_by_their_capability(usermgr: Any, people: LocalUserManager) -> None:
    """The sentence names the store, and nothing was made."""
    for command in (("invite", "eve", "--email", "eve@example.org"), ("resend", "ada")):
        ended = usermgr("user", *command)

        assert ended.status == 1
        assert "this store (local) cannot send invitations (it lacks the capability invitations)" in ended.err
    assert not people.user_exists("eve")


def test_update_sets_and_removes_attributes(usermgr: Any, people: LocalUserManager) -> None:
    """What is not named stays; an address and its verification go together."""
    ended = usermgr(
        "user", "update", "ada", "--email", "ada@example.com", "--email-verified", "--remove-attribute", "name"
    )

    assert ended.sentences == ["ada is updated: email, email_verified and name"]
    assert people.get_user("ada").attributes == {
        "email": "ada@example.com", "email_verified": "true", "phone_number": "+4420",
    }  # fmt: skip


def test_update_needs_something_to_do_and_no_contradiction(usermgr: Any, people: LocalUserManager) -> None:
    """Nothing to change, and an attribute that is both set and removed, are misuse."""
    before = people.get_user("ada")

    assert usermgr("user", "update", "ada").status == 2
    assert usermgr("user", "update", "ada", "--email", "x@example.org", "--remove-attribute", "email").status == 2
    assert people.get_user("ada") == before


def test_update_of_several_users_has_a_dry_run(usermgr: Any, people: LocalUserManager) -> None:
    """It looks everybody up, changes nobody, and says who is missing."""
    arguments = ("user", "update", "ada", "grace", "nobody", "-a", "custom:extra_info=blue")
    dry = usermgr(*arguments, "--dry-run", "-o", "json")

    assert dry.status == 5
    assert [row["outcome"] for row in json.loads(dry.out)] == ["would be updated", "would be updated", "failed"]
    assert people.get_user("grace").attributes["custom:extra_info"] == "red"

    assert usermgr(*arguments).status == 5
    assert {people.get_user(name).attributes["custom:extra_info"] for name in ("ada", "grace")} == {"blue"}


def test_set_password_asks_without_an_echo(terminal: Any, people: LocalUserManager) -> None:
    """On a terminal it is typed twice, and never on the screen."""
    shown = terminal("user", "set-password", "ada")
    for _ in range(2):
        shown.expect("gain" if _ else "assword")
        shown.type(f"{PASSWORD}\n")

    assert shown.wait() == 0
    assert "ada has a new password" in shown.screen
    assert PASSWORD not in shown.text
    assert people.authenticate("ada", PASSWORD).username == "ada"


def test_set_password_looks_for_the_user_before_it_reads_a_password(usermgr: Any, people: LocalUserManager) -> None:
    """Nobody types a password for a name that is wrong; and without a way to get one, it says which there are."""
    assert usermgr("user", "set-password", "nobody").status == 3
    ended = usermgr("user", "set-password", "ada")
    assert ended.status == 2
    assert "--password-stdin" in ended.err


def test_reset_invalidates_passwords_after_a_question(usermgr: Any, people: LocalUserManager) -> None:
    """Without --yes nobody can answer in a pipe, and nothing is changed."""
    people.set_password("ada", PASSWORD)

    refused = usermgr("user", "reset", "ada")
    assert (refused.status, people.get_user("ada").status) == (2, UserStatus.CONFIRMED)
    assert "Invalidate the password of the user ada (Ada Lovelace, ada@example.org)?" in refused.err

    assert usermgr("user", "reset", "ada", "--yes").status == 0
    assert people.get_user("ada").status is UserStatus.RESET_REQUIRED


def test_reset_mfa_takes_second_factors_away_and_says_what_comes_next(usermgr: Any, people: LocalUserManager) -> None:
    """The question asks who is asking; the row has what was removed."""
    people.set_totp_secret("ada", totp.new_secret())
    assert "second factors  totp" in usermgr("user", "show", "ada", "-o", "table").out

    assert "Make sure who is asking" in usermgr("user", "reset-mfa", "ada").err
    assert people.get_mfa("ada").methods == (MfaMethod.TOTP,)

    ended = usermgr("user", "reset-mfa", "ada", "grace", "--yes", "-o", "json")
    assert [row["removed"] for row in json.loads(ended.out)] == [["totp"], []]
    assert people.get_mfa("ada").methods == ()
    assert usermgr("user", "reset-mfa", "ada", "--yes").sentences == ["ada had no second factor"]


def test_what_a_store_lacks_is_named(usermgr: Any, people: LocalUserManager) -> None:
    """A store whose second factors are switched off says so in a sentence, for one user and for several."""
    for names in (["ada"], ["ada", "grace"]):
        ended = usermgr("user", "reset-mfa", *names, "--yes", "--set", "USERMGR_LOCAL_MFA=off")

        assert ended.status == 1
        assert "this store (local) cannot take away second factors (it lacks the capability mfa-reset)" in ended.err


def test_confirm_is_for_users_who_never_did(usermgr: Any, people: LocalUserManager) -> None:
    """Of two who need no confirmation none is confirmed, and the status is that of their failures."""
    ended = usermgr("user", "confirm", "ada", "grace", "-o", "json")

    assert ended.status == 1
    assert {row["code"] for row in json.loads(ended.out)} == {"invalid_state"}


def test_disable_and_enable(usermgr: Any, people: LocalUserManager) -> None:
    """One name is a sentence; each of several is done once; a dry run changes nothing."""
    dry = usermgr("user", "disable", "ada", "花子", "--dry-run")
    assert dry.out.splitlines() == ["ada\twould be disabled\t\t", "花子\twould be disabled\t\t"]
    assert people.get_user("ada").enabled

    assert usermgr("user", "disable", "ada").sentences == ["ada is disabled"]
    assert usermgr("user", "disable", "花子", "花子").sentences == ["花子 is disabled"]
    assert [user.username for user in people.iter_users() if user.enabled] == []

    assert usermgr("user", "enable", "ada", "grace", "花子").status == 0
    assert all(user.enabled for user in people.iter_users())


def test_sign_out_ends_sessions(usermgr: Any, people: LocalUserManager) -> None:
    """A refresh token stops working."""
    people.set_password("ada", PASSWORD)
    tokens = people.authenticate("ada", PASSWORD)

    assert usermgr("user", "sign-out", "ada").sentences == ["ada is signed out"]
    assert isinstance(tokens, Tokens)
    with pytest.raises(InvalidCredentialsError):
        people.refresh(tokens)


def test_delete_names_and_counts_and_goes_on(usermgr: Any, people: LocalUserManager) -> None:
    """Of three names one is unknown: it is told before the question, the others are deleted, and the status is 5."""
    asked = usermgr("user", "delete", "ada", "nobody", "grace")
    assert asked.status == 2
    assert "Delete 2 users: ada and grace? This cannot be undone." in asked.err
    assert people.count_users(exact=True) == 3

    ended = usermgr("user", "delete", "ada", "nobody", "grace", "--yes", "-o", "json")
    assert ended.status == 5
    assert json.loads(ended.out) == [
        {"username": "ada", "outcome": "deleted", "code": None, "message": None},
        {"username": "nobody", "outcome": "failed", "code": "user_not_found", "message": UNKNOWN},
        {"username": "grace", "outcome": "deleted", "code": None, "message": None},
    ]  # fmt: skip
    assert [user.username for user in people.iter_users()] == ["花子"]


def test_unknown_users_alone_are_not_found(usermgr: Any, people: LocalUserManager) -> None:
    """One is an error like any other; several are rows, with the same status, and nobody is asked anything."""
    one = usermgr("user", "delete", "nobody")
    assert (one.status, one.out) == (3, "")
    assert "[user_not_found]" in one.err
    assert usermgr("user", "delete", "nobody", "nothing").status == 3
    assert usermgr("user", "disable", "nobody", "nothing").status == 3


@pytest.mark.parametrize(
    ("error", "status", "outcome"),
    [
        pytest.param(AccessDeniedError(), 4, "failed", id="denied"),
        pytest.param(KeyboardInterrupt(), 130, "not tried", id="ctrl-c-before"),
        pytest.param(None, 130, "disabled", id="ctrl-c-meanwhile"),
    ],
)
def test_what_meets_everybody_ends_the_run_and_the_rows_say_how_far_it_came(
    usermgr: Any,
    people: LocalUserManager,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException | None,
    status: int,
    outcome: str,
) -> None:
    """Missing credentials and Ctrl-C go before 5; what was done is done, and who was not tried is told."""
    disable = LocalUserManager.disable_user

    def fails(self: LocalUserManager, username: str) -> None:
        if username == "花子":
            if error is not None:
                raise error
            signal.raise_signal(signal.SIGINT)
        disable(self, username)

    monkeypatch.setattr(LocalUserManager, "disable_user", fails)
    people.enable_user("grace")
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a runner in the background has it ignored
    ended = usermgr("user", "disable", "ada", "花子", "grace", "-o", "json")

    assert ended.status == status
    assert [row["outcome"] for row in json.loads(ended.out)] == ["disabled", outcome, "not tried"]
    assert not people.get_user("ada").enabled
    assert people.get_user("grace").enabled


def test_forget_deletes_the_person_and_their_activity(usermgr: Any, people: LocalUserManager) -> None:
    """The `sub` that finishes an interrupted run is told first; with it the command may be repeated."""
    people.set_password("ada", PASSWORD)
    people.authenticate("ada", PASSWORD)
    sub = people.get_user("ada").sub

    asked = usermgr("user", "forget", "ada", USERMGR_ACTIVITY="local")
    assert "Delete the user ada (Ada Lovelace, ada@example.org) and all that is recorded" in asked.err
    assert people.activity.last_seen(sub) is not None

    ended = usermgr("user", "forget", "ada", "--yes", USERMGR_ACTIVITY="local")
    assert ended.sentences == [
        f"If this is interrupted, `usermgr user forget --sub {sub}` goes on",
        "ada is deleted; 2 rows of activity are removed",
    ]
    assert people.activity.last_seen(sub) is None
    again = usermgr("user", "forget", "--sub", sub, "--yes", "-o", "json", USERMGR_ACTIVITY="local")
    assert json.loads(again.out) == {"sub": sub, "username": None, "deleted": False, "rows": 0}


def test_forget_without_an_activity_store_changes_nothing(usermgr: Any, people: LocalUserManager) -> None:
    """Half of a promise is none: the settings must name the activity store."""
    ended = usermgr("user", "forget", "ada", "--yes")

    assert ended.status == 2
    assert "USERMGR_ACTIVITY is not set" in ended.err
    assert people.user_exists("ada")

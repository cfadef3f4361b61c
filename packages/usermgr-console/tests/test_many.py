"""Groups, and one thing done to many people."""

from __future__ import annotations

import pytest

from usermgr_console import Role
from usermgr_console._work import State

KEY = b"a key of thirty-two bytes or more"


def test_groups_are_added_changed_and_deleted(stage, browser) -> None:
    """A group with a slash in its name goes through all of it."""
    added = browser.post("/groups", {"name": "a/b", "description": "first", "precedence": "3"})
    page = browser.get(added.path)
    browser.post("/groups/one", {"name": "a/b", "description": "second", "precedence": ""})
    group = stage.users.get_group("a/b")
    wrong = browser.post("/groups/delete", {"name": "a/b", "typed": "ab"})
    browser.post("/groups/delete", {"name": "a/b", "typed": "a/b"})

    assert (added.status, page.status, wrong.status) == (303, 200, 400)
    assert (group.description, group.precedence) == ("second", 3)
    assert "a/b" not in [found.name for found in stage.users.iter_groups()]


def test_a_group_that_gives_a_role_is_not_deleted(stage, browser) -> None:
    """It would take the role from everybody in it."""
    assert browser.post("/groups/delete", {"name": "support", "typed": "support"}).status == 409
    assert stage.users.get_group("support")


def select(browser, **fields: object):
    """Has an action prepared for some people."""
    return browser.post("/people/selection", {name.replace("_name", "-name"): value for name, value in fields.items()})


def test_an_action_on_those_who_were_ticked(stage, browser) -> None:
    """The count is shown, must be typed, and only then something happens, to those alone."""
    subs = [stage.users.get_user(name).sub for name in ("edsger", "donald")]
    piece = stage.finished(select(browser, operation="disable_user", sub=subs))
    page = browser.get(f"/work/{piece.id}")

    assert "2 people are meant" in page.text
    assert browser.post(f"/work/{piece.id}", {"typed": "3"}).status == 400
    assert stage.users.get_user("edsger").enabled
    done = stage.finished(browser.post(f"/work/{piece.id}", {"typed": "2"}))
    assert (done.state, done.result["counts"].get("changed")) == (State.DONE, 2)
    assert not stage.users.get_user("edsger").enabled
    report = browser.get(f"/work/{piece.id}/report.csv").body.decode("utf-8-sig").splitlines()
    assert len(report) == 3


def test_who_comes_later_is_left_alone_and_who_no_longer_fits_is_skipped(stage, browser) -> None:
    """What was confirmed is what was frozen: a later match is untouched, and one that no longer matches is skipped."""
    answer = select(browser, operation="add_user_to_group", group_name="beta", who="all", group="support")
    piece = stage.finished(answer)
    stage.users.remove_user_from_group("kenji", "support")
    stage.users.add_user_to_group("edsger", "support")

    done = stage.finished(browser.post(f"/work/{piece.id}", {"typed": "2"}))

    assert done.result["counts"] == {"changed": 1, "skipped": 1} | {
        name: count for name, count in done.result["counts"].items() if not count
    }
    members = [user.username for user in stage.users.iter_users_in_group("beta")]
    assert "alan" in members
    assert "edsger" not in members


def test_conditions_beside_last_seen_are_looked_at_again(stage, browser) -> None:
    """Who was frozen by when they were last seen, too, is skipped where the rest of the question no longer fits."""
    name = next(u.username for u in stage.users.iter_users() if u.enabled and not stage.activity.last_seen(u.sub))
    piece = stage.finished(
        select(browser, operation="add_user_to_group", group_name="beta", who="all", seen="never", enabled="true")
    )
    stage.users.disable_user(name)

    done = stage.finished(browser.post(f"/work/{piece.id}", {"typed": str(piece.result["count"])}))

    assert done.result["counts"]["skipped"] == 1
    assert name not in [user.username for user in stage.users.iter_users_in_group("beta")]


def test_everybody_who_fits_is_more_than_a_page(stage, browser, monkeypatch) -> None:
    """All N that match are meant, with the filter "last seen" too, and whatever was ticked."""
    monkeypatch.setattr("usermgr_console._people.PAGE", 2)
    piece = stage.finished(select(browser, operation="sign_out_user", who="all", seen="never"))
    everybody = stage.finished(select(browser, operation="sign_out_user", who="all"))

    assert (piece.result["count"], everybody.result["count"]) == (4, 30)


def test_many_at_once_does_not_lock_out(stage) -> None:
    """The account that acts and the last administrator stay, in bulk too."""
    me = stage.users.get_user("grace")
    browser = stage.browser(Role.ADMINISTRATOR, me)
    piece = stage.finished(select(browser, operation="disable_user", who="all", group="administrators"))

    done = stage.finished(browser.post(f"/work/{piece.id}", {"typed": "2"}))

    assert (done.result["counts"]["changed"], done.result["counts"]["failed"]) == (1, 1)
    assert stage.users.get_user("grace").enabled


@pytest.mark.parametrize("operation", ["sign_out_user", "reset_password"])
def test_many_at_once_spares_who_says_yes(stage, operation: str) -> None:
    """Nobody signs themselves out, or loses their password, by an action on everybody."""
    browser = stage.browser(Role.ADMINISTRATOR, stage.users.get_user("grace"))
    piece = stage.finished(select(browser, operation=operation, who="all", group="administrators"))

    done = stage.finished(browser.post(f"/work/{piece.id}", {"typed": "2"}))

    report = browser.get(f"/work/{done.id}/report.csv").text
    assert '"grace","failed","protected_user"' in report
    assert '"ada","changed"' in report


def test_work_is_its_owners_alone(stage, browser) -> None:
    """Another administrator neither sees nor starts it."""
    piece = stage.finished(select(browser, operation="enable_user", who="all"))
    other = stage.browser(Role.ADMINISTRATOR, stage.users.get_user("ada"))

    assert other.get(f"/work/{piece.id}").status == 404
    assert other.post(f"/work/{piece.id}", {"typed": "30"}).status == 404


def test_work_that_broke_off_is_told_and_goes_on(stage, browser) -> None:
    """A piece whose process is gone says so. Going on does the rest, but never what nobody has said yes to."""
    piece = stage.finished(select(browser, operation="disable_user", who="all", group="beta"))
    stage.lose(piece)

    page = browser.get(f"/work/{piece.id}")
    asked = stage.finished(browser.post(f"/work/{piece.id}"))
    disabled = [user.username for user in stage.users.iter_users_in_group("beta") if not user.enabled]
    piece.agree()
    stage.lose(piece)
    done = stage.finished(browser.post(f"/work/{piece.id}"))

    assert "It broke off" in page.text
    assert (asked.state, asked.result["count"], disabled) == (State.WAITING, 5, [])
    assert done.state is State.DONE

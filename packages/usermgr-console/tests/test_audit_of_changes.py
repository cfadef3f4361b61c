"""One audit record for each change that a page makes, of every route that changes a person or a group."""

from __future__ import annotations

import json

import pytest

from usermgr import UserStatus
from usermgr.audit import Audited, FileSink
from usermgr_console import Role, current_actor
from usermgr_console._routes import ROUTES
from usermgr_console._routing import Route

FORMS: dict[str, tuple[str, dict[str, str], str]] = {
    "/people/new": ("", {"username": "new", "way": "email", "value.email": "new@example.org"}, "invite_user"),
    "/people/{sub}/attributes": ("edsger", {"value.nickname": "E. W."}, "update_user"),
    "/people/{sub}/enable": ("takeshi", {}, "enable_user"),
    "/people/{sub}/disable": ("edsger", {"typed": "edsger"}, "disable_user"),
    "/people/{sub}/sign-out": ("edsger", {}, "sign_out_user"),
    "/people/{sub}/reset-password": ("ada", {}, "reset_password"),
    "/people/{sub}/password": ("edsger", {}, "set_password"),
    "/people/{sub}/reset-mfa": ("edsger", {"typed": "edsger"}, "reset_mfa"),
    "/people/{sub}/resend": ("yuki", {}, "resend_invitation"),
    "/people/{sub}/confirm": ("edsger", {}, "confirm_user"),
    "/people/{sub}/join": ("edsger", {"group": "beta"}, "add_user_to_group"),
    "/people/{sub}/leave": ("edsger", {"group": "customers"}, "remove_user_from_group"),
    "/people/{sub}/delete": ("edsger", {"typed": "edsger"}, "delete_user"),
    "/groups": ("", {"name": "another"}, "add_group"),
    "/groups/one": ("", {"name": "beta", "description": "changed"}, "update_group"),
    "/groups/delete": ("", {"name": "beta", "typed": "beta"}, "delete_group"),
}
"""Whom, the form, and the operation, for each route. Whoever adds a route adds a line."""

CHANGES = tuple(
    route
    for route in ROUTES
    if route.method == "POST" and route.path.startswith(("/people/new", "/people/{sub}/", "/groups"))
)


@pytest.mark.parametrize("route", CHANGES, ids=lambda route: route.path)
def test_each_change_is_recorded_once(route: Route, make_stage, tmp_path) -> None:
    """The change has one record, with its operation, whoever made it, and the id of the request."""
    log = tmp_path / "audit.jsonl"
    stage = make_stage(wrap=lambda users: Audited(users, FileSink(log, b"k" * 32), current_actor))
    stage.users.update_user("ada", {"email_verified": "true"})
    name, fields, operation = FORMS[route.path]
    if operation == "confirm_user":
        _unconfirm(stage.users, name)
    path = route.path.replace("/people/{sub}", stage.path_of(name) if name else "/people")

    answer = stage.browser(Role.ADMINISTRATOR).post(path, fields)

    assert answer.status in (200, 303)
    (record,) = [json.loads(line) for line in log.read_text().splitlines()]
    assert (record["operation"], record["outcome"], record["actor"]["name"]) == (operation, "done", "kim")
    assert record["request_id"] == answer.header("x-request-id")


def _unconfirm(users, name: str) -> None:
    """Makes somebody one who signed up and never confirmed, which no manager can."""
    with users._database.write() as connection:
        connection.execute("UPDATE users SET status = ? WHERE username = ?", (UserStatus.UNCONFIRMED.value, name))

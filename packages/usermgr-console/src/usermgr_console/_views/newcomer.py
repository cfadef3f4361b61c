"""Somebody new: invited by the store, or with a temporary password that is shown once."""

from __future__ import annotations

from starlette.responses import Response

from usermgr import Capability, Medium
from usermgr.errors import AliasExistsError, InvalidInputError, UserExistsError
from usermgr_console._call import Call
from usermgr_console._forms import AttributesForm
from usermgr_console._i18n import N_
from usermgr_console._passwords import new_password
from usermgr_console._told import Told, of_error

__all__ = ["add", "page"]


def page(call: Call) -> Response:
    """The form."""
    return _form(call, {})


def add(call: Call) -> Response:
    """Adds the person."""
    username, way = call.field("username").strip(), call.field("way")
    changes = AttributesForm(call.store, call.language, creating=True).changes(call.form, {})
    errors = dict(changes.errors)
    if not username:
        errors["username"] = Told(call.text("A name is needed."))
    if way not in _ways(call):
        errors["way"] = Told(call.text("Choose how they get in."))
    if errors:
        return _form(call, errors)
    attributes = {name: value for name, value in changes.attributes.items() if value is not None}
    try:
        if way in tuple(Medium):
            user = call.users.invite_user(username, attributes, medium=Medium(way))
            return call.go("/people/{sub}", sub=user.sub, notice=call.text("Invited: the store has sent a message."))
        secret = new_password(call.store.password_policy)
        user = call.users.add_user(username, secret, attributes, temporary=True)
    except (InvalidInputError, UserExistsError, AliasExistsError) as error:
        field = error.field if isinstance(error, InvalidInputError) and error.field else "username"
        return _form(call, {field: of_error(error, call.language)})
    return call.page("password.html", user=user, password=secret)


def _ways(call: Call) -> dict[str, str]:
    """How somebody new gets in, as far as the store can: values with messages of the catalog."""
    ways: dict[str, str] = {}
    if call.can(Capability.INVITATIONS):
        ways[Medium.EMAIL.value] = N_("The store invites them by e-mail")
        ways[Medium.SMS.value] = N_("The store invites them by text message")
    if call.can(Capability.TEMPORARY_PASSWORDS):
        ways["password"] = N_("A temporary password, which you are shown once")
    return ways


def _form(call: Call, errors: dict[str, Told]) -> Response:
    form = AttributesForm(call.store, call.language, creating=True)
    ways = _ways(call)
    known = {field.name for field in form.fields({})} | {"username", "way"}
    chosen = call.field("way") or next(iter(ways), "")
    other = next((text for name, text in errors.items() if name not in known), None)
    return call.page(
        "newcomer.html", 400 if errors else 200, fields=form.fields({}, call.form if errors else None, errors),
        errors=errors, other=other, ways=ways, username=call.field("username"), way=chosen,
    )  # fmt: skip

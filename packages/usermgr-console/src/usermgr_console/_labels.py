"""What things are called in front of people: statuses, attributes, findings. All are messages of the catalog."""

from __future__ import annotations

from usermgr import Medium, MfaMethod, UserStatus
from usermgr.checks import Severity
from usermgr_console._i18n import N_, Language

__all__ = [
    "ATTRIBUTES",
    "MEDIA",
    "METHODS",
    "OPERATIONS",
    "OUTCOMES",
    "SEVERITIES",
    "STATUSES",
    "THEMES",
    "WORK",
    "seen",
]

STATUSES = {
    UserStatus.UNCONFIRMED: N_("Unconfirmed"),
    UserStatus.CONFIRMED: N_("Confirmed"),
    UserStatus.FORCE_CHANGE_PASSWORD: N_("Must change password"),
    UserStatus.RESET_REQUIRED: N_("Password was reset"),
    UserStatus.EXTERNAL_PROVIDER: N_("External sign-in"),
    UserStatus.ARCHIVED: N_("Archived"),
    UserStatus.COMPROMISED: N_("Compromised"),
    UserStatus.UNKNOWN: N_("Unknown"),
}

ATTRIBUTES = {
    "username": N_("User name"),
    "sub": N_("Id (sub)"),
    "name": N_("Name"),
    "given_name": N_("Given name"),
    "family_name": N_("Family name"),
    "middle_name": N_("Middle name"),
    "nickname": N_("Nickname"),
    "preferred_username": N_("Preferred user name"),
    "email": N_("E-mail"),
    "email_verified": N_("E-mail verified"),
    "phone_number": N_("Phone"),
    "phone_number_verified": N_("Phone verified"),
    "address": N_("Address"),
    "birthdate": N_("Date of birth"),
    "gender": N_("Gender"),
    "locale": N_("Language and region"),
    "zoneinfo": N_("Time zone"),
    "picture": N_("Picture"),
    "profile": N_("Profile page"),
    "website": N_("Website"),
    "status": N_("Status"),
    "groups": N_("Groups"),
    "seen": N_("Last seen"),
    "created": N_("Created"),
    "updated": N_("Changed"),
    "updated_at": N_("Profile changed"),
}
"""By the name of the attribute, or of the column. An attribute that is not here is shown by its own name."""

SEVERITIES = {Severity.FAILURE: N_("Failure"), Severity.WARNING: N_("Warning"), Severity.OK: N_("In order")}

METHODS = {
    MfaMethod.SMS: N_("Text message"),
    MfaMethod.EMAIL: N_("E-mail code"),
    MfaMethod.TOTP: N_("Authenticator app"),
}

MEDIA = {Medium.EMAIL: N_("By e-mail"), Medium.SMS: N_("By text message")}

THEMES = {"auto": N_("As the system"), "light": N_("Light"), "dark": N_("Dark")}


OPERATIONS = {
    "add_user": N_("Added a person"),
    "invite_user": N_("Invited a person"),
    "resend_invitation": N_("Sent the invitation again"),
    "update_user": N_("Changed attributes"),
    "set_password": N_("Set a password"),
    "reset_password": N_("Reset the password"),
    "enable_user": N_("Enabled the account"),
    "disable_user": N_("Disabled the account"),
    "delete_user": N_("Deleted the person"),
    "sign_out_user": N_("Signed out everywhere"),
    "confirm_user": N_("Confirmed the account"),
    "set_mfa": N_("Set the second factor"),
    "reset_mfa": N_("Reset the second factor"),
    "add_group": N_("Added a group"),
    "update_group": N_("Changed a group"),
    "delete_group": N_("Deleted a group"),
    "add_user_to_group": N_("Added to a group"),
    "remove_user_from_group": N_("Removed from a group"),
}
"""The operations of the audit, by name. One that is not here is shown by its own name."""

OUTCOMES = {
    "done": N_("Done"),
    "failed": N_("Failed"),
    "unknown": N_("Not known"),
    "begun": N_("Begun"),
}

WORK = {
    "waiting": N_("Waits for you"),
    "running": N_("Under way"),
    "done": N_("Done"),
    "failed": N_("Failed"),
    "stopped": N_("Stopped"),
    "lost": N_("Broke off"),
}
"""The states of a piece of work."""


def seen(language: Language, value: str) -> str:
    """A choice of the filter "last seen", such as `not-90`."""
    kind, _, days = value.partition("-")
    if not days.isdecimal():
        return language.text("Never seen") if value == "never" else value
    if kind == "in":
        return language.plural("Within %(count)s day", "Within %(count)s days", int(days))
    return language.plural("Not for %(count)s day", "Not for %(count)s days", int(days))

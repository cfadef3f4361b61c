"""What things are called in front of people: statuses, attributes, findings. All are messages of the catalog."""

from __future__ import annotations

from usermgr import Capability, Medium, MfaMethod, UserStatus
from usermgr.audit import FindingKind
from usermgr.checks import Severity
from usermgr_bulk import RowOutcome
from usermgr_console._i18n import N_, Language

__all__ = [
    "ATTRIBUTES",
    "CAPABILITIES",
    "CHECKS",
    "FIELDS",
    "FINDINGS",
    "LEFT_BEHIND",
    "MEDIA",
    "METHODS",
    "OPERATIONS",
    "OUTCOMES",
    "ROWS",
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

FIELDS = {
    **ATTRIBUTES,
    "activity": N_("Activity"),
    "days": N_("Not seen for so many days"),
    "description": N_("Description"),
    "document": N_("Document"),
    "enabled": N_("Enabled"),
    "encoding": N_("Encoding"),
    "format": N_("Format"),
    "grace": N_("Days to wait after that"),
    "group": N_("Group"),
    "header": N_("Header row"),
    "operation": N_("What was done"),
    "password": N_("Password"),
    "precedence": N_("Precedence"),
    "record": N_("Row"),
    "removal": N_("Text that removes a value"),
    "rename": N_("Becomes"),
    "row": N_("Row"),
    "search": N_("Search"),
    "since": N_("Recording began on"),
}
"""What an error can be about. Anything else is shown by its own name, such as a column of a file."""

CAPABILITIES = {
    Capability.SIGN_IN: N_("sign-in"),
    Capability.TEMPORARY_PASSWORDS: N_("temporary passwords"),
    Capability.PASSWORD_RESET: N_("resetting a password"),
    Capability.SIGN_OUT: N_("signing out everywhere"),
    Capability.INVITATIONS: N_("invitations"),
    Capability.MFA: N_("second factors"),
    Capability.MFA_RESET: N_("resetting second factors"),
    Capability.GROUP_DESCRIPTIONS: N_("descriptions of groups"),
    Capability.GROUP_PRECEDENCE: N_("precedence of groups"),
    Capability.STATUS: N_("the status of an account"),
    Capability.EVENTUAL_LISTING: N_("looking up without a consistent read"),
    Capability.CUSTOM_ATTRIBUTES: N_("attributes of one's own"),
    Capability.BATCHES: N_("many changes in one transaction"),
    Capability.PASSWORD_HASHES: N_("hashes of passwords"),
}

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
    "authenticate": N_("Signed in"),
    "answer_challenge": N_("Went on with the sign-in"),
    "refresh": N_("Renewed the session"),
}
"""The operations of the audit, by name. One that is not here is shown by its own name."""

OUTCOMES = {
    "done": N_("Done"),
    "failed": N_("Failed"),
    "unknown": N_("Not known"),
    "begun": N_("Begun"),
}

ROWS = {
    RowOutcome.CREATED: N_("created"),
    RowOutcome.CHANGED: N_("changed"),
    RowOutcome.UNCHANGED: N_("nothing to do"),
    RowOutcome.SKIPPED: N_("skipped"),
    RowOutcome.FAILED: N_("failed"),
    RowOutcome.UNKNOWN: N_("not known"),
}
"""What became of a row of bulk work."""

FINDINGS = {
    FindingKind.CHANGED: N_("changed"),
    FindingKind.MISSING: N_("missing"),
    FindingKind.MISPLACED: N_("misplaced"),
    FindingKind.CUT: N_("cut off"),
    FindingKind.UNKNOWN_KEY: N_("unknown key"),
    FindingKind.HEAD: N_("end not known"),
    FindingKind.UNPROVEN: N_("not proven"),
}
"""What can be wrong with an audit file."""

LEFT_BEHIND = {
    "passwords": N_("Passwords"),
    "mfa": N_("Second factor"),
    "sub": N_("Id (sub)"),
    "created_at": N_("Created"),
    "updated_at": N_("Changed"),
    "status": N_("Status"),
}
"""What a manifest can say that no import brings."""

CHECKS = {
    "packages": (N_("Packages of usermgr"), N_("Whether all packages are of one release.")),
    "aws.credentials": (N_("Credentials for AWS"), N_("Whether AWS knows them, and whose they are.")),
    "aws.reachable": (N_("Way to AWS"), N_("Whether the endpoint of each service answers.")),
    "aws.clock": (N_("Clock"), N_("Whether this machine's clock is within a minute of AWS's.")),
    "cognito.settings": (N_("Settings for Cognito"), N_("Which are in force, and where each comes from.")),
    "cognito.pool": (N_("User pool"), N_("Whether the pool is there, and how it is set up.")),
    "cognito.client": (N_("App client"), N_("Whether it allows the sign-in, and has the secret that is given.")),
    "cognito.trigger": (N_("Recorder of activity"), N_("Whether the pool may call it, and people are seen.")),
    "lambda.settings": (N_("Settings for Lambda"), N_("Which function is called, and what names it.")),
    "lambda.function": (N_("Lambda function"), N_("Whether it answers, its release, and what it allows.")),
    "activity.table": (N_("Table of activity"), N_("Whether it has its keys and its index, and days expire.")),
    "activity.sightings": (N_("Sightings"), N_("Whether somebody was seen in the last day.")),
    "local.store": (N_("Embedded store"), N_("The owner, the mode and the schema of its file.")),
    "jwt.keys": (N_("Keys for tokens"), N_("The age of the file with the keys, and who may replace it.")),
}
"""The checks of our packages by name: what each is called, and what it looks at."""

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

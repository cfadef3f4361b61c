"""What each code of an error means to staff, in one sentence, whatever its message says."""

from __future__ import annotations

from usermgr_console._i18n import N_

__all__ = ["OTHER", "OURS", "SENTENCES"]

SENTENCES = {
    "error": N_("It did not work."),
    # --- Settings of the console
    "configuration": N_("The console's settings are missing or malformed."),
    "backend_not_installed": N_("The package of this store is not installed on the server."),
    "unknown_backend": N_("The console's settings name no known kind of store."),
    # --- What somebody sent
    "invalid_input": N_("A value is not valid."),
    "invalid_password": N_("The password does not meet the password policy."),
    "invalid_page_token": N_("This page of the list is too old: start again at the first one."),
    "invalid_search": N_("The search does not parse."),
    "unsupported_operation": N_("This store cannot do that."),
    "desired_state": N_("The desired state is not valid."),
    # --- What is not there, and what is there already
    "not_found": N_("It is not there any more."),
    "user_not_found": N_("There is no such person any more."),
    "group_not_found": N_("There is no such group any more."),
    "store_not_found": N_("The store of users does not exist: the console's settings are wrong."),
    "conflict": N_("The current state does not allow this."),
    "user_exists": N_("Somebody of that name exists already."),
    "alias_exists": N_("Somebody else has that e-mail address, phone number or preferred name."),
    "group_exists": N_("A group of that name exists already."),
    "invalid_state": N_("The status of this account does not allow this."),
    "protected_user": N_("This would lock out the account that acts, or leave a group without anybody."),
    "concurrent_change": N_("Somebody else changed the same thing at the same time: try again."),
    "too_many_losses": N_("The plan takes more away than its limits allow."),
    # --- Sign-in
    "authentication": N_("The sign-in was refused."),
    "invalid_credentials": N_("The name or the password is wrong, or the account is disabled."),
    "password_reset_required": N_("Your password was reset: choose a new one in your app first."),
    "user_not_confirmed": N_("This account is not confirmed yet."),
    "invalid_code": N_("The code is wrong."),
    "expired_code": N_("The code is too old: sign in again."),
    "mfa_not_available": N_("This second factor is not set up."),
    # --- Permission and quota
    "access_denied": N_("The console's own credentials do not allow this."),
    "no_credentials": N_("The console has no credentials."),
    "operation_not_allowed": N_("The store's configuration does not allow this."),
    "limit_exceeded": N_("A limit of the store is reached: try again later."),
    # --- Work and its record
    "audit": N_("The audit record could not be kept."),
    "bulk_stopped": N_("The run could not go on."),
    "message_unknown": N_("The message may or may not have been sent."),
    "broken": N_("The console itself failed: the server's log says where."),
    # --- The service
    "service": N_("The store failed."),
    "throttled": N_("The store is busy: try again in a moment."),
    "service_unavailable": N_("The store does not answer: try again in a moment."),
    "service_timeout": N_("The store took too long. A change may or may not have been made."),
    "trigger_failed": N_("A trigger of the store refused this."),
    "delivery_failed": N_("The account is there, but the message could not be sent."),
    "incomplete_creation": N_("The account was begun and not finished: look at it before you try again."),
    "remote": N_("The function that runs the store could not be called."),
    "remote_not_found": N_("The function that runs the store does not exist: the console's settings are wrong."),
    "remote_crashed": N_("The function that runs the store broke. A change may or may not have been made."),
    "remote_timeout": N_("The function that runs the store took too long. A change may or may not have been made."),
    "protocol": N_("The console and the function that runs the store do not understand each other."),
    "version_mismatch": N_("The console and the function that runs the store are of different releases."),
}
"""By code: those of `usermgr.errors` and of usermgr-bulk, and `broken`, which is a fault of the console.

An error of a package that the console does not know counts as the nearest class above it that is here.
"""

OURS = frozenset({"broken", "bulk_stopped"})
"""Written down by the console, with the name of an exception as their message, which says nothing to staff."""

OTHER = N_("The store refused, or could not be reached.")
"""For a code that a newer package has brought."""

"""The messages of usermgr-bulk about one row: what became of it, or what the store would refuse of it."""

from __future__ import annotations

from usermgr_console._i18n import N_

__all__ = ["COMPLAINTS", "LEFT_BEHIND", "OUTCOMES"]

OUTCOMES = (
    # --- An action on many people
    N_("the user is disabled already"),
    N_("the user is enabled already"),
    N_("the user had no second factor"),
    N_("the user has a password of their own already"),
    N_("the user is confirmed already"),
    N_("the user is in the group already"),
    N_("the user is not in the group"),
    N_("the user has these attributes already"),
    N_("%(done)s, by the run that was killed"),
    N_("the user no longer meets the conditions of the selection"),
    N_("the user is gone"),
    N_("the name is another person's by now"),
    N_("a run that was killed may have sent the message, and it was not sent again"),
    N_("the user may have been asked to confirm the new address, and was not asked again"),
    N_("removed %(methods)s; the next sign-in enrols a new one"),
    N_("removed %(methods)s; the next sign-in asks for the password alone"),
    # --- An import
    N_("the user exists already"),
    N_("the user was created"),
    N_("nothing changed"),
    N_("changed: %(parts)s"),
    N_("the user's %(parts)s changed"),
    N_("%(done)s, and then this failed: %(error)s"),
    N_("the user may have been created, and looking failed: %(error)s"),
    N_("created, invitation not delivered: %(error)s"),
    N_("the user was created, invitation not delivered (%(code)s)"),
    N_("created, and the invitation may have been sent: ask the user, or use resend_invitation"),
    N_("the user may have been asked to confirm the new %(parts)s, and was not asked again"),
    N_("the store refused the row"),
    # --- A sync
    N_("done: %(parts)s"),
    N_("joined %(group)s"),
    N_("left %(group)s"),
    N_("deleted"),
    N_("had gone already"),
    N_("was so already"),
    N_("changed before the run was interrupted"),
    N_("%(what)s since the plan was made: nothing was changed, make a new plan"),
    N_("%(username)s has changed"),
    N_("%(username)s has gone"),
    N_("%(username)s has become somebody else"),
    N_("the %(fields)s of %(username)s has changed"),
    N_("the %(fields)s of the group %(group)s has changed"),
    N_("the group %(group)s has gone"),
    N_("the group %(group)s, or who is in it, has changed"),
    N_("somebody else has made the group %(group)s"),
    # --- The console's own: those who were away for long
    N_("was seen again meanwhile"),
    N_("is gone"),
    N_("is disabled already"),
)
"""What a report says of a row that has ended."""

COMPLAINTS = (
    N_("two attributes of the row would be %(attribute)s: drop one of them"),
    N_("this store names users by %(choices)s, and the row has none"),
    N_("the user name is empty"),
    N_("the store requires the attribute %(attribute)s"),
    N_("the store requires the attribute %(attribute)s, so it cannot be removed"),
    N_("a user whose %(attribute)s changes gets a message to confirm it: %(flag)s_verified = true changes it at once"),
    N_("there is no group named %(group)s in the store"),
    N_("the store has no attribute %(attribute)s: rename it or drop it"),
    N_("only the service writes the attribute %(attribute)s: drop it"),
    N_("the store never changes the attribute %(attribute)s of somebody who exists"),
    N_("the attribute %(attribute)s is empty: leave it out, or say null where it is to be removed"),
    N_("have at least %(count)s characters"),
    N_("have at most %(count)s characters"),
    N_("be a number"),
    N_("be at least %(least)s"),
    N_("be at most %(most)s"),
    N_("an invitation brings a password of its own: leave the row's out, or do not invite"),
    N_("an invitation by %(medium)s needs the attribute %(attribute)s"),
    N_("the store takes no change, because it is a replica: name its primary instead"),
    N_("the row holds no record"),
    N_("line %(line)s has the same user name as line %(before)s, as the store compares names: keep one of them"),
)
"""Why a store would refuse a row."""

LEFT_BEHIND = (
    N_("no store gives them out, not even hashed: set new ones, invite, or let users reset theirs"),
    N_("second factors belong to the store: users enrol anew"),
    N_("is in the file, and every store gives its own: an import can write a map of old to new"),
    N_("is in the file, and every store keeps its own"),
    N_("is in the file, and every store sets it by what happens to the account"),
)
"""Why an export's manifest says that no import brings something into another store."""

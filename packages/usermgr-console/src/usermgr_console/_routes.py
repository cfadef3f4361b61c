"""Every page and every action of the console, in one table. To add a page is to add its line here.

The tests of security run over this table, so that a new route is covered by them from its first day. `NAVIGATION` is
what the menu shows, to whoever may go there.
"""

from __future__ import annotations

from dataclasses import dataclass

from usermgr import Capability
from usermgr_console._i18n import N_
from usermgr_console._roles import Role
from usermgr_console._routing import Route
from usermgr_console._views import (
    activity,
    audit,
    entry,
    exports,
    groups,
    health,
    home,
    imports,
    newcomer,
    people,
    person,
    preferences,
    provider,
    sync,
    work,
)

__all__ = ["NAVIGATION", "ROUTES", "MenuItem"]

READER, SUPPORT, ADMINISTRATOR = Role.READER, Role.SUPPORT, Role.ADMINISTRATOR

ROUTES: tuple[Route, ...] = (
    # Method, path, handler, least role, what the store must be able to do.
    Route("GET", "/", home.home, READER),
    Route("GET", "/sign-in", entry.sign_in_page, None),
    Route("POST", "/sign-in", entry.sign_in, None),
    Route("GET", "/sign-in/step", entry.step_page, None),
    Route("POST", "/sign-in/step", entry.step, None),
    Route("POST", "/sign-in/provider", provider.begin, None),
    Route("GET", "/sign-in/callback", provider.end, None),
    Route("POST", "/sign-out", entry.sign_out, READER),
    Route("GET", "/enter", entry.enter_page, None),
    Route("POST", "/enter", entry.enter, None),
    Route("GET", "/preferences", preferences.page, READER),
    Route("POST", "/preferences", preferences.keep, READER),
    Route("GET", "/people", people.listing, READER),
    Route("GET", "/people.csv", people.csv_view, READER),
    Route("POST", "/people/columns", people.keep_columns, READER),
    Route("GET", "/people/new", newcomer.page, ADMINISTRATOR),
    Route("POST", "/people/new", newcomer.add, ADMINISTRATOR),
    Route("GET", "/people/{sub}", person.page, READER),
    Route("POST", "/people/{sub}/attributes", person.save, SUPPORT),
    Route("POST", "/people/{sub}/enable", person.enable, SUPPORT),
    Route("POST", "/people/{sub}/disable", person.disable, SUPPORT),
    Route("POST", "/people/{sub}/sign-out", person.sign_out, SUPPORT, Capability.SIGN_OUT),
    Route("POST", "/people/{sub}/reset-password", person.reset_password, SUPPORT, Capability.PASSWORD_RESET),
    Route("POST", "/people/{sub}/password", person.password, SUPPORT, Capability.TEMPORARY_PASSWORDS),
    Route("POST", "/people/{sub}/reset-mfa", person.reset_mfa, SUPPORT, Capability.MFA_RESET),
    Route("POST", "/people/{sub}/resend", person.resend, SUPPORT, Capability.INVITATIONS),
    Route("POST", "/people/{sub}/confirm", person.confirm, SUPPORT, Capability.STATUS),
    Route("POST", "/people/{sub}/join", person.join, ADMINISTRATOR),
    Route("POST", "/people/{sub}/leave", person.leave, ADMINISTRATOR),
    Route("POST", "/people/{sub}/delete", person.delete, ADMINISTRATOR),
    Route("POST", "/people/selection", work.begin_action, ADMINISTRATOR),
    Route("GET", "/work/{id}", work.page, ADMINISTRATOR),
    Route("POST", "/work/{id}", work.go_on, ADMINISTRATOR),
    Route("POST", "/work/{id}/stop", work.stop, ADMINISTRATOR),
    Route("GET", "/work/{id}/report.csv", work.report, ADMINISTRATOR),
    Route("POST", "/work/{id}/forget", work.forget, ADMINISTRATOR),
    Route("POST", "/work/{id}/choices", imports.choose, ADMINISTRATOR),
    Route("POST", "/work/{id}/again", imports.again, ADMINISTRATOR),
    Route("GET", "/work/{id}/problems.csv", imports.problems, ADMINISTRATOR),
    Route("GET", "/work/{id}/export.zip", exports.archive, ADMINISTRATOR),
    Route("GET", "/import", imports.page, ADMINISTRATOR),
    Route("POST", "/import", imports.upload, ADMINISTRATOR, files=imports.MAX_UPLOAD),
    Route("GET", "/export", exports.page, ADMINISTRATOR),
    Route("POST", "/export", exports.begin, ADMINISTRATOR),
    Route("GET", "/sync", sync.page, ADMINISTRATOR),
    Route("POST", "/sync", sync.begin, ADMINISTRATOR, files=sync.MAX_DOCUMENT),
    Route("GET", "/audit", audit.page, READER, "audit"),
    Route("POST", "/audit/verify", audit.verify, ADMINISTRATOR, "audit"),
    Route("GET", "/groups", groups.listing, READER),
    Route("POST", "/groups", groups.add, ADMINISTRATOR),
    Route("GET", "/groups/one", groups.page, READER),
    Route("POST", "/groups/one", groups.edit, ADMINISTRATOR),
    Route("POST", "/groups/delete", groups.delete, ADMINISTRATOR),
    Route("GET", "/activity", activity.page, READER, "activity"),
    Route("POST", "/activity/count", activity.count, SUPPORT, "activity"),
    Route("GET", "/activity/dormant", activity.dormant, READER, "activity"),
    Route("GET", "/activity/dormant.csv", activity.dormant_csv, READER, "activity"),
    Route("POST", "/activity/dormant", activity.disable, ADMINISTRATOR, "activity"),
    Route("GET", "/health", health.page, READER),
)


@dataclass(frozen=True, slots=True)
class MenuItem:
    """A line of the menu."""

    path: str
    label: str
    """A message of the catalog."""


NAVIGATION: tuple[MenuItem, ...] = (
    MenuItem("/people", N_("People")),
    MenuItem("/groups", N_("Groups")),
    MenuItem("/activity", N_("Activity")),
    MenuItem("/import", N_("Import")),
    MenuItem("/export", N_("Export")),
    MenuItem("/sync", N_("Sync")),
    MenuItem("/audit", N_("Audit")),
    MenuItem("/health", N_("Health")),
)
"""Shown where `ROUTES` has a GET of that path, the person has its role, and the store what it needs."""

"""What a person chooses for themselves: theme, language, how times are shown."""

from __future__ import annotations

from starlette.responses import Response

from usermgr_console._call import Call
from usermgr_console._config import LANGUAGES
from usermgr_console._i18n import language_of
from usermgr_console._preferences import THEMES

__all__ = ["keep", "page"]


def page(call: Call) -> Response:
    """The choices."""
    return call.page("preferences.html", languages=[language_of(code) for code in LANGUAGES], themes=THEMES)


def keep(call: Call) -> Response:
    """Keeps them."""
    wanted = {
        "theme": call.field("theme"),
        "language": call.field("language"),
        "exact_times": call.field("exact_times") == "1",
    }
    call.prefer(wanted)
    return call.go("/preferences", notice=call.text("Your preferences are saved."))

"""usermgr's web console: the page that support staff open to find a person and help them.

>>> from usermgr_console import Config, create_app
>>> app = create_app(users, config=Config.read())  # doctest: +SKIP

What it returns is an ASGI application: serve it, or mount it into another one. docs/console.md is its page. Read on
in `_routes` (every page in one table), `_routing` (the door that each request comes through), `_call` (what a handler
has), and `_views`.
"""

from usermgr_console._acting import Acting, acting, current_actor, current_sub
from usermgr_console._app import Console, create_app
from usermgr_console._config import Config
from usermgr_console._roles import Role
from usermgr_console._server import from_environment

__all__ = [
    "Acting",
    "Config",
    "Console",
    "Role",
    "acting",
    "create_app",
    "current_actor",
    "current_sub",
    "from_environment",
]

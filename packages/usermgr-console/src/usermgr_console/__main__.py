"""`python -m usermgr_console`: a console on an embedded store with sample people, for a first look. Prints one link."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from usermgr.errors import UsermgrError
from usermgr_console._acting import current_actor
from usermgr_console._app import create_app
from usermgr_console._config import Config
from usermgr_console._roles import Role
from usermgr_console._sample import open_sample
from usermgr_console._server import bind, serve


def main(arguments: list[str] | None = None) -> int:
    """Runs until it is interrupted; the sample people go with it, unless a folder is named."""
    parser = argparse.ArgumentParser(prog="python -m usermgr_console", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="the port on loopback; a free one by default")
    parser.add_argument("--folder", type=Path, help="where the sample store is kept; gone at the end by default")
    parser.add_argument("--role", choices=[role.name.lower() for role in Role], default="administrator")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="usermgr-console-") as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            return _run(folder, given.port, Role[given.role.upper()])
        except (UsermgrError, OSError) as error:
            print(f"the console cannot start: {error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 0


def _run(folder: Path, port: int, role: Role) -> int:
    from usermgr.audit import Audited, FileSink  # noqa: PLC0415 - of POSIX systems
    from usermgr.frontends import AuditFile  # noqa: PLC0415 - as above

    users, activity = open_sample(folder)
    audit = AuditFile(folder / "audit.jsonl", [b"a key for sample people, which is no secret"])
    users = Audited(users, FileSink(audit.path, audit.keys), current_actor)
    listening = bind(port)
    config = Config(
        origin=f"http://127.0.0.1:{listening.getsockname()[1]}",
        folder=folder / "console",
        administrators=frozenset({"administrators"}),
        support=frozenset({"support"}),
        readers=frozenset({"readers"}),
        second_factor=False,
        title="usermgr sample",
    )
    console = create_app(users, activity, config=config, audit=audit)
    print(f"The console runs, with sample people. Open this link once:\n\n  {console.make_link(role)}\n", flush=True)
    print("Ctrl-C ends it.", flush=True)
    try:
        serve(console, listening)
    finally:
        console.close()
        users.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Runs inside a container, before the runtime client: ends the process when its sandbox is gone.

It is executed as a file by an interpreter without site-packages, so it imports the standard library and awslambdaric only.
"""

import os
import sys
import threading


def _end_with_the_sandbox(descriptor: int) -> None:
    os.read(descriptor, 1)
    os._exit(137)


def main() -> None:
    """Arguments: the file descriptor to watch, and the handler."""
    descriptor, handler = int(sys.argv[1]), sys.argv[2]
    threading.Thread(target=_end_with_the_sandbox, args=(descriptor,), daemon=True).start()
    from awslambdaric.__main__ import main as run  # noqa: PLC0415 - the watch must stand first

    run(["awslambdaric", handler])


main()

"""Runs inside a container, before the runtime client: ends the process when the sandbox is gone, for any reason.

It is executed as a file by an interpreter without site-packages: only the standard library and awslambdaric are there.
"""

import os
import sys
import threading


def main(descriptor: int, handler: str) -> None:
    """Watches the pipe `descriptor`, whose other end the sandbox holds, and runs `handler`."""

    def end_with_the_sandbox() -> None:
        os.read(descriptor, 1)
        os._exit(137)

    threading.Thread(target=end_with_the_sandbox, daemon=True).start()
    from awslambdaric.__main__ import main as run  # noqa: PLC0415 - start the watch first  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

    run(["awslambdaric", handler])


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])

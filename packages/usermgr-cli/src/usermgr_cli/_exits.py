"""The exit status of every way to end. They are documented and stable: scripts depend on them."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Exit", "exit_of"]


class Exit(IntEnum):
    """What the status says."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    """Something about the command, its input or its settings is wrong; nothing was changed."""
    NOT_FOUND = 3
    DENIED = 4
    """Not authenticated, or not allowed."""
    PARTIAL = 5
    """Some of many were done, and others were not; the report says which."""
    CHANGES = 6
    """A plan has changes."""
    HUNG_UP = 129
    """The terminal was closed: 128 + SIGHUP, as of any other command; so are those below."""
    INTERRUPTED = 130
    """Ctrl-C, which is SIGINT."""
    BROKEN_PIPE = 141
    """SIGPIPE: whoever read the output went away."""
    TERMINATED = 143
    """SIGTERM: `kill`, a service that is stopped, a job that is cancelled."""

    @property
    def goes_before_partial(self) -> bool:
        """Whether it is told where some of many were done: missing credentials, and a signal that ended the rest."""
        return self in (Exit.DENIED, Exit.HUNG_UP, Exit.INTERRUPTED, Exit.TERMINATED)


def exit_of(error: BaseException) -> Exit:
    """The status for an error of `usermgr.errors`.

    Work on many that stopped may have changed something: it is a failure, or was denied.
    """
    from usermgr.errors import (  # noqa: PLC0415 - the errors load with the first command that can raise one
        AccessDeniedError,
        AuthenticationError,
        ConfigurationError,
        InvalidInputError,
        NotFoundError,
        UnsupportedOperationError,
    )

    if isinstance(error, NotFoundError):
        return Exit.NOT_FOUND
    if isinstance(error, (AuthenticationError, AccessDeniedError)):
        return Exit.DENIED
    if isinstance(error, UnsupportedOperationError):
        return Exit.FAILURE
    if isinstance(error, (ConfigurationError, InvalidInputError)):
        return Exit.USAGE
    if getattr(error, "code", None) == "bulk_stopped" and error.__cause__ is not None:
        return Exit.DENIED if exit_of(error.__cause__) is Exit.DENIED else Exit.FAILURE
    return Exit.FAILURE

"""What can go wrong, each with the `code` that the caller gets.

The codes are those of usermgr's error tree, where a class says the same; this function depends on no package::

    DownloadError             error
    ├── ConfigurationError    configuration           the function's environment
    ├── NoSuchPoolError       store_not_found         Cognito knows no such pool
    ├── UnreachableError      service_unavailable     no connection, or an error of the service's
    ├── TooSlowError          service_timeout         no whole answer in time
    └── NotJwksError          protocol                what came is no JWKS
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "ConfigurationError",
    "DownloadError",
    "NoSuchPoolError",
    "NotJwksError",
    "TooSlowError",
    "UnreachableError",
]


class DownloadError(Exception):
    """The root: every failure that is answered by its `code` and its text."""

    code: ClassVar[str] = "error"


class ConfigurationError(DownloadError):
    """The function's environment is missing something, or it is malformed."""

    code = "configuration"


class NoSuchPoolError(DownloadError):
    """Cognito answered that there is no such pool in this Region."""

    code = "store_not_found"


class UnreachableError(DownloadError):
    """Cognito could not be reached, or failed inside."""

    code = "service_unavailable"


class TooSlowError(DownloadError):
    """Cognito did not answer, or not wholly, in time."""

    code = "service_timeout"


class NotJwksError(DownloadError):
    """The answer is not a JWKS with usable RSA keys."""

    code = "protocol"

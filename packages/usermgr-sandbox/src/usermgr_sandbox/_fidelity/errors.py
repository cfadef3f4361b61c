"""Cognito's errors that have no class in moto."""

from __future__ import annotations

from moto.core.exceptions import JsonRESTError

__all__ = ["cognito_error"]


def cognito_error(code: str, message: str) -> JsonRESTError:
    """The error `code` in Cognito's JSON protocol, with HTTP status 400."""
    return JsonRESTError(error_type=code, message=message)

"""The download function: any event is answered with the pool's JWKS.

It is for verifiers of tokens in a subnet from which Cognito cannot be reached.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from usermgr_function_download_jwks.config import Config
from usermgr_function_download_jwks.download import download
from usermgr_function_download_jwks.errors import DownloadError

__all__ = ["handler"]


@cache
def _config() -> Config:
    return Config.read(os.environ)


def handler(event: Any, context: Any) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """`{"keys": [...]}`, or `{"error": {"code": "...", "message": "..."}}`; never an exception."""
    try:
        return download(_config().url)
    except DownloadError as error:
        return {"error": {"code": error.code, "message": str(error)}}

"""The decoders in use: the fast ones where their libraries are installed, the strict ones otherwise."""

from __future__ import annotations

try:
    from usermgr_jwt._fast import b64url_decode, json_object
except ImportError:
    from usermgr_jwt._strict import b64url_decode, json_object

__all__ = ["b64url_decode", "json_object"]
